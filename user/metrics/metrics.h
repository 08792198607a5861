/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The metrics of SPEC.md made from exchanges. The engine's thread counts and takes snapshots (a
 * copy of numbers, no text); any thread turns a snapshot into an exposition or into the view's
 * model.
 */
#ifndef SONDE_METRICS_H
#define SONDE_METRICS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "buffer.h"
#include "hardening/hardening.h"
#include "cpu_budget.h"
#include "engine.h"
#include "memory_limit.h"
#include "capture/capture.h"
#include "tls/watch.h"

struct metrics;
struct snapshot;

struct metrics_options {
	uint32_t series_max; /* per family, default 2000; beyond it: the `other` series and a
				counter */
	bool without_time_shares;
	uint32_t idle_seconds; /* series unused for so long are dropped; 0: never */
};

struct metrics *metrics__new(const struct metrics_options *options,
			     struct engine *engine); /* adds its sink */
void metrics__free(struct metrics *metrics);
/* Sets of label values held, over all families. */
uint64_t metrics__series_count(const struct metrics *metrics);
/* While that holds, what has no series yet is counted in `other` ones. */
void metrics__refuse(struct metrics *metrics, bool refuse);
/* Frees the memory kept for the next snapshot. */
void metrics__free_spare(struct metrics *metrics);
struct rules;
/* Its families are exposed with the others; NULL: none. Must outlive the metrics' snapshots. */
void metrics__set_rules(struct metrics *metrics, struct rules *rules);
struct queues;
/* The same of queues; ticked along with the metrics. */
void metrics__set_queues(struct metrics *metrics, struct queues *queues);
struct pool_settings;
/* What is configured of pools; NULL: nothing. Must outlive its use. */
void metrics__set_pools(struct metrics *metrics, const struct pool_settings *settings);
struct formats;
/* Names and formats of the exposition; from the next snapshot on. Copied. */
void metrics__set_formats(struct metrics *metrics, const struct formats *formats);
struct health_settings;
void metrics__set_health(struct metrics *metrics, const struct health_settings *settings);
/* Is this the name of a metric of sonde's own? */
bool metric__is_known(const char *name);
/*
 * Reads what some processes use (metrics/resources.h); some times a second. `boot_ns`: since boot.
 * Nothing in replays.
 */
void metrics__read_resources(struct metrics *metrics, uint64_t now_ns, uint64_t boot_ns);
/* Connections are left out from now on: for which request a call is made is never certain then. */
void metrics__sampled(struct metrics *metrics);
/* Sliding windows and expiry; once a second is enough. */
void metrics__tick(struct metrics *metrics, uint64_t now_ns);

/* What the daemon knows of itself; filled by the caller of metrics__snapshot. */
struct self {
	const char *version;
	const char *capture_way; /* "" in a replay */
	const char *source;	 /* "live" or "recording" */
	uint64_t wall_ns;	 /* realtime of the snapshot */
	uint64_t started_ns;	 /* realtime */
	struct capture_stats capture;
	struct sampling sampling;
	struct memory_state memory;
	struct tls_watch_counts tls;
	struct hardening_status hardening;
};

/*
 * Some of the work for the next snapshot, so that no more than this is to be done between two looks
 * at what was captured. True: only copying is left.
 */
bool metrics__prepare(struct metrics *metrics);
/*
 * Engine's thread, well under a millisecond for 10 000 series once it is prepared. NULL: no memory.
 * Free in any thread.
 */
struct snapshot *metrics__snapshot(struct metrics *metrics, const struct self *self);
uint32_t metrics__snapshots_out(const struct metrics *metrics); /* that are not freed yet */
void snapshot__free(struct snapshot *snapshot);

/* What the endpoint did before this snapshot. */
struct web_counts {
	uint64_t scrapes;
	double last_seconds;	 /* how long the last one took */
	uint64_t slow;		 /* connections closed: a request or the taking of its answer */
	uint64_t crowded;	 /* connections closed: too many */
	uint64_t unauthorized;	 /* requests without a good name and password */
	uint64_t without_memory; /* requests that there was no room to answer for */
};
/* Verdicts that wait for their sockets, counted by whoever took it. */
void snapshot__set_map_entries(struct snapshot *snapshot, uint64_t entries);
void snapshot__scraped(struct snapshot *snapshot, const struct web_counts *counts);

enum exposition { EXPOSITION_PROMETHEUS, EXPOSITION_OPENMETRICS, EXPOSITION_PROTOBUF };
/* Whether the configuration lets protobuf be spoken. */
bool snapshot__speaks_protobuf(const struct snapshot *snapshot);
void snapshot__expose(const struct snapshot *snapshot, enum exposition format, struct buffer *out);
/* The document that `sonde top` draws and `sonde top --json` prints (docs/model.md). New reference.
 */
json_t *snapshot__model(const struct snapshot *snapshot);

#endif
