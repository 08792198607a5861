/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts of the view's document that are no distributions: pools, caches, queues, health. */
#include <string.h>
#include "metrics/internal.h"
#include "metrics/model_parts.h"
#include "queues/queues.h"

/* Names come from strangers' processes: what is no UTF-8 shows as "?". */
static json_t *text(const char *value)
{
	json_t *string = json_string(value);

	return string ? string : json_string("?");
}

static json_t *count(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* What is not known is null, never a made-up number. */
static json_t *count_if(bool known, uint64_t value)
{
	return known ? count(value) : json_null();
}

static json_t *number_if(bool known, double value)
{
	return known ? json_real(value) : json_null();
}

static json_t *pool_json(const struct database_pool *p)
{
	bool client = p->side == SIDE_CLIENT;

	return json_pack("{s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b}", "service",
			 text(p->service), "side", side__name(p->side), "database",
			 text(p->database), "open", count(p->open), "active", count(p->active),
			 "idle", count(p->idle), "peak", count(p->peak_open), "max",
			 count_if(client && p->max_known, p->max), "min",
			 count_if(client && p->min_known, p->min), "waiting",
			 count_if(p->waiting_known, p->waiting), "configured", p->max_configured);
}

/*
 * Hits and connections are counted by service: they are a cache's where it is the only server of
 * its service, on this node. NULL: it is not.
 */
static const struct series *series_of(const struct snapshot *s, const struct cache *c)
{
	const struct snapshot_table *t = &s->table[GROUP_CACHE_SERVICE][SIDE_SERVER];
	uint32_t servers = 0;

	for (uint32_t i = 0; i < s->cache_count; i++)
		servers += s->caches[i].tgid && strcmp(s->caches[i].service, c->service) == 0;
	for (uint32_t i = 0; c->tgid && servers == 1 && i < t->count; i++)
		if (strcmp(t->series[i].service, c->service) == 0 && !t->series[i].key.other)
			return &t->series[i];
	return NULL;
}

static uint64_t connections_of(const struct series *s)
{
	uint64_t sum = 0;

	for (int i = 0; s && i < ACTIVITY_COUNT; i++)
		sum += s->connections[i];
	return sum;
}

static json_t *cache_json(const struct snapshot *snapshot, const struct cache *c)
{
	const struct series *s = series_of(snapshot, c);
	enum limit_source source;
	uint64_t limit = 0, keys;
	bool limited = cache__limit(c, &limit, &source), told = cache__keys(c, &keys);
	double rate = 0, percent = 0;
	bool rated = cache__eviction_rate(c, &rate), full = cache__usage_percent(c, &percent);
	bool looked = s && s->window_total;

	return json_pack(
		"{s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "service", text(c->service),
		"side", side__name(c->tgid ? SIDE_SERVER : SIDE_CLIENT), "address",
		text(c->address), "used",
		count_if(c->numbers.used_memory_known, c->numbers.used_memory), "limit",
		count_if(limited, limit), "source",
		limited ? json_string(limit_source__name(source)) : json_null(), "percent",
		number_if(full, percent), "evicted",
		count_if(c->numbers.evicted_known, c->numbers.evicted), "eviction_rate",
		number_if(rated, rate), "hit_rate_percent",
		number_if(looked,
			  looked ? 100.0 * (double)s->window_part / (double)s->window_total : 0),
		"keys", count_if(told, keys), "connections",
		count_if(s != NULL, connections_of(s)));
}

static json_t *health_json(const struct snapshot *s, const struct service_state *state)
{
	struct health health;
	json_t *reasons, *object;

	if (!state->considered || !health__of(s, state->name, &health))
		return NULL;
	reasons = json_array();
	for (uint32_t i = 0; i < health.reason_count; i++)
		json_array_append_new(reasons, text(health.reason[i]));
	object = json_pack(
		"{s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "service", text(state->name), "status",
		health__name(health.status) ? json_string(health__name(health.status))
					    : json_null(),
		"reasons", reasons, "processes", count_if(health.used, health.processes),
		"memory_bytes", count_if(health.used, health.memory_bytes), "cpu_percent",
		number_if(health.used, health.cpu_percent), "uptime_seconds",
		number_if(health.used && health.uptime_seconds > 0, health.uptime_seconds));
	return object;
}

void model__add_parts(json_t *model, const struct snapshot *s)
{
	json_t *pools = json_array(), *caches = json_array(), *health = json_array();

	for (uint32_t i = 0; i < s->pool_count; i++)
		json_array_append_new(pools, pool_json(&s->pools[i]));
	for (uint32_t i = 0; i < s->cache_count; i++)
		json_array_append_new(caches, cache_json(s, &s->caches[i]));
	for (uint32_t i = 0; i < s->state_count; i++)
		json_array_append_new(health, health_json(s, &s->states[i]));
	json_object_set_new_nocheck(model, "pools", pools);
	json_object_set_new_nocheck(model, "caches", caches);
	json_object_set_new_nocheck(model, "queues", queues_copy__json(s->queues));
	json_object_set_new_nocheck(model, "health", health);
}
