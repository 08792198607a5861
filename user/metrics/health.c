/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "metrics/health.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "connection.h"
#include "metrics/internal.h"
#include "metrics/writer.h"

#define STALLED_NS	  30000000000ull /* a query open for so long, and nothing answered */
#define ANSWERS_MIN	  10		 /* fewer within a minute tell no share */
#define POOL_FULL_PERCENT 90

/* ---- the copy ---- */

static bool is_relevant(enum group group)
{
	return group == GROUP_HTTP_SERVICE || group == GROUP_RPC_SERVICE ||
	       group == GROUP_DB_SERVICE || group == GROUP_CACHE_SERVICE;
}

static struct service_state *state_of(struct snapshot *snapshot, const char *name)
{
	struct service_state *states = snapshot->states;

	for (uint32_t i = 0; i < snapshot->state_count; i++)
		if (strcmp(states[i].name, name) == 0)
			return &states[i];
	states[snapshot->state_count] = (struct service_state){.name = name};
	return &states[snapshot->state_count++];
}

static void add_series(struct snapshot *snapshot, const struct metrics *m, enum group group,
		       int side)
{
	const struct snapshot_table *table = &snapshot->table[group][side];
	bool serves =
		(group == GROUP_HTTP_SERVICE || group == GROUP_RPC_SERVICE) && side == SIDE_SERVER;

	for (uint32_t i = 0; i < table->count; i++) {
		const struct series *s = &table->series[i];
		struct service_state *state;

		if (s->key.other)
			continue;
		state = state_of(snapshot, s->service);
		if (serves) {
			state->answers += (uint32_t)s->recent_total;
			state->failures += (uint32_t)s->recent_part;
		}
		state->considered |=
			m->health_settings && m->health_settings->services.count
				? health_settings__names(m->health_settings, s->service)
				: serves;
	}
}

static uint32_t states_max(const struct snapshot *snapshot)
{
	uint32_t count = 0;

	for (int group = 0; group < GROUP_COUNT; group++)
		for (int side = 0; side < SIDE_COUNT; side++)
			if (is_relevant((enum group)group))
				count += snapshot->table[group][side].count;
	return count;
}

void stalls__begin(struct stalls *stalls, struct metrics *m, uint64_t now_ns)
{
	*stalls = (struct stalls){m, now_ns > STALLED_NS ? now_ns - STALLED_NS : 0};
	for (uint32_t i = 0; i < m->backends.count; i++)
		m->backends.backend[i].busy = m->backends.backend[i].stalled = 0;
}

void stalls__count(const struct stalls *stalls, const struct connection *c)
{
	struct backend *b;

	if (c->activity != ACTIVITY_BUSY || connection__side(c) != SIDE_CLIENT)
		return;
	b = backends__of(&stalls->metrics->backends, c);
	if (!b)
		return;
	b->busy++;
	b->stalled += c->last_ns < stalls->before_ns && b->answered_ns < stalls->before_ns;
}

static bool belongs(struct metrics *m, const struct backend *b, const char *name, uint64_t now_ns)
{
	const char *service = metrics__service_name(m, b->service);

	return service && strcmp(service, name) == 0 &&
	       backend__newest_ns(b) + BACKEND_KEPT_NS > now_ns;
}

static bool copy_backends(struct snapshot *snapshot, struct metrics *m, struct service_state *state)
{
	struct backend *copy;
	uint32_t count = 0;

	for (uint32_t i = 0; i < m->backends.count; i++)
		count += belongs(m, &m->backends.backend[i], state->name, snapshot->now_ns);
	copy = snapshot__take(snapshot, count * sizeof(*copy));
	if (!copy)
		return false;
	state->backend = copy;
	for (uint32_t i = 0; i < m->backends.count; i++)
		if (belongs(m, &m->backends.backend[i], state->name, snapshot->now_ns))
			copy[state->backend_count++] = m->backends.backend[i];
	return true;
}

/* Whether anybody of the service is left; of services without a reading nothing is known. */
static void add_processes(struct snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->state_count; i++)
		for (uint32_t k = 0; k < snapshot->usage_count; k++)
			if (strcmp(snapshot->usage[k].service, snapshot->states[i].name) == 0)
				snapshot->states[i].usage = &snapshot->usage[k];
}

/* The configuration may be another one while the snapshot is looked at. */
static bool copy_settings(struct snapshot *snapshot, const struct health_settings *settings)
{
	size_t size = settings ? settings->summary_count * sizeof(*settings->summary) : 0;
	struct summary_value *copy = snapshot__take(snapshot, size);

	if (!copy)
		return false;
	snapshot->error_percent = settings ? settings->error_percent : ERROR_PERCENT;
	if (size)
		memcpy(copy, settings->summary, size);
	snapshot->summary = copy;
	snapshot->summary_count = settings ? settings->summary_count : 0;
	return true;
}

bool health__copy(struct snapshot *snapshot, struct metrics *m)
{
	snapshot->states =
		snapshot__take(snapshot, states_max(snapshot) * sizeof(*snapshot->states));
	if (!snapshot->states)
		return false;
	for (int group = 0; group < GROUP_COUNT; group++)
		for (int side = 0; side < SIDE_COUNT; side++)
			if (is_relevant((enum group)group))
				add_series(snapshot, m, (enum group)group, side);
	for (uint32_t i = 0; i < snapshot->state_count; i++)
		if (!copy_backends(snapshot, m, &snapshot->states[i]))
			return false;
	snapshot->recently_lost = m->losses.part_sum;
	add_processes(snapshot);
	return copy_settings(snapshot, m->health_settings);
}

/* ---- judging ---- */

static __attribute__((format(printf, 2, 3))) void because(struct health *h, const char *format, ...)
{
	va_list arguments;

	if (h->reason_count == HEALTH_REASONS_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(h->reason[h->reason_count++], sizeof(h->reason[0]), format, arguments);
	va_end(arguments);
}

static void worsen(enum health_status *status, enum health_status to)
{
	if (to > *status)
		*status = to;
}

static unsigned int seconds_since(const struct snapshot *s, uint64_t then_ns)
{
	return (unsigned int)(s->now_ns > then_ns ? (s->now_ns - then_ns) / 1000000000ull : 0);
}

static void judge_backend(const struct snapshot *s, const struct service_state *state,
			  const struct backend *b, bool all_down, struct health *h)
{
	bool database = b->protocol == PROTOCOL_POSTGRES;
	const char *what = database ? "a database" : "a cache";
	enum health_status *status = database ? &h->database : &h->cache;

	worsen(status, HEALTH_HEALTHY);
	if (backend__is_down(b)) {
		worsen(status, all_down ? HEALTH_UNHEALTHY : HEALTH_DEGRADED);
		because(h, "%s cannot reach %s: %s, %u s ago, %u times since it last answered",
			state->name, what, b->reason, seconds_since(s, b->failed_ns), b->failures);
	} else if (b->stalled) {
		worsen(status, b->stalled > 1 && b->stalled == b->busy ? HEALTH_UNHEALTHY
								       : HEALTH_DEGRADED);
		because(h, "%s has waited for %s for more than %llu s, with %u of %u queries",
			state->name, what, STALLED_NS / 1000000000ull, b->stalled, b->busy);
	}
}

static bool all_down(const struct service_state *state, uint8_t protocol)
{
	for (uint32_t i = 0; i < state->backend_count; i++)
		if (state->backend[i].protocol == protocol && !backend__is_down(&state->backend[i]))
			return false;
	return true;
}

static void judge_answers(const struct snapshot *s, const struct service_state *state,
			  struct health *h)
{
	if (state->answers < ANSWERS_MIN ||
	    (uint64_t)state->failures * 100 < (uint64_t)state->answers * s->error_percent)
		return;
	worsen(&h->application, HEALTH_UNHEALTHY);
	because(h, "%s answered %u of %u requests of the last minute with 5xx or a failure of gRPC",
		state->name, state->failures, state->answers);
}

static void judge_pools(const struct snapshot *s, const struct service_state *state,
			struct health *h)
{
	for (uint32_t i = 0; i < s->pool_count; i++) {
		const struct database_pool *p = &s->pools[i];

		/* a name is kept once */
		if (p->side != SIDE_CLIENT || p->service != state->name || !p->max_configured ||
		    (uint64_t)p->active * 100 <= (uint64_t)p->max * POOL_FULL_PERCENT)
			continue;
		worsen(&h->database, HEALTH_DEGRADED);
		because(h, "%s uses %u of the %u connections of its pool", state->name, p->active,
			p->max);
	}
}

static void add_usage(const struct usage *usage, struct health *h)
{
	if (!usage)
		return;
	h->used = true;
	h->processes += usage->processes;
	h->memory_bytes += usage->memory_bytes;
	h->cpu_percent += usage->cpu_percent;
	if (usage->processes && usage->uptime_seconds > h->uptime_seconds)
		h->uptime_seconds = usage->uptime_seconds;
}

static void judge(const struct snapshot *s, const struct service_state *state, struct health *h)
{
	add_usage(state->usage, h);
	worsen(&h->application, HEALTH_HEALTHY);
	if (state->usage && !state->usage->processes && !state->usage->unread) {
		worsen(&h->application, HEALTH_UNHEALTHY);
		because(h, "no process of %s lives", state->name);
	}
	judge_answers(s, state, h);
	for (uint32_t i = 0; i < state->backend_count; i++)
		judge_backend(s, state, &state->backend[i],
			      all_down(state, state->backend[i].protocol), h);
	judge_pools(s, state, h);
}

static bool covered(const char *asked, const struct service_state *state)
{
	return asked ? strcmp(asked, state->name) == 0 : state->considered;
}

bool health__covers(const struct snapshot *snapshot, const char *asked, const char *service)
{
	for (uint32_t i = 0; i < snapshot->state_count; i++)
		if (strcmp(snapshot->states[i].name, service) == 0)
			return covered(asked, &snapshot->states[i]);
	return false;
}

/* A cache that is away makes slow, not broken: no worse than degraded. */
static enum health_status overall(const struct health *h)
{
	enum health_status status = h->application;

	worsen(&status, h->database);
	worsen(&status, h->cache > HEALTH_DEGRADED ? HEALTH_DEGRADED : h->cache);
	return status;
}

bool health__of(const struct snapshot *snapshot, const char *service, struct health *out)
{
	bool found = !service;

	*out = (struct health){0};
	for (uint32_t i = 0; i < snapshot->state_count; i++) {
		if (!covered(service, &snapshot->states[i]))
			continue;
		found = true;
		judge(snapshot, &snapshot->states[i], out);
	}
	out->status = overall(out);
	return found;
}

const char *health__name(enum health_status status)
{
	static const char *const names[] = {NULL, "healthy", "degraded", "unhealthy"};

	return names[status];
}

void health__expose(struct writer *w, const struct snapshot *snapshot)
{
	struct health health;

	writer__family(w, "system_health_status", METRIC_GAUGE, "",
		       "1 where a service is well or degraded, 0 where it is not.");
	for (uint32_t i = 0; i < snapshot->state_count; i++) {
		const struct service_state *state = &snapshot->states[i];

		if (!state->considered)
			continue;
		health__of(snapshot, state->name, &health);
		writer__clear_labels(w);
		writer__label(w, "service", state->name);
		writer__count(w, health.status != HEALTH_UNHEALTHY);
	}
}
