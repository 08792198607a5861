/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * HTTP/2: frames in, one exchange for every client stream with HEADERS out, whatever the order of
 * the answers. Flow control and priorities are of no interest to an observer (RFC 9113).
 */
#include "protocol/http2.h"

#include <stdlib.h>
#include "protocol/http2_details.h"
#include "protocol/http2_internal.h"

#define FRAME_HEADER   9
#define PREFACE	       "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_LENGTH 24
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

#define FLAG_END_HEADERS 0x04
#define FLAG_PADDED	 0x08
#define FLAG_PRIORITY	 0x20

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
	s->untold = LOSS_ATTACHED;
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
	headers__add(half, payload);
	if (f->flags & FLAG_END_HEADERS)
		headers__end(parser, run, half);
}

/* ---- frames ---- */

static void stream_ended(struct parser *parser, bool request, uint32_t stream, uint64_t time_ns)
{
	struct stream_entry *e = streams__find(parser->state, stream);

	if (e && request)
		e->request_ended = true;
	else if (e)
		streams__response_ended(parser, e, time_ns);
}

/* The frame's header has passed, and with it the length of its padding where one is told. */
static size_t begin_data(struct parser *parser, const struct run *run, const struct frame *f,
			 struct slice payload)
{
	struct http2 *s = parser->state;
	struct stream_entry *e = streams__find(s, f->stream);
	bool padded = f->flags & FLAG_PADDED && f->length;

	if (e && run->request)
		e->pending.request_bytes += f->length + FRAME_HEADER;
	else if (e)
		e->pending.response_bytes += f->length + FRAME_HEADER;
	if (e)
		http2_details__data(parser, &e->pending, run->request, padded, payload);
	s->half[run->request].data = (struct open_frame){
		.stream = f->stream,
		.left = f->length - padded,
		.padding = padded ? payload.data[0] : 0,
		.end_stream = f->flags & HTTP2_FLAG_END_STREAM,
		.open = true,
	};
	return FRAME_HEADER + padded;
}

static void end_data(struct parser *parser, const struct run *run, bool seen)
{
	struct http2 *s = parser->state;
	struct half *half = &s->half[run->request];

	half->data.open = false;
	if (half->data.end_stream && seen)
		stream_ended(parser, run->request, half->data.stream, run->time_ns);
	else if (half->data.end_stream)
		half->ends = half->data.stream;
}

/*
 * Passes some of the open DATA frame: of a gRPC stream up to the next byte that must be seen, else
 * to its end. 0: more bytes are needed. What lies beyond `bytes` is passed over unseen.
 */
static size_t pass_data(struct parser *parser, const struct run *run, struct slice bytes)
{
	struct http2 *s = parser->state;
	struct open_frame *d = &s->half[run->request].data;
	struct stream_entry *e = streams__find(s, d->stream);
	size_t room = d->left > d->padding ? d->left - d->padding : 0, n = d->left;

	if (e && room && e->rpc[run->request] != RPC_NO) {
		n = grpc_messages__pass(&e->messages[run->request], bytes, room);
		if (n == room)
			n = d->left;
	}
	d->left -= (uint32_t)n;
	if (!d->left)
		end_data(parser, run, n <= bytes.length);
	return n;
}

static void control(struct parser *parser, const struct run *run, const struct frame *f,
		    struct slice payload)
{
	if (f->type == FRAME_RST_STREAM)
		streams__reset(parser, f->stream, run->time_ns);
	else if (f->type == FRAME_GOAWAY && payload.length >= 4 && !run->request)
		streams__go_away(parser, slice__u32(payload, 0) & 0x7fffffff, run->time_ns);
}

static bool wants_body(const struct parser *parser, bool request)
{
	return http2_details__wants(parser, request ? DETAIL_REQUEST_BODY : DETAIL_RESPONSE_BODY);
}

static size_t data(struct parser *parser, const struct run *run, const struct frame *f,
		   struct slice payload)
{
	size_t n;

	if (f->flags & FLAG_PADDED && f->length && !payload.length)
		return 0;
	n = begin_data(parser, run, f, payload);
	if (f->length == n - FRAME_HEADER)
		end_data(parser, run, true);
	return n;
}

/* One frame at `at`, of DATA its beginning; returns its length, or 0 where more bytes are needed.
 */
static size_t frame(struct parser *parser, const struct run *run, size_t at, const struct frame *f)
{
	struct slice payload = slice__sub(run->bytes, at + FRAME_HEADER, f->length);
	bool whole = payload.length == f->length;

	if (!whole && f->length + FRAME_HEADER <= FRAME_KEPT && !run->full &&
	    (f->type != FRAME_DATA || wants_body(parser, run->request)))
		return 0;
	if (f->type == FRAME_DATA)
		return data(parser, run, f, payload);
	if (f->type == FRAME_HEADERS || f->type == FRAME_PUSH_PROMISE ||
	    f->type == FRAME_CONTINUATION)
		headers(parser, run, at, f, payload, whole);
	else
		control(parser, run, f, payload);
	return FRAME_HEADER + f->length;
}

/* What the tables hold, and where frames begin, is not known any more in this direction. */
static void lose_step(struct http2 *s, bool request, enum loss_reason reason)
{
	struct half *half = &s->half[request];

	hpack__forget(&half->hpack);
	half->resync = true;
	half->ends = 0;
	half->block_stream = 0;
	half->data.open = false;
	s->untold = (uint8_t)reason;
	s->late |= request;
}

/* Answers may be among the bytes that make no sense. */
static size_t contradiction(struct parser *parser, const struct run *run, size_t at)
{
	parser__passed_over(parser, run->bytes.length - at);
	lose_step(parser->state, run->request, LOSS_PARSER);
	if (!run->request)
		streams__lose_all(parser, LOSS_PARSER, run->time_ns);
	parser__contradiction(parser, run->request, run->time_ns);
	return run->bytes.length;
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

static size_t pass_preface(struct http2 *s, struct slice b)
{
	s->preface_due = false;
	return memcmp(b.data, PREFACE, PREFACE_LENGTH) == 0 ? PREFACE_LENGTH : 0;
}

static size_t feed(struct parser *parser, const struct run *run)
{
	struct http2 *s = parser->state;
	const struct open_frame *d = &s->half[run->request].data;
	size_t at = 0, n;

	if (!in_step(parser, run))
		return run->bytes.length;
	if (run->request && s->preface_due) {
		if (run->bytes.length < PREFACE_LENGTH)
			return 0;
		at = pass_preface(s, run->bytes);
	}
	for (; d->open || at + FRAME_HEADER <= run->bytes.length; at += n) {
		struct slice b = slice__from(run->bytes, at);
		struct frame f;

		if (d->open) {
			n = pass_data(parser, run, b);
		} else {
			f = frame_header(b);
			if (!plausible(&f, false))
				return contradiction(parser, run, at);
			n = frame(parser, run, at, &f);
		}
		if (!n)
			break;
	}
	return at;
}

static void skipped(struct parser *parser, bool request, uint64_t time_ns)
{
	struct http2 *s = parser->state;
	uint32_t stream = s->half[request].ends;

	s->half[request].ends = 0;
	if (stream)
		stream_ended(parser, request, stream, time_ns);
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
	lose_step(s, request, LOSS_RESYNC);
	if (!request)
		streams__lose_all(parser, LOSS_RESYNC, time_ns);
}

static void end(struct parser *parser, bool request, uint64_t time_ns, bool was_reset)
{
	struct http2 *s = parser->state;

	(void)was_reset;
	for (uint32_t i = s->stream_count; !request && i-- > 0;) {
		struct stream_entry *e = &s->stream[i];

		if (e->early)
			streams__lose(parser, e, LOSS_RESYNC, time_ns);
		else
			streams__reset(parser, e->id, time_ns);
	}
}

static void clear(struct parser *parser)
{
	struct http2 *s = parser->state;

	streams__lose_all(parser, parser__leaving(parser), 0);
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
