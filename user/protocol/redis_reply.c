/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Replies: values that may hold values. How many are still to come is counted on the outer levels,
 * where it matters which value is whose, and as one sum below them; so any depth fits into little
 * memory.
 */
#include "protocol/redis_internal.h"

static struct reply *reply_of(struct parser *parser)
{
	return &((struct redis *)parser->state)->reply;
}

static struct step contradiction(struct parser *parser, const struct run *run, size_t at)
{
	reply_of(parser)->state = REPLY_RESYNC;
	redis_reading__unsure(reply_of(parser));
	parser__contradiction(parser, false, run->time_ns);
	return (struct step){.used = run->bytes.length - at, .stop = true};
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
	struct form form = {.type = type, .nil = nil, .number = number};

	if (r->depth == 1) {
		r->head.form = form;
	} else if (is_element(r)) {
		r->head.form.elements++;
		r->head.form.nils += nil;
		r->head.element = form;
	} else if (r->depth == 3) {
		r->head.element.elements++;
		r->head.element.nils += nil;
	}
}

/* Where what is said of the value at hand is kept; NULL: it is too deep to matter. */
static struct form *form_of(struct reply *r)
{
	return r->depth == 1 ? &r->head.form : is_element(r) ? &r->head.element : NULL;
}

/* A value is complete: levels that have had all of theirs end with it. */
static struct step value_done(struct parser *parser, uint64_t time_ns, size_t used)
{
	struct reply *r = reply_of(parser);

	r->state = REPLY_START;
	for (;;) {
		if (is_element(r)) {
			redis_reading__element(r);
			if (redis_patterns__wanted(parser))
				redis_patterns__element(parser);
		}
		if (--r->left[r->depth - 1])
			return (struct step){.used = used};
		if (--r->depth == 0)
			return redis__replied(parser, time_ns, used);
	}
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

static void take_error(struct reply *r, struct slice text)
{
	struct form *form = form_of(r);

	if (!form)
		return;
	form->error = true;
	form->wrong_type = slice__starts(text, "WRONGTYPE ");
	if (form == &r->head.form)
		r->head.error = redis_error__prefix(text);
}

static void note_simple(struct reply *r, struct slice text)
{
	struct form *form = form_of(r);

	if (!form)
		return;
	form->queued = slice__equals(text, "QUEUED");
	form->none = slice__equals(text, "none");
}

static bool wants_reply(const struct parser *parser)
{
	const struct pending *p = pairing__front(&parser->pairing);

	return parser->wanted & DETAIL_BIT(DETAIL_REPLY) || (p && p->flags & ENTRY_INFO);
}

static void keep_detail(struct parser *parser, struct slice bytes)
{
	struct pending *p = pairing__front(&parser->pairing);

	if (wants_reply(parser) && p && reply_of(parser)->head.form.type != '>')
		parser__keep_detail(parser, p, DETAIL_REPLY, bytes);
}

/* ---- values, for queues ---- */

static bool is_followed(const struct parser *parser, const struct reply *r)
{
	const struct pending *p = pairing__front(&parser->pairing);

	return p && p->flags & ENTRY_FOLLOWED && r->head.form.type != '>';
}

/* Inner values leave room for the outer ones behind them. */
static bool has_room(const struct pending *p, uint8_t depth, size_t size)
{
	size_t room = p->details ? details__room(p->details, DETAIL_VALUES) : DETAILS_BYTES;

	return room >= size + (depth > 2 ? 2 * REDIS_DETAIL_MAX : 0);
}

static void keep_value(struct parser *parser, uint8_t type, int64_t number, struct slice bytes)
{
	struct reply *r = reply_of(parser);
	struct pending *p = pairing__front(&parser->pairing);
	struct redis_value value = {
		.number = number, .kept = (uint16_t)bytes.length, .depth = r->depth, .type = type};

	if (!is_followed(parser, r) || !has_room(p, r->depth, sizeof(value) + bytes.length))
		return;
	parser__keep_detail(parser, p, DETAIL_VALUES, slice__of(&value, sizeof(value)));
	parser__keep_detail(parser, p, DETAIL_VALUES, bytes);
}

static bool is_first_word(const struct parser *parser, const struct reply *r)
{
	return is_element(r) && r->head.form.elements == 1 && redis__first_word_matters(parser);
}

static bool looks_inside(const struct parser *parser, const struct reply *r)
{
	return (r->bulk_type == '!' && r->depth <= 2) || wants_reply(parser) ||
	       is_followed(parser, r) || is_first_word(parser, r);
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
	if (length < 0) {
		keep_value(parser, line.data[0], -1, (struct slice){0});
		return value_done(parser, run__time(run, at + used - 1), used);
	}
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
	keep_value(parser, type, count, (struct slice){0});
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
	keep_value(parser, line.data[0], line.data[0] == '_' ? -1 : number, (struct slice){0});
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

static bool is_endless(const struct pending *p)
{
	return p && p->flags & ENTRY_ENDLESS;
}

/* A primary that is not ready for its replica sends empty lines (Redis' replication.c). */
static bool is_keepalive(const struct parser *parser)
{
	return is_endless(pairing__front(&parser->pairing));
}

/* SYNC is answered by "$n" or "$EOF:" and the snapshot itself, which is no value. */
static bool begins_snapshot(struct parser *parser, struct slice line)
{
	return reply_of(parser)->depth == 1 && line.length && line.data[0] == '$' &&
	       is_endless(pairing__front(&parser->pairing));
}

static struct step take_line(struct parser *parser, const struct run *run, size_t at)
{
	struct reply *r = reply_of(parser);
	struct slice line;
	struct step step;
	bool cut;
	size_t used;

	if (!redis__line(slice__from(run->bytes, at), &line, &used, &cut))
		return (struct step){0};
	if (!r->depth && !line.length && is_keepalive(parser))
		return (struct step){.used = used};
	if (!r->depth)
		begin_reply(r, run, at);
	r->bytes += used;
	if (begins_snapshot(parser, line)) {
		note_value(r, '$', false, 1);
		return value_done(parser, run__time(run, at + used - 1), used);
	}
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

static bool has_tail(const struct parser *parser, const struct reply *r, uint64_t length)
{
	return length > REDIS_DETAIL_MAX && r->depth <= 2 && r->bulk_type != ';' &&
	       is_followed(parser, r);
}

static struct step pass_to_tail(struct parser *parser, struct slice rest)
{
	struct reply *r = reply_of(parser);
	uint64_t behind = r->data - 2 - REDIS_DETAIL_MAX; /* what is kept of the beginning */
	uint64_t middle = r->data - 2 - (behind < REDIS_TAIL ? behind : REDIS_TAIL);

	r->state = REPLY_TAIL;
	r->data -= middle;
	return (struct step){.used = middle, .stop = middle > rest.length};
}

static struct step take_tail(struct parser *parser, const struct run *run, size_t at)
{
	struct reply *r = reply_of(parser);
	struct slice rest = slice__from(run->bytes, at);

	if (rest.length < r->data && !run->full)
		return (struct step){0};
	if (rest.length >= r->data)
		keep_value(parser, REDIS_TAIL_OF_VALUE, (int64_t)r->data - 2,
			   slice__sub(rest, 0, (size_t)r->data - 2));
	r->state = REPLY_PASSING;
	if (r->data > rest.length)
		return (struct step){.used = r->data, .stop = true};
	return data_done(parser, run__time(run, at + r->data - 1), r->data);
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
		else if (is_first_word(parser, r))
			redis__take_first_word(parser, slice__sub(rest, 0, (size_t)length));
		keep_detail(parser, slice__sub(rest, 0, (size_t)r->data));
		keep_value(
			parser, r->bulk_type, (int64_t)length,
			slice__sub(rest, 0,
				   length < REDIS_DETAIL_MAX ? (size_t)length : REDIS_DETAIL_MAX));
		if (has_tail(parser, r, length))
			return pass_to_tail(parser, rest);
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

enum detection redis__begins_reply(struct slice bytes)
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
	enum detection d = at ? DETECT_NO : redis__begins_reply(rest);

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
	case REPLY_TAIL:
		return take_tail(parser, run, at);
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
