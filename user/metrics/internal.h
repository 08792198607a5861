/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What counting (metrics.c), copying (snapshot.c) and rendering share. Not for use outside of this
 * folder and its tests. */
#ifndef SONDE_METRICS_INTERNAL_H
#define SONDE_METRICS_INTERNAL_H

#include <stdatomic.h>
#include "health_settings.h"
#include "metrics/backends.h"
#include "metrics/caches.h"
#include "metrics/catalogue.h"
#include "metrics/census.h"
#include "metrics/databases.h"
#include "metrics/formats.h"
#include "metrics/health.h"
#include "metrics/metrics.h"
#include "metrics/pooler.h"
#include "metrics/process_stats.h"
#include "metrics/pods.h"
#include "metrics/resources.h"
#include "metrics/series.h"
#include "metrics/slow_exchanges.h"
#include "metrics/time_shares.h"

#define TYPES_MAX 32

struct metrics {
	struct metrics_options options;
	struct formats formats;
	int64_t wall_offset_ns; /* of the wall clock over the events'; stays what it first was, so
				   that an exemplar's time does; 0: not known yet */
	struct engine *engine;
	struct rules *rules;			       /* NULL: none */
	struct queues *queues;			       /* NULL: none */
	const struct pool_settings *pool_settings;     /* of the configuration; NULL: none */
	const struct health_settings *health_settings; /* the same */
	struct table table[GROUP_COUNT][SIDE_COUNT];
	struct census census;
	uint64_t generation; /* of all its series: another one once any of them is gone */
	uint32_t expire_cursor[GROUP_COUNT][SIDE_COUNT];
	char **service_names; /* by service id; copies that stay where they are */
	uint32_t service_count;
	char types[TYPES_MAX][16]; /* [0] is "other" */
	uint32_t type_count;
	uint8_t *label_types; /* by label id: index into types plus 1; 0: not looked up yet */
	uint32_t label_type_count;
	struct backends backends;
	struct window losses; /* exchanges lost since the observation began */
	uint64_t lost;	      /* as of the last tick */
	struct poolers poolers;
	struct caches caches;
	struct resources resources;
	struct time_shares time_shares;
	struct slow_exchanges slow_exchanges;
	struct scale http_durations, db_durations, cache_durations;
	struct place sizes[2]; /* of the newest request and response of HTTP */
	atomic_uint snapshots_out;
	_Atomic(struct snapshot *) spare; /* a freed snapshot whose memory the next one uses */
};

/* The series of a key, with its texts; NULL: no memory. */
struct series *metrics__series(struct metrics *metrics, enum group group, enum side side,
			       const struct key *key);
/* Copied once: snapshots point to it from other threads. NULL: no memory. */
const char *metrics__service_name(struct metrics *metrics, uint32_t service);
/* Memory of the snapshot, until it is freed, 16-byte aligned; NULL: none. */
void *snapshot__take(struct snapshot *snapshot, size_t size);

struct snapshot_table {
	const struct series *series;
	uint32_t count;
	uint64_t overflowed;
};

struct chunk_of_memory {
	struct chunk_of_memory *next;
	size_t used, size;
	_Alignas(16) char data[];
};

struct snapshot {
	struct rules_copy *rules;   /* NULL: none */
	struct queues_copy *queues; /* NULL: none */
	struct snapshot_table table[GROUP_COUNT][SIDE_COUNT];
	const struct database_pool *pools;
	uint32_t pool_count;
	const struct usage *usage;
	uint32_t usage_count;
	const struct pod *pods;
	uint32_t pod_count;
	const struct cache *caches;
	uint32_t cache_count;
	struct service_state *states;
	uint32_t state_count;
	uint32_t error_percent; /* of answers: more are unhealthy */
	uint64_t recently_lost; /* exchanges, within five minutes */
	const struct summary_value *summary;
	uint32_t summary_count;
	struct formats formats;
	int64_t wall_offset_ns; /* of the wall clock over the events', as of the first snapshot */
	struct engine_counters engine;
	struct self self; /* its texts are copied to the arrays below */
	char version[32], way[32], source[16];
	struct process_stats process;
	struct slow *slow; /* exchanges that were; NULL: none */
	uint32_t slow_count;
	const struct slow_copy *slow_exchanges; /* slow_exchanges.c */
	uint32_t slow_exchange_count;
	struct shares_counts shares;
	uint64_t now_ns, first_ns; /* of the newest and the first event */
	uint64_t label_overflow[LABEL_KINDS];
	uint32_t label_count, process_count, service_count, series_count;
	uint64_t copy_ns; /* how long the engine's thread was held up */
	struct web_counts web;
	struct chunk_of_memory *memory;
	struct chunk_of_memory **filling; /* the first that may have room */
	struct metrics *home;
};

/* The families that do not come from series: sonde's own and the process's. */
struct writer;
void self__expose(struct writer *writer, const struct snapshot *snapshot);

/* Sum over a metric's series; NAN: it has none. */
double snapshot__sum(const struct snapshot *snapshot, const char *metric);
/* Sums over both sides. HTTP/1 and HTTP/2 are one protocol to users, shown as PROTOCOL_HTTP1. */
uint64_t snapshot__lost_exchanges(const struct snapshot *snapshot, enum protocol_id shown,
				  int reason);
uint64_t snapshot__lost_bytes(const struct snapshot *snapshot, enum protocol_id shown, int reason);

#endif
