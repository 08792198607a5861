/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the parts of the HTTP/1 parser share. */
#ifndef SONDE_HTTP1_INTERNAL_H
#define SONDE_HTTP1_INTERNAL_H

#include "protocol/http1_known.h"
#include "protocol/protocol.h"

enum state {
	STATE_START,	   /* before a start line */
	STATE_FIELDS,	   /* within a head */
	STATE_EXPECTED,	   /* the request's body comes only if the server says 100 */
	STATE_BODY,	   /* `left` bytes of it are to come */
	STATE_CHUNK_SIZE,  /* before a chunk's first line */
	STATE_CHUNK,	   /* `left` bytes of a chunk and its end of line are to come */
	STATE_TRAILERS,	   /* fields behind the last chunk */
	STATE_UNTIL_CLOSE, /* all that comes */
	STATE_RESYNC	   /* somewhere; in step again where a call begins with a start line */
};

struct half {
	uint8_t state;
	bool long_line; /* within a line whose beginning was judged; passed up to its end */
	bool paired; /* response: it answers the oldest entry; else nothing is known of its request
		      */
	uint16_t status;
	uint8_t version;
	uint64_t left;
	uint64_t bytes;	   /* of the message so far */
	uint64_t start;	   /* position of its first byte */
	uint64_t first_ns; /* time of it */
	struct framing framing;
};

struct http1 {
	struct half request, response;
	uint8_t places[HTTP1_PLACES]; /* http1_heads__response */
	struct pending head;	      /* of the request whose head is not complete yet */
	bool continued;		      /* the newest request was told to go on with its body */
	bool refused;		      /* or was answered without being told so */
};

/* ---- http1_fast.c ---- */
/*
 * A message whose head is whole and common, and which nobody wants to see the head of, from byte
 * `at` on; a response with all of its body, where that is here. Returns where it ends, or `at`:
 * nothing was done, it is to go the general way, which yields the same.
 */
size_t http1_fast__request(struct parser *parser, const struct run *run, size_t at);
size_t http1_fast__response(struct parser *parser, const struct run *run, size_t at);
void http1_fast__passing(struct parser *parser, const struct exchange *answer, uint64_t left);

/* ---- http1_describe.c ---- */
bool http1__describe(const struct parser *parser, bool request, struct slice message,
		     uint8_t *least, uint8_t *spread);

/* ---- http1.c ---- */
void http1__answer(struct parser *parser, uint64_t end_ns, bool truncated);

#endif
