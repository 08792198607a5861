/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pools of database connections, caches and queues: states, not rates. Rows whose numbers are what
 * they are now.
 */
#ifndef SONDE_VIEW_BACKENDS_H
#define SONDE_VIEW_BACKENDS_H

#include <jansson.h>
#include "view/columns.h"

enum pool_value { POOL_OPEN, POOL_ACTIVE, POOL_IDLE, POOL_PEAK, POOL_MAX, POOL_WAITING };
enum cache_value {
	CACHE_USED, /* bytes */
	CACHE_LIMIT,
	CACHE_FULL,
	CACHE_EVICTED,
	CACHE_EVICTION_RATE,
	CACHE_HITS,
	CACHE_KEYS,
	CACHE_CONNECTIONS
};
enum queue_value {
	QUEUE_ROW_DEPTH,
	QUEUE_ROW_WORKERS,
	QUEUE_ROW_UTILISATION,
	QUEUE_ROW_PROCESSED,
	QUEUE_ROW_FAILED,
	QUEUE_ROW_MEAN, /* s */
	QUEUE_ROW_MAX,	/* s */
};

extern const struct column backends__pool_columns[], backends__cache_columns[],
	backends__queue_columns[];

/* What docs/model.md calls a value of such a page; NULL: there is none of this index. */
const char *backends__key(enum page page, int index);
/* Names and values of a row of PAGE_POOLS, PAGE_CACHES or PAGE_QUEUES (docs/model.md); NAN: not
 * known. */
void backends__fill(struct model_row *row, const json_t *json, enum page page);

#endif
