/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PostgreSQL: one exchange for every Query, Execute and FunctionCall. Here is what holds both
 * directions together: recognising the protocol, messages in step, gaps and ends.
 */
#include "protocol/postgres.h"

#include "labels.h"
#include "protocol/postgres_state.h"

#define PACKET_HEADER 8

/* ---- recognising ---- */

/* First bytes of a connection: a startup packet (its first parameter's name is a word), or one of
 * the requests without a type. */
static enum detection detect_startup(struct slice b)
{
	uint32_t length, code;

	if (b.length < PACKET_HEADER)
		return b.length < 2 || (!b.data[0] && !b.data[1]) ? DETECT_MORE : DETECT_NO;
	length = slice__u32(b, 0);
	code = slice__u32(b, 4);
	if (code == POSTGRES_CODE_SSL || code == POSTGRES_CODE_GSS)
		return length == PACKET_HEADER ? DETECT_YES : DETECT_NO;
	if (code == POSTGRES_CODE_CANCEL)
		return length >= 16 && length <= 16 + 252 ? DETECT_YES : DETECT_NO;
	if (code >> 16 != 3 || length <= PACKET_HEADER || length > POSTGRES_STARTUP_MAX)
		return DETECT_NO;
	if (b.length == PACKET_HEADER)
		return DETECT_MORE;
	return (b.data[8] >= 'a' && b.data[8] <= 'z') || b.data[8] == '_' ? DETECT_YES : DETECT_NO;
}

/* First bytes from a server: the answer to SSLRequest, or AuthenticationXXX, or an error. None of
 * them is sure by itself; the client's startup packet is. */
static enum detection detect_answer(struct slice b)
{
	struct postgres_message m;

	if (b.length && !memchr("RENSG", b.data[0], 5))
		return DETECT_NO;
	if (!postgres_message__read(b, &m))
		return DETECT_MORE;
	return (m.type == 'R' || m.type == 'E') && postgres_message__allowed(&m, false)
		       ? DETECT_MORE
		       : DETECT_NO;
}

static enum detection detect(struct slice b, bool request, bool begun)
{
	if (!begun)
		return postgres_message__chain(b, request, true) ? DETECT_YES : DETECT_NO;
	return request ? detect_startup(b) : detect_answer(b);
}

static void init(struct parser *parser, bool begun)
{
	struct postgres *s = parser->state;

	s->phase = begun ? POSTGRES_STARTING : POSTGRES_READY;
	s->resync[0] = s->resync[1] = !begun;
}

#define TAG_MAX 64 /* of a command, its NUL included */

/* ---- in step ---- */

size_t postgres__contradicted(struct parser *parser, const struct run *run, size_t at)
{
	struct postgres *s = parser->state;
	size_t rest = run->bytes.length - at;

	s->resync[run->request] = true;
	s->gapped |= !run->request;
	s->copying_in = false;
	parser__passed_over(parser, rest);
	parser__contradiction(parser, run->request, run->time_ns);
	return rest;
}

/*
 * Where the CommandComplete begins that ends at `ready`, or `ready` where there is none: "SELECT 3"
 * and its like, upper case first and printable, of just the length that is told.
 */
static size_t complete_before(struct slice b, size_t ready)
{
	for (size_t tag = 4; tag <= TAG_MAX && tag + POSTGRES_HEADER <= ready; tag++) {
		size_t at = ready - tag - POSTGRES_HEADER;
		const uint8_t *text = b.data + at + POSTGRES_HEADER;

		if (b.data[at] != 'C' || slice__u32(b, at + 1) != tag + 4 || text[tag - 1] ||
		    text[0] < 'A' || text[0] > 'Z')
			continue;
		for (size_t i = 1; i < tag - 1; i++)
			if (text[i] < ' ' || text[i] > '~')
				return ready;
		return at;
	}
	return ready;
}

/* Where messages begin again; the run's length where that is not in it. A server's call often ends
 * with ReadyForQuery: it flushes there, and nowhere else for sure. */
static size_t boundary(const struct run *run)
{
	struct slice b = run->bytes;

	if (postgres_message__chain(b, run->request, false))
		return 0;
	if (!run->request && b.length > POSTGRES_READY_LENGTH &&
	    postgres_message__is_ready(slice__from(b, b.length - POSTGRES_READY_LENGTH)))
		return complete_before(b, b.length - POSTGRES_READY_LENGTH);
	return b.length;
}

static size_t take(struct parser *parser, const struct run *run, size_t at)
{
	const struct postgres *s = parser->state;

	if (s->phase == POSTGRES_CANCELLING)
		return run->bytes.length - at;
	if (run->request)
		return s->phase < POSTGRES_AUTHENTICATING
			       ? postgres_startup__request(parser, run, at)
			       : postgres_request__take(parser, run, at);
	return s->phase == POSTGRES_SECURING ? postgres_startup__secured(parser, run, at)
					     : postgres_response__take(parser, run, at);
}

__attribute__((noinline)) static size_t feed_any(struct parser *parser, const struct run *run)
{
	struct postgres *s = parser->state;
	size_t at = 0, n;

	if (s->resync[run->request]) {
		at = boundary(run);
		parser__passed_over(parser, at);
		if (at == run->bytes.length)
			return at;
		s->resync[run->request] = false;
	}
	while (parser->state && at < run->bytes.length) {
		n = take(parser, run, at);
		if (!n)
			break;
		at += n;
	}
	return at;
}

static size_t feed(struct parser *parser, const struct run *run)
{
	size_t n = postgres_fast__take(parser, run);

	return n ? n : feed_any(parser, run);
}

/* Only messages of which nothing more is wanted are skipped. */
static void skipped(struct parser *parser, bool request, uint64_t time_ns)
{
	(void)parser;
	(void)request;
	(void)time_ns;
}

/* The unnamed statement and the portals may be others by now; names of statements are hardly ever
 * used again for another text. */
static void gap(struct parser *parser, bool request, uint64_t length, uint64_t time_ns)
{
	struct postgres *s = parser->state;
	struct pending *newest = pairing__back(&parser->pairing);

	(void)length;
	(void)time_ns;
	s->resync[request] = true;
	if (request) {
		if (newest && newest->kind == POSTGRES_PARTS)
			newest->flags |= POSTGRES_FLUSHED; /* what they were parts of is missing */
		s->statements.unnamed = LABEL_UNSEEN;
		postgres_names__clear(&s->portals);
		return;
	}
	s->gapped = true;
	s->bound = s->unseen = false;
	s->result = (struct postgres_result){0};
}

static void end(struct parser *parser, bool request, uint64_t time_ns, bool reset)
{
	struct postgres *s = parser->state;

	if (!request)
		postgres_response__end(parser, time_ns);
	if (!request && !s->leaving && parser->side == SIDE_CLIENT &&
	    s->phase != POSTGRES_CANCELLING)
		parser__failed(parser, "reset", time_ns);
	s->leaving |= !request || !reset; /* it hangs up without a word: its own will */
}

static void clear(struct parser *parser)
{
	struct postgres *s = parser->state;

	postgres_names__clear(&s->statements);
	postgres_names__clear(&s->portals);
}

/* The unnamed portal may be executed again, within a transaction. */
static void passed(struct parser *parser, const struct pending *entry)
{
	if (entry->kind == POSTGRES_EXECUTE)
		postgres__of(parser)->portals.unnamed = entry->label;
}

const struct protocol postgres_protocol = {
	.id = PROTOCOL_POSTGRES,
	.name = "postgres",
	.state_size = sizeof(struct postgres),
	.carry_max = POSTGRES_KEPT + POSTGRES_HEADER,
	.detect = detect,
	.init = init,
	.feed = feed,
	.skipped = skipped,
	.gap = gap,
	.end = end,
	.clear = clear,
	.describe = postgres_fast__describe,
	.passed = passed,
};
