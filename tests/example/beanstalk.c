/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "beanstalk.h"

#include <stdio.h>

#define LINE_MAX 224 /* of a command, its end included (protocol.txt) */
#define DATA_MAX (1u << 30)

struct command {
	const char *name;
	uint8_t numbers; /* how many follow; 0: none, or a name */
	bool sure;	 /* no other protocol's line looks like it */
};

/* WATCH and TOUCH are Redis' as well, DELETE and TOUCH memcached's: the reply makes sure of them.
 */
static const struct command commands[BEANSTALK_COMMAND_COUNT] = {
	[BEANSTALK_UNKNOWN] = {"", 0, false},
	[BEANSTALK_PUT] = {"put", 4, true},
	[BEANSTALK_RESERVE] = {"reserve", 0, true},
	[BEANSTALK_RESERVE_WITH_TIMEOUT] = {"reserve-with-timeout", 1, true},
	[BEANSTALK_DELETE] = {"delete", 1, false},
	[BEANSTALK_RELEASE] = {"release", 3, true},
	[BEANSTALK_BURY] = {"bury", 2, true},
	[BEANSTALK_TOUCH] = {"touch", 1, false},
	[BEANSTALK_USE] = {"use", 0, false},
	[BEANSTALK_WATCH] = {"watch", 0, false},
	[BEANSTALK_IGNORE] = {"ignore", 0, false},
	[BEANSTALK_STATS_JOB] = {"stats-job", 1, true},
	[BEANSTALK_STATS_TUBE] = {"stats-tube", 0, true},
	[BEANSTALK_QUIT] = {"quit", 0, false},
};

struct reply {
	const char *name;
	bool error;
	bool data; /* its last number is the length of what follows */
};

static const struct reply replies[] = {
	{"INSERTED", false, false},
	{"RESERVED", false, true},
	{"DELETED", false, false},
	{"RELEASED", false, false},
	{"BURIED", false, false},
	{"TOUCHED", false, false},
	{"USING", false, false},
	{"WATCHING", false, false},
	{"OK", false, true},
	{"TIMED_OUT", false, false},
	{"DEADLINE_SOON", false, false},
	{"NOT_FOUND", true, false},
	{"NOT_IGNORED", true, false},
	{"BAD_FORMAT", true, false},
	{"UNKNOWN_COMMAND", true, false},
	{"OUT_OF_MEMORY", true, false},
	{"INTERNAL_ERROR", true, false},
	{"EXPECTED_CRLF", true, false},
	{"JOB_TOO_BIG", true, false},
	{"DRAINING", true, false},
};

/* All that is kept of a connection. */
struct beanstalk {
	bool request_lost; /* bytes are missing: pass over what comes up to a sure boundary */
	bool reply_lost;
	const struct reply *reply; /* whose data is passing; NULL: none */
	uint64_t first_ns, reply_bytes;
};

/* ---- lines ---- */

/* What comes before "\r\n"; *used counts that, too. False: there is no whole line yet. */
static bool read_line(struct slice bytes, struct slice *line, size_t *used)
{
	ptrdiff_t end = slice__find(slice__sub(bytes, 0, LINE_MAX), '\n');

	if (end < 1 || bytes.data[end - 1] != '\r')
		return false;
	*line = slice__sub(bytes, 0, (size_t)end - 1);
	*used = (size_t)end + 1;
	return true;
}

/* Takes the first word off. */
static struct slice next_word(struct slice *line)
{
	ptrdiff_t space = slice__find(*line, ' ');
	size_t length = space < 0 ? line->length : (size_t)space;
	struct slice word = slice__sub(*line, 0, length);

	*line = slice__from(*line, space < 0 ? length : length + 1);
	return word;
}

static bool read_number(struct slice word, uint64_t *out)
{
	*out = 0;
	if (!word.length || word.length > 10)
		return false;
	for (size_t i = 0; i < word.length; i++) {
		if (word.data[i] < '0' || word.data[i] > '9')
			return false;
		*out = *out * 10 + (word.data[i] - '0');
	}
	return true;
}

/* All words must be numbers; *last is the last one. */
static bool read_numbers(struct slice line, size_t count, uint64_t *last)
{
	while (count--) {
		struct slice word = next_word(&line);

		if (!read_number(word, last))
			return false;
	}
	return !line.length;
}

static enum beanstalk_command find_command(struct slice name)
{
	for (size_t i = 1; i < BEANSTALK_COMMAND_COUNT; i++)
		if (slice__equals(name, commands[i].name))
			return (enum beanstalk_command)i;
	return BEANSTALK_UNKNOWN;
}

static const struct reply *find_reply(struct slice name)
{
	for (size_t i = 0; i < sizeof(replies) / sizeof(*replies); i++)
		if (slice__equals(name, replies[i].name))
			return &replies[i];
	return NULL;
}

/* ---- detection ---- */

static bool is_text(struct slice bytes)
{
	for (size_t i = 0; i < bytes.length && i < LINE_MAX; i++)
		if (bytes.data[i] == '\r')
			return true;
		else if (bytes.data[i] < ' ' || bytes.data[i] > '~')
			return false;
	return bytes.length < LINE_MAX;
}

static enum detection begins_request(struct slice line, bool begun)
{
	enum beanstalk_command found = find_command(next_word(&line));
	const struct command *command = &commands[found];
	uint64_t number;

	if (!found || (command->numbers && !read_numbers(line, command->numbers, &number)))
		return DETECT_NO;
	if (command->sure)
		return DETECT_YES;
	return begun ? DETECT_MORE : DETECT_NO;
}

static enum detection detect(struct slice bytes, bool request, bool begun)
{
	struct slice line;
	size_t used;

	if (!is_text(bytes))
		return DETECT_NO;
	if (!read_line(bytes, &line, &used))
		return bytes.length < LINE_MAX ? DETECT_MORE : DETECT_NO;
	if (request)
		return begins_request(line, begun);
	return begun && find_reply(next_word(&line)) ? DETECT_YES : DETECT_NO;
}

/* ---- requests ---- */

static size_t contradiction(struct parser *parser, const struct run *run, size_t at)
{
	struct beanstalk *b = parser->state;

	*(run->request ? &b->request_lost : &b->reply_lost) = true;
	parser__contradiction(parser, run->request, run->time_ns);
	return run->bytes.length - at;
}

/* After a gap: only a call's own beginning can be sure. True: the stream is known again here. */
static bool is_boundary(const struct run *run, size_t at)
{
	struct slice line;
	size_t used;

	if (at || !read_line(run->bytes, &line, &used))
		return false;
	return run->request ? begins_request(line, false) == DETECT_YES
			    : find_reply(next_word(&line)) != NULL;
}

static size_t pass_over(struct parser *parser, const struct run *run, size_t at)
{
	size_t rest = run->bytes.length - at;

	parser__passed_over(parser, rest);
	return rest;
}

static size_t take_request(struct parser *parser, const struct run *run, size_t at)
{
	struct slice rest = slice__from(run->bytes, at), line;
	struct beanstalk *b = parser->state;
	enum beanstalk_command command;
	struct pending *entry;
	uint64_t data = 0;
	size_t used;

	if (b->request_lost && !is_boundary(run, at))
		return pass_over(parser, run, at);
	b->request_lost = false;
	if (!read_line(rest, &line, &used))
		return rest.length < LINE_MAX ? 0 : contradiction(parser, run, at);
	command = find_command(next_word(&line));
	if (command == BEANSTALK_QUIT)
		return used; /* is not answered */
	if (command == BEANSTALK_PUT && read_numbers(line, 4, &data) && data <= DATA_MAX)
		used += data + 2;
	entry = parser__request(parser, run, at);
	if (entry) {
		entry->kind = (uint16_t)command;
		entry->request_bytes = used;
	}
	return used; /* may be more than is there: the surplus is skipped */
}

/* ---- replies ---- */

static void answer(struct parser *parser, uint64_t end_ns)
{
	struct pending *entry = pairing__front(&parser->pairing);
	struct beanstalk *b = parser->state;
	struct answer a = {.outcome = b->reply->error ? OUTCOME_ERROR : OUTCOME_OK,
			   .end_ns = end_ns};

	if (!entry) {
		parser__unmatched(parser, LOSS_RESYNC, end_ns);
	} else {
		entry->first_ns = b->first_ns;
		entry->response_bytes = b->reply_bytes;
		a.detail.redis.command = entry->kind;
		a.detail.redis.blocking = entry->kind == BEANSTALK_RESERVE ||
					  entry->kind == BEANSTALK_RESERVE_WITH_TIMEOUT;
		if (b->reply->error)
			snprintf(a.detail.redis.error, sizeof(a.detail.redis.error), "%s",
				 b->reply->name);
		parser__answer(parser, &a);
	}
	b->reply = NULL;
}

/* The last word; false where it is no length. */
static bool read_length(struct slice line, uint64_t *out)
{
	struct slice word = {0};

	while (line.length)
		word = next_word(&line);
	return read_number(word, out) && *out <= DATA_MAX;
}

static size_t take_reply(struct parser *parser, const struct run *run, size_t at)
{
	struct slice rest = slice__from(run->bytes, at), line;
	struct beanstalk *b = parser->state;
	uint64_t data = 0;
	size_t used;

	if (b->reply_lost && !is_boundary(run, at))
		return pass_over(parser, run, at);
	b->reply_lost = false;
	if (!read_line(rest, &line, &used))
		return rest.length < LINE_MAX ? 0 : contradiction(parser, run, at);
	b->reply = find_reply(next_word(&line));
	if (!b->reply || (b->reply->data && !read_length(line, &data)))
		return contradiction(parser, run, at);
	if (b->reply->data)
		used += data + 2;
	b->first_ns = run__time(run, at);
	b->reply_bytes = used;
	if (used <= rest.length)
		answer(parser, run__time(run, at + used - 1));
	return used; /* else skipped() answers, when its last byte has passed */
}

/* ---- the contract ---- */

static void init(struct parser *parser, bool begun)
{
	struct beanstalk *b = parser->state;

	b->request_lost = b->reply_lost = !begun;
}

static size_t feed(struct parser *parser, const struct run *run)
{
	size_t at = 0, used = 1;

	for (; used && at < run->bytes.length; at += used)
		used = run->request ? take_request(parser, run, at) : take_reply(parser, run, at);
	return at;
}

static void skipped(struct parser *parser, bool request, uint64_t time_ns)
{
	struct beanstalk *b = parser->state;

	if (!request && b->reply)
		answer(parser, time_ns);
}

static void gap(struct parser *parser, bool request, uint64_t length, uint64_t time_ns)
{
	struct beanstalk *b = parser->state;

	(void)length;
	(void)time_ns;
	*(request ? &b->request_lost : &b->reply_lost) = true;
	if (!request)
		b->reply = NULL;
}

/* What is in flight then is aborted, for every protocol (connection.c). */
static void end(struct parser *parser, bool request, uint64_t time_ns, bool reset)
{
	(void)parser;
	(void)request;
	(void)time_ns;
	(void)reset;
}

const struct protocol beanstalk_protocol = {
	.id = PROTOCOL_BEANSTALK,
	.name = "beanstalk",
	.state_size = sizeof(struct beanstalk),
	.carry_max = LINE_MAX,
	.detect = detect,
	.init = init,
	.feed = feed,
	.skipped = skipped,
	.gap = gap,
	.end = end,
};
