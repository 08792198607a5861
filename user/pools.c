/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "pools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "connection.h"

void pools__clear(struct pools *pools)
{
	for (uint32_t i = 0; i < pools->count; i++)
		free(pools->pool[i]);
	pools->count = 0;
}

static const char *database_of(const struct connection *c)
{
	return c->database[0] ? c->database : POOL_UNKNOWN_DATABASE;
}

static bool holds(const struct pool *pool, const struct connection *c)
{
	return pool->service == c->service && pool->side == connection__side(c) &&
	       strcmp(pool->database, database_of(c)) == 0;
}

static struct pool *add(struct pools *pools, const struct connection *c, uint64_t now_ns)
{
	struct pool *pool = pools->count < POOLS_MAX ? calloc(1, sizeof(*pool)) : NULL;

	if (!pool) {
		pools->overflowed++;
		return NULL;
	}
	pool->service = c->service;
	pool->side = (uint8_t)connection__side(c);
	snprintf(pool->database, sizeof(pool->database), "%s", database_of(c));
	pool->since_ns = now_ns;
	pool->low_slot = now_ns / POOL_LOW_SLOT_NS;
	pools->pool[pools->count++] = pool;
	return pool;
}

static struct pool *pool_for(struct pools *pools, const struct connection *c, uint64_t now_ns)
{
	for (uint32_t i = 0; i < pools->count; i++)
		if (holds(pools->pool[i], c))
			return pools->pool[i];
	return add(pools, c, now_ns);
}

/* Slots that have begun since begin with what is open now. */
static void advance(struct pool *pool, uint64_t now_ns)
{
	uint64_t now = now_ns / POOL_LOW_SLOT_NS;

	if (now > pool->low_slot + POOL_LOW_SLOTS)
		pool->low_slot = now - POOL_LOW_SLOTS;
	while (pool->low_slot < now)
		pool->low[++pool->low_slot % POOL_LOW_SLOTS] = pool->open;
}

static void enter(struct pools *pools, struct connection *c, uint64_t now_ns)
{
	struct pool *pool = pool_for(pools, c, now_ns);

	c->pool = pool;
	if (!pool)
		return;
	advance(pool, now_ns);
	pool->open++;
	if (pool->open > pool->peak_open)
		pool->peak_open = pool->open;
	pool->state[c->activity]++;
}

static void count_peak(struct pool *pool)
{
	uint32_t active = pool__active(pool);

	if (active > pool->peak_active)
		pool->peak_active = active;
}

void pools__activity(struct pools *pools, struct connection *c, uint8_t activity, uint64_t now_ns)
{
	uint8_t before = c->activity;

	c->activity = activity;
	if (before == activity)
		return;
	if (!c->pool)
		enter(pools, c, now_ns);
	else {
		c->pool->state[before]--;
		c->pool->state[activity]++;
	}
	if (c->pool)
		count_peak(c->pool);
}

void pools__leave(struct pools *pools, struct connection *c, uint64_t now_ns)
{
	struct pool *pool = c->pool;
	uint32_t *low;

	(void)pools;
	if (!pool)
		return;
	c->pool = NULL;
	advance(pool, now_ns);
	pool->state[c->activity]--;
	pool->open--;
	pool->left_ns = now_ns;
	low = &pool->low[pool->low_slot % POOL_LOW_SLOTS];
	if (pool->open < *low)
		*low = pool->open;
}

void pools__move(struct pools *pools, struct connection *c, uint64_t now_ns)
{
	if (!c->pool || holds(c->pool, c))
		return;
	pools__leave(pools, c, now_ns);
	enter(pools, c, now_ns);
	if (c->pool)
		count_peak(c->pool);
}

void pools__expire(struct pools *pools, uint64_t before_ns)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < pools->count; i++) {
		struct pool *pool = pools->pool[i];

		if (pool->open || pool->left_ns >= before_ns)
			pools->pool[kept++] = pool;
		else
			free(pool);
	}
	pools->count = kept;
}

uint32_t pool__active(const struct pool *pool)
{
	return pool->state[ACTIVITY_BUSY] + pool->state[ACTIVITY_IN_TRANSACTION];
}

/* The slot in which the pool began says nothing: it began with none. */
bool pool__low(const struct pool *pool, uint64_t now_ns, uint32_t *out)
{
	uint64_t now = now_ns / POOL_LOW_SLOT_NS, first = pool->since_ns / POOL_LOW_SLOT_NS + 1;
	uint32_t low = pool->open;

	if (now < first)
		return false;
	if (now - first >= POOL_LOW_SLOTS)
		first = now - POOL_LOW_SLOTS + 1;
	for (uint64_t slot = first; slot <= now && slot <= pool->low_slot; slot++)
		if (pool->low[slot % POOL_LOW_SLOTS] < low)
			low = pool->low[slot % POOL_LOW_SLOTS];
	*out = low;
	return true;
}
