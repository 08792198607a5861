/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * HTTP/1.0 and HTTP/1.1. Each direction is a sequence of messages: a start line, fields, an empty
 * line, a body whose length the fields tell (RFC 9112 section 6.3). Lines are looked at one by one,
 * so no head is ever kept whole; bodies are passed over by length. An exchange begins when its
 * request's head is complete: half a head is no request.
 */
#include "protocol/http1.h"

#include "protocol/http1_internal.h"
#include "protocol/http2.h"

/* What became of some bytes. stop: the state is gone or starts anew, feed returns at once. */
struct step {
	size_t used; /* 0: more bytes are needed */
	bool stop;
};
static enum detection detect(struct slice bytes, bool request, bool begun)
{
	enum detection d = head__begins(bytes, request);

	(void)begun; /* a call of an older connection that begins with a whole start line is as sure
		      */
	if (request && d != DETECT_YES && head__begins_surely(bytes) &&
	    bytes.length >= LINE_MAX_BYTES)
		return DETECT_YES;
	return d;
}

static void init(struct parser *parser, bool begun)
{
	struct http1 *h = parser->state;

	h->request.state = h->response.state = begun ? STATE_START : STATE_RESYNC;
}

static void clear(struct parser *parser)
{
	struct http1 *h = parser->state;

	details__free(h->head.details);
}

static struct half *half_of(struct parser *parser, bool request)
{
	struct http1 *h = parser->state;

	return request ? &h->request : &h->response;
}

static struct step contradiction(struct parser *parser, const struct run *run, size_t at)
{
	half_of(parser, run->request)->state = STATE_RESYNC;
	parser__contradiction(parser, run->request, run->time_ns);
	return (struct step){.used = run->bytes.length - at, .stop = true};
}

/* ---- the ends of messages ---- */

static void request_done(struct parser *parser)
{
	struct http1 *h = parser->state;
	struct pending *p = pairing__back(&parser->pairing);

	h->request.state = STATE_START;
	if (p) {
		p->request_bytes = h->request.bytes;
		p->complete = true;
	}
}

void http1__answer(struct parser *parser, uint64_t end_ns, bool truncated)
{
	struct http1 *h = parser->state;
	struct half *response = &h->response;
	struct pending *p = response->paired ? pairing__front(&parser->pairing) : NULL;
	struct answer a;

	response->state = STATE_START;
	if (!p)
		return;
	answer__init(&a, response->status >= 400 ? OUTCOME_ERROR : OUTCOME_OK, end_ns);
	p->first_ns = response->first_ns;
	p->response_bytes = response->bytes;
	a.detail.http.status = response->status;
	a.detail.http.method = (uint8_t)p->kind;
	a.detail.http.version = p->flags;
	a.detail.http.truncated = truncated;
	h->refused = !h->continued;
	parser__answer(parser, &a);
}

static void message_done(struct parser *parser, bool request, uint64_t time_ns)
{
	if (request)
		request_done(parser);
	else
		http1__answer(parser, time_ns, false);
}

/* ---- the ends of heads ---- */

/* Where the body begins, or the message ends with its head. */
static void begin_body(struct parser *parser, bool request, uint64_t length, uint64_t time_ns)
{
	struct half *half = half_of(parser, request);

	half->left = length;
	half->state = STATE_BODY;
	if (!length)
		message_done(parser, request, time_ns);
}

static struct step request_head_done(struct parser *parser, const struct run *run, size_t at,
				     size_t used)
{
	struct http1 *h = parser->state;
	struct half *half = &h->request;
	struct pending *p = parser__request(parser, run, at);
	const struct framing *f = &half->framing;

	if (p) {
		h->head.request_bytes = half->bytes + (f->has_length ? f->length : 0);
		h->head.silent = false;
		*p = h->head;
		if (parser->side == SIDE_SERVER)
			parser__begun(parser, p);
	} else {
		details__free(h->head.details);
	}
	h->head.details = NULL;
	h->continued = h->refused = false;
	if (f->bad || f->coding == CODING_OTHER)
		return contradiction(parser, run, at);
	if (f->coding == CODING_CHUNKED)
		half->state = STATE_CHUNK_SIZE;
	else if (f->expects && f->has_length && f->length)
		half->state = STATE_EXPECTED;
	else
		begin_body(parser, true, f->has_length ? f->length : 0, 0);
	if (f->expects && f->coding != CODING_CHUNKED)
		half->left = f->length;
	return (struct step){.used = used};
}

/* The stream goes on as another protocol's (RFC 9110 sections 7.8 and 9.3.6). */
static struct step switched(struct parser *parser, bool h2c, uint64_t time_ns, size_t used)
{
	struct pending upgraded = {0};

	if (h2c && parser__hand_over(parser, PROTOCOL_HTTP2, &upgraded)) {
		parser__switch(parser, PROTOCOL_HTTP2);
		http2__upgraded(parser, &upgraded);
	} else {
		http1__answer(parser, time_ns, false);
		parser__switch(parser, PROTOCOL_OPAQUE);
	}
	return (struct step){.used = used, .stop = true};
}

static bool has_no_body(const struct half *half, const struct pending *p)
{
	return half->status == 204 || half->status == 304 || (p && p->kind == HTTP_HEAD);
}

static struct step response_head_done(struct parser *parser, uint64_t time_ns, size_t used)
{
	struct http1 *h = parser->state;
	struct half *half = &h->response;
	const struct pending *p = half->paired ? pairing__front(&parser->pairing) : NULL;
	const struct framing *f = &half->framing;

	if (half->status == 101)
		return switched(parser, f->h2c, time_ns, used);
	if (half->status < 200) { /* interim: the final one is still to come */
		h->continued |= half->status == 100;
		half->state = STATE_START;
		return (struct step){.used = used};
	}
	if (p && p->kind == HTTP_CONNECT && half->status < 300)
		return switched(parser, false, time_ns, used);
	if (has_no_body(half, p))
		http1__answer(parser, time_ns, false);
	else if (f->coding == CODING_CHUNKED)
		half->state = STATE_CHUNK_SIZE;
	else if (f->has_length && !f->bad && f->coding == CODING_NONE)
		begin_body(parser, false, f->length, time_ns);
	else
		half->state = STATE_UNTIL_CLOSE;
	return (struct step){.used = used};
}

/* ---- lines ---- */

static void begin_message(struct parser *parser, struct half *half, const struct run *run,
			  size_t at)
{
	half->state = STATE_FIELDS;
	half->framing = (struct framing){0};
	half->start = parser__position(parser, run->request) - (run->bytes.length - at);
	half->bytes = 0;
	half->first_ns = run__time(run, at);
}

static struct step request_line(struct parser *parser, const struct run *run, size_t at,
				struct slice line, bool cut)
{
	struct http1 *h = parser->state;
	struct request_line r;

	if (!head__request_line(line, cut, &r))
		return contradiction(parser, run, at);
	begin_message(parser, &h->request, run, at);
	details__free(h->head.details);
	h->head = (struct pending){
		.start_ns = run__time(run, at),
		.queue_ns = run__queue(run, at),
		.tgid = run->chunk->tgid,
		.tid = run->chunk->tid,
		.kind = (uint16_t)r.method,
		.flags = r.version,
		.label = parser__route(parser, r.target),
	};
	return (struct step){.used = 1};
}

/*
 * An answer to half a request (400, 408) belongs to no exchange; one to nothing at all is an
 * exchange whose request was not seen.
 */
static void pair(struct parser *parser, uint64_t time_ns)
{
	struct http1 *h = parser->state;
	bool half_a_request = h->request.state == STATE_FIELDS;

	h->response.paired = pairing__front(&parser->pairing) != NULL;
	if (!h->response.paired && !half_a_request && h->response.status >= 200)
		parser__unmatched(parser, LOSS_RESYNC, time_ns);
}

static struct step status_line(struct parser *parser, const struct run *run, size_t at,
			       struct slice line)
{
	struct half *half = half_of(parser, false);
	uint16_t status = head__status_line(line);

	if (!status)
		return contradiction(parser, run, at);
	begin_message(parser, half, run, at);
	half->status = status;
	pair(parser, run__time(run, at));
	return (struct step){.used = 1};
}

/* Heads are kept, where a rule wants them, as lines with plain ends; the start line comes first. */
static void keep_line(struct parser *parser, bool request, struct slice line)
{
	struct http1 *h = parser->state;
	enum detail detail = request ? DETAIL_REQUEST_HEAD : DETAIL_RESPONSE_HEAD;
	struct pending *p = request ? &h->head : pairing__front(&parser->pairing);

	if (!(parser->wanted & DETAIL_BIT(detail)) || (!request && !h->response.paired))
		return;
	if (!request && h->response.status < 200)
		return;
	parser__detail(parser, p, detail, line);
	parser__detail(parser, p, detail, slice__text("\r\n"));
}

static struct step chunk_line(struct parser *parser, struct half *half, const struct run *run,
			      size_t at, struct slice line, size_t used)
{
	uint64_t size;

	if (!head__chunk_size(line, &size))
		return contradiction(parser, run, at);
	half->state = size ? STATE_CHUNK : STATE_TRAILERS;
	half->left = size + 2; /* with its end of line */
	return (struct step){.used = used};
}

static struct step field_line(struct parser *parser, struct half *half, const struct run *run,
			      size_t at, struct slice line, bool cut, size_t used)
{
	if (line.length) {
		head__field(&half->framing, line, cut);
		keep_line(parser, run->request, line);
		return (struct step){.used = used};
	}
	if (run->request)
		return request_head_done(parser, run, at, used);
	return response_head_done(parser, run__time(run, at + used - 1), used);
}

static struct step start_line(struct parser *parser, const struct run *run, size_t at,
			      struct slice line, bool cut, size_t used)
{
	struct step step;

	if (!line.length) /* RFC 9112 section 2.2: an empty line before it is to be ignored */
		return (struct step){.used = used};
	step = run->request ? request_line(parser, run, at, line, cut)
			    : status_line(parser, run, at, line);
	if (step.stop)
		return step;
	half_of(parser, run->request)->bytes = used;
	keep_line(parser, run->request, line);
	return (struct step){.used = used};
}

static struct step take_line(struct parser *parser, struct half *half, const struct run *run,
			     size_t at, struct slice line, bool cut, size_t used)
{
	half->bytes += used;
	switch (half->state) {
	case STATE_START:
		return start_line(parser, run, at, line, cut, used);
	case STATE_FIELDS:
		return field_line(parser, half, run, at, line, cut, used);
	case STATE_CHUNK_SIZE:
		return chunk_line(parser, half, run, at, line, used);
	default:
		if (!line.length)
			message_done(parser, run->request, run__time(run, at + used - 1));
		return (struct step){.used = used};
	}
}

static struct step pass_long_line(struct half *half, struct slice rest)
{
	ptrdiff_t end = slice__find(rest, '\n');
	size_t used = end < 0 ? rest.length : (size_t)end + 1;

	half->long_line = end < 0;
	half->bytes += used;
	return (struct step){.used = used};
}

static struct step next_line(struct parser *parser, struct half *half, const struct run *run,
			     size_t at)
{
	struct slice rest = slice__from(run->bytes, at);
	struct slice line = slice__sub(rest, 0, LINE_MAX_BYTES);
	ptrdiff_t end = slice__find(line, '\n');
	size_t used;

	if (half->long_line)
		return pass_long_line(half, rest);
	if (end < 0 && rest.length < LINE_MAX_BYTES)
		return (struct step){0};
	used = end < 0 ? line.length : (size_t)end + 1;
	half->long_line = end < 0;
	if (end >= 0)
		line.length = (size_t)end;
	if (line.length && line.data[line.length - 1] == '\r')
		line.length--;
	return take_line(parser, half, run, at, line, end < 0, used);
}

/* Nearly all lines of a head are fields that are whole and that no rule wants: passed in one go. */
static size_t pass_fields(const struct parser *parser, struct half *half, const struct run *run,
			  size_t at)
{
	enum detail detail = run->request ? DETAIL_REQUEST_HEAD : DETAIL_RESPONSE_HEAD;
	const uint8_t *line = run->bytes.data + at, *end = run->bytes.data + run->bytes.length;
	const uint8_t *next, *first = line;

	if (half->state != STATE_FIELDS || half->long_line || parser->wanted & DETAIL_BIT(detail))
		return at;
	for (; (next = memchr(line, '\n', (size_t)(end - line))); line = next + 1) {
		size_t length = (size_t)(next - line);

		if (length >= LINE_MAX_BYTES || !length || *line == '\r')
			break;
		if (head__may_matter(slice__of(line, length)))
			head__field(&half->framing,
				    slice__of(line, length - (line[length - 1] == '\r')), false);
	}
	half->bytes += (uint64_t)(line - first);
	return at + (size_t)(line - first);
}

/* ---- bodies ---- */

/* The entry whose details want bytes of this body; NULL where none does, or it holds all it can. */
static struct pending *keeper(struct parser *parser, bool request)
{
	struct http1 *h = parser->state;
	enum detail detail = request ? DETAIL_REQUEST_BODY : DETAIL_RESPONSE_BODY;
	struct pending *p = NULL;

	if (!(parser->wanted & DETAIL_BIT(detail)))
		return NULL;
	if (request)
		p = pairing__back(&parser->pairing);
	else if (h->response.paired)
		p = pairing__front(&parser->pairing);
	return p && (!p->details || details__room(p->details, detail)) ? p : NULL;
}

static void body_done(struct parser *parser, struct half *half, bool request, uint64_t time_ns)
{
	half->left = 0;
	if (half->state == STATE_CHUNK)
		half->state = STATE_CHUNK_SIZE;
	else
		message_done(parser, request, time_ns);
}

/* What is wanted is kept piece by piece; else all that is left is passed over at once. */
static struct step pass_body(struct parser *parser, struct half *half, const struct run *run,
			     size_t at)
{
	struct slice rest = slice__from(run->bytes, at);
	uint64_t line_end = half->state == STATE_CHUNK ? 2 : 0;
	size_t here = half->left < rest.length ? (size_t)half->left : rest.length;
	struct pending *p = keeper(parser, run->request);

	if (!p && half->left > rest.length) {
		half->bytes += half->left;
		return (struct step){.used = half->left, .stop = true};
	}
	if (p && half->left > line_end)
		parser__detail(parser, p, run->request ? DETAIL_REQUEST_BODY : DETAIL_RESPONSE_BODY,
			       slice__sub(rest, 0, (size_t)(half->left - line_end)));
	half->bytes += here;
	half->left -= here;
	if (!half->left)
		body_done(parser, half, run->request, run__time(run, at + here - 1));
	return (struct step){.used = here};
}

static struct step pass_until_close(struct parser *parser, const struct run *run, size_t at)
{
	struct slice rest = slice__from(run->bytes, at);
	struct pending *p = keeper(parser, false);

	if (!p)
		return (struct step){.used = SIZE_MAX, .stop = true};
	parser__detail(parser, p, DETAIL_RESPONSE_BODY, rest);
	return (struct step){.used = rest.length};
}

/* A refused client may leave its body out and begin the next request (RFC 9110 section 10.1.1). */
static void expected(struct parser *parser, struct half *half, const struct run *run, size_t at)
{
	const struct http1 *h = parser->state;

	if (h->refused && head__begins(slice__from(run->bytes, at), true) == DETECT_YES)
		half->state = STATE_START;
	else
		half->state = STATE_BODY;
}

/* ---- back in step ---- */

static struct step resync(struct parser *parser, struct half *half, const struct run *run,
			  size_t at)
{
	struct slice rest = slice__from(run->bytes, at);
	enum detection d = at ? DETECT_NO : detect(rest, run->request, false);

	if (d == DETECT_YES) {
		half->state = STATE_START;
		half->long_line = false;
		return next_line(parser, half, run, at);
	}
	if (d == DETECT_MORE && !run->full)
		return (struct step){0};
	parser__passed_over(parser, rest.length);
	return (struct step){.used = rest.length};
}

static struct step step(struct parser *parser, struct half *half, const struct run *run, size_t at)
{
	switch (half->state) {
	case STATE_RESYNC:
		return resync(parser, half, run, at);
	case STATE_EXPECTED:
		expected(parser, half, run, at);
		return step(parser, half, run, at);
	case STATE_BODY:
	case STATE_CHUNK:
		return pass_body(parser, half, run, at);
	case STATE_UNTIL_CLOSE:
		return pass_until_close(parser, run, at);
	default:
		return next_line(parser, half, run, at);
	}
}

/* A body is passed over from its first byte on, also where that byte is not here yet. */
static bool passes_body(const struct half *half)
{
	return half->state == STATE_BODY || half->state == STATE_CHUNK ||
	       half->state == STATE_UNTIL_CLOSE;
}

/* Returns where it ends; `at`: it is not passed. */
static size_t pass_message(struct parser *parser, const struct run *run, size_t at)
{
	return run->request ? http1_fast__request(parser, run, at)
			    : http1_fast__response(parser, run, at);
}

static size_t pass_messages(struct parser *parser, const struct run *run, size_t at)
{
	size_t next = at;

	do {
		at = next;
		next = pass_message(parser, run, at);
	} while (next != at && next < run->bytes.length);
	return next;
}

/* Message by message, part by part, from byte `at` on. */
__attribute__((noinline)) static size_t feed_rest(struct parser *parser, const struct run *run,
						  struct half *half, size_t at)
{
	while (at < run->bytes.length || passes_body(half)) {
		struct step s;

		if (half->state == STATE_START)
			at = pass_messages(parser, run, at);
		if (at == run->bytes.length && !passes_body(half))
			break;
		at = pass_fields(parser, half, run, at);
		s = step(parser, half, run, at);
		if (s.used == SIZE_MAX)
			return SIZE_MAX;
		at += s.used;
		if (s.stop || !s.used)
			break;
	}
	return at;
}

/* Mostly a message is all there is. */
static size_t feed(struct parser *parser, const struct run *run)
{
	struct half *half = half_of(parser, run->request);
	size_t at = half->state == STATE_START ? pass_message(parser, run, 0) : 0;

	if (at == run->bytes.length && half->state == STATE_START)
		return at;
	return feed_rest(parser, run, half, at);
}

static void skipped(struct parser *parser, bool request, uint64_t time_ns)
{
	struct half *half = half_of(parser, request);

	if (half->state == STATE_BODY || half->state == STATE_CHUNK)
		body_done(parser, half, request, time_ns);
}

static void gap(struct parser *parser, bool request, uint64_t length, uint64_t time_ns)
{
	struct http1 *h = parser->state;
	struct half *half = half_of(parser, request);

	(void)length;
	(void)time_ns;
	if (half->state != STATE_UNTIL_CLOSE)
		half->state = STATE_RESYNC;
	half->long_line = false;
	if (!parser->pairing.count)
		h->response.paired = false; /* what it answered is lost */
}

static void end(struct parser *parser, bool request, uint64_t time_ns, bool reset)
{
	struct http1 *h = parser->state;
	struct half *half = half_of(parser, request);

	if (request && half->state == STATE_FIELDS)
		parser__unparsable(parser); /* the rest of the head never came */
	if (!request && half->state == STATE_UNTIL_CLOSE) {
		h->response.bytes = parser__position(parser, false) - half->start;
		http1__answer(parser, time_ns, reset);
	}
}

const struct protocol http1_protocol = {
	.id = PROTOCOL_HTTP1,
	.name = "http",
	.state_size = sizeof(struct http1),
	.carry_max = LINE_MAX_BYTES,
	.detect = detect,
	.init = init,
	.feed = feed,
	.skipped = skipped,
	.gap = gap,
	.end = end,
	.clear = clear,
	.describe = http1__describe,
	.passing = http1_fast__passing,
};
