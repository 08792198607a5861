/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Clients and servers send the same head with every message, but for values that say nothing of the
 * message's frame (Date, Cookie, traceparent), for its length and for numbers in a path. Heads that
 * were read lately are known again if each of their bytes is one that it may be without saying
 * anything else. What they say is a function of these bytes alone, so that it makes no difference
 * whose connection they came by.
 */
#ifndef SONDE_HTTP1_KNOWN_H
#define SONDE_HTTP1_KNOWN_H

#include <stdalign.h>
#include "labels.h"
#include "protocol/http1_head.h"
#include "protocol/ranges.h"

#define HTTP1_KNOWN_BYTES 512

struct http1_head {
	struct framing framing;
	uint64_t length; /* up to and with its empty line */
	uint16_t status; /* of a response */
};

/* All that is said up to the empty line, or the fields alone. */
struct http1_known {
	alignas(BLOCK_BYTES) uint8_t least[HTTP1_KNOWN_BYTES];
	alignas(BLOCK_BYTES) uint8_t spread[HTTP1_KNOWN_BYTES];
	struct http1_head head; /* of length 0: free */
	uint16_t number;	/* where the digits of Content-Length are */
	uint8_t digits;		/* how many; 0: none, or the length is always the same */
	uint8_t missed;		/* so often since it was found last */
};

static inline bool http1_known__fits(const struct http1_known *k, struct slice bytes)
{
	return k->head.length && k->head.length <= bytes.length &&
	       ranges__hold(k->least, k->spread, bytes.data, k->head.length);
}

/* What it says where it fits. */
static inline const struct http1_head *http1_known__head(struct http1_known *k, struct slice bytes)
{
	uint64_t length = 0;

	k->missed = 0;
	if (!k->digits)
		return &k->head;
	for (size_t i = k->number; i < (size_t)k->number + k->digits; i++)
		length = length * 10 + (uint64_t)(bytes.data[i] - '0');
	k->head.framing.length = length;
	return &k->head;
}

/* May another head take its place? One that is found all the time keeps it. */
bool http1_known__gives_way(struct http1_known *k);
/* Learns a whole head whose fields begin at `fields`; what is before them stays as it is. */
bool http1_known__learn(struct http1_known *k, struct slice text, size_t fields,
			const struct http1_head *head);

/*
 * Of fields from `from` on up to the text's end, what each byte may be: of those that say nothing
 * of the message's frame the value may be another one of that length.
 */
void http1_fields__allow(struct slice text, size_t from, uint8_t *least, uint8_t *spread);

/* ---- http1_heads.c: heads at the beginning of bytes ---- */
/*
 * A response's head, or a request's fields; valid until the next call. NULL: it does not end there,
 * or is not plain enough (lines of LINE_MAX_BYTES). The places are
 * where the connection's last ones were known by, 0 at first.
 */
#define HTTP1_PLACES 4 /* by how long it is with its body */
const struct http1_head *http1_heads__response(struct slice bytes, uint8_t places[HTTP1_PLACES]);
const struct http1_head *http1_heads__fields(struct slice bytes);

/* ---- http1_requests.c: requests that came before ---- */
struct http1_request {
	uint16_t target, target_length; /* where it is */
	uint8_t method;			/* enum http_method */
	uint8_t version;
	struct label_memo route;
};
/* The whole head of a request. NULL: it is not known. */
const struct http1_head *http1_requests__find(struct slice bytes, struct http1_request **request);
/* What its target may be to lead to the same route, where numbers have no say in that. */
void http1_target__allow(const struct request_line *line, uint8_t *least, uint8_t *spread);
/* Remembers one whose fields begin at `start` and say `fields`. */
void http1_requests__learn(struct slice bytes, const struct request_line *line, size_t start,
			   const struct http1_head *fields);

#endif
