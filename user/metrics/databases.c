/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "metrics/databases.h"

#include <stdlib.h>
#include <string.h>
#include "connection.h"
#include "metrics/internal.h"
#include "metrics/writer.h"

/* ---- how many processes share a pool ---- */

struct member {
	const struct pool *pool;
	uint32_t tgid;
};

struct members {
	struct member *at;
	size_t count, capacity;
};

static void collect(void *context, const struct connection *c)
{
	struct members *members = context;

	if (c->pool && members->count < members->capacity)
		members->at[members->count++] = (struct member){c->pool, c->tgid};
}

static int by_pool_and_process(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->pool != y->pool)
		return x->pool < y->pool ? -1 : 1;
	return x->tgid < y->tgid ? -1 : x->tgid > y->tgid;
}

static void count_distinct(const struct members *members, struct database_pool *pools,
			   uint32_t count)
{
	for (size_t i = 0; i < members->count; i++) {
		const struct member *m = &members->at[i];

		if (i && by_pool_and_process(m, m - 1) == 0)
			continue;
		for (uint32_t k = 0; k < count; k++)
			pools[k].processes += pools[k].origin == m->pool;
	}
}

static void count_processes(struct metrics *m, struct database_pool *pools, uint32_t count)
{
	struct members members = {0};

	for (uint32_t i = 0; i < count; i++)
		members.capacity += pools[i].open;
	members.at = members.capacity ? calloc(members.capacity, sizeof(*members.at)) : NULL;
	if (!members.at)
		return;
	connections__each(m->engine->connections, collect, &members);
	qsort(members.at, members.count, sizeof(*members.at), by_pool_and_process);
	count_distinct(&members, pools, count);
	free(members.at);
}

/* ---- limits ---- */

/*
 * Never told on the wire: configured, or learned. The most that were ever open at once is the least
 * that max can be; the fewest that stayed open for an hour are the most that min can be.
 */
static void set_limits(struct database_pool *to, const struct pool *from,
		       const struct pool_setting *setting, uint64_t now_ns)
{
	uint32_t each = setting && setting->per_process && to->processes ? to->processes : 1;

	to->max = from->peak_open;
	to->max_known = true;
	to->min_known = pool__low(from, now_ns, &to->min);
	if (!setting)
		return;
	if (setting->has_max) {
		to->max = setting->max * each;
		to->max_configured = true;
	}
	if (setting->has_min) {
		to->min = setting->min * each;
		to->min_configured = to->min_known = true;
	}
	to->idle_timeout_ms = setting->idle_timeout_ms;
	to->has_idle_timeout = setting->has_idle_timeout;
	to->connection_timeout_ms = setting->connection_timeout_ms;
	to->has_connection_timeout = setting->has_connection_timeout;
}

/* ---- waiting ---- */

/* The connections that a pooler keeps to the server for what its clients call `front`. */
static const struct database_pool *behind(const struct database_pool *pools, uint32_t count,
					  const struct database_pool *front)
{
	const struct database_pool *any = NULL;
	uint32_t found = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct database_pool *p = &pools[i];

		if (p->side != SIDE_CLIENT || strcmp(p->service, front->service) != 0)
			continue;
		if (strcmp(p->database, front->database) == 0)
			return p;
		any = p;
		found++;
	}
	return found == 1 ? any : NULL;
}

/*
 * A pooler is a process that is both: clients whose query is with it, and not yet with the server,
 * wait. Within a program nothing on the wire tells who waits for a connection.
 */
static void set_waiting(struct database_pool *pools, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct database_pool *front = &pools[i];
		const struct database_pool *back =
			front->side == SIDE_SERVER ? behind(pools, count, front) : NULL;
		uint32_t asked, passed_on;

		if (!back)
			continue;
		asked = front->state[ACTIVITY_BUSY];
		passed_on = back->state[ACTIVITY_BUSY];
		front->waiting = asked > passed_on ? asked - passed_on : 0;
		front->waiting_known = true;
	}
}

/* ---- the copy ---- */

static bool copy_pool(struct metrics *m, const struct pool *from, struct database_pool *to)
{
	*to = (struct database_pool){
		.service = metrics__service_name(m, from->service),
		.origin = from,
		.side = (enum side)from->side,
		.open = from->open,
		.active = pool__active(from),
		.idle = from->state[ACTIVITY_IDLE],
		.peak_open = from->peak_open,
		.peak_active = from->peak_active,
	};
	memcpy(to->database, from->database, sizeof(to->database));
	memcpy(to->state, from->state, sizeof(to->state));
	return to->service != NULL;
}

bool databases__copy(struct snapshot *snapshot, struct metrics *m)
{
	const struct pools *from = &m->engine->pools;
	struct database_pool *pools = snapshot__take(snapshot, from->count * sizeof(*pools));

	if (!pools)
		return false;
	for (uint32_t i = 0; i < from->count; i++)
		if (!copy_pool(m, from->pool[i], &pools[i]))
			return false;
	count_processes(m, pools, from->count);
	for (uint32_t i = 0; i < from->count; i++)
		set_limits(
			&pools[i], from->pool[i],
			pool_settings__find(m->pool_settings, pools[i].service, pools[i].database),
			snapshot->now_ns);
	set_waiting(pools, from->count);
	snapshot->pools = pools;
	snapshot->pool_count = from->count;
	return true;
}

/* ---- exposition ---- */

static const char *const states[POOL_STATES] = {"unknown", "idle", "busy", "in_transaction"};

static void label(struct writer *w, const struct database_pool *p)
{
	writer__clear_labels(w);
	writer__label(w, "service", p->service);
	writer__label(w, "database", p->database);
}

struct view {
	const struct database_pool *pools;
	uint32_t count;
	enum side side;
};

static void gauge(struct writer *w, const struct view *v, const char *name, const char *help,
		  size_t field)
{
	writer__family(w, name, METRIC_GAUGE, "", help);
	for (uint32_t i = 0; i < v->count; i++) {
		if (v->pools[i].side != v->side)
			continue;
		label(w, &v->pools[i]);
		writer__count(w, *(const uint32_t *)((const char *)&v->pools[i] + field));
	}
}

static void expose_states(struct writer *w, const struct view *v, const char *name)
{
	writer__family(w, name, METRIC_GAUGE, "",
		       "Open database connections by what they are doing.");
	for (uint32_t i = 0; i < v->count; i++) {
		if (v->pools[i].side != v->side)
			continue;
		for (int s = ACTIVITY_IDLE; s < POOL_STATES; s++) {
			label(w, &v->pools[i]);
			writer__label(w, "state", states[s]);
			writer__count(w, v->pools[i].state[s]);
		}
	}
}

static void limit(struct writer *w, const struct database_pool *p, bool known, bool configured,
		  uint32_t value)
{
	if (p->side != SIDE_CLIENT || !known)
		return;
	label(w, p);
	writer__label(w, "source", configured ? "configured" : "learned");
	writer__count(w, value);
}

static void expose_limits(struct writer *w, const struct view *v)
{
	const struct database_pool *p;

	writer__family(w, "db_pool_max_connections", METRIC_GAUGE, "",
		       "Most connections of the pool: configured, else the most ever open.");
	for (p = v->pools; p < v->pools + v->count; p++)
		limit(w, p, p->max_known, p->max_configured, p->max);
	writer__family(w, "db_pool_min_connections", METRIC_GAUGE, "",
		       "Fewest connections of the pool: configured, else the fewest open within an "
		       "hour.");
	for (p = v->pools; p < v->pools + v->count; p++)
		limit(w, p, p->min_known, p->min_configured, p->min);
	writer__family(w, "db_pool_utilization_percent", METRIC_GAUGE, "percent",
		       "Active connections as a share of the pool's most.");
	for (p = v->pools; p < v->pools + v->count; p++) {
		if (p->side != SIDE_CLIENT || !p->max_known || !p->max)
			continue;
		label(w, p);
		writer__number(w, 100.0 * p->active / p->max);
	}
}

static void expose_waiting(struct writer *w, const struct view *v)
{
	writer__family(w, "db_pool_waiting_connections", METRIC_GAUGE, "",
		       "A pooler's clients whose query waits for a connection to the server.");
	for (uint32_t i = 0; i < v->count; i++) {
		if (!v->pools[i].waiting_known)
			continue;
		label(w, &v->pools[i]);
		writer__count(w, v->pools[i].waiting);
	}
}

void databases__expose(struct writer *w, const struct snapshot *s)
{
	static const char active[] = "Database connections with a query or a transaction open.";
	struct view client = {s->pools, s->pool_count, SIDE_CLIENT};
	struct view server = {s->pools, s->pool_count, SIDE_SERVER};

	gauge(w, &server, "db_server_active_connections", active,
	      offsetof(struct database_pool, active));
	gauge(w, &client, "db_active_connections", active, offsetof(struct database_pool, active));
	expose_states(w, &server, "db_server_connections");
	expose_states(w, &client, "db_connections");
	gauge(w, &client, "db_pool_peak_connections", "Most connections ever open at once.",
	      offsetof(struct database_pool, peak_open));
	gauge(w, &client, "db_pool_peak_active_connections",
	      "Most connections ever active at once.", offsetof(struct database_pool, peak_active));
	expose_limits(w, &client);
	expose_waiting(w, &client);
}

bool databases__is_known(const char *name)
{
	static const char *const names[] = {
		"db_server_active_connections", "db_active_connections",
		"db_server_connections",	"db_connections",
		"db_pool_peak_connections",	"db_pool_peak_active_connections",
		"db_pool_max_connections",	"db_pool_min_connections",
		"db_pool_utilization_percent",	"db_pool_waiting_connections",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}
