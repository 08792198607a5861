/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Everything behind the ring buffer: one door for events, whether they come from the kernel or from
 * a recording. One thread owns an engine; it has no clock of its own, time is that of the events.
 */
#ifndef SONDE_ENGINE_H
#define SONDE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/types.h>
#include "event.h"
#include "exchange.h"
#include "keys/patterns.h"
#include "labels.h"
#include "pools.h"
#include "process.h"
#include "protocol/known.h"

struct connections;

/* Why nobody can read a TLS connection. */
enum tls_reason {
	TLS_REASON_UNJOINED, /* its library is probed, but which session it was is not known */
	TLS_REASON_UNKNOWN_LIBRARY,
	TLS_REASON_STRIPPED, /* OpenSSL or BoringSSL in the program, not exported */
	TLS_REASON_GO,
	TLS_REASON_RUSTLS,
	TLS_REASON_JAVA,
	TLS_REASON_NOT_PERMITTED, /* the kernel refuses to probe the file */
	TLS_REASON_UNSUPPORTED,	  /* the kernel refuses the programs */
	TLS_REASON_OFF,
	TLS_REASON_EXCLUDED, /* by the configuration, this executable */
	TLS_REASON_COUNT
};
const char *tls_reason__name(enum tls_reason reason);

/* What the engine has counted; plain numbers, read by the owning thread or from a snapshot. */
struct engine_counters {
	uint64_t events[EVENT_TYPE_COUNT];    /* by enum event_type */
	uint64_t chunk_bytes[PROTOCOL_COUNT]; /* moved, by protocol */
	uint64_t captured_bytes;
	uint64_t seen[PROTOCOL_COUNT]
		     [SIDE_COUNT]; /* exchanges begun (or inferred from an answer) */
	uint64_t reported[PROTOCOL_COUNT][SIDE_COUNT]; /* answered or aborted */
	uint64_t lost[PROTOCOL_COUNT][SIDE_COUNT][LOSS_REASON_COUNT];
	uint64_t lost_bytes[PROTOCOL_COUNT][LOSS_REASON_COUNT];
	uint64_t lost_events[PROTOCOL_COUNT][LOSS_REASON_COUNT]; /* records, as bpf/ counted them */
	uint64_t in_flight[PROTOCOL_COUNT][SIDE_COUNT];
	uint64_t unparsable[PROTOCOL_COUNT]; /* connections given up, by what they were taken for */
	uint64_t opaque[PROTOCOL_COUNT];     /* connections decided to be TLS, OPAQUE ... */
	uint64_t tls_opaque[TLS_REASON_COUNT];
	uint64_t tls_connections;     /* joined to the session of a TLS library */
	uint64_t unobservable_chunks; /* io_uring, compat: no buffer to be found */
	uint64_t open_connections[PROTOCOL_COUNT];
	uint64_t connections_seen;
	uint64_t refused_connections[LOSS_REASON_COUNT]; /* LOSS_CAP, LOSS_MEMORY */
	uint64_t ignored_connections; /* of processes that the configuration leaves out */
	uint64_t reordered_chunks;
	uint64_t deferred_chunks;
};

struct engine_options {
	struct labels_options labels;
	struct key_options keys;	    /* engine__set_keys changes them */
	const struct service_set *services; /* NULL: none; processes__set_services changes them */
	const char *pod_logs;	  /* the kubelet's links to containers' logs; NULL or "": nowhere */
	const char *proc;	  /* live: where to find what events lack, "/proc"; NULL: nowhere */
	uint32_t connections_max; /* default 100 000; beyond it new ones are counted as lost
				     (LOSS_CAP) */
	bool without_again; /* exchanges never go the way of again.h: for tests, which compare */
	bool without_tls;   /* ciphertext is never read: TLS connections are dropped */
	const uint16_t *http_ports; /* zero-terminated: garbage here counts as unparsable http; NULL
				       default */
};

#define ENGINE_SINKS_MAX 8

struct engine {
	struct labels *labels;
	struct key_patterns *keys;
	struct processes *processes;
	struct connections *connections;
	struct details_pool *details;
	struct known_messages *known;
	struct pools pools;
	uint32_t wanted[PROTOCOL_COUNT][SIDE_COUNT]; /* DETAIL_BIT()s: of rules and others */
	const uint64_t
		*followed; /* Redis commands whose details queues want, a bit each; NULL: none */
	struct engine_counters counters;
	struct engine_options options;
	struct sink sinks[ENGINE_SINKS_MAX];
	uint32_t sink_count;
	bool refusing; /* nothing new is taken in */
	/* Tells bpf/ what became of a connection; NULL in replays. */
	void (*verdict)(void *context, uint64_t connection, const struct verdict *verdict);
	void *verdict_context;
	/* Asked once of a connection that is found to be TLS; NULL: as TLS_REASON_UNJOINED. */
	enum tls_reason (*tls_reason)(void *context, uint32_t tgid);
	void *tls_reason_context;
	uint64_t now_ns;  /* time of the newest event */
	uint64_t meaning; /* another one when the same bytes may mean something else (again.h) */
	uint64_t ticked_ns;
	uint64_t first_ns; /* time of the first event: what was open then may be in mid-batch */
	uint32_t wanted_by_rules[PROTOCOL_COUNT][SIDE_COUNT]; /* what `wanted` is made of */
	uint32_t wanted_also[PROTOCOL_COUNT][SIDE_COUNT];
};

struct engine *engine__new(const struct engine_options *options); /* NULL: no memory */
void engine__free(struct engine *engine);
int engine__add_sink(struct engine *engine, struct sink sink); /* 0 or -ENOSPC */
void engine__remove_sink(struct engine *engine, const void *context);

/*
 * Which details (DETAIL_BIT) rules want of a protocol's exchanges, from now on, on open
 * connections, too.
 */
void engine__want(struct engine *engine, enum protocol_id protocol, enum side side,
		  uint32_t details);
/* The same of metrics, which want trace ids, and of key patterns; none takes from what the others
 * want. */
void engine__want_also(struct engine *engine, enum protocol_id protocol, enum side side,
		       uint32_t details);

/* Names, patterns or what others follow have changed. */
static inline void engine__change_meaning(struct engine *engine)
{
	engine->meaning++;
}

/* Which patterns Redis keys are told by, from now on. */
void engine__set_keys(struct engine *engine, const struct key_options *options);

/* While memory is short: new connections (LOSS_MEMORY), names (`other`) and details are refused. */
void engine__refuse(struct engine *engine, bool refuse);

/* For the first event: when the observation began. */
static inline void engine__begin(struct engine *engine, uint64_t time_ns)
{
	if (!engine->first_ns)
		engine->first_ns = time_ns;
}

/* One event; `size` bytes are readable at it. A malformed one is refused with -EBADMSG and counted.
 */
int engine__event(struct engine *engine, const struct event *event, uint32_t size);
/* Time passes: call some times a second, also without events. */
void engine__tick(struct engine *engine, uint64_t now_ns);
void engine__finish(struct engine *engine);

#endif
