/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pools: the open connections of one service to one database, and what they are doing. Kept up with
 * every change, so that peaks between two scrapes are not missed. The engine's thread only.
 */
#ifndef SONDE_POOLS_H
#define SONDE_POOLS_H

#include <stdbool.h>
#include <stdint.h>
#include "exchange.h"

#define POOLS_MAX	      1024 /* beyond it connections are in no pool, and counted */
#define POOL_STATES	      4	   /* enum activity */
#define POOL_LOW_SLOTS	      12
#define POOL_LOW_SLOT_NS      300000000000ULL /* twelve of them are an hour */
#define POOL_DATABASE_MAX     64
#define POOL_UNKNOWN_DATABASE "?" /* of connections older than the observation */

struct pool {
	uint32_t service; /* id of process.h */
	uint8_t side;	  /* enum side */
	char database[POOL_DATABASE_MAX];
	uint32_t state[POOL_STATES];
	uint32_t open;
	uint32_t peak_open;	      /* most at once, ever */
	uint32_t peak_active;	      /* the same, of those with a query or transaction open */
	uint64_t since_ns;	      /* first connection */
	uint64_t left_ns;	      /* newest end of one */
	uint64_t low_slot;	      /* number of the newest slot of low */
	uint32_t low[POOL_LOW_SLOTS]; /* fewest open within a slot */
};

struct pools {
	uint32_t count;
	uint64_t overflowed; /* connections that found no place */
	struct pool *pool[POOLS_MAX];
};

void pools__clear(struct pools *pools);
/* A connection is doing something else from now on; its first activity brings it into its pool. */
void pools__activity(struct pools *pools, struct connection *c, uint8_t activity, uint64_t now_ns);
/* Closed, or no database connection any more. */
void pools__leave(struct pools *pools, struct connection *c, uint64_t now_ns);
/* It belongs to another service, or its database became known. */
void pools__move(struct pools *pools, struct connection *c, uint64_t now_ns);

/* Forgets those without a connection since before_ns. */
void pools__expire(struct pools *pools, uint64_t before_ns);

uint32_t pool__active(const struct pool *pool);
/* Fewest open at once within the last hour; false in the first five minutes: too early to say. */
bool pool__low(const struct pool *pool, uint64_t now_ns, uint32_t *out);

#endif
