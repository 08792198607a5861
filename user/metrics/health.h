/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether the observed services are well, told from what they were seen to do (docs/health.md has
 * every reason). Nothing is ever asked of them.
 */
#ifndef SONDE_HEALTH_H
#define SONDE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>
#include "buffer.h"
#include "metrics/backends.h"
#include "metrics/resources.h"

struct connection;
struct metrics;
struct snapshot;
struct writer;

enum health_status { HEALTH_UNKNOWN, HEALTH_HEALTHY, HEALTH_DEGRADED, HEALTH_UNHEALTHY };

/* What is known of one service, by its name, in a snapshot. */
struct service_state {
	const char *name;
	bool considered;	    /* configured, or answers HTTP */
	const struct usage *usage;  /* NULL: nothing was read of it */
	uint32_t answers, failures; /* of HTTP within the last minute */
	uint32_t backend_count;
	const struct backend *backend;
};

#define HEALTH_REASONS_MAX 8

struct health {
	enum health_status status, database, cache, application;
	uint32_t reason_count;
	char reason[HEALTH_REASONS_MAX][160];
	bool used; /* the rest is known */
	uint32_t processes;
	uint64_t memory_bytes;
	double cpu_percent;    /* of one CPU, between the last two readings */
	double uptime_seconds; /* of the oldest process; 0: none lives */
};

/*
 * Which calls stand still: begin, count each connection, then copy. One pass over the connections
 * serves all who count them (metrics/census.c).
 */
struct stalls {
	struct metrics *metrics;
	uint64_t before_ns;
};

void stalls__begin(struct stalls *stalls, struct metrics *metrics, uint64_t now_ns);
void stalls__count(const struct stalls *stalls, const struct connection *connection);

/* Into the snapshot, after stalls were counted; false: no memory. The engine's thread. */
bool health__copy(struct snapshot *snapshot, struct metrics *metrics);
/* Of one service, or of all that are considered (NULL). False: there is no such service. */
bool health__of(const struct snapshot *snapshot, const char *service, struct health *out);
/* Is it part of what health__of() looks at? */
bool health__covers(const struct snapshot *snapshot, const char *asked, const char *service);
void health__expose(struct writer *writer, const struct snapshot *snapshot);
const char *health__name(enum health_status status); /* "healthy" ...; NULL: unknown */

#endif
