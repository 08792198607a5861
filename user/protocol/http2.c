/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * HTTP/2: frames in, one exchange for every client stream with HEADERS out, whatever the order of
 * the answers. Flow control and priorities are of no interest to an observer (RFC 9113).
 */
#include "protocol/http2.h"

#include <errno.h>
#include <stdlib.h>
#include "labels.h"
#include "protocol/hpack.h"
#include "protocol/http2_details.h"

#define FRAME_HEADER   9
#define PREFACE	       "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_LENGTH 24
#define STREAMS_MAX    2048	   /* in flight on one connection; the next one loses the oldest */
#define BLOCK_MAX      (64 * 1024) /* of one header block over all its frames */
#define FRAME_KEPT     (16384 + FRAME_HEADER) /* SETTINGS_MAX_FRAME_SIZE's default, section 6.5.2 */

enum frame_type {
	FRAME_DATA = 0,
	FRAME_HEADERS = 1,
	FRAME_PRIORITY = 2,
	FRAME_RST_STREAM = 3,
	FRAME_SETTINGS = 4,
	FRAME_PUSH_PROMISE = 5,
	FRAME_PING = 6,
	FRAME_GOAWAY = 7,
	FRAME_WINDOW_UPDATE = 8,
	FRAME_CONTINUATION = 9,
};

#define FLAG_END_STREAM	 0x01
#define FLAG_END_HEADERS 0x04
#define FLAG_PADDED	 0x08
#define FLAG_PRIORITY	 0x20

/* A stream in flight. early: its response was seen before its request (another thread reads). */
struct stream_entry {
	uint32_t id;
	bool early;
	bool ended; /* early and complete */
	uint64_t end_ns;
	struct exchange detail;
	struct pending pending;
};

struct half {
	struct hpack hpack;
	uint8_t *block; /* header block of frames so far; NULL between blocks */
	uint32_t block_length;
	uint32_t block_capacity;
	uint32_t block_stream;
	uint8_t block_flags;
	bool block_lost; /* too long: its streams are `?` */
	bool block_push;
	uint64_t block_ns; /* when it began */
	size_t block_bytes;
	uint32_t skipped_stream; /* END_STREAM comes when the frame being skipped has passed */
	bool resync;
};

struct http2 {
	struct half half[2]; /* index: is it the request's direction */
	struct stream_entry *stream;
	uint32_t stream_count;
	uint32_t stream_capacity;
	uint32_t newest; /* highest client stream seen */
	bool preface_due;
	bool late; /* attached in the middle: smaller ids than the newest may be unseen */
};

struct frame {
	uint32_t length;
	uint8_t type;
	uint8_t flags;
	uint32_t stream;
};

static struct frame frame_header(struct slice b)
{
	return (struct frame){.length = slice__u32(b, 0) >> 8,
			      .type = b.data[3],
			      .flags = b.data[4],
			      .stream = slice__u32(b, 5) & 0x7fffffff};
}

/* What section 6 demands of a frame of its type; unknown types are allowed anywhere (section 4.1).
 */
static bool plausible(const struct frame *f, bool strict)
{
	switch (f->type) {
	case FRAME_DATA:
	case FRAME_HEADERS:
	case FRAME_CONTINUATION:
	case FRAME_PUSH_PROMISE:
		return f->stream != 0;
	case FRAME_PRIORITY:
		return f->stream != 0 && f->length == 5;
	case FRAME_RST_STREAM:
		return f->stream != 0 && f->length == 4;
	case FRAME_SETTINGS:
		return f->stream == 0 && f->length % 6 == 0;
	case FRAME_PING:
		return f->stream == 0 && f->length == 8;
	case FRAME_GOAWAY:
		return f->stream == 0 && f->length >= 8;
	case FRAME_WINDOW_UPDATE:
		return f->length == 4;
	default:
		return !strict;
	}
}

/* A run that consists of plausible frames, of which one carries a client stream, and ends with one
 * of them. */
static bool chain(struct slice b)
{
	bool carries = false;

	while (b.length >= FRAME_HEADER) {
		struct frame f = frame_header(b);

		if (!plausible(&f, true) || f.length > (1u << 20) || b.data[5] & 0x80)
			return false;
		carries |= f.type <= FRAME_HEADERS && f.stream % 2 == 1;
		if (f.length > b.length - FRAME_HEADER)
			return carries && f.type == FRAME_DATA;
		b = slice__from(b, FRAME_HEADER + f.length);
	}
	return carries && !b.length;
}

static enum detection detect(struct slice b, bool request, bool begun)
{
	size_t n = b.length < PREFACE_LENGTH ? b.length : PREFACE_LENGTH;
	struct frame f;

	if (!begun)
		return chain(b) ? DETECT_YES : DETECT_NO;
	if (request) {
		if (!n || memcmp(b.data, PREFACE, n) != 0)
			return n ? DETECT_NO : DETECT_MORE;
		return n == PREFACE_LENGTH ? DETECT_YES : DETECT_MORE;
	}
	if (b.length < FRAME_HEADER)
		return b.length < 4 || b.data[3] == FRAME_SETTINGS ? DETECT_MORE : DETECT_NO;
	f = frame_header(b); /* a server's first frame is SETTINGS, section 3.4 */
	return f.type == FRAME_SETTINGS && !f.flags && f.length <= 20 * 6 && plausible(&f, true)
		       ? DETECT_YES
		       : DETECT_NO;
}

static void init(struct parser *parser, bool begun)
{
	struct http2 *s = parser->state;

	hpack__init(&s->half[0].hpack, begun);
	hpack__init(&s->half[1].hpack, begun);
	s->preface_due = begun;
	s->late = !begun;
}

/* ---- streams ---- */

static struct stream_entry *find(struct http2 *s, uint32_t id)
{
	for (uint32_t i = 0; i < s->stream_count; i++)
		if (s->stream[i].id == id)
			return &s->stream[i];
	return NULL;
}

static void take_out(struct http2 *s, struct stream_entry *e)
{
	*e = s->stream[--s->stream_count];
}

static void lose(struct parser *parser, struct stream_entry *e, enum loss_reason reason,
		 uint64_t time_ns)
{
	struct http2 *s = parser->state;

	if (e->early) {
		details__free(e->pending.details);
		parser__unmatched(parser, reason, time_ns);
	} else {
		parser__close_unanswered(parser, &e->pending, OUTCOME_LOST, reason, time_ns);
	}
	take_out(s, e);
}

static struct stream_entry *add(struct parser *parser, uint32_t id, uint64_t time_ns)
{
	struct http2 *s = parser->state;
	uint32_t capacity = s->stream_capacity ? s->stream_capacity * 2 : 8;
	struct stream_entry *grown;

	if (s->stream_count == STREAMS_MAX)
		lose(parser, &s->stream[0], LOSS_CAP, time_ns);
	if (s->stream_count == s->stream_capacity) {
		grown = realloc(s->stream, capacity * sizeof(*grown));
		if (!grown)
			return NULL;
		s->stream = grown;
		s->stream_capacity = capacity;
	}
	s->stream[s->stream_count] = (struct stream_entry){.id = id};
	s->stream[s->stream_count].detail.http.version = 20;
	return &s->stream[s->stream_count++];
}

void http2__upgraded(struct parser *parser, const struct pending *request)
{
	struct http2 *s = parser->state;
	struct stream_entry *e;

	s->preface_due = true;
	s->late = false;
	s->newest = 1;
	e = add(parser, 1, request->start_ns);
	if (e)
		e->pending = *request;
	else
		parser__close_unanswered(parser, request, OUTCOME_LOST, LOSS_STATE,
					 request->start_ns);
}

static void answer(struct parser *parser, struct stream_entry *e, uint64_t time_ns)
{
	struct answer a = {.end_ns = time_ns, .detail = e->detail};
	bool failed = e->detail.http.status >= 400 ||
		      (e->detail.http.grpc && e->detail.http.grpc_status != 0);

	a.outcome = failed ? OUTCOME_ERROR : OUTCOME_OK;
	parser__close(parser, &e->pending, &a);
	take_out(parser->state, e);
}

static void response_ended(struct parser *parser, struct stream_entry *e, uint64_t time_ns)
{
	if (!e->detail.http.status)
		return; /* only interim answers so far: malformed, section 8.1 */
	if (e->early) {
		e->ended = true;
		e->end_ns = time_ns;
		return;
	}
	answer(parser, e, time_ns);
}

static void reset(struct parser *parser, uint32_t id, uint64_t time_ns)
{
	struct stream_entry *e = find(parser->state, id);

	if (!e || e->ended)
		return;
	if (e->early) {
		details__free(e->pending.details);
		take_out(parser->state, e);
	} else {
		parser__close_unanswered(parser, &e->pending, OUTCOME_ABORTED, 0, time_ns);
		take_out(parser->state, e);
	}
}

/* GOAWAY: streams above the last one were not and will not be processed (section 6.8). */
static void go_away(struct parser *parser, uint32_t last, uint64_t time_ns)
{
	struct http2 *s = parser->state;

	for (uint32_t i = s->stream_count; i-- > 0;)
		if (s->stream[i].id > last && !s->stream[i].early)
			reset(parser, s->stream[i].id, time_ns);
}

/* ---- header blocks ---- */

struct fields {
	enum http_method method;
	bool has_method;
	bool grpc;
	bool has_grpc_status;
	uint8_t grpc_status;
	uint16_t status;
	size_t path_length;
	struct http2_head *head; /* NULL: no rule wants it */
	uint8_t path[HPACK_TEXT_MAX];
};

static enum http_method method_of(struct slice value)
{
	for (int m = HTTP_GET; m < HTTP_METHOD_COUNT; m++)
		if (slice__equals(value, http_method__name((enum http_method)m)))
			return (enum http_method)m;
	return HTTP_OTHER;
}

static uint16_t number_of(struct slice value)
{
	uint16_t n = 0;

	for (size_t i = 0; i < value.length && i < 3; i++) {
		if (value.data[i] < '0' || value.data[i] > '9')
			return 0;
		n = (uint16_t)(n * 10 + (value.data[i] - '0'));
	}
	return n;
}

static void take_field(void *context, const struct hpack_field *field)
{
	struct fields *f = context;

	if (!field->known)
		return;
	if (f->head)
		http2_details__field(f->head, field);
	if (slice__equals(field->name, ":method")) {
		f->has_method = true;
		f->method = method_of(field->value);
	} else if (slice__equals(field->name, ":path")) {
		f->path_length = field->value.length;
		memcpy(f->path, field->value.data, field->value.length);
	} else if (slice__equals(field->name, ":status")) {
		f->status = number_of(field->value);
	} else if (slice__equals(field->name, "grpc-status")) {
		f->has_grpc_status = true;
		f->grpc_status = (uint8_t)number_of(field->value);
	} else if (slice__equals(field->name, "content-type")) {
		f->grpc |= slice__starts(field->value, "application/grpc");
	}
}

static void request_headers(struct parser *parser, const struct run *run, struct half *half,
			    const struct fields *f)
{
	struct http2 *s = parser->state;
	uint32_t id = half->block_stream;
	struct stream_entry *e = find(s, id);

	if (id % 2 == 0 || (e && !e->early) || (!e && id <= s->newest && !s->late))
		return; /* trailers, or of a stream that is done with */
	if (id > s->newest)
		s->newest = id;
	if (!e)
		e = add(parser, id, run->time_ns);
	if (!e)
		return;
	parser__open(parser, run, 0, &e->pending);
	e->pending.start_ns = half->block_ns;
	e->pending.kind = (uint16_t)f->method;
	e->pending.label = f->path_length
				   ? parser__route(parser, slice__of(f->path, f->path_length))
				   : LABEL_UNSEEN;
	e->pending.request_bytes = half->block_bytes;
	if (f->head)
		http2_details__request(parser, &e->pending, http_method__name(f->method),
				       slice__of(f->path, f->path_length), f->head);
	e->detail.http.method = (uint8_t)f->method;
	e->detail.http.grpc |= f->grpc;
	if (e->early) {
		e->early = false;
		if (e->ended)
			answer(parser, e, e->end_ns);
	}
}

static void response_headers(struct parser *parser, const struct run *run, struct half *half,
			     const struct fields *f)
{
	struct http2 *s = parser->state;
	struct stream_entry *e = find(s, half->block_stream);

	if (half->block_stream % 2 == 0)
		return; /* pushed: no client stream asked for it */
	if (!e) {
		if (half->block_stream <= s->newest && !s->late)
			return; /* reset before, or lost */
		e = add(parser, half->block_stream, run->time_ns);
		if (!e)
			return;
		e->early = true;
	}
	e->pending.response_bytes += half->block_bytes;
	if (f->status >= 100 && f->status < 200)
		return;
	if (!e->detail.http.status) {
		e->detail.http.status = f->status;
		e->pending.first_ns = half->block_ns;
		if (f->head)
			http2_details__response(parser, &e->pending, f->status, f->head);
	}
	e->detail.http.grpc |= f->grpc;
	if (f->has_grpc_status)
		e->detail.http.grpc_status = f->grpc_status;
	if (half->block_flags & FLAG_END_STREAM)
		response_ended(parser, e, run->time_ns);
}

static void end_block(struct parser *parser, const struct run *run, struct half *half)
{
	struct fields f = {0};
	struct http2_head head;
	int error = 0;

	head.length = 0;
	if (http2_details__wants(parser, run->request ? DETAIL_REQUEST_HEAD : DETAIL_RESPONSE_HEAD))
		f.head = &head;

	if (half->block_lost)
		hpack__forget(&half->hpack);
	else
		error = hpack__decode(&half->hpack, slice__of(half->block, half->block_length),
				      take_field, &f);
	if (error == -EBADMSG) {
		hpack__forget(&half->hpack);
		f = (struct fields){0};
	}
	if (half->block_push)
		; /* its request was never sent by a client */
	else if (run->request)
		request_headers(parser, run, half, &f);
	else
		response_headers(parser, run, half, &f);
	free(half->block);
	half->block = NULL;
	half->block_length = half->block_capacity = 0;
	half->block_stream = 0;
	half->block_lost = false;
}

static void add_to_block(struct half *half, struct slice part)
{
	uint8_t *grown;

	if (part.length > BLOCK_MAX - half->block_length)
		half->block_lost = true;
	if (half->block_lost || !part.length)
		return;
	if (half->block_length + part.length > half->block_capacity) {
		grown = realloc(half->block, half->block_length + part.length);
		if (!grown) {
			half->block_lost = true;
			return;
		}
		half->block = grown;
		half->block_capacity = half->block_length + (uint32_t)part.length;
	}
	memcpy(half->block + half->block_length, part.data, part.length);
	half->block_length += (uint32_t)part.length;
}

/* The fragment within HEADERS or PUSH_PROMISE: without padding, priority, promised id
 * (section 6.2, 6.6). */
static struct slice fragment(const struct frame *f, struct slice payload)
{
	size_t lead = 0, padding = 0;

	if (f->flags & FLAG_PADDED) {
		if (!payload.length)
			return payload;
		padding = payload.data[0];
		lead = 1;
	}
	if (f->type == FRAME_HEADERS && f->flags & FLAG_PRIORITY)
		lead += 5;
	if (f->type == FRAME_PUSH_PROMISE)
		lead += 4;
	if (lead + padding > payload.length)
		return slice__of(payload.data, 0);
	return slice__sub(payload, lead, payload.length - lead - padding);
}

static void headers(struct parser *parser, const struct run *run, size_t at, const struct frame *f,
		    struct slice payload, bool whole)
{
	struct http2 *s = parser->state;
	struct half *half = &s->half[run->request];

	if (f->type != FRAME_CONTINUATION) {
		half->block_length = 0;
		half->block_stream = f->stream;
		half->block_flags = f->flags;
		half->block_push = f->type == FRAME_PUSH_PROMISE;
		half->block_ns = run__time(run, at);
		half->block_bytes = 0;
		half->block_lost = false;
		payload = fragment(f, payload);
	} else if (half->block_stream != f->stream) {
		half->block_stream = f->stream; /* its beginning was missed */
		half->block_lost = true;
		half->block_ns = run__time(run, at);
	}
	half->block_lost |= !whole;
	half->block_bytes += f->length + FRAME_HEADER;
	add_to_block(half, payload);
	if (f->flags & FLAG_END_HEADERS)
		end_block(parser, run, half);
}

/* ---- frames ---- */

static void data_ended(struct parser *parser, bool request, uint32_t stream, uint64_t time_ns)
{
	struct stream_entry *e = find(parser->state, stream);

	if (e && !request)
		response_ended(parser, e, time_ns);
}

static void data(struct parser *parser, const struct run *run, const struct frame *f,
		 struct slice payload, bool whole)
{
	struct http2 *s = parser->state;
	struct stream_entry *e = find(s, f->stream);

	if (e && run->request)
		e->pending.request_bytes += f->length + FRAME_HEADER;
	else if (e)
		e->pending.response_bytes += f->length + FRAME_HEADER;
	if (e)
		http2_details__data(parser, &e->pending, run->request, f->flags & FLAG_PADDED,
				    payload);
	if (!(f->flags & FLAG_END_STREAM))
		return;
	if (whole)
		data_ended(parser, run->request, f->stream, run->time_ns);
	else
		s->half[run->request].skipped_stream = f->stream;
}

static void control(struct parser *parser, const struct run *run, const struct frame *f,
		    struct slice payload)
{
	if (f->type == FRAME_RST_STREAM)
		reset(parser, f->stream, run->time_ns);
	else if (f->type == FRAME_GOAWAY && payload.length >= 4 && !run->request)
		go_away(parser, slice__u32(payload, 0) & 0x7fffffff, run->time_ns);
}

static bool wants_body(const struct parser *parser, bool request)
{
	return http2_details__wants(parser, request ? DETAIL_REQUEST_BODY : DETAIL_RESPONSE_BODY);
}

/* One frame at `at`; returns its whole length, or 0 where more bytes are needed. */
static size_t frame(struct parser *parser, const struct run *run, size_t at)
{
	struct slice b = slice__from(run->bytes, at), payload;
	struct frame f;
	bool whole;

	if (b.length < FRAME_HEADER)
		return 0;
	f = frame_header(b);
	payload = slice__sub(b, FRAME_HEADER, f.length);
	whole = payload.length == f.length;
	if (!whole && f.length + FRAME_HEADER <= FRAME_KEPT && !run->full &&
	    (f.type != FRAME_DATA || wants_body(parser, run->request)))
		return 0;
	if (f.type == FRAME_DATA) {
		data(parser, run, &f, payload, whole);
		return FRAME_HEADER + f.length;
	}
	if (f.type == FRAME_HEADERS || f.type == FRAME_PUSH_PROMISE || f.type == FRAME_CONTINUATION)
		headers(parser, run, at, &f, payload, whole);
	else
		control(parser, run, &f, payload);
	return FRAME_HEADER + f.length;
}

/* Only a call's own beginning can be a sure start after a gap. */
static bool in_step(struct parser *parser, const struct run *run)
{
	struct http2 *s = parser->state;
	struct half *half = &s->half[run->request];

	if (half->resync && !chain(run->bytes)) {
		parser__passed_over(parser, run->bytes.length);
		return false;
	}
	half->resync = false;
	return true;
}

static size_t feed(struct parser *parser, const struct run *run)
{
	struct http2 *s = parser->state;
	size_t at = 0;

	if (!in_step(parser, run))
		return run->bytes.length;
	if (run->request && s->preface_due) {
		if (run->bytes.length < PREFACE_LENGTH)
			return 0;
		s->preface_due = false;
		if (memcmp(run->bytes.data, PREFACE, PREFACE_LENGTH) == 0)
			at = PREFACE_LENGTH;
	}
	while (at < run->bytes.length) {
		size_t n;

		if (run->bytes.length - at >= FRAME_HEADER) {
			struct frame f = frame_header(slice__from(run->bytes, at));

			if (!plausible(&f, false)) {
				s->half[run->request].resync = true;
				hpack__forget(&s->half[run->request].hpack);
				parser__contradiction(parser, run->request, run->time_ns);
				return run->bytes.length;
			}
		}
		n = frame(parser, run, at);
		if (!n)
			break;
		at += n;
	}
	return at;
}

static void skipped(struct parser *parser, bool request, uint64_t time_ns)
{
	struct http2 *s = parser->state;
	uint32_t stream = s->half[request].skipped_stream;

	s->half[request].skipped_stream = 0;
	if (stream)
		data_ended(parser, request, stream, time_ns);
}

static void lose_all(struct parser *parser, enum loss_reason reason, uint64_t time_ns)
{
	struct http2 *s = parser->state;

	while (s->stream_count)
		lose(parser, &s->stream[s->stream_count - 1], reason, time_ns);
}

/*
 * Missing requests leave those in flight alone: streams have numbers. Missing responses may have
 * ended any of them. Either way header blocks may be missing, so that direction's table is not
 * known any more.
 */
static void gap(struct parser *parser, bool request, uint64_t length, uint64_t time_ns)
{
	struct http2 *s = parser->state;

	(void)length;
	hpack__forget(&s->half[request].hpack);
	s->half[request].resync = true;
	s->half[request].skipped_stream = 0;
	s->half[request].block_stream = 0;
	s->late |= request;
	if (!request)
		lose_all(parser, LOSS_RESYNC, time_ns);
}

static void end(struct parser *parser, bool request, uint64_t time_ns, bool was_reset)
{
	struct http2 *s = parser->state;

	(void)was_reset;
	for (uint32_t i = s->stream_count; !request && i-- > 0;) {
		struct stream_entry *e = &s->stream[i];

		if (e->early)
			lose(parser, e, LOSS_RESYNC, time_ns);
		else
			reset(parser, e->id, time_ns);
	}
}

static void clear(struct parser *parser)
{
	struct http2 *s = parser->state;

	lose_all(parser, LOSS_PARSER, 0);
	free(s->stream);
	for (int i = 0; i < 2; i++) {
		hpack__clear(&s->half[i].hpack);
		free(s->half[i].block);
	}
}

const struct protocol http2_protocol = {
	.id = PROTOCOL_HTTP2,
	.name = "http2",
	.state_size = sizeof(struct http2),
	.carry_max = FRAME_KEPT,
	.multiplexed = true,
	.detect = detect,
	.init = init,
	.feed = feed,
	.skipped = skipped,
	.gap = gap,
	.end = end,
	.clear = clear,
};
