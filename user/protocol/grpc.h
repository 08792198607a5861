/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What gRPC adds to HTTP/2 (PROTOCOL-HTTP2.md of gRPC): content types, paths, the status in the
 * trailers, and the length-prefixed messages within DATA. Bytes and state, nothing else.
 */
#ifndef SONDE_GRPC_H
#define SONDE_GRPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "exchange.h"
#include "protocol/slice.h"

#define GRPC_PREFIX 5 /* a byte of flags, four of length */

/* The messages of one direction of one stream. Zeroed: none yet. */
struct grpc_messages {
	uint32_t count; /* begun */
	uint32_t left;	/* bytes of the newest one still to come */
	uint8_t length[GRPC_PREFIX - 1];
	uint8_t seen; /* bytes of the prefix at hand so far */
	bool broken;  /* these are no messages: nothing is counted any more */
};

/* application/grpc, +proto and the like; not grpc-web, which keeps its trailers in the body. */
bool grpc__is_content_type(struct slice value);
/* "/package.Service/Method": what is fit to be a label as it is. */
bool grpc__is_path(struct slice path);
/* A status code of the 17 there are, else GRPC_STATUS_OTHER. */
uint8_t grpc__status(struct slice value);

/*
 * Takes payload of which `bytes` begin `room` bytes. Returns how many of those have passed, which
 * may be more than there were bytes (within a message nothing needs to be seen); 0: more are
 * needed.
 */
size_t grpc_messages__pass(struct grpc_messages *messages, struct slice bytes, size_t room);
/* At a border of messages, and there was one. */
bool grpc_messages__whole(const struct grpc_messages *messages);

#endif
