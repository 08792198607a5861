/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the client sends. Parse, Bind, Describe and Close become one silent entry, which turns into
 * the exchange once their Execute comes: it began with the first of them.
 */
#include "labels.h"
#include "protocol/postgres_state.h"

/* How much of a message's content must be there before it can be taken. */
static size_t needed(const struct parser *parser, const struct postgres_message *m)
{
	static const uint16_t kept[256] = {
		['Q'] = POSTGRES_KEPT,	     ['P'] = POSTGRES_KEPT,
		['B'] = POSTGRES_NAMES_KEPT, ['C'] = POSTGRES_NAMES_KEPT,
		['D'] = POSTGRES_NAMES_KEPT, ['E'] = POSTGRES_NAMES_KEPT};
	size_t most = kept[m->type];

	if (m->type == 'B' && parser->wanted & DETAIL_BIT(DETAIL_PARAMETERS))
		most += DETAILS_BYTES;
	return m->length < most ? m->length : most;
}

static struct pending *open_parts(const struct parser *parser)
{
	struct pending *p = pairing__back(&parser->pairing);

	return p && p->kind == POSTGRES_PARTS && !(p->flags & POSTGRES_FLUSHED) ? p : NULL;
}

/* One message more in the entry of parts; each has one answer. NULL: desynchronised. */
static struct pending *part(struct parser *parser, const struct run *run, size_t at)
{
	struct pending *p = open_parts(parser);

	if (!p) {
		p = parser__silent(parser, run, at);
		if (!p)
			return NULL;
		p->kind = POSTGRES_PARTS;
	}
	p->number++;
	return p;
}

static void count_bytes(struct pending *p, const struct postgres_message *m)
{
	if (p)
		p->request_bytes += POSTGRES_HEADER + (uint64_t)m->length;
}

/* Text of a message's content from *at on; without its NUL within what was kept it is truncated. */
static uint32_t statement(struct parser *parser, const struct postgres_message *m, size_t at)
{
	struct slice sql;

	if (postgres_message__text(m->content, &at, &sql))
		return parser__statement(parser, sql, false);
	return parser__statement(parser, slice__from(m->content, at), true);
}

static void query(struct parser *parser, const struct run *run, size_t at,
		  const struct postgres_message *m)
{
	uint32_t label = statement(parser, m, 0);
	struct pending *p = parser__request(parser, run, at);

	if (!p)
		return;
	p->kind = POSTGRES_QUERY;
	p->label = label;
	count_bytes(p, m);
}

static void function_call(struct parser *parser, const struct run *run, size_t at,
			  const struct postgres_message *m)
{
	struct pending *p = parser__request(parser, run, at);

	if (!p)
		return;
	p->kind = POSTGRES_QUERY;
	p->label = parser__statement(parser, slice__text("fastpath"), false);
	count_bytes(p, m);
}

static void parse(struct parser *parser, const struct run *run, size_t at,
		  const struct postgres_message *m)
{
	struct slice name;
	size_t text = 0;

	if (postgres_message__text(m->content, &text, &name))
		postgres_names__put(&postgres__of(parser)->statements, name,
				    statement(parser, m, text));
	count_bytes(part(parser, run, at), m);
}

static void bind(struct parser *parser, const struct run *run, size_t at,
		 const struct postgres_message *m)
{
	struct postgres *s = postgres__of(parser);
	struct pending *p = part(parser, run, at);
	struct slice portal, name;
	size_t rest = 0;

	if (!postgres_message__text(m->content, &rest, &portal)) {
		s->portals.unnamed = LABEL_UNSEEN; /* longer than any name in use: not known */
	} else if (!postgres_message__text(m->content, &rest, &name)) {
		postgres_names__put(&s->portals, portal, LABEL_UNSEEN);
	} else {
		postgres_names__put(&s->portals, portal, postgres_names__get(&s->statements, name));
		parser__detail(parser, p, DETAIL_PARAMETERS, slice__from(m->content, rest));
	}
	count_bytes(p, m);
}

static void describe_or_close(struct parser *parser, const struct run *run, size_t at,
			      const struct postgres_message *m)
{
	struct postgres *s = postgres__of(parser);
	struct slice name;
	size_t rest = 1;

	count_bytes(part(parser, run, at), m);
	if (m->type == 'C' && postgres_message__text(m->content, &rest, &name))
		postgres_names__remove(m->content.data[0] == 'S' ? &s->statements : &s->portals,
				       name);
}

static void execute(struct parser *parser, const struct run *run, size_t at,
		    const struct postgres_message *m)
{
	struct pending *p = open_parts(parser);
	uint32_t label = LABEL_UNSEEN;
	struct slice portal;
	size_t rest = 0;

	if (postgres_message__text(m->content, &rest, &portal))
		label = postgres_names__get(&postgres__of(parser)->portals, portal);
	if (p)
		parser__promote(parser, p);
	else
		p = parser__request(parser, run, at);
	if (!p)
		return;
	p->kind = POSTGRES_EXECUTE;
	p->label = label;
	count_bytes(p, m);
}

static void sync(struct parser *parser, const struct run *run, size_t at,
		 const struct postgres_message *m)
{
	struct pending *p = open_parts(parser);

	if (postgres__of(parser)->copying_in)
		return; /* passed over by the server, section "COPY Operations" */
	if (!p)
		p = parser__silent(parser, run, at);
	if (!p)
		return;
	p->kind = POSTGRES_SYNC;
	count_bytes(p, m);
}

static void flush(struct parser *parser)
{
	struct pending *p = open_parts(parser);

	if (p)
		p->flags |= POSTGRES_FLUSHED;
}

/* CopyData belongs to the oldest: nothing behind it is answered before the copy has ended. */
static void copy(struct parser *parser, const struct postgres_message *m)
{
	struct postgres *s = postgres__of(parser);
	struct pending *p = pairing__front(&parser->pairing);

	if (!s->copying_in)
		return; /* the server has refused it meanwhile */
	if (m->type == 'd')
		s->result.copy_bytes += m->length;
	/* Sent while being answered, but no further request: proves nothing about the client. */
	parser->pairing.interleaved = s->interleaved;
	count_bytes(p, m);
	if (m->type != 'd')
		s->copying_in = false;
}

static void password(struct parser *parser, const struct run *run, size_t at)
{
	struct pending *p;

	if (postgres__of(parser)->phase != POSTGRES_AUTHENTICATING ||
	    pairing__front(&parser->pairing))
		return;
	p = parser__silent(parser, run, at);
	if (p)
		p->kind = POSTGRES_STARTUP;
}

static void dispatch(struct parser *parser, const struct run *run, size_t at,
		     const struct postgres_message *m)
{
	switch (m->type) {
	case 'Q':
		query(parser, run, at, m);
		break;
	case 'F':
		function_call(parser, run, at, m);
		break;
	case 'P':
		parse(parser, run, at, m);
		break;
	case 'B':
		bind(parser, run, at, m);
		break;
	case 'D':
	case 'C':
		describe_or_close(parser, run, at, m);
		break;
	case 'E':
		execute(parser, run, at, m);
		break;
	case 'S':
		sync(parser, run, at, m);
		break;
	case 'H':
		flush(parser);
		break;
	case 'd':
	case 'c':
	case 'f':
		copy(parser, m);
		break;
	case 'p':
		password(parser, run, at);
		break;
	default: /* Terminate */
		postgres__of(parser)->leaving = true;
		return;
	}
	if (m->type != 'p' && m->type != 'S')
		parser__activity(parser, ACTIVITY_BUSY, run->time_ns);
}

static size_t take_message(struct parser *parser, const struct run *run, size_t at)
{
	struct postgres_message m;

	if (!postgres_message__read(slice__from(run->bytes, at), &m))
		return 0;
	if (!postgres_message__allowed(&m, true))
		return postgres__contradicted(parser, run, at);
	if (m.content.length < needed(parser, &m))
		return 0;
	dispatch(parser, run, at, &m);
	return POSTGRES_HEADER + (size_t)m.length;
}

size_t postgres_request__take(struct parser *parser, const struct run *run, size_t at)
{
	size_t begin = at, n;

	do {
		n = take_message(parser, run, at);
		at += n;
	} while (n && at < run->bytes.length && parser->state);
	return at - begin;
}
