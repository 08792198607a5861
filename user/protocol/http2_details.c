/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "protocol/http2_details.h"

#include <stdio.h>
#include <string.h>

bool http2_details__wants(const struct parser *parser, enum detail detail)
{
	return parser->wanted & DETAIL_BIT(detail);
}

static void put(struct http2_head *head, const void *bytes, size_t length)
{
	memcpy(head->lines + head->length, bytes, length);
	head->length += length;
}

/*
 * Within a value no line end may stand (RFC 9113 section 8.2.1): such a field would be read as two,
 * so it is left out.
 */
static bool is_line(struct slice text)
{
	return !memchr(text.data, '\n', text.length) && !memchr(text.data, '\r', text.length);
}

void http2_details__field(struct http2_head *head, const struct hpack_field *field)
{
	struct slice name = field->name, value = field->value;

	if (!field->known || !name.length || name.data[0] == ':' || !is_line(name) ||
	    (value.length && !is_line(value)) ||
	    name.length + value.length + 4 > HTTP2_HEAD_MAX - head->length)
		return;
	put(head, name.data, name.length);
	put(head, ": ", 2);
	if (value.length)
		put(head, value.data, value.length);
	put(head, "\r\n", 2);
}

void http2_details__request(struct parser *parser, struct pending *entry, const char *method,
			    struct slice path, const struct http2_head *head)
{
	enum detail detail = DETAIL_REQUEST_HEAD;

	parser__detail(parser, entry, detail, slice__text(method));
	parser__detail(parser, entry, detail, slice__text(" "));
	parser__detail(parser, entry, detail, path);
	parser__detail(parser, entry, detail, slice__text(" HTTP/2\r\n"));
	parser__detail(parser, entry, detail, slice__of(head->lines, head->length));
}

void http2_details__response(struct parser *parser, struct pending *entry, unsigned int status,
			     const struct http2_head *head)
{
	char line[32];

	snprintf(line, sizeof(line), "HTTP/2 %u\r\n", status);
	parser__detail(parser, entry, DETAIL_RESPONSE_HEAD, slice__text(line));
	parser__detail(parser, entry, DETAIL_RESPONSE_HEAD, slice__of(head->lines, head->length));
}

/* RFC 9113 section 6.1: one byte of length, the data, so much padding. */
void http2_details__data(struct parser *parser, struct pending *entry, bool request, bool padded,
			 struct slice payload)
{
	if (padded && payload.length) {
		size_t padding = payload.data[0];

		payload = slice__from(payload, 1);
		payload.length -= padding < payload.length ? padding : payload.length;
	}
	parser__detail(parser, entry, request ? DETAIL_REQUEST_BODY : DETAIL_RESPONSE_BODY,
		       payload);
}
