/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Commands and replies as nearly all of them are: whole, and of a kind without a meaning for the
 * connection. They are read in one go; whatever is otherwise is left to the general way
 * (redis_request.c, redis_reply.c), which yields the same of these, too.
 */
#include "protocol/redis_internal.h"
#include "protocol/word.h"

#define REPLY_SHORTEST 4 /* "_\r\n" is left to the general way */
#define DIGITS_MAX     9

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

static bool learn(struct redis_known *known, const uint8_t *at, const uint8_t *end)
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
	    (size_t)(name - begin) + length + 2 > sizeof(known->header) ||
	    memcmp(name + length, "\r\n", 2) != 0)
		return false;
	command = redis_command__find(slice__of(name, length));
	if (!is_simple(command, arguments))
		return false;
	known->length = (uint8_t)(name + length + 2 - begin);
	memcpy(known->header, begin, known->length);
	known->arguments = (uint8_t)arguments;
	known->command = (uint16_t)command;
	return true;
}

/* Headers are of 12 bytes at least ("*1\r\n$1\r\nX\r\n"), 24 at most: two or three words of them.
 */
static bool begins_with(const uint8_t *at, const struct redis_known *known)
{
	size_t last = known->length - WORD_BYTES;

	return word__at(at) == word__at(known->header) &&
	       word__at(at + last) == word__at(known->header + last) &&
	       (last <= WORD_BYTES ||
		word__at(at + WORD_BYTES) == word__at(known->header + WORD_BYTES));
}

/* NULL: it is to go the general way. */
static const struct redis_known *known_of(struct parser *parser, const uint8_t *at,
					  const uint8_t *end)
{
	struct redis_known *known = known_at(parser->state, at);

	if ((!known->length || !begins_with(at, known)) && !learn(known, at, end))
		return NULL;
	return parser__follows(parser, known->command) ? NULL : known;
}

static bool is_plain(const struct parser *parser, const struct request *r)
{
	return r->state == REQUEST_START && !r->off && !r->skip && !r->details &&
	       !(parser->wanted & DETAIL_BIT(DETAIL_ARGUMENTS));
}

/* Behind the arguments; NULL: they are not all there. */
static const uint8_t *pass_arguments(const uint8_t *at, const uint8_t *end, uint32_t count)
{
	uint64_t length;

	for (uint32_t i = 0; i < count; i++) {
		if (at == end || *at != '$')
			return NULL;
		at = number_line(at + 1, end, &length);
		if (!at || length + 2 > (uint64_t)(end - at))
			return NULL;
		at += length + 2;
	}
	return at;
}

static void open_entry(struct parser *parser, const struct run *run, size_t at,
		       const struct redis_known *known, size_t bytes)
{
	struct request *r = &((struct redis *)parser->state)->request;
	struct pending *p = parser__request(parser, run, at);

	r->command = known->command;
	if (!p)
		return;
	p->label = parser__command(parser, known->command);
	p->kind = known->command;
	p->number = known->arguments - 1u;
	p->request_bytes = bytes;
	p->complete = true;
}

/* The same command as before it in this run; false: it is to be opened as any other. */
static bool open_alike(struct parser *parser, const struct redis_known *known, size_t bytes)
{
	const struct pending *before = pairing__back(&parser->pairing);
	struct pending *p;

	if (!before || before->kind != known->command || before->number != known->arguments - 1u)
		return false;
	p = parser__request_alike(parser);
	if (p)
		p->request_bytes = bytes;
	return p;
}

size_t redis_fast__requests(struct parser *parser, const struct run *run, size_t from)
{
	struct redis *redis = parser->state;
	const uint8_t *begin = run->bytes.data, *end = begin + run->bytes.length;
	const uint8_t *at = begin + from, *next;
	bool again =
		false; /* opened one before, all of it in this chunk: the next one may be alike */

	if (!is_plain(parser, &redis->request))
		return from;
	while (end - at >= (ptrdiff_t)sizeof(redis->known->header)) { /* shorter ones are rare */
		const struct redis_known *known = known_of(parser, at, end);

		if (!known)
			break;
		next = pass_arguments(at + known->length, end, known->arguments - 1u);
		if (!next)
			break;
		if (!again || !open_alike(parser, known, (size_t)(next - at)))
			open_entry(parser, run, (size_t)(at - begin), known, (size_t)(next - at));
		again = !run->carried;
		at = next;
	}
	return (size_t)(at - begin);
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

/* Answers that are alike in everything are told at once. */
struct tally {
	struct pending first; /* what it stands for */
	uint64_t end_ns;
	uint32_t hits, misses;
	uint32_t count;
};

static void tell(struct parser *parser, const struct pending *p, uint64_t end_ns, uint32_t hits,
		 uint32_t misses, uint32_t count)
{
	struct answer a = {.outcome = OUTCOME_OK, .end_ns = end_ns};

	a.detail.redis.command = p->kind;
	a.detail.redis.arguments = p->number + 1;
	a.detail.redis.hits = hits;
	a.detail.redis.misses = misses;
	parser__answer_many(parser, p, &a, count);
}

static void tally__tell(struct tally *t, struct parser *parser)
{
	if (t->count)
		tell(parser, &t->first, t->end_ns, t->hits, t->misses, t->count);
	t->count = 0;
}

static void count_reading(const struct pending *p, const struct form *form, uint32_t *hits,
			  uint32_t *misses)
{
	uint8_t reading = redis_reading__of(p);

	if (reading == READ_NIL) { /* GET and its like */
		*hits = !form->nil;
		*misses = form->nil;
	} else if (reading != READ_NONE) {
		redis_reading__count(reading, p->number, form, hits, misses);
	}
}

static bool alike(const struct pending *a, const struct pending *b)
{
	return a->kind == b->kind && a->label == b->label && a->number == b->number &&
	       a->start_ns == b->start_ns && a->first_ns == b->first_ns &&
	       a->queue_ns == b->queue_ns && a->request_bytes == b->request_bytes &&
	       a->response_bytes == b->response_bytes && a->tgid == b->tgid && a->tid == b->tid;
}

/* last: nothing follows that it could be alike with. */
static void tally__add(struct tally *t, struct parser *parser, const struct pending *p,
		       const struct form *form, uint64_t end_ns, bool last)
{
	uint32_t hits = 0, misses = 0;

	count_reading(p, form, &hits, &misses);
	if (t->count && t->end_ns == end_ns && t->hits == hits && t->misses == misses &&
	    alike(&t->first, p)) {
		t->count++;
		return;
	}
	tally__tell(t, parser);
	if (last)
		tell(parser, p, end_ns, hits, misses, 1);
	else
		*t = (struct tally){*p, end_ns, hits, misses, 1};
}

static bool awaits_plain(const struct parser *parser, const struct reply *r)
{
	return r->state == REPLY_START && !r->depth && !r->streamed &&
	       !(parser->wanted & DETAIL_BIT(DETAIL_REPLY));
}

static bool is_simple_entry(const struct pending *p)
{
	uint8_t kind = redis_command__get(p->kind)->kind;

	return kind == COMMAND_PLAIN || kind == COMMAND_GET_OPTION;
}

static struct pending *simple_front(const struct parser *parser)
{
	struct pending *p = pairing__front(&parser->pairing);

	return p && !p->flags && !p->silent && !p->details && is_simple_entry(p) ? p : NULL;
}

/* Nobody answers the entries that get no reply but the reply before them. */
static void pass_silent(struct parser *parser, struct tally *tally, uint64_t time_ns)
{
	const struct pending *p = pairing__front(&parser->pairing);

	if (!p || !(p->flags & ENTRY_NO_REPLY))
		return;
	tally__tell(tally, parser);
	redis__answer_silent(parser, time_ns);
}

size_t redis_fast__replies(struct parser *parser, const struct run *run, size_t from)
{
	const struct redis *redis = parser->state;
	const uint8_t *begin = run->bytes.data, *end = begin + run->bytes.length;
	const uint8_t *at = begin + from, *next;
	struct tally tally;

	if (!awaits_plain(parser, &redis->reply) || !parser__in_step(parser))
		return from;
	tally.count = 0;
	while (end - at >= REPLY_SHORTEST) {
		struct pending *p = simple_front(parser);
		struct form form = {0};

		next = p ? value(at, end, &form) : NULL;
		if (!next)
			break;
		p->first_ns = run__time(run, (size_t)(at - begin));
		p->response_bytes = (uint64_t)(next - at);
		at = next;
		tally__add(&tally, parser, p, &form, run__time(run, (size_t)(at - begin) - 1),
			   at == end);
		parser__pass_front(parser);
		pass_silent(parser, &tally, run->time_ns);
	}
	tally__tell(&tally, parser);
	return (size_t)(at - begin);
}
