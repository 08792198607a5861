/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Connections and their two streams. Puts chunks in order, knows the gaps, decides what protocol a
 * connection speaks, feeds its parser, turns answers into exchanges. One connection is one socket.
 */
#ifndef SONDE_CONNECTION_H
#define SONDE_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>
#include "event.h"
#include "exchange.h"
#include "metrics/recall.h"
#include "protocol/protocol.h"

struct engine;
struct connections;
struct pool;
struct again;
struct deferred; /* a chunk that came before its turn */
struct held;	 /* an answer that waits for the proof that it is this request's */

struct stream {		   /* a line of the cache */
	uint64_t position; /* of the next byte expected */
	uint64_t skip;	   /* bytes still to pass unparsed */
	uint8_t *carry;	   /* bytes fed and not consumed; NULL while empty */
	uint32_t carry_length;
	uint32_t carry_capacity;
	uint64_t carry_ns;
	uint64_t carry_queue_ns;
	uint32_t tid; /* of the newest chunk */
	bool begun;   /* any byte seen */
	bool ended;
	bool resync;	  /* after a gap, until the parser has consumed a message */
	uint64_t counted; /* bytes told to its service */
};

_Static_assert(sizeof(struct stream) == 64, "a line of the cache");

struct connection {
	uint64_t id;
	struct connection *next; /* in its bucket */
	struct connections *table;
	struct engine *engine;		 /* the table's */
	const struct protocol *protocol; /* NULL while undecided or given up */
	struct parser parser;
	struct stream stream[DIRECTION_COUNT];
	struct deferred *deferred; /* oldest first; NULL mostly */
	struct held *held;	   /* NULL mostly */
	uint64_t peer;
	uint64_t connect_ns;
	uint64_t established_ns;
	uint64_t last_ns;   /* of the newest event */
	uint64_t unmatched; /* responses without a request since the newest request run */
	uint32_t tgid;	    /* newest user of the socket */
	uint32_t service;   /* of the process that owns it */
	uint32_t netns;
	uint32_t fate; /* in sampling: 1 to SONDE_FATES; 0: not known */
	uint16_t family;
	uint16_t local_port;
	uint16_t remote_port;
	uint8_t role;	      /* enum role */
	uint8_t id_protocol;  /* enum protocol_id: also TLS and OPAQUE */
	uint8_t activity;     /* enum activity */
	uint16_t chunk_flags; /* of the chunks that are parsed: CHUNK_PLAINTEXT, where `tls` is */
	uint16_t undecided_chunks;
	uint8_t contradictions;
	bool existing; /* older than the observation, or its beginning was not seen */
	bool tls;      /* what is parsed is plaintext that a TLS library read or wrote */
	bool probing;  /* bpf/ delivers only the first bytes of each call */
	bool closing;  /* reset; gone at a later tick */
	bool dropped;  /* none of ours: gone as soon as the event at hand is done */
	int closing_error;
	uint64_t closing_ns;
	bool ready;
	bool rpc;	     /* gRPC has passed */
	bool database_asked; /* database_name.h has looked for it */
	bool own;	     /* of a command of sonde itself */
	uint8_t leaving;     /* enum loss_reason of what is in flight when it is let go; 0: none */
	bool ignored;	     /* of a process that the configuration leaves out */
	uint8_t again_state; /* enum again_state of again.h */
	uint8_t local_address[16];
	uint8_t remote_address[16];
	char path[SONDE_UNIX_PATH_MAX];
	struct pool *pool;	  /* pools.h; NULL mostly */
	uint64_t backend_address; /* metrics/backends.h */
	uint16_t backend;
	struct recall recall; /* metrics/recall.h */
	struct again *again;  /* again.h; NULL until there were exchanges alike */
	char database[64];    /* PostgreSQL: from its startup packet */
};

static inline enum side connection__side(const struct connection *c)
{
	return c->role == ROLE_CLIENT ? SIDE_CLIENT : SIDE_SERVER;
}

struct connections *connections__new(struct engine *engine);
void connections__free(struct connections *connections);

void connections__open(struct connections *connections, const struct open_event *event);
void connections__chunk(struct connections *connections, const struct chunk *chunk);
/* Its TLS session was found: from now on its plaintext comes. */
void connections__tls(struct connections *connections, const struct tls_event *event);
void connections__shut(struct connections *connections, const struct end_event *event);
void connections__close(struct connections *connections, const struct end_event *event);
/* Feeds what was deferred for too long. Once a tick. */
void connections__tick(struct connections *connections, uint64_t now_ns);
/* At the end of a run or recording: what is in flight is reported as such, nothing is invented. */
void connections__finish(struct connections *connections, uint64_t now_ns);

/* Calls visit for each; used by snapshots and by the sweep of closed sockets. */
void connections__each(struct connections *connections,
		       void (*visit)(void *context, const struct connection *c), void *context);
/* A round over all of them in steps, between which there is other work. Begins zeroed. */
struct round {
	uint32_t bucket, buckets;
};
/*
 * Visits those of the next `buckets` buckets. True: that was the last step. False, and
 * round->bucket is 0: they were put in order anew meanwhile, and the round begins again.
 */
bool connections__some(struct connections *connections, struct round *round, uint32_t buckets,
		       void (*visit)(void *context, const struct connection *c), void *context);
/* NULL: there is none of that id. */
const struct connection *connections__find(const struct connections *connections, uint64_t id);
/*
 * Lets go of those that `which` says, at most `most`: what is in flight on them is lost for that
 * reason, and what still comes of them is passed over. Returns how many.
 */
uint32_t connections__let_go(struct connections *connections,
			     bool (*which)(void *context, const struct connection *c),
			     void *context, uint32_t most, enum loss_reason reason);
/* Gives back what connections keep for their next exchanges. */
void connections__slim(struct connections *connections);
/* Tells its service what bytes have passed since: with the first ones, when it ends, and for a
 * snapshot. */
void connection__count_moved(struct connection *c);
/* What a connection holds beside itself and its parser: of exchanges in flight. */
size_t connection__held_bytes(const struct connection *c);
/* Drops one whose close was never seen. */
void connections__forget(struct connections *connections, uint64_t id, uint64_t now_ns);

#endif
