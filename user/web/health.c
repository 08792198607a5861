/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "web/health.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "metrics/internal.h"

#define UNHEALTHY_STATUS 503
#define NOT_FOUND	 404

/* ---- values ---- */

static void set(json_t *object, const char *name, json_t *value)
{
	json_object_set_new_nocheck(object, name, value);
}

static json_t *text_or_null(const char *text)
{
	json_t *value = text ? json_string(text) : NULL;

	return value ? value : json_null();
}

static json_t *count_or_null(bool known, uint64_t value)
{
	return known ? json_integer((json_int_t)value) : json_null();
}

/* Shares are of interest to two places behind the point. */
static json_t *number_or_null(double value)
{
	return isfinite(value) ? json_real(round(value * 100) / 100) : json_null();
}

static json_t *timestamp(const struct snapshot *s)
{
	time_t seconds = (time_t)(s->self.wall_ns / 1000000000ull);
	struct tm utc;
	char text[40] = "";
	size_t length;

	if (!gmtime_r(&seconds, &utc))
		return json_null();
	length = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + length, sizeof(text) - length, ".%03uZ",
		 (unsigned int)(s->self.wall_ns / 1000000ull % 1000));
	return json_string(text);
}

static json_t *uptime(const struct health *h)
{
	return count_or_null(h->processes > 0, (uint64_t)h->uptime_seconds);
}

static json_t *database(const struct health *h)
{
	static const char *const names[] = {NULL, "connected", "degraded", "disconnected"};

	return text_or_null(names[h->database]);
}

static json_t *reasons(const struct health *h)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < h->reason_count; i++)
		json_array_append_new(list, text_or_null(h->reason[i]));
	return list;
}

static void finish(struct reply *reply, json_t *document)
{
	reply->type = "application/json";
	buffer__json(&reply->body, document);
	buffer__text(&reply->body, "\n");
	json_decref(document);
}

/* False, with the reply made: nobody knows such a service. */
static bool look(const struct snapshot *s, const struct request *request, struct health *health,
		 struct reply *reply)
{
	json_t *document;

	if (health__of(s, request->service, health))
		return true;
	document = json_object();
	set(document, "error", json_string("no service of that name was observed"));
	set(document, "timestamp", timestamp(s));
	reply->status = NOT_FOUND;
	finish(reply, document);
	return false;
}

/* ---- pools ---- */

struct pools_sum {
	uint32_t count, total, idle, waiting, active, max, min;
	bool max_known, min_known, waiting_known;
	const struct database_pool *one; /* where there is just one */
};

static void add_pool(const struct database_pool *p, struct pools_sum *sum)
{
	sum->one = sum->count++ ? NULL : p;
	sum->total += p->open;
	sum->idle += p->idle;
	sum->active += p->active;
	sum->max += p->max;
	sum->min += p->min;
	sum->max_known &= p->max_known;
	sum->min_known &= p->min_known;
}

/* Who waits is told by the pooler's own side, that of its clients. */
static void add_waiting(const struct database_pool *p, struct pools_sum *sum)
{
	if (!p->waiting_known)
		return;
	sum->waiting += p->waiting;
	sum->waiting_known = true;
}

static struct pools_sum pools_of(const struct snapshot *s, const char *service)
{
	struct pools_sum sum = {.max_known = true, .min_known = true};

	for (uint32_t i = 0; i < s->pool_count; i++) {
		const struct database_pool *p = &s->pools[i];

		if (!health__covers(s, service, p->service))
			continue;
		if (p->side == SIDE_CLIENT)
			add_pool(p, &sum);
		add_waiting(p, &sum);
	}
	sum.max_known &= sum.count > 0;
	sum.min_known &= sum.count > 0;
	return sum;
}

static void set_stats(json_t *object, const struct pools_sum *sum)
{
	set(object, "total_count", count_or_null(sum->count, sum->total));
	set(object, "idle_count", count_or_null(sum->count, sum->idle));
	set(object, "waiting_count", count_or_null(sum->waiting_known, sum->waiting));
}

static json_t *pool_json(const struct database_pool *p)
{
	json_t *object = json_object();

	set(object, "service", text_or_null(p->service));
	set(object, "database", text_or_null(p->database));
	set(object, "max", count_or_null(p->max_known, p->max));
	set(object, "max_source", json_string(p->max_configured ? "configured" : "learned"));
	set(object, "min", count_or_null(p->min_known, p->min));
	set(object, "min_source", json_string(p->min_configured ? "configured" : "learned"));
	set(object, "total_count", json_integer(p->open));
	set(object, "active_count", json_integer(p->active));
	set(object, "idle_count", json_integer(p->idle));
	set(object, "peak_count", json_integer(p->peak_open));
	set(object, "waiting_count", count_or_null(p->waiting_known, p->waiting));
	return object;
}

static json_t *pool_list(const struct snapshot *s, const char *service)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < s->pool_count; i++)
		if (s->pools[i].side == SIDE_CLIENT &&
		    health__covers(s, service, s->pools[i].service))
			json_array_append_new(list, pool_json(&s->pools[i]));
	return list;
}

void health__make_pool_config(const struct snapshot *s, const struct request *request,
			      struct reply *reply)
{
	struct health health;
	struct pools_sum sum;
	json_t *document, *configuration, *stats;
	const struct database_pool *p;

	if (!look(s, request, &health, reply))
		return;
	sum = pools_of(s, request->service);
	p = sum.one;
	document = json_object();
	configuration = json_object();
	stats = json_object();
	set(configuration, "max", count_or_null(sum.max_known, sum.max));
	set(configuration, "min", count_or_null(sum.min_known, sum.min));
	set(configuration, "idleTimeoutMillis",
	    count_or_null(p && p->has_idle_timeout, p ? p->idle_timeout_ms : 0));
	set(configuration, "connectionTimeoutMillis",
	    count_or_null(p && p->has_connection_timeout, p ? p->connection_timeout_ms : 0));
	set_stats(stats, &sum);
	set(document, "configuration", configuration);
	set(document, "current_stats", stats);
	set(document, "pools", pool_list(s, request->service));
	set(document, "timestamp", timestamp(s));
	finish(reply, document);
}

/* ---- health ---- */

static json_t *head(const struct snapshot *s, const struct health *h, struct reply *reply)
{
	json_t *document = json_object();

	set(document, "status", text_or_null(health__name(h->status)));
	set(document, "timestamp", timestamp(s));
	set(document, "uptime", uptime(h));
	set(document, "database", database(h));
	set(document, "reasons", reasons(h));
	if (h->status == HEALTH_UNHEALTHY)
		reply->status = UNHEALTHY_STATUS;
	return document;
}

void health__make(const struct snapshot *s, const struct request *request, struct reply *reply)
{
	struct health health;

	if (look(s, request, &health, reply))
		finish(reply, head(s, &health, reply));
}

static json_t *database_component(const struct snapshot *s, const struct health *h,
				  const char *service)
{
	struct pools_sum sum = pools_of(s, service);
	json_t *object = json_object(), *pool = json_object();

	set(object, "status", text_or_null(health__name(h->database)));
	set(pool, "max", count_or_null(sum.max_known, sum.max));
	set(pool, "min", count_or_null(sum.min_known, sum.min));
	set_stats(pool, &sum);
	set(object, "pool", pool);
	return object;
}

struct share {
	uint64_t part, total;
};

static void add_share(struct share *share, const struct snapshot *s, enum group group,
		      enum side side, const char *service)
{
	const struct snapshot_table *table = &s->table[group][side];

	for (uint32_t i = 0; i < table->count; i++) {
		if (table->series[i].key.other ||
		    !health__covers(s, service, table->series[i].service))
			continue;
		share->part += table->series[i].window_part;
		share->total += table->series[i].window_total;
	}
}

static double percent_of(const struct share *share)
{
	return share->total ? 100.0 * (double)share->part / (double)share->total : (double)NAN;
}

static double hit_rate(const struct snapshot *s, const char *service)
{
	struct share hits = {0};

	add_share(&hits, s, GROUP_CACHE_SERVICE, SIDE_CLIENT, service);
	return percent_of(&hits);
}

/* The fullest of the caches. */
static double cache_usage(const struct snapshot *s)
{
	double fullest = (double)NAN, percent;

	for (uint32_t i = 0; i < s->cache_count; i++)
		if (cache__usage_percent(&s->caches[i], &percent) && !(percent <= fullest))
			fullest = percent;
	return fullest;
}

static json_t *cache_component(const struct snapshot *s, const struct health *h,
			       const char *service)
{
	json_t *object = json_object();

	set(object, "status", text_or_null(health__name(h->cache)));
	set(object, "memory_usage_percent", number_or_null(cache_usage(s)));
	set(object, "hit_rate", number_or_null(hit_rate(s, service)));
	return object;
}

static json_t *application_component(const struct health *h)
{
	json_t *object = json_object();

	set(object, "status", text_or_null(health__name(h->application)));
	set(object, "uptime", uptime(h));
	set(object, "memory", count_or_null(h->used, h->memory_bytes));
	set(object, "cpu", number_or_null(h->used ? h->cpu_percent : (double)NAN));
	set(object, "processes", count_or_null(h->used, h->processes));
	return object;
}

static uint64_t lost_exchanges(const struct snapshot *s)
{
	static const enum protocol_id all[] = {PROTOCOL_HTTP1, PROTOCOL_POSTGRES, PROTOCOL_REDIS};
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		for (int reason = 0; reason < LOSS_REASON_COUNT; reason++)
			sum += snapshot__lost_exchanges(s, all[i], reason);
	return sum;
}

static json_t *observer_component(const struct snapshot *s)
{
	json_t *object = json_object();

	set(object, "status",
	    json_string(health__name(s->recently_lost ? HEALTH_DEGRADED : HEALTH_HEALTHY)));
	set(object, "version", text_or_null(s->version));
	set(object, "capture", text_or_null(s->way[0] ? s->way : NULL));
	set(object, "uptime",
	    count_or_null(s->self.started_ns,
			  s->self.wall_ns > s->self.started_ns
				  ? (s->self.wall_ns - s->self.started_ns) / 1000000000ull
				  : 0));
	set(object, "sampling_rate",
	    s->self.sampling.rate > 0 ? json_real(s->self.sampling.rate) : json_null());
	set(object, "lost_exchanges", json_integer((json_int_t)lost_exchanges(s)));
	set(object, "recently_lost_exchanges", json_integer((json_int_t)s->recently_lost));
	set(object, "memory", count_or_null(s->process.known, s->process.resident_bytes));
	set(object, "cpu_seconds",
	    s->process.known ? number_or_null(s->process.cpu_seconds) : json_null());
	return object;
}

void health__make_detailed(const struct snapshot *s, const struct request *request,
			   struct reply *reply)
{
	json_t *document, *components;
	struct health health;

	if (!look(s, request, &health, reply))
		return;
	document = head(s, &health, reply);
	components = json_object();
	set(components, "database", database_component(s, &health, request->service));
	set(components, "cache", cache_component(s, &health, request->service));
	set(components, "application", application_component(&health));
	set(components, "observer", observer_component(s));
	set(document, "components", components);
	finish(reply, document);
}

/* ---- the summary ---- */

static json_t *database_summary(const struct snapshot *s, const char *service)
{
	struct pools_sum sum = pools_of(s, service);
	json_t *object = json_object();

	set(object, "active_connections", count_or_null(sum.count, sum.active));
	set(object, "pool_utilization",
	    number_or_null(sum.max_known && sum.max ? 100.0 * sum.active / sum.max : (double)NAN));
	set(object, "pool_max", count_or_null(sum.max_known, sum.max));
	set(object, "pool_min", count_or_null(sum.min_known, sum.min));
	return object;
}

static uint64_t requests_of(const struct snapshot *s, enum group group, const char *service)
{
	const struct snapshot_table *table = &s->table[group][SIDE_SERVER];
	uint64_t total = 0;

	for (uint32_t i = 0; i < table->count; i++)
		if (health__covers(s, service, table->series[i].service))
			total += series__answered(&table->series[i]) +
				 series__unanswered(&table->series[i]);
	return total;
}

/* HTTP and gRPC are both what an application is asked. */
static json_t *api_summary(const struct snapshot *s, const char *service)
{
	uint64_t total = requests_of(s, GROUP_HTTP, service) + requests_of(s, GROUP_RPC, service);
	json_t *object = json_object();
	struct share share = {0};

	add_share(&share, s, GROUP_HTTP_SERVICE, SIDE_SERVER, service);
	add_share(&share, s, GROUP_RPC_SERVICE, SIDE_SERVER, service);
	set(object, "total_requests", json_integer((json_int_t)total));
	set(object, "error_rate", number_or_null(percent_of(&share)));
	return object;
}

/* The values that the configuration names for a section; null: none. */
static json_t *declared_summary(const struct snapshot *s, const char *section)
{
	json_t *object = NULL;

	for (uint32_t i = 0; i < s->summary_count; i++) {
		const struct summary_value *v = &s->summary[i];

		if (strcmp(v->section, section) != 0)
			continue;
		if (!object)
			object = json_object();
		set(object, v->name, number_or_null(snapshot__sum(s, v->metric)));
	}
	return object ? object : json_null();
}

static json_t *system_summary(const struct health *h)
{
	json_t *object = json_object();

	set(object, "uptime", uptime(h));
	set(object, "health_status",
	    count_or_null(h->status != HEALTH_UNKNOWN, h->status != HEALTH_UNHEALTHY));
	return object;
}

void health__make_summary(const struct snapshot *s, const struct request *request,
			  struct reply *reply)
{
	json_t *document, *cache;
	struct health health;

	if (!look(s, request, &health, reply))
		return;
	document = json_object();
	cache = json_object();
	set(cache, "memory_usage_percent", number_or_null(cache_usage(s)));
	set(cache, "hit_rate", number_or_null(hit_rate(s, request->service)));
	set(document, "timestamp", timestamp(s));
	set(document, "database", database_summary(s, request->service));
	set(document, "api", api_summary(s, request->service));
	set(document, "cache", cache);
	set(document, "queue", declared_summary(s, "queue"));
	set(document, "business", declared_summary(s, "business"));
	set(document, "system", system_summary(&health));
	finish(reply, document);
}
