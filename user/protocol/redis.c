/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "protocol/redis.h"

#include "compiler.h"
#include "protocol/redis_internal.h"

#define INLINE_ENOUGH 2048

bool redis__line(struct slice rest, struct slice *line, size_t *used, bool *cut)
{
	ptrdiff_t end = slice__find(slice__sub(rest, 0, REDIS_LINE_MAX), '\n');

	*cut = end < 0;
	if (end < 0 && rest.length < REDIS_LINE_MAX)
		return false;
	*used = end < 0 ? REDIS_LINE_MAX : (size_t)end + 1;
	*line = slice__sub(rest, 0, end < 0 ? REDIS_LINE_MAX : (size_t)end);
	if (!*cut && line->length && line->data[line->length - 1] == '\r')
		line->length--;
	return true;
}

bool redis__number(struct slice s, int64_t *out)
{
	bool negative = s.length && s.data[0] == '-';
	int64_t number = 0;
	size_t i = negative || (s.length && s.data[0] == '+') ? 1 : 0;

	if (i == s.length || s.length > 20)
		return false;
	for (; i < s.length; i++) {
		if (s.data[i] < '0' || s.data[i] > '9' ||
		    __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, s.data[i] - '0', &number))
			return false;
	}
	*out = negative ? -number : number;
	return true;
}

static bool is_name(struct slice name, bool any)
{
	for (size_t i = 0; any && i < name.length; i++)
		if (name.data[i] <= ' ' || name.data[i] >= 0x7f)
			return false;
	return any || redis_command__find(name) != REDIS_COMMAND_UNKNOWN;
}

/* One header line, "*n" or "$n", with its number between 1 and most; moves on behind it. */
static enum detection begins_header(struct slice *bytes, uint8_t type, int64_t most, int64_t *out)
{
	struct slice line;
	bool cut;
	size_t used;

	if (!bytes->length)
		return DETECT_MORE;
	if (bytes->data[0] != type)
		return DETECT_NO;
	if (!redis__line(slice__sub(*bytes, 0, 32), &line, &used, &cut))
		return bytes->length < 32 ? DETECT_MORE : DETECT_NO;
	if (used != line.length + 2 || !redis__number(slice__from(line, 1), out) || *out < 1 ||
	    *out > most)
		return DETECT_NO;
	*bytes = slice__from(*bytes, used);
	return DETECT_YES;
}

enum detection redis__begins_array(struct slice bytes, bool any)
{
	enum detection header;
	int64_t count, length;

	header = begins_header(&bytes, '*', REDIS_ARGUMENTS, &count);
	if (header == DETECT_YES)
		header = begins_header(&bytes, '$', REDIS_NAME_MAX, &length);
	if (header != DETECT_YES)
		return header;
	if (bytes.length < (size_t)length)
		return DETECT_MORE;
	return is_name(slice__sub(bytes, 0, (size_t)length), any) ? DETECT_YES : DETECT_NO;
}

/*
 * A line whose first word is a command's. Other protocols have such lines ("get k" is memcached's
 * as well), so it is the reply to it that makes sure; or so many of them that nobody waits.
 */
static enum detection begins_inline(struct slice bytes)
{
	struct slice line;
	size_t used, end = 0;
	bool cut;

	for (size_t i = 0; i < bytes.length && i < REDIS_NAME_MAX; i++)
		if (bytes.data[i] >= 0x80 ||
		    (bytes.data[i] < ' ' && !memchr("\t\r\n", bytes.data[i], 3)))
			return DETECT_NO;
	if (!redis__line(bytes, &line, &used, &cut))
		return bytes.length < REDIS_LINE_MAX ? DETECT_MORE : DETECT_NO;
	while (end < line.length && line.data[end] != ' ' && line.data[end] != '\t')
		end++;
	if (!end)
		return line.length ? DETECT_NO : DETECT_MORE;
	if (redis_command__find(slice__sub(line, 0, end)) == REDIS_COMMAND_UNKNOWN)
		return DETECT_NO;
	return bytes.length < INLINE_ENOUGH ? DETECT_MORE : DETECT_YES;
}

/* Empty lines and arrays are no commands; a connection may begin with them. */
static struct slice pass_nothing(struct slice bytes)
{
	for (;;) {
		if (bytes.length && (bytes.data[0] == '\r' || bytes.data[0] == '\n'))
			bytes = slice__from(bytes, 1);
		else if (slice__starts(bytes, "*0\r\n"))
			bytes = slice__from(bytes, 4);
		else
			return bytes;
	}
}

/*
 * Replies alone look like too much else: a connection is known by its commands. As the first bytes
 * that answer a line which may be a command, they make it one.
 */
static enum detection detect(struct slice bytes, bool request, bool begun)
{
	if (!request)
		return begun ? redis__begins_reply(bytes) : DETECT_NO;
	if (!begun)
		return redis__begins_array(bytes, false);
	bytes = pass_nothing(bytes);
	if (bytes.length && bytes.data[0] == '*')
		return redis__begins_array(bytes, true);
	return begins_inline(bytes);
}

static void init(struct parser *parser, bool begun)
{
	struct redis *state = parser->state;

	state->request.state = begun ? REQUEST_START : REQUEST_RESYNC;
	state->reply.state = begun ? REPLY_START : REPLY_RESYNC;
}

static void clear(struct parser *parser)
{
	struct redis *state = parser->state;

	details__free(state->request.details);
	redis_patterns__unqueue(&state->reply);
}

static size_t feed_plain(struct parser *parser, const struct run *run, size_t from)
{
	return run->request ? redis_fast__requests(parser, run, from)
			    : redis_fast__replies(parser, run, from);
}

static COLD size_t feed_from(struct parser *parser, const struct run *run, size_t at)
{
	struct step s;

	do {
		s = run->request ? redis__request(parser, run, at) : redis__reply(parser, run, at);
		at += s.used;
		if (s.stop || !s.used)
			break;
		at = feed_plain(parser, run, at);
	} while (at != run->bytes.length);
	return at;
}

static size_t feed(struct parser *parser, const struct run *run)
{
	size_t at = feed_plain(parser, run, 0);

	return at == run->bytes.length ? at : feed_from(parser, run, at);
}

static void skipped(struct parser *parser, bool request, uint64_t time_ns)
{
	if (request)
		redis__request_skipped(parser, time_ns);
	else
		redis__reply_skipped(parser, time_ns);
}

static void gap(struct parser *parser, bool request, uint64_t length, uint64_t time_ns)
{
	struct redis *state = parser->state;

	(void)length;
	(void)time_ns;
	if (!request) {
		state->reply.state = REPLY_RESYNC;
		state->reply.depth = 0;
		redis_reading__unsure(&state->reply);
		return;
	}
	state->request.state = REQUEST_RESYNC;
	state->request.open = false;
	state->request.multi = state->request.skip = false;
	redis_reading__unsure(&state->reply);
}

/* After these the server hangs up. */
static bool asked_to_end(const struct redis *r)
{
	const struct redis_command *last = redis_command__get(r->request.command);

	return strcmp(last->name, "QUIT") == 0 || strcmp(last->name, "SHUTDOWN") == 0;
}

static void end(struct parser *parser, bool request, uint64_t time_ns, bool reset)
{
	struct redis *r = parser->state;

	if (!request && !r->leaving && parser->side == SIDE_CLIENT && !asked_to_end(r))
		parser__failed(parser, "reset", time_ns);
	r->leaving |= !request || !reset; /* hanging up is a client's own will */
	if (request)
		redis__answer_silent(parser, time_ns);
}

static void passed(struct parser *parser, const struct pending *entry)
{
	((struct redis *)parser->state)->request.command = entry->kind;
}

const struct protocol redis_protocol = {
	.id = PROTOCOL_REDIS,
	.name = "redis",
	.state_size = sizeof(struct redis),
	.carry_max = REDIS_LINE_MAX,
	.detect = detect,
	.init = init,
	.feed = feed,
	.skipped = skipped,
	.gap = gap,
	.end = end,
	.clear = clear,
	.describe = redis_fast__describe,
	.passed = passed,
};
