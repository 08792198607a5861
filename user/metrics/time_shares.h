/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the time of HTTP requests went (shares/shares.h), as metrics by route, and the slowest
 * requests of the last minutes with their calls.
 */
#ifndef SONDE_TIME_SHARES_H
#define SONDE_TIME_SHARES_H

#include <jansson.h>
#include "metrics/slowest.h"
#include "shares/shares.h"

struct metrics;
struct snapshot;
struct connection;
struct connection_event;
struct pending;

#define SLOW_MAX   64
#define SLOW_SPANS 32 /* the longest ones; of the others only how many */

/* One kept request. In a snapshot its texts are set. */
struct slow {
	struct share_end end;
	uint64_t ns[WHERE_COUNT];
	uint32_t calls; /* of all kinds, certain or not; more than are in span */
	uint32_t span_count;
	struct span span[SLOW_SPANS];
	const char *service; /* these texts outlive the snapshot */
	const char *route;
	const char *name[SLOW_SPANS];
};

struct time_shares {
	struct shares *shares;	/* NULL: nobody wants to know */
	struct slow *slow;	/* SLOW_MAX */
	struct slowest slowest; /* which of them */
	uint64_t passed_ns;
	uint64_t lost; /* as of then */
	bool sampled;  /* connections have been left out */
};

int time_shares__init(struct metrics *metrics); /* 0 or -ENOMEM */
void time_shares__clear(struct time_shares *time_shares);

/* What the metrics' sink hands on; context: struct metrics. */
void time_shares__exchange(struct metrics *metrics, const struct exchange *exchange);
void time_shares__connection(struct metrics *metrics, const struct connection_event *event);
void time_shares__begun(void *context, const struct connection *connection,
			const struct pending *pending);
void time_shares__passed(void *context, uint64_t now_ns);

bool time_shares__copy(struct snapshot *snapshot, struct metrics *metrics);
/* A list of the kept requests, the slowest first (docs/model.md). New reference. */
json_t *time_shares__json(const struct snapshot *snapshot);

#endif
