/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Commands and replies as nearly all of them are: whole, and of a kind without a meaning for the
 * connection. They are read in one go; whatever is otherwise is left to the general way
 * (redis_request.c, redis_reply.c), which yields the same of these, too.
 */
#include "compiler.h"
#include "protocol/ranges.h"
#include "protocol/redis_internal.h"
#include "protocol/word.h"

#define COMMAND_SHORTEST 11 /* "*1\r\n$1\r\nX\r\n" */
#define REPLY_SHORTEST	 4  /* "_\r\n" is left to the general way */
#define DIGITS_MAX	 9

/* A decimal number and its line end; NULL: it is something else, or not all there. */
static const uint8_t *long_number(const uint8_t *at, const uint8_t *end, uint64_t *out)
{
	const uint8_t *first = at;
	uint64_t number = 0;

	for (; at < end && (uint8_t)(*at - '0') < 10; at++)
		number = number * 10 + (uint64_t)(*at - '0');
	if (at == first || at - first > DIGITS_MAX || end - at < 2 || at[0] != '\r' ||
	    at[1] != '\n')
		return NULL;
	*out = number;
	return at + 2;
}

/* The same, for one or two digits without a loop. */
static inline const uint8_t *number_line(const uint8_t *at, const uint8_t *end, uint64_t *out)
{
	uint8_t tens, ones;

	if (end - at < 4 || (uint8_t)(at[0] - '0') >= 10)
		return long_number(at, end, out);
	tens = (uint8_t)(at[0] - '0');
	ones = (uint8_t)(at[1] - '0');
	if (ones < 10 && at[2] == '\r' && at[3] == '\n') {
		*out = tens * 10u + ones;
		return at + 4;
	}
	if (at[1] == '\r' && at[2] == '\n') {
		*out = tens;
		return at + 3;
	}
	return long_number(at, end, out);
}

/* ---- commands ---- */

static struct redis_known *known_at(struct redis *redis, const uint8_t *at)
{
	/* "*2\r\n$3\r\nGET\r\n": what differs is how many arguments, and the name. */
	return &redis->known[(uint8_t)(at[1] ^ at[5] ^ at[8] ^ at[9]) % REDIS_KNOWN];
}

/* Whether a command has no meaning but to be answered; SET's are options behind the value. */
static bool is_simple(uint32_t command, uint64_t arguments)
{
	const struct redis_command *c = redis_command__get(command);

	return command && !c->container && strcmp(c->name, "INFO") != 0 &&
	       (c->kind == COMMAND_PLAIN || (c->kind == COMMAND_GET_OPTION && arguments <= 3));
}

/* False: it is none that is read here. */
static bool learn_header(struct redis_known *known, const uint8_t *at, const uint8_t *end)
{
	uint64_t arguments, length;
	const uint8_t *name, *begin = at;
	uint32_t command;

	if (*at != '*')
		return false;
	at = number_line(at + 1, end, &arguments);
	if (!at || at == end || *at != '$' || !arguments || arguments > UINT8_MAX)
		return false;
	name = number_line(at + 1, end, &length);
	if (!name || length + 2 > (uint64_t)(end - name) ||
	    (size_t)(name - begin) + length + 2 > REDIS_HEADER_MAX ||
	    memcmp(name + length, "\r\n", 2) != 0)
		return false;
	command = redis_command__find(slice__of(name, length));
	if (!is_simple(command, arguments))
		return false;
	*known = (struct redis_known){.length = (uint8_t)(name + length + 2 - begin),
				      .arguments = (uint8_t)arguments,
				      .command = (uint16_t)command};
	for (size_t i = 0; i + WORD_BYTES < known->length; i += WORD_BYTES)
		words__add(&known->known, begin, i, WORD_BYTES);
	words__add(&known->known, begin, known->length - (size_t)WORD_BYTES, WORD_BYTES);
	known->header_words = known->known.words;
	return true;
}

/* The command's bytes, of which the header is known; 0: they are not all there. */
static size_t length_of(const struct redis_known *known, const uint8_t *begin, const uint8_t *end)
{
	const uint8_t *at = begin + known->length;
	uint64_t length;

	for (uint32_t i = 1; i < known->arguments; i++) {
		if (at == end || *at != '$')
			return 0;
		at = number_line(at + 1, end, &length);
		if (!at || length + 2 > (uint64_t)(end - at))
			return 0;
		at += length + 2;
	}
	return (size_t)(at - begin);
}

/*
 * The lengths of its arguments, where they are a few, and short enough to be looked at as words.
 * Only once two commands in a row were of one length: else they are learned in vain.
 */
static void learn_lengths(struct redis_known *of, const uint8_t *begin, size_t bytes)
{
	const uint8_t *at = begin + of->length, *data;
	struct words *known = &of->known;
	bool again = of->last == bytes;
	uint64_t length;

	of->last = (uint32_t)bytes;
	known->words = of->header_words;
	known->bytes = 0;
	if (!again)
		return;
	for (uint32_t i = 1; i < of->arguments; i++) {
		data = number_line(at + 1, begin + bytes, &length);
		if (data - at > WORD_BYTES || (size_t)(at - begin) + WORD_BYTES > bytes ||
		    !words__add(known, begin, (size_t)(at - begin), (size_t)(data - at)))
			return;
		at = data + length + 2;
	}
	known->bytes = (uint32_t)bytes;
}

static inline bool is_plain(const struct parser *parser, const struct request *r)
{
	return !(r->state | r->off | r->skip | (uintptr_t)r->details |
		 (parser->wanted & (DETAIL_BIT(DETAIL_ARGUMENTS) | DETAIL_BIT(DETAIL_KEYS))));
}

/* Without an entry the request is lost, which is counted. */
static inline bool open_entry(struct parser *parser, const struct run *run, size_t at,
			      const struct redis_known *known, size_t bytes)
{
	struct pending *p = parser__request(parser, run, at);

	if (!p)
		return false;
	p->label = known->label;
	p->kind = known->command;
	p->number = known->arguments - 1u;
	p->flags = ENTRY_PLAIN;
	p->request_bytes = bytes;
	p->complete = true;
	return true;
}

/*
 * `times` more commands of so many bytes each, one behind the other. Times of what is carried are
 * its own, so those are opened one by one; after a gap each is lost for itself.
 */
static COLD void open_more(struct parser *parser, const struct run *run, size_t at,
			   const struct redis_known *known, size_t bytes, uint32_t times, bool open)
{
	if (open && !run->carried && parser__request_again(parser, times))
		return;
	for (uint32_t i = 0; i < times; i++)
		open_entry(parser, run, at + i * bytes, known, bytes);
}

/* Bytes of a command that is read; 0: it is left to the general way. */
static COLD size_t read_command(struct parser *parser, struct redis_known *known, const uint8_t *at,
				const uint8_t *end)
{
	size_t bytes;

	if ((!known->length || known->length > end - at ||
	     !words__begin_with(&known->known, at, known->header_words)) &&
	    !learn_header(known, at, end))
		return 0;
	bytes = length_of(known, at, end);
	if (bytes)
		learn_lengths(known, at, bytes);
	known->label = parser__command(parser, known->command);
	return bytes;
}

/* The commands at `from` that are of one form; 0: the general way reads what is there. */
static inline size_t take_commands(struct parser *parser, const struct run *run, size_t from)
{
	const uint8_t *at = run->bytes.data + from;
	size_t left = run->bytes.length - from, bytes;
	struct redis_known *known = known_at(parser->state, at);
	uint32_t more;
	bool open;

	bytes = words__are(&known->known, at, left) ? known->known.bytes
						    : read_command(parser, known, at, at + left);
	if (!bytes || parser__follows(parser, known->command))
		return 0;
	((struct redis *)parser->state)->request.command = known->command;
	open = open_entry(parser, run, from, known, bytes);
	more = left == bytes ? 0 : words__times(&known->known, at + bytes, left - bytes);
	if (more)
		open_more(parser, run, from + bytes, known, bytes, more, open);
	if (bytes * (1 + more) == run->bytes.length && !run->carried)
		parser__asked(parser, slice__of(at, bytes));
	return bytes * (1 + more);
}

size_t redis_fast__requests(struct parser *parser, const struct run *run, size_t from)
{
	const struct redis *redis = parser->state;
	size_t used;

	if (!is_plain(parser, &redis->request))
		return from;
	while (run->bytes.length - from >= COMMAND_SHORTEST) {
		used = take_commands(parser, run, from);
		if (!used)
			break;
		from += used;
	}
	return from;
}

/* ---- replies ---- */

static const uint8_t *bulk(const uint8_t *at, const uint8_t *end, struct form *form)
{
	uint64_t length;

	if (at[1] == '-') { /* "$-1" */
		if (end - at < 5 || at[2] != '1' || at[3] != '\r' || at[4] != '\n')
			return NULL;
		form->nil = true;
		form->number = -1;
		return at + 5;
	}
	at = number_line(at + 1, end, &length);
	if (!at || length + 2 > (uint64_t)(end - at))
		return NULL;
	form->number = (int64_t)length;
	return at + length + 2;
}

/* Behind the value; NULL: it is another one, or not all there. */
static const uint8_t *value(const uint8_t *at, const uint8_t *end, struct form *form)
{
	uint64_t number;

	form->type = *at;
	switch (*at) {
	case '$':
		return bulk(at, end, form);
	case ':':
		at = number_line(at + 1, end, &number);
		form->number = at ? (int64_t)number : 0;
		return at;
	case '+':
		return end - at >= 5 && memcmp(at, "+OK\r\n", 5) == 0 ? at + 5 : NULL;
	default:
		return NULL;
	}
}

static inline bool awaits_plain(const struct parser *parser, const struct reply *r)
{
	return !(r->state | r->depth | r->streamed | (parser->wanted & DETAIL_BIT(DETAIL_REPLY))) &&
	       parser__in_step(parser);
}

static inline struct pending *plain_front(const struct parser *parser)
{
	struct pending *p = pairing__front(&parser->pairing);

	return p && p->flags == ENTRY_PLAIN && !p->details ? p : NULL;
}

/*
 * Behind the reply, of which is learned how to know it when it is said again; NULL: it is another
 * one than those that are read here, or not all there. Of a string its length alone matters.
 */
static COLD const uint8_t *learn(struct redis *redis, const struct pending *p, const uint8_t *at,
				 const uint8_t *end)
{
	struct redis_said *said = &redis->said;
	struct form form = {0};
	const uint8_t *next = value(at, end, &form);
	bool string = *at == '$' && !form.nil;
	size_t bytes, line;

	if (!next)
		return NULL;
	bytes = line = (size_t)(next - at);
	*said = (struct redis_said){.command = p->kind, .number = p->number};
	redis_reading__count(redis_reading__of(p), p->number, &form, &said->hits, &said->misses);
	if (string)
		line -= (size_t)form.number + 2;
	if (bytes < WORD_BYTES)
		words__add_short(&said->known, at, bytes, string ? word__first(line) : ~0ull);
	else if (line <= WORD_BYTES)
		words__add(&said->known, at, 0, line);
	else if (string || !words__add(&said->known, at, 0, WORD_BYTES) ||
		 !words__add(&said->known, at, line - WORD_BYTES, WORD_BYTES))
		return next;
	said->known.bytes = (uint32_t)bytes;
	return next;
}

/* It says what was said to that command before. */
static inline bool is_said(const struct redis_said *said, const struct pending *p,
			   const uint8_t *at, const uint8_t *end)
{
	return said->command == p->kind && said->number == p->number &&
	       words__are(&said->known, at, (size_t)(end - at));
}

/* Of another reply: whether it says the same to the metrics, in as many bytes. */
static COLD const uint8_t *learn_alike(struct redis *redis, const struct pending *p,
				       const uint8_t *at, const uint8_t *end)
{
	struct redis_said before = redis->said, *said = &redis->said;
	const uint8_t *next = end - at >= REPLY_SHORTEST ? learn(redis, p, at, end) : NULL;

	if (next && before.known.bytes && said->known.bytes == before.known.bytes &&
	    said->hits == before.hits && said->misses == before.misses)
		return next;
	*said = before;
	return NULL;
}

/* How many more of an entry's requests are answered alike, times included. */
static uint32_t count_alike(struct redis *redis, const struct pending *p, const uint8_t **at,
			    const uint8_t *end)
{
	const struct redis_said *said = &redis->said;
	const uint8_t *next;
	uint32_t times = 0;

	for (; times + 1 < p->times; times++) {
		next = is_said(said, p, *at, end) ? *at + said->known.bytes
						  : learn_alike(redis, p, *at, end);
		if (!next)
			break;
		*at = next;
	}
	return times;
}

/*
 * Tells the answers to the requests of the oldest entry, as far as they are alike. Returns where
 * they end; NULL: not even the first one is there.
 */
static inline const uint8_t *answer(struct parser *parser, const struct run *run, struct pending *p,
				    const uint8_t *at, const uint8_t *end)
{
	struct redis *redis = parser->state;
	const struct redis_said *said = &redis->said;
	size_t offset = (size_t)(at - run->bytes.data);
	const uint8_t *next;
	uint32_t times = 1;
	struct answer a;

	next = is_said(said, p, at, end) ? at + said->known.bytes : learn(redis, p, at, end);
	if (!next)
		return NULL;
	p->first_ns = run__time(run, offset);
	p->response_bytes = (uint64_t)(next - at);
	if (p->times > 1 && offset >= run->carried)
		times += count_alike(redis, p, &next, end);
	a.outcome = OUTCOME_OK;
	a.end_ns = run__time(run, (size_t)(next - run->bytes.data) - 1);
	memset(&a.detail.redis, 0, sizeof(a.detail.redis));
	a.detail.redis.command = p->kind;
	a.detail.redis.arguments = p->number + 1;
	a.detail.redis.pattern = p->pattern;
	a.detail.redis.hits = said->hits;
	a.detail.redis.misses = said->misses;
	parser__answer_many(parser, &a, times);
	if ((size_t)(next - at) == run->bytes.length && said->known.bytes && !run->carried)
		parser__told(parser, slice__of(at, said->known.bytes));
	return next;
}

size_t redis_fast__replies(struct parser *parser, const struct run *run, size_t from)
{
	const struct redis *redis = parser->state;
	const uint8_t *begin = run->bytes.data, *end = begin + run->bytes.length;
	const uint8_t *at = begin + from, *next;
	struct pending *p;

	if (!awaits_plain(parser, &redis->reply))
		return from;
	while (end - at >= REPLY_SHORTEST && (p = plain_front(parser))) {
		next = answer(parser, run, p, at, end);
		if (!next)
			break;
		at = next;
		/* nobody answers those that get no reply but the reply before them */
		p = pairing__front(&parser->pairing);
		if (p && p->flags & ENTRY_NO_REPLY)
			redis__answer_silent(parser, run->time_ns);
	}
	return (size_t)(at - begin);
}

/* ---- what is known again (again.h) ---- */

static bool describe_request(struct slice message, uint8_t *least, uint8_t *spread)
{
	const uint8_t *at = message.data, *end = at + message.length, *data;
	uint64_t arguments, length;

	at = number_line(at + 1, end, &arguments);
	for (uint64_t i = 0; at && i < arguments; i++) {
		data = at < end ? number_line(at + 1, end, &length) : NULL;
		if (!data || length + 2 > (uint64_t)(end - data))
			return false;
		if (i) /* not its name, but keys and values may be others */
			ranges__allow(least, spread, (size_t)(data - message.data), length, 0,
				      0xff);
		at = data + length + 2;
	}
	return at == end;
}

bool redis_fast__describe(const struct parser *parser, bool request, struct slice message,
			  uint8_t *least, uint8_t *spread)
{
	struct form form = {0};

	(void)parser;
	if (request)
		return describe_request(message, least, spread);
	if (value(message.data, message.data + message.length, &form) !=
	    message.data + message.length)
		return false;
	if (form.type == '$' && !form.nil)
		ranges__allow(least, spread, message.length - (size_t)form.number - 2,
			      (size_t)form.number, 0, 0xff);
	return true;
}
