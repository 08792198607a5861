/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Replies: values that may hold values. How many are still to come is counted on the outer levels,
 * where it matters which value is whose, and as one sum below them; so any depth fits into little
 * memory.
 */
#include "protocol/redis_internal.h"

enum first_word { FIRST_UNKNOWN = 0, FIRST_OTHER, FIRST_CONFIRMATION, FIRST_MESSAGE };

static struct reply *reply_of(struct parser *parser)
{
	return &((struct redis *)parser->state)->reply;
}

static const struct redis_command *command_of(const struct pending *p)
{
	return redis_command__get(p->kind);
}

static bool is_subscription(const struct pending *p)
{
	uint8_t kind = p ? command_of(p)->kind : COMMAND_PLAIN;

	return kind == COMMAND_SUBSCRIBE || kind == COMMAND_UNSUBSCRIBE;
}

static bool is_subscribed(const struct reply *r)
{
	return r->subscribed[0] || r->subscribed[1] || r->subscribed[2];
}

static struct step contradiction(struct parser *parser, const struct run *run, size_t at)
{
	reply_of(parser)->state = REPLY_RESYNC;
	parser__contradiction(parser, false, run->time_ns);
	return (struct step){.used = run->bytes.length - at, .stop = true};
}

/* ---- hits and misses ---- */

static bool missed(uint8_t reading, const struct reply_head *h)
{
	switch (reading) {
	case READ_ZERO:
		return h->number == 0;
	case READ_TTL:
		return h->number == -2;
	case READ_TYPE:
		return h->first == FIRST_OTHER; /* "none", see note_simple() */
	case READ_EMPTY:
		return h->nil || h->number == 0;
	case READ_ANY:
		return h->nil || (h->elements && h->nils == h->elements);
	default:
		return h->nil;
	}
}

/* WRONGTYPE means that the key was there; other errors come before any look-up. */
static void read_result(uint8_t reading, const struct reply_head *h, uint32_t keys, uint32_t *hits,
			uint32_t *misses)
{
	if (reading == READ_NONE)
		return;
	if (h->error[0]) {
		*hits += strcmp(h->error, "WRONGTYPE") == 0;
	} else if (reading == READ_EACH) {
		*misses += h->nils;
		*hits += h->elements - h->nils;
	} else if (reading == READ_COUNTED) {
		uint32_t there = h->number > 0 ? (uint32_t)h->number : 0;

		*hits += there < keys ? there : keys;
		*misses += there < keys ? keys - there : 0;
	} else {
		*misses += missed(reading, h);
		*hits += !missed(reading, h);
	}
}

/* Of one command's reply within EXEC's array: what its form tells on its own level. */
static void read_queued(struct reply *r, uint8_t type, bool nil, int64_t number)
{
	struct reply_head element = {.type = type, .nil = nil, .number = number};
	uint32_t index = r->head.elements;
	uint8_t reading = index && index <= r->queued && index <= REDIS_QUEUED_MAX
				  ? r->queued_reading[index - 1]
				  : READ_NONE;

	if (reading == READ_NONE || reading == READ_EACH || reading == READ_ANY ||
	    reading == READ_COUNTED || reading == READ_TYPE)
		return; /* their elements are a level deeper than is followed */
	if (type == '-' || type == '!')
		return;
	read_result(reading, &element, 1, &r->head.hits, &r->head.misses);
}

static void follow_transaction(struct reply *r, const struct pending *p)
{
	uint8_t kind = command_of(p)->kind;

	if (kind == COMMAND_EXEC || kind == COMMAND_DISCARD || kind == COMMAND_MULTI ||
	    kind == COMMAND_RESET) {
		r->queued = 0;
	} else if (r->head.type == '+' && r->head.first == FIRST_CONFIRMATION) { /* "QUEUED" */
		if (r->queued < REDIS_QUEUED_MAX)
			r->queued_reading[r->queued] = command_of(p)->reading;
		r->queued++;
	}
}

/* ---- answers ---- */

static bool is_queued(const struct reply_head *h)
{
	return h->type == '+' && h->first == FIRST_CONFIRMATION;
}

static void publish(struct parser *parser, struct pending *p, uint64_t end_ns)
{
	struct reply *r = reply_of(parser);
	struct answer a = {.outcome = r->head.error[0] ? OUTCOME_ERROR : OUTCOME_OK,
			   .end_ns = end_ns};

	p->first_ns = r->first_ns;
	p->response_bytes = r->bytes;
	memcpy(a.detail.redis.error, r->head.error, sizeof(a.detail.redis.error));
	a.detail.redis.blocking = p->flags & ENTRY_BLOCKING;
	a.detail.redis.hits = r->head.hits;
	a.detail.redis.misses = r->head.misses;
	if (!is_queued(&r->head))
		read_result(command_of(p)->reading, &r->head, p->number, &a.detail.redis.hits,
			    &a.detail.redis.misses);
	parser__answer(parser, &a);
}

/* Which of the three kinds of subscription; the confirmation's number is the sum of the first two,
 * or that of the third (Redis' pubsub.c). */
static uint32_t *subscribed_by(struct reply *r, const struct pending *p)
{
	const char *name = command_of(p)->name;

	if (strstr(name, "PSUB") || strstr(name, "PUNSUB"))
		return &r->subscribed[1];
	if (strstr(name, "SSUB") || strstr(name, "SUNSUB"))
		return &r->subscribed[2];
	return &r->subscribed[0];
}

/* One channel more or less; true when it was the command's last one. */
static bool confirm(struct reply *r, struct pending *p)
{
	uint32_t *mine = subscribed_by(r, p), before = *mine;
	uint32_t others = mine == &r->subscribed[2]   ? 0
			  : mine == &r->subscribed[0] ? r->subscribed[1]
						      : r->subscribed[0];
	int64_t sum = r->head.last_number;

	*mine = sum > (int64_t)others ? (uint32_t)(sum - others) : 0;
	if (p->flags & ENTRY_ALL)
		return *mine == 0 || before == 0;
	if (p->number)
		p->number--;
	return p->number == 0;
}

/* Messages and invalidations answer nothing. */
static bool is_push(const struct reply *r, const struct pending *front)
{
	bool confirmation = r->head.first == FIRST_CONFIRMATION && is_subscription(front);

	if (r->head.push)
		return !confirmation;
	return is_subscribed(r) && r->head.type == '*' && r->head.first == FIRST_MESSAGE;
}

static struct step endless(struct parser *parser, size_t used)
{
	parser__switch(parser, PROTOCOL_OPAQUE);
	return (struct step){.used = used, .stop = true};
}

void redis__answer_silent(struct parser *parser, uint64_t time_ns)
{
	struct answer a = {.outcome = OUTCOME_OK, .detail.redis.unmeasured = true};
	struct pending *p = pairing__front(&parser->pairing);

	for (; p && p->flags & ENTRY_NO_REPLY && p->complete;
	     p = pairing__front(&parser->pairing)) {
		a.end_ns = time_ns ? time_ns : p->start_ns;
		parser__answer(parser, &a);
	}
}

/* The whole top-level reply has passed. */
static struct step reply_done(struct parser *parser, uint64_t time_ns, size_t used)
{
	struct reply *r = reply_of(parser);
	struct pending *p;

	redis__answer_silent(parser, time_ns);
	p = pairing__front(&parser->pairing);
	r->state = REPLY_START;
	if (is_push(r, p))
		return (struct step){.used = used};
	if (!p) {
		parser__unmatched(parser, LOSS_RESYNC, time_ns);
		return (struct step){.used = used};
	}
	if (is_subscription(p) && r->head.first == FIRST_CONFIRMATION && !is_queued(&r->head) &&
	    !confirm(r, p))
		return (struct step){.used = used}; /* one of several */
	follow_transaction(r, p);
	if (p->flags & ENTRY_ENDLESS && !r->head.error[0]) {
		publish(parser, p, time_ns);
		return endless(parser, used);
	}
	publish(parser, p, time_ns);
	redis__answer_silent(parser, time_ns);
	return (struct step){.used = used};
}

/* ---- values ---- */

/* True where the value at hand is an element of the top-level array (map, set, push). */
static bool is_element(const struct reply *r)
{
	return r->depth == 2;
}

static void begin_reply(struct reply *r, const struct run *run, size_t at)
{
	r->depth = 1;
	r->left[0] = 1;
	r->bytes = 0;
	r->first_ns = run__time(run, at);
	r->head = (struct reply_head){0};
}

static void note_value(struct reply *r, uint8_t type, bool nil, int64_t number)
{
	if (r->depth == 1) {
		r->head.type = type;
		r->head.nil = nil;
		r->head.number = number;
		r->head.push = type == '>';
	} else if (is_element(r)) {
		r->head.elements++;
		r->head.nils += nil;
		if (type == ':')
			r->head.last_number = number;
		read_queued(r, type, nil, number);
	}
}

/* A value is complete: levels that have had all of theirs end with it. */
static struct step value_done(struct parser *parser, uint64_t time_ns, size_t used)
{
	struct reply *r = reply_of(parser);

	r->state = REPLY_START;
	r->left[r->depth - 1]--;
	while (r->depth && !r->left[r->depth - 1]) {
		r->depth--;
		if (r->depth)
			r->left[r->depth - 1]--;
	}
	return r->depth ? (struct step){.used = used} : reply_done(parser, time_ns, used);
}

static void descend(struct reply *r, uint64_t count)
{
	if (r->depth < REDIS_DEPTH) {
		r->left[r->depth++] = count;
		return;
	}
	r->left[r->depth - 1] += count; /* its own place stays until they have passed */
	r->left[r->depth - 1]--;
}

/* "WRONGTYPE Operation against ...": the first word, where it is one of Redis' kind. */
static void take_error(struct reply *r, struct slice text)
{
	size_t n = 0;

	if (r->depth != 1)
		return;
	while (n < text.length && n < sizeof(r->head.error) - 1 &&
	       ((text.data[n] >= 'A' && text.data[n] <= 'Z') || text.data[n] == '_')) {
		r->head.error[n] = (char)text.data[n];
		n++;
	}
	r->head.error[n] = '\0';
	if (!n || (n < text.length && text.data[n] != ' '))
		strcpy(r->head.error, "OTHER");
}

static void take_first_word(struct reply *r, struct slice word)
{
	static const char *const confirmations[] = {"subscribe",    "unsubscribe", "psubscribe",
						    "punsubscribe", "ssubscribe",  "sunsubscribe"};

	r->head.first = FIRST_OTHER;
	if (slice__equals(word, "message") || slice__equals(word, "pmessage") ||
	    slice__equals(word, "smessage"))
		r->head.first = FIRST_MESSAGE;
	for (size_t i = 0; i < sizeof(confirmations) / sizeof(*confirmations); i++)
		if (slice__equals(word, confirmations[i]))
			r->head.first = FIRST_CONFIRMATION;
}

static void note_simple(struct reply *r, struct slice text)
{
	if (r->depth != 1)
		return;
	if (slice__equals(text, "QUEUED"))
		r->head.first = FIRST_CONFIRMATION;
	else if (slice__equals(text, "none")) /* TYPE of a key that is not there */
		r->head.first = FIRST_OTHER;
}

static void keep_detail(struct parser *parser, struct slice bytes)
{
	struct pending *p = pairing__front(&parser->pairing);

	if (parser->wanted & DETAIL_BIT(DETAIL_REPLY) && p && !reply_of(parser)->head.push)
		parser__detail(parser, p, DETAIL_REPLY, bytes);
}

static bool looks_inside(const struct parser *parser, const struct reply *r)
{
	if (r->bulk_type == '!' && r->depth == 1)
		return true;
	if (parser->wanted & DETAIL_BIT(DETAIL_REPLY))
		return true;
	return is_element(r) && r->head.elements == 1 && r->head.first == FIRST_UNKNOWN &&
	       (r->head.push || r->head.type == '*') &&
	       (is_subscription(pairing__front(&parser->pairing)) || is_subscribed(r));
}

static struct step bulk(struct parser *parser, const struct run *run, size_t at, struct slice line,
			size_t used)
{
	struct reply *r = reply_of(parser);
	int64_t length;

	if (slice__equals(slice__from(line, 1), "?")) { /* RESP3: streamed in chunks of ";n" */
		note_value(r, line.data[0], false, 1);
		r->streamed = true;
		return (struct step){.used = used};
	}
	if (!redis__number(slice__from(line, 1), &length) || length > REDIS_BULK_MAX || length < -1)
		return contradiction(parser, run, at);
	if (!r->streamed)
		note_value(r, line.data[0], length < 0, length);
	if (length < 0)
		return value_done(parser, run__time(run, at + used - 1), used);
	r->bulk_type = line.data[0];
	r->data = (uint64_t)length + 2;
	r->bytes += r->data;
	r->state = REPLY_DATA;
	return (struct step){.used = used};
}

static struct step aggregate(struct parser *parser, const struct run *run, size_t at,
			     struct slice line, size_t used)
{
	struct reply *r = reply_of(parser);
	uint8_t type = line.data[0];
	int64_t count;

	if (!redis__number(slice__from(line, 1), &count) || count > (int64_t)1 << 32 ||
	    count < -1 || (type == '|' && count < 0))
		return contradiction(parser, run, at);
	if (type == '|') { /* attributes belong to the value behind them: that one counts */
		r->left[r->depth - 1] += 2 * (uint64_t)count;
		return (struct step){.used = used};
	}
	note_value(r, type, count < 0, count);
	if (count <= 0)
		return value_done(parser, run__time(run, at + used - 1), used);
	descend(r, type == '%' ? 2 * (uint64_t)count : (uint64_t)count);
	return (struct step){.used = used};
}

static struct step streamed_chunk(struct parser *parser, const struct run *run, size_t at,
				  struct slice line, size_t used)
{
	struct reply *r = reply_of(parser);
	int64_t length;

	if (!redis__number(slice__from(line, 1), &length) || length < 0 || length > REDIS_BULK_MAX)
		return contradiction(parser, run, at);
	if (!length) {
		r->streamed = false;
		return value_done(parser, run__time(run, at + used - 1), used);
	}
	r->bulk_type = ';';
	r->data = (uint64_t)length + 2;
	r->bytes += r->data;
	r->state = REPLY_DATA;
	return (struct step){.used = used};
}

static struct step scalar(struct parser *parser, const struct run *run, size_t at,
			  struct slice line, size_t used)
{
	struct reply *r = reply_of(parser);
	int64_t number = 0;

	if (line.data[0] == ':' && !redis__number(slice__from(line, 1), &number))
		return contradiction(parser, run, at);
	note_value(r, line.data[0], line.data[0] == '_', number);
	if (line.data[0] == '-')
		take_error(r, slice__from(line, 1));
	else if (line.data[0] == '+')
		note_simple(r, slice__from(line, 1));
	return value_done(parser, run__time(run, at + used - 1), used);
}

static struct step value(struct parser *parser, const struct run *run, size_t at, struct slice line,
			 size_t used)
{
	if (!line.length)
		return contradiction(parser, run, at);
	switch (line.data[0]) {
	case '+':
	case '-':
	case ':':
	case '_':
	case '#':
	case ',':
	case '(':
		return scalar(parser, run, at, line, used);
	case '$':
	case '=':
	case '!':
		return bulk(parser, run, at, line, used);
	case ';':
		return streamed_chunk(parser, run, at, line, used);
	case '*':
	case '~':
	case '%':
	case '>':
	case '|':
		return aggregate(parser, run, at, line, used);
	default:
		return contradiction(parser, run, at);
	}
}

/* ---- bytes ---- */

static struct step take_line(struct parser *parser, const struct run *run, size_t at)
{
	struct reply *r = reply_of(parser);
	struct slice line;
	struct step step;
	bool cut;
	size_t used;

	if (!redis__line(slice__from(run->bytes, at), &line, &used, &cut))
		return (struct step){0};
	if (!r->depth)
		begin_reply(r, run, at);
	r->bytes += used;
	keep_detail(parser, slice__sub(slice__from(run->bytes, at), 0, used));
	step = value(parser, run, at, line, used);
	if (cut && !step.stop)
		r->state = REPLY_LONG_LINE;
	return step;
}

/* A message to nobody answers nothing, nor does half a value. */
static struct step data_done(struct parser *parser, uint64_t time_ns, size_t used)
{
	struct reply *r = reply_of(parser);

	if (r->bulk_type == ';') {
		r->state = REPLY_START;
		return (struct step){.used = used};
	}
	return value_done(parser, time_ns, used);
}

static struct step take_data(struct parser *parser, const struct run *run, size_t at)
{
	struct reply *r = reply_of(parser);
	struct slice rest = slice__from(run->bytes, at);
	uint64_t length = r->data - 2;

	if (looks_inside(parser, r)) {
		if (rest.length < (length < REDIS_DETAIL_MAX ? r->data : REDIS_DETAIL_MAX) &&
		    !run->full)
			return (struct step){0};
		if (r->bulk_type == '!')
			take_error(r, slice__sub(rest, 0, (size_t)length));
		else if (is_element(r) && r->head.elements == 1)
			take_first_word(r, slice__sub(rest, 0, (size_t)length));
		keep_detail(parser, slice__sub(rest, 0, (size_t)r->data));
	}
	r->state = REPLY_PASSING;
	if (r->data > rest.length)
		return (struct step){.used = r->data, .stop = true};
	return data_done(parser, run__time(run, at + r->data - 1), r->data);
}

static struct step pass_long_line(struct reply *r, struct slice rest)
{
	ptrdiff_t end = slice__find(rest, '\n');

	if (end >= 0)
		r->state = REPLY_START;
	return (struct step){.used = end < 0 ? rest.length : (size_t)end + 1};
}

/* A whole first line of a reply at the beginning of a call. */
static enum detection begins(struct slice bytes)
{
	static const char types[] = "+-:$*%~>_#,(=!|";
	struct slice line;
	int64_t number;
	bool cut;
	size_t used;

	if (!bytes.length || !memchr(types, bytes.data[0], sizeof(types) - 1))
		return bytes.length ? DETECT_NO : DETECT_MORE;
	if (!redis__line(bytes, &line, &used, &cut))
		return DETECT_MORE;
	if (cut)
		return DETECT_NO;
	if (memchr("+-,(#_", line.data[0], 6))
		return used == line.length + 2 ? DETECT_YES : DETECT_NO;
	return redis__number(slice__from(line, 1), &number) ? DETECT_YES : DETECT_NO;
}

static struct step resync(struct parser *parser, const struct run *run, size_t at)
{
	struct reply *r = reply_of(parser);
	struct slice rest = slice__from(run->bytes, at);
	enum detection d = at ? DETECT_NO : begins(rest);

	if (d == DETECT_YES) {
		r->state = REPLY_START;
		r->depth = 0;
		r->streamed = false;
		return take_line(parser, run, at);
	}
	if (d == DETECT_MORE && !run->full)
		return (struct step){0};
	parser__passed_over(parser, rest.length);
	return (struct step){.used = rest.length};
}

struct step redis__reply(struct parser *parser, const struct run *run, size_t at)
{
	struct reply *r = reply_of(parser);

	switch (r->state) {
	case REPLY_START:
		return take_line(parser, run, at);
	case REPLY_DATA:
		return take_data(parser, run, at);
	case REPLY_LONG_LINE:
		return pass_long_line(r, slice__from(run->bytes, at));
	default:
		return resync(parser, run, at);
	}
}

void redis__reply_skipped(struct parser *parser, uint64_t time_ns)
{
	if (reply_of(parser)->state == REPLY_PASSING)
		data_done(parser, time_ns, 0);
}
