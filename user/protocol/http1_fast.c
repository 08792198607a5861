/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Messages as nearly all of them are: a head that is whole and says how long the body is, if there
 * is one. Read in one go; whatever is otherwise is left to the general way (http1.c), which yields
 * the same of these, too.
 */
#include "protocol/http1_internal.h"

static bool takes_heads(const struct parser *parser, const struct half *half, enum detail head)
{
	return half->state == STATE_START && !half->long_line &&
	       !(parser->wanted & DETAIL_BIT(head));
}

/* ---- requests ---- */

struct read_request {
	const struct http1_head *head;
	uint64_t length; /* of the head */
	uint32_t label;
	uint16_t method;
	uint8_t version;
};

static bool is_common_framing(const struct framing *f)
{
	return !f->bad && !f->expects && f->coding == CODING_NONE;
}

/* One that is not known yet. */
__attribute__((noinline)) static bool read_new(struct parser *parser, struct slice bytes,
					       struct read_request *out)
{
	struct request_line line;
	size_t start = head__plain_request(bytes, &line);

	out->head = start ? http1_heads__fields(slice__from(bytes, start)) : NULL;
	if (!out->head || !is_common_framing(&out->head->framing))
		return false;
	http1_requests__learn(bytes, &line, start, out->head);
	out->length = start + out->head->length;
	out->label = parser__route_marked(parser, line.target, &line.path);
	out->method = (uint16_t)line.method;
	out->version = line.version;
	return true;
}

static bool read(struct parser *parser, struct slice bytes, struct read_request *out)
{
	struct http1_request *known;
	struct slice target;

	out->head = http1_requests__find(bytes, &known);
	if (!out->head)
		return read_new(parser, bytes, out);
	target = slice__of(bytes.data + known->target, known->target_length);
	out->length = out->head->length;
	out->label = parser__route_again(parser, target, &known->route);
	out->method = known->method;
	out->version = known->version;
	return true;
}

static void open_request(struct parser *parser, const struct run *run, size_t at,
			 const struct read_request *r, uint64_t body_bytes)
{
	struct pending *p = parser__request(parser, run, at);

	if (!p)
		return;
	p->kind = r->method;
	p->flags = r->version;
	p->label = r->label;
	p->request_bytes = r->length + body_bytes;
	p->complete = !body_bytes;
	if (parser->side == SIDE_SERVER)
		parser__begun(parser, p);
}

size_t http1_fast__request(struct parser *parser, const struct run *run, size_t at)
{
	struct http1 *h = parser->state;
	struct half *half = &h->request;
	struct read_request r;

	if (!takes_heads(parser, half, DETAIL_REQUEST_HEAD) || h->head.details ||
	    !read(parser, slice__from(run->bytes, at), &r))
		return at;
	half->bytes = r.length;
	half->left = r.head->framing.has_length ? r.head->framing.length : 0;
	half->state = half->left ? STATE_BODY : STATE_START;
	h->continued = h->refused = false;
	open_request(parser, run, at, &r, half->left);
	if (r.length == run->bytes.length && !half->left && !run->carried)
		parser__asked(parser, run->bytes);
	return at + r.length;
}

/* ---- responses ---- */

/* Final, and of a request that does not change what a length means (RFC 9112 section 6.3). */
static bool is_common(uint16_t status, const struct pending *p)
{
	return status >= 200 && status != 204 && status != 304 && p->kind != HTTP_HEAD &&
	       p->kind != HTTP_CONNECT;
}

/* What follows of the body, beyond the run or not read into a buffer at all, is passed over. */
static void begin_response(struct half *half, const struct http1_head *head, uint64_t first_ns)
{
	half->state = STATE_BODY;
	half->paired = true;
	half->status = head->status;
	half->bytes = head->length;
	half->left = head->framing.length;
	half->first_ns = first_ns;
}

size_t http1_fast__response(struct parser *parser, const struct run *run, size_t at)
{
	struct http1 *h = parser->state;
	const struct pending *p = pairing__front(&parser->pairing);
	struct slice rest = slice__from(run->bytes, at);
	const struct http1_head *head;
	uint64_t length;

	if (!takes_heads(parser, &h->response, DETAIL_RESPONSE_HEAD) || !p ||
	    parser->wanted & DETAIL_BIT(DETAIL_RESPONSE_BODY))
		return at;
	head = http1_heads__response(rest, h->places);
	if (!head || !is_common(head->status, p) || head->framing.bad ||
	    !head->framing.has_length || head->framing.coding != CODING_NONE)
		return at;
	begin_response(&h->response, head, run__time(run, at));
	length = head->framing.length;
	if (length > rest.length - head->length) {
		if (rest.length == run->bytes.length && !run->carried)
			parser__tells(parser, rest, length - (rest.length - head->length));
		return at + head->length;
	}
	h->response.bytes += length;
	at += h->response.bytes;
	http1__answer(parser, run__time(run, at - 1), false);
	if (h->response.bytes == run->bytes.length && !run->carried)
		parser__told(parser, run->bytes);
	return at;
}

void http1_fast__passing(struct parser *parser, const struct exchange *answer, uint64_t left)
{
	struct http1 *h = parser->state;

	h->response.state = STATE_BODY;
	h->response.paired = true;
	h->response.status = answer->http.status;
	h->response.bytes = answer->response_bytes;
	h->response.left = left;
	h->response.first_ns = answer->first_ns;
}
