/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the server sends. An Execute ends with its own CommandComplete (EmptyQueryResponse,
 * PortalSuspended, ErrorResponse); a Query ends with ReadyForQuery, whatever came before it.
 */
#include "protocol/postgres_state.h"

#define TAG_KEPT 64 /* COMPLETION_TAG_BUFSIZE of the server */

/* How much of a message's content must be there before it can be taken. */
static size_t needed(const struct postgres_message *m)
{
	static const uint16_t most[256] = {
		['E'] = POSTGRES_KEPT, ['C'] = TAG_KEPT, ['R'] = 4, ['Z'] = 1};

	return m->length < most[m->type] ? m->length : most[m->type];
}

static struct pending *front(const struct parser *parser)
{
	return pairing__front(&parser->pairing);
}

static bool front_is(const struct parser *parser, enum postgres_kind kind)
{
	const struct pending *p = front(parser);

	return p && p->kind == kind;
}

/* The oldest entry needs no more of its own. */
static void pass(struct parser *parser)
{
	if (front(parser) && front(parser)->silent)
		parser__pass(parser);
	else
		parser__answer(parser, &(struct answer){0});
}

void postgres_response__settle(struct parser *parser, bool suspended, uint64_t time_ns)
{
	struct postgres *s = postgres__of(parser);
	struct postgres_result *r = &s->result;
	struct answer a;

	answer__init(&a, r->sqlstate[0] ? OUTCOME_ERROR : OUTCOME_OK, time_ns);
	a.detail.postgres.rows = suspended ? r->rows_sent : r->rows;
	a.detail.postgres.bytes = r->copy ? r->copy_bytes : 0;
	a.detail.postgres.simple = front_is(parser, POSTGRES_QUERY);
	a.detail.postgres.suspended = suspended;
	memcpy(a.detail.postgres.sqlstate, r->sqlstate, sizeof(r->sqlstate));
	*r = (struct postgres_result){0};
	s->copying_in = false;
	parser__answer(parser, &a);
}

/* "SELECT 5", "INSERT 0 5", "COPY 5": the number at the end; "BEGIN" has none. */
uint64_t postgres_response__rows(struct slice tag)
{
	ptrdiff_t nul = slice__find(tag, 0);
	size_t end = nul < 0 ? tag.length : (size_t)nul, at = end;
	uint64_t rows = 0;

	while (at && (uint8_t)(tag.data[at - 1] - '0') < 10)
		at--;
	for (; at < end; at++)
		rows = rows * 10 + (uint64_t)(tag.data[at] - '0');
	return rows;
}

/* CommandComplete, EmptyQueryResponse, PortalSuspended: an Execute has ended, or one statement of a
 * Query. */
static void completed(struct parser *parser, const struct postgres_message *m, uint64_t time_ns)
{
	struct postgres *s = postgres__of(parser);

	while (front_is(parser, POSTGRES_PARTS)) /* flushed, and their answers were missed */
		pass(parser);
	if (m->type == 'C')
		s->result.rows += postgres_response__rows(m->content);
	s->result.told = true;
	if (front_is(parser, POSTGRES_EXECUTE) && !s->failed)
		postgres_response__settle(parser, m->type == 's', time_ns);
	else if (front(parser))
		return; /* a Query goes on; anything else is not what it answers */
	else if (s->bound || m->type == 's')
		parser__unmatched(parser, LOSS_RESYNC, time_ns);
	else
		s->unseen = true;
	s->bound = false;
}

/* ParseComplete, BindComplete, CloseComplete, NoData, RowDescription: one part has its answer. */
static void part_answered(struct parser *parser, const struct postgres_message *m)
{
	struct pending *p = front(parser);

	if (!p && m->type == '2')
		postgres__of(parser)->bound = true;
	if (p && front_is(parser, POSTGRES_PARTS) && --p->number == 0)
		pass(parser);
}

/* FATAL and PANIC end the connection: no ReadyForQuery will follow. */
static bool is_fatal(const struct postgres_message *m)
{
	struct slice severity = postgres_message__field(m->content, 'V');

	if (!severity.length) /* servers before 9.6 */
		severity = postgres_message__field(m->content, 'S');
	return slice__equals(severity, "FATAL") || slice__equals(severity, "PANIC");
}

static void keep_sqlstate(struct postgres *s, const struct postgres_message *m)
{
	struct slice code = postgres_message__field(m->content, 'C');

	if (s->result.sqlstate[0])
		return;
	strcpy(s->result.sqlstate, "XX000"); /* internal_error: a server that tells no code */
	if (code.length != 5)
		return;
	for (size_t i = 0; i < 5; i++)
		s->result.sqlstate[i] =
			code.data[i] >= '0' && code.data[i] <= 'Z' ? (char)code.data[i] : '?';
}

static void error(struct parser *parser, const struct postgres_message *m, uint64_t time_ns)
{
	struct postgres *s = postgres__of(parser);
	bool fatal = is_fatal(m);

	if (s->phase < POSTGRES_READY) {
		postgres_startup__failed(parser, m, time_ns);
		return;
	}
	if (!front(parser)) {
		s->unseen |= !fatal; /* idle and told to go: no exchange */
		return;
	}
	if (front_is(parser, POSTGRES_SYNC) || s->failed)
		return; /* the commit of a Sync failed: its Executes are answered already */
	s->copying_in = false;
	if (front_is(parser, POSTGRES_PARTS)) {
		pass(parser);
		s->failed = true;
		return;
	}
	keep_sqlstate(s, m);
	s->result.told = true;
	s->failed = front_is(parser, POSTGRES_EXECUTE);
	if (s->failed || fatal)
		postgres_response__settle(parser, false, time_ns);
}

/*
 * CopyInResponse. The Sync that was sent along with an Execute is read, and passed over, as part of
 * the copy (section "COPY Operations"); the one behind CopyDone counts.
 */
static void copy_in(struct parser *parser)
{
	struct postgres *s = postgres__of(parser);
	struct pending *p;

	s->result.copy = true;
	s->copying_in = front(parser) != NULL;
	s->interleaved = parser->pairing.interleaved;
	if (!front_is(parser, POSTGRES_EXECUTE))
		return;
	for (uint32_t i = 1; (p = pairing__at(&parser->pairing, i)); i++)
		if (p->kind == POSTGRES_SYNC)
			p->flags |= POSTGRES_IGNORED;
}

/* ---- ReadyForQuery ---- */

static bool ends(const struct postgres *s, const struct pending *p)
{
	if (p->kind == POSTGRES_SYNC)
		return !(p->flags & POSTGRES_IGNORED);
	return p->kind == POSTGRES_QUERY && !s->failed;
}

/* Is what this ReadyForQuery ends in flight? After missing requests it may not be. */
static bool has_end(const struct parser *parser)
{
	const struct pending *p;

	for (uint32_t i = 0; (p = pairing__at(&parser->pairing, i)); i++)
		if (ends(postgres__of(parser), p))
			return true;
	return false;
}

/* An exchange before the end that was not answered: passed over by the server after an error, or
 * its answer is missing. */
static void unanswered(struct parser *parser, uint64_t time_ns)
{
	const struct postgres *s = postgres__of(parser);

	if (s->failed && !s->gapped)
		parser__abort(parser, time_ns);
	else
		parser__lose(parser, s->gapped ? LOSS_RESYNC : LOSS_PARSER, time_ns);
}

static void end_batch(struct parser *parser, uint64_t time_ns)
{
	struct postgres *s = postgres__of(parser);
	struct pending *p;

	while ((p = front(parser)) && !ends(s, p)) {
		if (p->silent)
			pass(parser);
		else
			unanswered(parser, time_ns);
	}
	if (p && p->kind == POSTGRES_QUERY && s->result.told)
		postgres_response__settle(parser, false, time_ns);
	else if (p && p->kind == POSTGRES_QUERY)
		unanswered(parser, time_ns);
	else if (p)
		pass(parser);
}

void postgres_response__idle(struct parser *parser, uint8_t status, uint64_t time_ns)
{
	struct postgres *s = postgres__of(parser);
	enum activity activity = status == 'I' ? ACTIVITY_IDLE : ACTIVITY_IN_TRANSACTION;

	s->unseen = s->bound = s->failed = s->gapped = s->copying_in = false;
	s->result = (struct postgres_result){0};
	parser__activity(parser, front(parser) ? ACTIVITY_BUSY : activity, time_ns);
}

static void ready(struct parser *parser, const struct postgres_message *m, uint64_t time_ns)
{
	struct postgres *s = postgres__of(parser);

	if (s->phase < POSTGRES_READY) {
		s->phase = POSTGRES_READY;
		if (front_is(parser, POSTGRES_STARTUP))
			pass(parser);
		parser__ready(parser, time_ns);
	} else if (has_end(parser)) {
		end_batch(parser, time_ns);
	}
	if (s->unseen && !front(parser))
		parser__unmatched(parser, LOSS_RESYNC, time_ns);
	postgres_response__idle(parser, m->content.length ? m->content.data[0] : 0, time_ns);
}

/* ---- */

/* NoticeResponse, NotificationResponse, ParameterStatus: at any time, and part of nothing. */
static bool is_asynchronous(uint8_t type)
{
	return type == 'N' || type == 'A' || type == 'S';
}

static void count_bytes(struct parser *parser, uint64_t bytes, uint64_t time_ns)
{
	struct pending *p = front(parser);

	if (!p)
		return;
	if (!p->first_ns)
		p->first_ns = time_ns;
	p->response_bytes += bytes;
}

/* DataRow or CopyData and all that follow of its kind, nearly all there is of a large result. 0:
 * the first is no good, or not there. */
static size_t pass_rows(struct parser *parser, const struct run *run, size_t at)
{
	struct postgres_result *r = &postgres__of(parser)->result;
	struct slice b = slice__from(run->bytes, at);
	size_t passed = 0, rows = 0;

	while (passed < b.length && b.length - passed >= POSTGRES_HEADER &&
	       b.data[passed] == b.data[0]) {
		uint32_t length = slice__u32(b, passed + 1);

		if (length < 4 || length > POSTGRES_LENGTH_MAX)
			break;
		passed += 1 + (size_t)length;
		rows++;
	}
	if (b.data[0] == 'D')
		r->rows_sent += rows;
	else
		r->copy_bytes += passed - rows * POSTGRES_HEADER;
	if (passed)
		count_bytes(parser, passed, run__time(run, at));
	return passed;
}

static void dispatch(struct parser *parser, const struct postgres_message *m, uint64_t time_ns)
{
	struct postgres *s = postgres__of(parser);

	switch (m->type) {
	case 'C':
	case 'I':
	case 's':
		completed(parser, m, time_ns);
		break;
	case 'Z':
		ready(parser, m, time_ns);
		break;
	case '1':
	case '2':
	case '3':
	case 'n':
	case 'T':
		part_answered(parser, m);
		break;
	case 'E':
		error(parser, m, time_ns);
		break;
	case 'V':
		s->result.told = true;
		s->unseen |= !front(parser);
		break;
	case 'G':
		copy_in(parser);
		break;
	case 'H':
		s->result.copy = true;
		break;
	case 'R':
		postgres_startup__authentication(parser, m);
		break;
	case 'W': /* CopyBothResponse: replication */
		parser__switch(parser, PROTOCOL_OPAQUE);
		break;
	default:
		break;
	}
}

static size_t take_message(struct parser *parser, const struct run *run, size_t at)
{
	struct postgres_message m;
	size_t end;

	if (run->bytes.data[at] == 'D' || run->bytes.data[at] == 'd') {
		end = pass_rows(parser, run, at);
		if (end)
			return end;
	}
	if (!postgres_message__read(slice__from(run->bytes, at), &m))
		return 0;
	if (!postgres_message__allowed(&m, false))
		return postgres__contradicted(parser, run, at);
	if (m.content.length < needed(&m))
		return 0;
	end = at + POSTGRES_HEADER + m.content.length;
	if (!is_asynchronous(m.type))
		count_bytes(parser, POSTGRES_HEADER + (uint64_t)m.length, run__time(run, at));
	dispatch(parser, &m, run__time(run, end - 1));
	return POSTGRES_HEADER + (size_t)m.length;
}

size_t postgres_response__take(struct parser *parser, const struct run *run, size_t at)
{
	const struct postgres *s = postgres__of(parser);
	uint8_t phase = s->phase;
	size_t begin = at, n;

	do {
		n = take_message(parser, run, at);
		at += n;
	} while (n && at < run->bytes.length && parser->state && s->phase == phase);
	return at - begin;
}

void postgres_response__end(struct parser *parser, uint64_t time_ns)
{
	if (front_is(parser, POSTGRES_QUERY) && postgres__of(parser)->result.sqlstate[0])
		postgres_response__settle(parser, false, time_ns);
}
