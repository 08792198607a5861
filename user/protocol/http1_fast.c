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

/* The first line without its end; where the next one begins, or 0. */
static size_t first_line(struct slice bytes, struct slice *line)
{
	*line = slice__sub(bytes, 0, LINE_MAX_BYTES);

	ptrdiff_t end = slice__find(*line, '\n');

	if (end <= 0)
		return 0;
	line->length = (size_t)end - (line->data[end - 1] == '\r');
	return (size_t)end + 1;
}

/* ---- requests ---- */

static void open_request(struct parser *parser, const struct run *run, size_t at,
			 const struct request_line *r, uint64_t head_bytes, uint64_t body_bytes)
{
	uint32_t label = parser__route(parser, r->target);
	struct pending *p = parser__request(parser, run, at);

	if (!p)
		return;
	p->kind = (uint16_t)r->method;
	p->flags = r->version;
	p->label = label;
	p->request_bytes = head_bytes + body_bytes;
	p->complete = !body_bytes;
	if (parser->side == SIDE_SERVER)
		parser__begun(parser, p);
}

size_t http1_fast__request(struct parser *parser, const struct run *run, size_t at)
{
	struct http1 *h = parser->state;
	struct half *half = &h->request;
	struct slice rest = slice__from(run->bytes, at), line;
	struct request_line r;
	struct framing f;
	size_t start, fields;

	if (!takes_heads(parser, half, DETAIL_REQUEST_HEAD) || h->head.details)
		return at;
	start = first_line(rest, &line);
	if (!start || !head__request_line(line, false, &r))
		return at;
	fields = http1_fields__read(slice__from(rest, start), true, &f);
	if (!fields || f.bad || f.expects || f.coding != CODING_NONE)
		return at;
	open_request(parser, run, at, &r, start + fields, f.has_length ? f.length : 0);
	h->continued = h->refused = false;
	half->bytes = start + fields;
	half->left = f.has_length ? f.length : 0;
	half->state = half->left ? STATE_BODY : STATE_START;
	return at + start + fields;
}

/* ---- responses ---- */

/* Final, and of a request that does not change what a length means (RFC 9112 section 6.3). */
static bool is_common(uint16_t status, const struct pending *p)
{
	return status >= 200 && status != 204 && status != 304 && p->kind != HTTP_HEAD &&
	       p->kind != HTTP_CONNECT;
}

/* What follows of the body, beyond the run or not read into a buffer at all, is passed over. */
static void begin_response(struct half *half, uint16_t status, uint64_t head_bytes, uint64_t length,
			   uint64_t first_ns)
{
	half->state = STATE_BODY;
	half->paired = true;
	half->status = status;
	half->bytes = head_bytes;
	half->left = length;
	half->first_ns = first_ns;
}

size_t http1_fast__response(struct parser *parser, const struct run *run, size_t at)
{
	struct http1 *h = parser->state;
	const struct pending *p = pairing__front(&parser->pairing);
	struct slice rest = slice__from(run->bytes, at), line;
	size_t start, head;
	struct framing f;
	uint16_t status;

	if (!takes_heads(parser, &h->response, DETAIL_RESPONSE_HEAD) || !p ||
	    parser->wanted & DETAIL_BIT(DETAIL_RESPONSE_BODY))
		return at;
	start = first_line(rest, &line);
	status = start ? head__status_line(line) : 0;
	if (!is_common(status, p))
		return at;
	head = start + http1_fields__read(slice__from(rest, start), false, &f);
	if (head == start || f.bad || !f.has_length || f.coding != CODING_NONE)
		return at;
	begin_response(&h->response, status, head, f.length, run__time(run, at));
	if (f.length > rest.length - head)
		return at + head;
	head += (size_t)f.length;
	h->response.bytes = head;
	http1__answer(parser, run__time(run, at + head - 1), false);
	return at + head;
}
