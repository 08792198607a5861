/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Database pools in a snapshot: what they hold, their limits, and who waits for them. */
#ifndef SONDE_DATABASES_H
#define SONDE_DATABASES_H

#include <stdbool.h>
#include <stdint.h>
#include "pool_settings.h"
#include "pools.h"

struct metrics;
struct snapshot;
struct writer;

struct database_pool {
	const char *service;
	const struct pool *origin; /* tells pools apart; not to be looked into */
	enum side side;
	char database[POOL_DATABASE_MAX];
	uint32_t state[POOL_STATES]; /* by enum activity */
	uint32_t open, active, idle, peak_open, peak_active;
	uint32_t processes; /* that hold its connections */
	uint32_t max, min;
	bool max_known, min_known;	     /* false: nothing can be said yet */
	bool max_configured, min_configured; /* else learned */
	uint32_t waiting;
	bool waiting_known; /* only a pooler's (pgbouncer) waiting can be told from the wire */
	uint32_t idle_timeout_ms, connection_timeout_ms;
	bool has_idle_timeout, has_connection_timeout; /* configured */
};

/* Into the snapshot; false: no memory. The engine's thread. */
bool databases__copy(struct snapshot *snapshot, struct metrics *metrics);
void databases__expose(struct writer *writer, const struct snapshot *snapshot);
bool databases__is_known(const char *name); /* of one of its metrics */

#endif
