/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The slowest exchanges of the last minutes of every protocol and side, each with its detail as
 * `sonde tail` has it: templates, never literals. Most of the HTTP requests that services answered
 * are told with their calls by time_shares.h; such a one is not told twice.
 */
#ifndef SONDE_SLOW_EXCHANGES_H
#define SONDE_SLOW_EXCHANGES_H

#include <jansson.h>
#include "buffer.h"
#include "metrics/slowest.h"

struct exchange;
struct metrics;
struct snapshot;

#define SLOW_EXCHANGE_NS 1000000ull /* what is faster is not slow */

struct slow_exchange {
	uint64_t connection, start_ns;
	struct buffer text; /* an object of exchange_json.h */
};

struct slow_exchanges {
	struct slowest slowest;
	struct slow_exchange exchange[SLOWEST_MAX];
};

void slow_exchanges__init(struct slow_exchanges *exchanges);
void slow_exchanges__clear(struct slow_exchanges *exchanges);
/* One that took so long, the time before it was read included. */
void slow_exchanges__take(struct metrics *metrics, const struct exchange *exchange);

/* After time_shares__copy(); false: no memory. */
bool slow_exchanges__copy(struct snapshot *snapshot, const struct metrics *metrics);
/* A list, the slowest first (docs/model.md). New reference. */
json_t *slow_exchanges__json(const struct snapshot *snapshot);

#endif
