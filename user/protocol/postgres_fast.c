/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Conversations as nearly all of them are: a call with one Query, or with the messages around one
 * Execute and their Sync; an answer that comes as a whole, without errors and notices. Looked at
 * first, and then done in one go; whatever is otherwise is left to the general way, which yields
 * the same of these, too.
 */
#include "protocol/postgres_state.h"
#include "protocol/ranges.h"
#include "protocol/word.h"
#include "raw_key.h"

#define WHOLE_MAX 30000 /* each type may be so long (postgres_message.c) */

/* What is said in doubt, or while something else goes on, is not for here. */
static bool is_plain(const struct parser *parser, const struct run *run)
{
	const struct postgres *s = postgres__of(parser);

	return s->phase == POSTGRES_READY && !run->carried && !parser->wanted &&
	       !(s->resync[run->request] | s->copying_in | s->failed | s->gapped | s->unseen |
		 parser->pairing.desynced) &&
	       run->bytes.length <= WHOLE_MAX;
}

/* Where the message at `at` ends; 0: not within the bytes. */
static inline size_t message_end(struct slice b, size_t at)
{
	uint32_t length;

	if (b.length - at < POSTGRES_HEADER)
		return 0;
	length = slice__u32(b, at + 1);
	return length >= 4 && length < b.length - at ? at + 1 + length : 0;
}

static inline struct slice content_of(struct slice b, size_t at, size_t end)
{
	return slice__of(b.data + at + POSTGRES_HEADER, end - at - POSTGRES_HEADER);
}

/* ---- requests ---- */

static size_t query(struct parser *parser, const struct run *run)
{
	struct slice text = content_of(run->bytes, 0, run->bytes.length);
	struct pending *p;
	uint32_t label;

	if (message_end(run->bytes, 0) != run->bytes.length || !postgres_message__end_text(&text))
		return 0;
	label = parser__statement(parser, text, false);
	p = parser__request(parser, run, 0);
	if (p) {
		p->kind = POSTGRES_QUERY;
		p->label = label;
		p->request_bytes = run->bytes.length;
	}
	parser__activity(parser, ACTIVITY_BUSY, run->time_ns);
	parser__asked(parser, run->bytes);
	return run->bytes.length;
}

/* Ends of the messages of a batch; 0: it has no such one. */
struct batch {
	size_t parse, bind, execute;
};

static const uint8_t ready_header[] = {'Z', 0, 0, 0, 5};
static const uint8_t execute_unnamed[] = {'E', 0, 0, 0, 9, 0};
static const uint8_t sync_whole[] = {'S', 0, 0, 0, 4};

/* [Parse] Bind [Describe] Execute Sync, all of the unnamed portal. */
static bool is_batch(struct slice b, struct batch *out)
{
	size_t at = 0;

	out->parse = b.data[0] == 'P' ? at = message_end(b, 0) : 0;
	if (b.data[0] == 'P' && !at)
		return false;
	if (b.length - at <= POSTGRES_HEADER || b.data[at] != 'B' || b.data[at + POSTGRES_HEADER])
		return false;
	out->bind = at = message_end(b, at);
	if (!at || at == b.length)
		return false;
	if (b.data[at] == 'D' && !(at = message_end(b, at)))
		return false;
	out->execute = at + 10;
	return b.length == out->execute + sizeof(sync_whole) &&
	       memcmp(b.data + at, execute_unnamed, sizeof(execute_unnamed)) == 0 &&
	       memcmp(b.data + out->execute, sync_whole, sizeof(sync_whole)) == 0;
}

/* The statement's name and its text; false: it is otherwise. */
static bool is_parse(struct slice content, struct slice *name, struct slice *sql)
{
	size_t at = 0;

	return postgres_message__text(content, &at, name) &&
	       postgres_message__text(content, &at, sql);
}

static void open_batch(struct parser *parser, const struct run *run, const struct batch *batch,
		       uint32_t label)
{
	struct pending *p = parser__request(parser, run, 0), *sync;

	if (p) {
		p->kind = POSTGRES_EXECUTE;
		p->label = label;
		p->request_bytes = batch->execute;
	}
	sync = parser__silent(parser, run, batch->execute);
	if (sync) {
		sync->kind = POSTGRES_SYNC;
		sync->request_bytes = sizeof(sync_whole);
	}
	parser__activity(parser, ACTIVITY_BUSY, run->time_ns);
}

/* Messages before these may have begun what their Execute ends. */
static bool follows_parts(const struct parser *parser)
{
	const struct pending *newest = pairing__back(&parser->pairing);

	return newest && newest->kind == POSTGRES_PARTS;
}

static size_t batch(struct parser *parser, const struct run *run)
{
	struct postgres *s = postgres__of(parser);
	struct slice name, parsed, sql, bound;
	struct batch ends;

	if (!is_batch(run->bytes, &ends) || follows_parts(parser))
		return 0;
	if (ends.parse && !is_parse(content_of(run->bytes, 0, ends.parse), &parsed, &sql))
		return 0;
	bound = content_of(run->bytes, ends.parse, ends.bind);
	name = slice__from(bound, 1);
	if (!postgres_message__end_text(&name))
		return 0;
	if (ends.parse)
		postgres_names__put(&s->statements, parsed, parser__statement(parser, sql, false));
	s->portals.unnamed = postgres_names__get(&s->statements, name);
	open_batch(parser, run, &ends, s->portals.unnamed);
	parser__asked(parser, run->bytes);
	return run->bytes.length;
}

/* ---- responses ---- */

/* Messages up to ReadyForQuery, which ends the bytes. */
struct reply {
	uint64_t rows, rows_sent;
	uint32_t completed; /* how many CommandComplete */
	size_t last;	    /* where the last one ends */
};

/* As postgres_response__rows; of tags as they mostly are: they end with their NUL. */
static inline uint64_t rows_of(struct slice tag)
{
	const uint8_t *last = tag.data + tag.length - 1, *digit = last;
	uint64_t rows = 0, place = 1;

	if (tag.length <= WORD_BYTES || tag.length > 2 * WORD_BYTES + 1 || *last ||
	    word__has_zero(word__at(tag.data)) || word__has_zero(word__at(last - WORD_BYTES)))
		return postgres_response__rows(tag);
	for (; digit > tag.data && (uint8_t)(digit[-1] - '0') < 10; place *= 10)
		rows += place * (uint64_t)(*--digit - '0');
	return rows;
}

/* The first one ends at `end`. False: there are others among them than a result's. */
static inline bool count_message(struct slice b, size_t at, size_t end, struct reply *r)
{
	switch (b.data[at]) {
	case 'T':
		return true;
	case 'D':
		r->rows_sent++;
		return true;
	case 'C':
		r->rows += rows_of(content_of(b, at, end));
		r->completed++;
		r->last = end;
		return true;
	case '1':
	case '2':
	case 'n':
		return end - at == POSTGRES_HEADER;
	default:
		return false;
	}
}

/* All of them up to `ready`, where ReadyForQuery is. */
static inline bool read_reply(struct slice b, size_t ready, struct reply *r)
{
	for (size_t at = 0, end; at < ready; at = end) {
		uint32_t length = slice__u32(b, at + 1);

		end = at + 1 + length;
		if (length < POSTGRES_HEADER - 1 || end > ready || !count_message(b, at, end, r))
			return false;
	}
	return r->completed != 0;
}

/* Is the oldest entry one that this answers, and all that is to be answered up to its end? */
static bool answers(const struct parser *parser, const struct pending *p, const struct reply *r,
		    size_t ready)
{
	const struct pending *next;

	if (p->kind == POSTGRES_QUERY)
		return true;
	if (p->kind != POSTGRES_EXECUTE || r->completed != 1 || r->last != ready)
		return false;
	next = pairing__at(&parser->pairing, 1);
	return next && next->kind == POSTGRES_SYNC && !(next->flags & POSTGRES_IGNORED);
}

static void count_reply(struct postgres_result *to, const struct reply *r)
{
	to->rows += r->rows;
	to->rows_sent += r->rows_sent;
	to->told = true;
}

static size_t response(struct parser *parser, const struct run *run)
{
	struct pending *p = pairing__front(&parser->pairing);
	struct slice b = run->bytes;
	struct reply reply = {0};
	size_t ready = b.length - POSTGRES_READY_LENGTH;
	bool query;

	if (!p || b.length <= POSTGRES_READY_LENGTH ||
	    memcmp(b.data + ready, ready_header, sizeof(ready_header)) != 0 ||
	    !read_reply(b, ready, &reply) || !answers(parser, p, &reply, ready))
		return 0;
	query = p->kind == POSTGRES_QUERY;
	if (!p->first_ns)
		p->first_ns = run->time_ns;
	p->response_bytes += query ? b.length : ready;
	count_reply(&postgres__of(parser)->result, &reply);
	postgres_response__settle(parser, false, run->time_ns);
	if (!query)
		parser__pass(parser); /* its Sync */
	postgres_response__idle(parser, b.data[b.length - 1], run->time_ns);
	parser__told(parser, b);
	return b.length;
}

size_t postgres_fast__take(struct parser *parser, const struct run *run)
{
	if (!is_plain(parser, run))
		return 0;
	if (!run->request)
		return response(parser, run);
	return run->bytes.data[0] == 'Q' ? query(parser, run) : batch(parser, run);
}

/* ---- what is known again (again.h) ---- */

static void allow_content(size_t at, size_t end, uint8_t *least, uint8_t *spread)
{
	ranges__allow(least, spread, at, end - at, 0, 0xff);
}

/* Of a statement's text its numbers may be others (raw_key.h). */
static void allow_numbers(struct slice b, size_t at, size_t end, uint8_t *least, uint8_t *spread)
{
	raw_key__allow_sql(slice__of(b.data + at, end - at), least + at, spread + at);
}

/* Parameters may be others, but neither the portal nor the statement. */
static bool allow_parameters(struct slice b, size_t at, size_t end, uint8_t *least, uint8_t *spread)
{
	size_t begin = at + POSTGRES_HEADER + 1; /* the portal's name is empty */
	ptrdiff_t nul = slice__find(slice__of(b.data + begin, end - begin), 0);

	if (nul < 0)
		return false;
	allow_content(begin + (size_t)nul + 1, end, least, spread);
	return true;
}

static bool describe_request(struct slice b, uint8_t *least, uint8_t *spread)
{
	struct batch ends;

	if (b.data[0] == 'Q') {
		allow_numbers(b, POSTGRES_HEADER, b.length, least, spread);
		return true;
	}
	if (!is_batch(b, &ends))
		return false;
	if (ends.parse) {
		ptrdiff_t nul = slice__find(content_of(b, 0, ends.parse), 0);

		if (nul < 0)
			return false;
		allow_numbers(b, POSTGRES_HEADER + (size_t)nul + 1, ends.parse, least, spread);
	}
	return allow_parameters(b, ends.parse, ends.bind, least, spread);
}

/* Rows may hold anything; what there is of messages, and of what lengths, is the same. */
static bool describe_response(struct slice b, uint8_t *least, uint8_t *spread)
{
	for (size_t at = 0, end; at < b.length; at = end) {
		end = b.length - at == POSTGRES_READY_LENGTH ? b.length : message_end(b, at);
		if (!end)
			return false;
		if (b.data[at] == 'D' || b.data[at] == 'T')
			allow_content(at + POSTGRES_HEADER, end, least, spread);
	}
	return true;
}

bool postgres_fast__describe(const struct parser *parser, bool request, struct slice message,
			     uint8_t *least, uint8_t *spread)
{
	(void)parser;
	return request ? describe_request(message, least, spread)
		       : describe_response(message, least, spread);
}
