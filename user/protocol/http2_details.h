/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Heads and bodies of HTTP/2 for rules, in the form of HTTP/1: a start line, lines of fields. */
#ifndef SONDE_HTTP2_DETAILS_H
#define SONDE_HTTP2_DETAILS_H

#include "protocol/hpack.h"
#include "protocol/protocol.h"

#define HTTP2_HEAD_MAX 6144

/* The fields of one header block that rules may look at; begun with length 0. */
struct http2_head {
	size_t length;
	uint8_t lines[HTTP2_HEAD_MAX];
};

bool http2_details__wants(const struct parser *parser, enum detail detail);
/* Any field but the pseudo fields; what does not fit is left out. */
void http2_details__field(struct http2_head *head, const struct hpack_field *field);
/* The head is whole: `method` and `path` of a request (NULL: a response with `status`). */
void http2_details__request(struct parser *parser, struct pending *entry, const char *method,
			    struct slice path, const struct http2_head *head);
void http2_details__response(struct parser *parser, struct pending *entry, unsigned int status,
			     const struct http2_head *head);
/* The payload of a DATA frame, padding included. */
void http2_details__data(struct parser *parser, struct pending *entry, bool request, bool padded,
			 struct slice payload);

#endif
