/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The state of an HTTP/2 connection; shared by frames (http2.c), header blocks (http2_headers.c)
 * and streams (http2_streams.c). */
#ifndef SONDE_HTTP2_INTERNAL_H
#define SONDE_HTTP2_INTERNAL_H

#include "protocol/grpc.h"
#include "protocol/hpack.h"
#include "protocol/protocol.h"

#define HTTP2_FLAG_END_STREAM 0x01

/* Is a stream gRPC's? UNTOLD: its content type is a table entry that we never saw. */
enum rpc_knowledge { RPC_NO = 0, RPC_UNTOLD, RPC_YES };

/* A stream in flight. early: its response was seen before its request (another thread reads). */
struct stream_entry {
	uint32_t id;
	bool early;
	bool ended;	    /* early and complete */
	bool request_ended; /* the client's END_STREAM was seen */
	bool status_untold; /* the answer began, with a status that cannot be read */
	uint8_t rpc[2];	    /* enum rpc_knowledge; index: is it the request's direction */
	uint64_t end_ns;
	struct exchange detail;
	struct pending pending;
	struct grpc_messages messages[2]; /* the same index */
};

/* A DATA frame of which some is still to come. */
struct open_frame {
	uint32_t stream;
	uint32_t left; /* of its payload, padding included */
	uint8_t padding;
	bool end_stream;
	bool open;
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
	uint32_t ends; /* stream that ends when what is being passed over has passed */
	struct open_frame data;
	bool resync;
};

struct http2 {
	struct half half[2]; /* index: is it the request's direction */
	struct stream_entry *stream;
	uint32_t stream_count;
	uint32_t stream_capacity;
	uint32_t newest; /* highest client stream seen */
	bool preface_due;
	bool late;	/* attached in the middle: smaller ids than the newest may be unseen */
	uint8_t untold; /* enum loss_reason: why table entries are missing */
};

/* ---- http2_streams.c ---- */

struct stream_entry *streams__find(struct http2 *s, uint32_t id);
/* At the cap the oldest is lost. NULL: no memory. */
struct stream_entry *streams__add(struct parser *parser, uint32_t id, uint64_t time_ns);
void streams__lose(struct parser *parser, struct stream_entry *e, enum loss_reason reason,
		   uint64_t time_ns);
void streams__lose_all(struct parser *parser, enum loss_reason reason, uint64_t time_ns);
/* Its response is complete. */
void streams__answer(struct parser *parser, struct stream_entry *e, uint64_t time_ns);
/* The same, and its request may not have been seen yet. */
void streams__response_ended(struct parser *parser, struct stream_entry *e, uint64_t time_ns);
/* It will never be answered. */
void streams__reset(struct parser *parser, uint32_t id, uint64_t time_ns);
/* GOAWAY: streams above the last one were not and will not be processed (section 6.8). */
void streams__go_away(struct parser *parser, uint32_t last, uint64_t time_ns);

/* ---- http2_headers.c ---- */

/* A part of a header block: the fragment within HEADERS, PUSH_PROMISE or CONTINUATION. */
void headers__add(struct half *half, struct slice part);
/* The block is whole. */
void headers__end(struct parser *parser, const struct run *run, struct half *half);

#endif
