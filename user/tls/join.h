/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sessions of programs that move their ciphertext by themselves (Node, Python's asyncio): finds the
 * connection that each is, and holds its plaintext until then.
 */
#ifndef SONDE_TLS_JOIN_H
#define SONDE_TLS_JOIN_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/types.h>
#include "event.h"

struct capture;
struct tls_join;

struct tls_join_counts {
	uint64_t joined;   /* sessions whose connection was found */
	uint64_t unjoined; /* given up: their plaintext was of no use */
};

struct tls_join *tls_join__new(struct capture *capture); /* NULL: no memory */
void tls_join__free(struct tls_join *join);		 /* tolerates NULL */

/* At most so many bytes are held over all sessions. */
void tls_join__limit(struct tls_join *join, uint64_t bytes);

/* Nearly all events are: bytes of a socket that begin no handshake (RFC 8446 section 5.1). */
static inline bool tls_join__is_none_of_it(const struct event *event, uint32_t size)
{
	const struct chunk *chunk = (const struct chunk *)event;

	return event->type == EVENT_CHUNK && !(event->flags & CHUNK_PLAINTEXT) &&
	       size > sizeof(*chunk) && chunk->data[0] != 0x16;
}

/*
 * Looks at every event on its way; what is to go on goes to `deliver`, in its order: events of
 * sessions under their connections' names, once these are known.
 */
void tls_join__take(struct tls_join *join, const struct event *event, uint32_t size,
		    void (*deliver)(void *context, const struct event *event, uint32_t size),
		    void *context);
/* Gives up sessions that have waited for too long. Some times a second. */
void tls_join__tick(struct tls_join *join, uint64_t now_ns);
struct tls_join_counts tls_join__counts(const struct tls_join *join);

#endif
