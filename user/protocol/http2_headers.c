/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Header blocks: put together, decoded, and what their fields say of their stream. */
#include <errno.h>
#include <stdlib.h>
#include "labels.h"
#include "protocol/http2_details.h"
#include "protocol/http2_internal.h"

#define BLOCK_MAX (64 * 1024) /* of one header block over all its frames */

/* ---- header blocks ---- */

struct fields {
	enum http_method method;
	bool untold; /* one of them at least is a table entry that was never seen */
	bool has_content_type;
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
	for (int m = HTTP_GET; m < HTTP_UNTOLD; m++)
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

	if (!field->known) {
		f->untold = true;
		return;
	}
	if (f->head)
		http2_details__field(f->head, field);
	if (slice__equals(field->name, ":method")) {
		f->method = method_of(field->value);
	} else if (slice__equals(field->name, ":path")) {
		f->path_length = field->value.length;
		if (f->path_length)
			memcpy(f->path, field->value.data, f->path_length);
	} else if (slice__equals(field->name, ":status")) {
		f->status = number_of(field->value);
	} else if (slice__equals(field->name, "grpc-status")) {
		f->has_grpc_status = true;
		f->grpc_status = grpc__status(field->value);
	} else if (slice__equals(field->name, "content-type")) {
		f->has_content_type = true;
		f->grpc = grpc__is_content_type(field->value);
	}
}

static enum rpc_knowledge rpc_of(const struct fields *f)
{
	if (f->grpc)
		return RPC_YES;
	return f->untold && !f->has_content_type ? RPC_UNTOLD : RPC_NO;
}

/* Where the content type is not known, a package's dot tells a method of gRPC from a route. */
static bool names_method(const struct fields *f, struct slice path)
{
	return f->grpc ||
	       (rpc_of(f) == RPC_UNTOLD && grpc__is_path(path) && slice__find(path, '.') >= 0);
}

static uint32_t label_of(struct parser *parser, const struct fields *f)
{
	struct slice path = slice__of(f->path, f->path_length);

	if (!path.length)
		return LABEL_UNSEEN;
	return names_method(f, path) ? parser__rpc(parser, path) : parser__route(parser, path);
}

/* What follows is another protocol's, as in HTTP/1 (RFC 9113 section 8.5). */
static bool is_tunnel(const struct stream_entry *e)
{
	return e->pending.kind == HTTP_CONNECT && e->detail.http.status / 100 == 2;
}

static void describe_request(struct parser *parser, const struct run *run, struct half *half,
			     const struct fields *f, struct stream_entry *e)
{
	uint64_t first_ns = e->pending.first_ns; /* where the response was seen before */

	parser__open(parser, run, 0, &e->pending);
	e->pending.first_ns = first_ns;
	e->pending.start_ns = half->block_ns;
	e->pending.kind = (uint16_t)f->method;
	e->pending.label = label_of(parser, f);
	e->pending.request_bytes = half->block_bytes;
	if (f->head)
		http2_details__request(parser, &e->pending, http_method__name(f->method),
				       slice__of(f->path, f->path_length), f->head);
	if (parser->side == SIDE_SERVER)
		parser__begun(parser, &e->pending);
	e->detail.http.method = (uint8_t)f->method;
	e->rpc[true] = rpc_of(f);
}

static void request_headers(struct parser *parser, const struct run *run, struct half *half,
			    const struct fields *f)
{
	struct http2 *s = parser->state;
	uint32_t id = half->block_stream;
	struct stream_entry *e = streams__find(s, id);

	if (e && half->block_flags & HTTP2_FLAG_END_STREAM)
		e->request_ended = true;
	if (id % 2 == 0 || (e && !e->early) || (!e && id <= s->newest && !s->late))
		return; /* trailers, or of a stream that is done with */
	if (id > s->newest)
		s->newest = id;
	if (!e)
		e = streams__add(parser, id, run->time_ns);
	if (!e)
		return;
	e->request_ended = half->block_flags & HTTP2_FLAG_END_STREAM;
	describe_request(parser, run, half, f, e);
	if (!e->early)
		return;
	e->early = false;
	if (e->ended || is_tunnel(e))
		streams__answer(parser, e, e->ended ? e->end_ns : e->pending.first_ns);
}

/* The stream of a response's header block, made where its request was not seen yet; NULL: of none.
 */
static struct stream_entry *responding(struct parser *parser, uint32_t id, uint64_t time_ns)
{
	struct http2 *s = parser->state;
	struct stream_entry *e = streams__find(s, id);

	if (id % 2 == 0)
		return NULL; /* pushed: no client stream asked for it */
	if (e)
		return e;
	if (id <= s->newest && !s->late)
		return NULL; /* reset before, or lost */
	e = streams__add(parser, id, time_ns);
	if (e)
		e->early = true;
	return e;
}

static void begin_response(struct parser *parser, struct half *half, const struct fields *f,
			   struct stream_entry *e)
{
	e->detail.http.status = f->status;
	e->rpc[false] = rpc_of(f);
	if (!e->pending.first_ns)
		e->pending.first_ns = half->block_ns;
	if (f->head)
		http2_details__response(parser, &e->pending, f->status, f->head);
}

/* Trailers, or a response without messages (Trailers-Only). */
static void take_grpc_status(const struct fields *f, bool last, struct stream_entry *e)
{
	if (f->has_grpc_status) {
		e->detail.http.grpc_status = f->grpc_status;
		e->rpc[false] = RPC_YES;
	} else if (last && f->untold && e->detail.http.grpc_status == GRPC_STATUS_NONE) {
		e->detail.http.grpc_status = GRPC_STATUS_UNTOLD;
	}
}

static void response_headers(struct parser *parser, const struct run *run, struct half *half,
			     const struct fields *f)
{
	bool last = half->block_flags & HTTP2_FLAG_END_STREAM;
	struct stream_entry *e = responding(parser, half->block_stream, run->time_ns);

	if (!e)
		return;
	e->pending.response_bytes += half->block_bytes;
	if (f->status >= 100 && f->status < 200)
		return;
	if (!e->detail.http.status && f->status)
		begin_response(parser, half, f, e);
	else if (!e->detail.http.status)
		e->status_untold |= f->untold;
	take_grpc_status(f, last, e);
	if (last)
		streams__response_ended(parser, e, run->time_ns);
	else if (!e->early && is_tunnel(e))
		streams__answer(parser, e, run->time_ns);
}

void headers__end(struct parser *parser, const struct run *run, struct half *half)
{
	struct fields f = {.method = HTTP_UNTOLD};
	struct http2_head head;
	int error = 0;

	head.length = 0;
	if (http2_details__wants(parser, run->request ? DETAIL_REQUEST_HEAD : DETAIL_RESPONSE_HEAD))
		f.head = &head;

	if (half->block_lost)
		error = -EBADMSG;
	else
		error = hpack__decode(&half->hpack, slice__of(half->block, half->block_length),
				      take_field, &f);
	if (error == -EBADMSG) {
		hpack__forget(&half->hpack);
		f = (struct fields){.method = HTTP_UNTOLD, .untold = true};
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

void headers__add(struct half *half, struct slice part)
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
