/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What connection.c, stream.c, decide.c and parser.c share; nobody else includes it. */
#ifndef SONDE_CONNECTION_INTERNAL_H
#define SONDE_CONNECTION_INTERNAL_H

#include "connection.h"
#include "engine.h"

/* A carried rest and a new chunk are put together here: the largest carry and one record. */
#define SCRATCH_SIZE (64 * 1024 + SONDE_CHUNK_MAX)
#define CARRY_LIMIT  (64 * 1024)
#define HINT_BYTES   (256 * 1024) /* a body longer than this is worth a word to bpf/ */
/* Ids of connections that were let go while records of theirs may still be on the way. */
#define FORGOTTEN 4096

struct deferred {
	struct deferred *next;
	uint64_t since_ns;
	struct chunk chunk; /* with its bytes; last, it is of variable size */
};

struct connections {
	struct engine *engine;
	struct connection **bucket;
	uint32_t bucket_count; /* a power of two */
	uint32_t count;
	uint32_t deferring; /* connections with deferred chunks or closing: what a tick must look at
			     */
	uint32_t renames;   /* of owners, as far as connections know them */
	uint64_t forgotten[FORGOTTEN];
	uint8_t scratch[SCRATCH_SIZE];
};

static inline bool is_request(const struct connection *c, enum direction direction)
{
	return direction == (c->role == ROLE_CLIENT ? DIRECTION_SEND : DIRECTION_RECV);
}

static inline enum direction direction_of(const struct connection *c, bool request)
{
	return request == (c->role == ROLE_CLIENT) ? DIRECTION_SEND : DIRECTION_RECV;
}

/* ---- connection.c ---- */
/* Out of the table and freed; what of it is still in flight is nobody's news. */
void connections__take_out(struct connections *t, struct connection *c);
/* What waited for an earlier chunk waits no longer. */
void connections__hurry(struct connections *t, struct connection *c);

/* ---- stream.c: bytes in order into the parser ---- */
/* One chunk at or beyond the expected position. */
void stream__take(struct connections *t, struct connection *c, const struct chunk *chunk);
/*
 * The same, and all else that is to be done for it, in a short way: for a chunk as nearly all come,
 * on a connection with nothing in doubt. False: nothing was done, it is to go the long way.
 */
bool stream__flows(struct connection *c, const struct chunk *chunk);
/* `length` bytes of this direction will never be seen. */
void stream__missing(struct connections *t, struct connection *c, enum direction direction,
		     uint64_t length, uint64_t time_ns, enum loss_reason reason);
/* Feeds bytes that are already counted (what was carried while the protocol was undecided). */
void stream__feed(struct connections *t, struct connection *c, enum direction direction,
		  const struct chunk *chunk, struct slice bytes);
/* The stream's carried rest followed by bytes, in one piece (in t->scratch where both are there).
 */
struct slice stream__joined(struct connections *t, struct stream *s, struct slice bytes);
/* Keeps rest (of the joined bytes, which begin with the carried ones) as the new carry. */
bool stream__keep(struct stream *s, struct slice joined, size_t from, const struct chunk *chunk);
void stream__drop_carry(struct stream *s);

/* ---- owner.c: whose it is ---- */
/* A process uses it: the connection is its service's from now on. */
void owner__set(struct connections *t, struct connection *c, uint32_t tgid);
/* Processes got other names: what their connections do from now on counts there. */
void owner__rename_all(struct connections *t);
/* Nobody wants to know of it, and nothing is lost by leaving it now. */
bool owner__may_leave(const struct connection *c);

/* ---- decide.c: which protocol, which role ---- */
void decide__chunk(struct connections *t, struct connection *c, const struct chunk *chunk);
/* What was told so far was about the way to TLS; its plaintext is a connection like any other. */
void decide__plaintext(struct connections *t, struct connection *c, bool late);
/* None of ours: nothing of it is told any more; it is dropped. */
void decide__leave(struct connections *t, struct connection *c);
/* One of ours that is given up nonetheless, for c->leaving. */
void decide__let_go(struct connections *t, struct connection *c);
void decide__as(struct connections *t, struct connection *c, enum protocol_id protocol);
void decide__skip_hint(struct connections *t, struct connection *c, enum direction direction);

/* ---- parser.c: pairing rules and exchanges ---- */

static inline void exchanges__count_seen(struct connection *c, uint32_t times)
{
	struct engine_counters *n = &c->engine->counters;
	enum side side = connection__side(c);

	n->seen[c->id_protocol][side] += times;
	n->in_flight[c->id_protocol][side] += times;
}

static inline void exchanges__count_ended(struct connection *c, const struct exchange *exchange)
{
	struct engine_counters *n = &c->engine->counters;

	n->in_flight[exchange->protocol][exchange->side] -= exchange->count;
	if (exchange->outcome == OUTCOME_LOST)
		n->lost[exchange->protocol][exchange->side][exchange->loss] += exchange->count;
	else
		n->reported[exchange->protocol][exchange->side] += exchange->count;
}

/* Where there are several of the same, sinks that take one at a time get them so. */
void exchanges__publish_many(const struct sink *sink, struct exchange *exchange);

static inline void exchanges__publish(const struct connection *c, struct exchange *exchange)
{
	const struct engine *engine = c->engine;

	for (uint32_t i = 0; i < engine->sink_count; i++) {
		const struct sink *sink = &engine->sinks[i];

		if (exchange->count == 1 || sink->takes_many)
			sink->exchange(sink->context, exchange);
		else
			exchanges__publish_many(sink, exchange);
	}
}

/* A run of requests (responses) is about to be fed. */
void exchanges__request_run(struct connection *c, uint64_t time_ns);
void exchanges__response_run(struct connection *c);
/* The held answer: no request was missing after its own (proved), or one may have been. */
void exchanges__held(struct connection *c, bool proved, uint64_t time_ns);
void exchanges__forget_held(struct connection *c); /* untold: it stays in flight */
void exchanges__request_gap(struct connection *c, bool at_boundary, uint64_t time_ns,
			    enum loss_reason reason);
void exchanges__response_gap(struct connection *c, uint64_t time_ns, enum loss_reason reason);
void exchanges__abort_all(struct connection *c, uint64_t time_ns);
void exchanges__lose_all(struct connection *c, uint32_t but, uint64_t time_ns,
			 enum loss_reason reason);

#endif
