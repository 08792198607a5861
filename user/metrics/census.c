/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The connections there are, by service and what they are doing. Of tens of thousands each costs a
 * miss of the cache, and the drain waits meanwhile: so it is one pass, in steps between which there
 * is draining, and neighbours are mostly of one service, whose series is remembered.
 */
#include "metrics/census.h"

#include <string.h>
#include "engine.h"
#include "metrics/internal.h"

static const enum group groups[] = {GROUP_HTTP_SERVICE, GROUP_RPC_SERVICE, GROUP_DB_SERVICE,
				    GROUP_CACHE_SERVICE};

static int group_of(const struct connection *c)
{
	switch (c->id_protocol) {
	case PROTOCOL_HTTP1:
	case PROTOCOL_HTTP2:
		return c->rpc ? GROUP_RPC_SERVICE : GROUP_HTTP_SERVICE;
	case PROTOCOL_POSTGRES:
		return GROUP_DB_SERVICE;
	case PROTOCOL_REDIS:
		return GROUP_CACHE_SERVICE;
	default:
		return -1;
	}
}

static struct series *series_of(struct metrics *m, enum group group, enum side side,
				uint32_t service)
{
	struct census *census = &m->census;
	struct key key = {.service = service};

	if (!census->last[group][side].series || census->last[group][side].service != service) {
		census->last[group][side].series = metrics__series(m, group, side, &key);
		census->last[group][side].service = service;
	}
	return census->last[group][side].series;
}

static void count(void *context, const struct connection *c)
{
	struct metrics *m = context;
	int group = group_of(c);
	struct series *s;

	connection__count_moved((struct connection *)c);
	stalls__count(&m->census.stalls, c);
	if (group < 0)
		return;
	s = series_of(m, (enum group)group, connection__side(c), c->service);
	if (!s)
		return;
	s->connections[c->activity < ACTIVITY_COUNT ? c->activity : 0]++;
	s->connected = true;
}

static void begin(struct metrics *m)
{
	m->census = (struct census){.state = CENSUS_COUNTING};
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		for (int side = 0; side < SIDE_COUNT; side++) {
			struct table *table = &m->table[groups[i]][side];

			for (uint32_t k = 0; k < table->count; k++)
				memset(table->list[k]->connections, 0,
				       sizeof(table->list[k]->connections));
		}
	stalls__begin(&m->census.stalls, m, m->engine->now_ns);
}

bool census__step(struct metrics *m, uint32_t buckets)
{
	struct census *census = &m->census;

	if (census->state == CENSUS_COUNTED)
		return true;
	if (census->state == CENSUS_NONE || !census->round.bucket)
		begin(m);
	if (connections__some(m->engine->connections, &census->round, buckets, count, m))
		census->state = CENSUS_COUNTED;
	return census->state == CENSUS_COUNTED;
}

void census__take(struct metrics *m)
{
	while (!census__step(m, UINT32_MAX))
		;
	m->census.state = CENSUS_NONE;
}
