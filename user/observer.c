/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "observer.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "compiler.h"
#include "connection.h"
#include "cpu_budget.h"
#include "database_name.h"
#include "engine.h"
#include "memory_limit.h"
#include "hardening/hardening.h"
#include "queues/queues.h"
#include "rules/rules.h"
#include "tls/join.h"
#include "tls/watch.h"

#define WAIT_MS	      10
#define BATCH	      4096 /* events between two looks at what others want */
#define TICK_NS	      50000000ull
#define SECOND_NS     1000000000ull
#define SWEEP_NS      5000000000ull /* a connection silent for so long may be gone */
#define SWEPT_AT_ONCE 65536
#define STOP_NS	      5000000000ull /* for what waits when it is told to stop */

#define RETIRED_MAX 64 /* changes of rules, and of queues, in one life of the daemon */

struct observer {
	struct capture *capture;
	struct tls_watch *tls; /* NULL: TLS libraries are not probed */
	struct tls_join *join;
	struct engine *engine;
	struct cpu_budget *cpu_budget; /* NULL: whatever it takes */
	struct memory_limit *memory;   /* the same */
	struct metrics *metrics;
	struct rules *rules;		    /* NULL: none */
	struct rules *retired[RETIRED_MAX]; /* snapshots may still point to them */
	uint32_t retired_count;
	struct queues *queues; /* NULL: none */
	struct queues *retired_queues[RETIRED_MAX];
	uint32_t retired_queue_count;
	struct config config; /* as it was opened with; its lists are the caller's */
	struct self self;
	void (*tap)(void *context, const struct event *event, uint32_t size);
	void *tap_context;
	atomic_bool stop;
	uint64_t ticked_ns, second_ns, swept_ns;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	atomic_int waiting; /* threads that want a snapshot */
	bool preparing;	    /* the next one, step by step */
	struct snapshot *ready;
	uint64_t refusals;		   /* turns in which no snapshot could be made */
	const struct config *_Atomic next; /* to be applied; the caller waits */
	bool over;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static int make_engine(struct observer *o, const struct config *config)
{
	struct engine_options options = {.proc = "/proc"};
	struct metrics_options metrics = {.series_max = config->limits.series,
					  .without_time_shares = !config->time_shares,
					  .idle_seconds = config->limits.idle_seconds};

	config__engine(config, &options);
	o->engine = engine__new(&options);
	o->metrics = o->engine ? metrics__new(&metrics, o->engine) : NULL;
	if (o->metrics) {
		metrics__set_pools(o->metrics, config->pools);
		metrics__set_health(o->metrics, config->health);
		metrics__set_formats(o->metrics, &config->formats);
	}
	if (o->metrics && config->rules) {
		o->rules = rules__new(config->rules, o->engine);
		metrics__set_rules(o->metrics, o->rules);
	}
	if (o->metrics && config->queues) {
		o->queues = queues__new(config->queues, o->engine);
		metrics__set_queues(o->metrics, o->queues);
	}
	return o->metrics && (o->rules || !config->rules) && (o->queues || !config->queues)
		       ? 0
		       : -ENOMEM;
}

static enum tls_reason reason_off(void *context, uint32_t tgid)
{
	(void)context;
	(void)tgid;
	return TLS_REASON_OFF;
}

static enum tls_reason reason_unsupported(void *context, uint32_t tgid)
{
	(void)context;
	(void)tgid;
	return TLS_REASON_UNSUPPORTED;
}

static enum tls_reason reason_of_process(void *context, uint32_t tgid)
{
	return tls_watch__reason(context, tgid);
}

static int watch_tls(struct observer *o)
{
	struct tls_watch_options options = {.proc = "/proc", .filter = &o->config.tls.filter};

	o->engine->options.without_tls = capture__tls_ready(o->capture) != 0;
	if (o->engine->options.without_tls) {
		o->engine->tls_reason = o->config.tls.enabled ? reason_unsupported : reason_off;
		return 0;
	}
	o->join = tls_join__new(o->capture);
	o->tls = tls_watch__new(o->capture, &options);
	o->engine->tls_reason = reason_of_process;
	o->engine->tls_reason_context = o->tls;
	return o->tls && o->join ? 0 : -ENOMEM;
}

#define HELD_SHARE 16 /* of the memory limit, for plaintext that waits for its connection */

static int limit_memory(struct observer *o, char *error, size_t size)
{
	uint64_t limit = o->config.limits.memory, least;

	if (o->join)
		tls_join__limit(o->join, limit / HELD_SHARE);
	o->memory = memory_limit__new(limit, o->capture, o->engine, o->metrics);
	if (!o->memory)
		return -ENOMEM;
	least = memory_limit__least(o->memory);
	if (limit >= least)
		return 0;
	snprintf(
		error, size, "a memory limit of %lluMiB is too low here; it takes %lluMiB at least",
		(unsigned long long)limit >> 20, (unsigned long long)(least + (1 << 20) - 1) >> 20);
	return -EINVAL;
}

/* Both are off where nobody asks for them. */
static int limit(struct observer *o, char *error, size_t size)
{
	snprintf(error, size, "no memory");
	if (o->config.limits.cpu) {
		o->cpu_budget = cpu_budget__new(o->config.limits.cpu, o->capture, o->engine);
		if (!o->cpu_budget)
			return -ENOMEM;
	}
	return o->config.limits.memory ? limit_memory(o, error, size) : 0;
}

#define MMAP_FROM (128 << 10)

int observer__open(const struct config *config, struct observer **out, char *error, size_t size)
{
	struct observer *o = calloc(1, sizeof(*o));
	struct capture_options capture;
	int err;

	/* Large blocks go back to the system at once, and grow without a copy, where this
	 * threshold does not follow what was freed (mallopt(3)). */
	mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
	if (!o || make_engine(o, config)) {
		observer__close(o);
		snprintf(error, size, "no memory");
		return -ENOMEM;
	}
	o->config = *config;
	pthread_mutex_init(&o->lock, NULL);
	pthread_cond_init(&o->changed, NULL);
	capture = config->capture;
	capture.without_areas = !config->areas;
	capture.without_tls = !config->tls.enabled;
	capture.tls_filter = &o->config.tls.filter;
	capture.sampling = config->limits.cpu != 0;
	err = capture__open(&capture, &o->capture, error, size);
	if (err) {
		observer__close(o);
		return err;
	}
	err = watch_tls(o);
	if (err) {
		observer__close(o);
		snprintf(error, size, "no memory");
		return err;
	}
	err = limit(o, error, size);
	if (err) {
		observer__close(o);
		return err;
	}
	o->engine->verdict = capture__verdict;
	o->engine->verdict_context = o->capture;
	o->self.version = SONDE_VERSION;
	o->self.capture_way = capture_way__name(capture__way(o->capture));
	o->self.source = "live";
	o->self.started_ns = clock_ns(CLOCK_REALTIME);
	*out = o;
	return 0;
}

void observer__close(struct observer *o)
{
	if (!o)
		return;
	tls_watch__free(o->tls);
	tls_join__free(o->join);
	cpu_budget__free(o->cpu_budget);
	memory_limit__free(o->memory);
	capture__close(o->capture);
	metrics__free(o->metrics);
	rules__free(o->rules);
	for (uint32_t i = 0; i < o->retired_count; i++)
		rules__free(o->retired[i]);
	queues__free(o->queues);
	for (uint32_t i = 0; i < o->retired_queue_count; i++)
		queues__free(o->retired_queues[i]);
	engine__free(o->engine);
	free(o);
}

const char *observer__way(const struct observer *o)
{
	return o->self.capture_way;
}

struct engine *observer__engine(struct observer *o)
{
	return o->engine;
}

void observer__tap(struct observer *o,
		   void (*take)(void *context, const struct event *event, uint32_t size),
		   void *context)
{
	o->tap = take;
	o->tap_context = context;
}

static void pass_on(void *context, const struct event *event, uint32_t size)
{
	struct observer *o = context;

	if (o->tap)
		o->tap(o->tap_context, event, size);
	engine__event(o->engine, event, size);
}

static APART void look_first(struct observer *o, const struct event *event, uint32_t size)
{
	if (o->memory)
		memory_limit__took(o->memory, size);
	if (!o->tls || tls_join__is_none_of_it(event, size)) {
		pass_on(o, event, size);
		return;
	}
	if (event->type == EVENT_PROCESS)
		tls_watch__process(o->tls, ((const struct process_event *)event)->tgid);
	tls_join__take(o->join, event, size, pass_on, o);
}

static void take(void *context, const struct event *event, uint32_t size)
{
	struct observer *o = context;

	if (!o->memory && !o->tap && (!o->tls || tls_join__is_none_of_it(event, size)))
		engine__event(o->engine, event, size);
	else
		look_first(o, event, size);
}

/* ---- connections whose end was never told ---- */

struct silent {
	uint64_t *id;
	size_t count, capacity;
	uint64_t before_ns;
};

static void collect(void *context, const struct connection *c)
{
	struct silent *s = context;

	if (c->last_ns < s->before_ns && s->count < s->capacity)
		s->id[s->count++] = c->id;
}

static void gone(void *context, uint64_t id)
{
	struct observer *o = context;
	struct end_event event = {
		.event = {EVENT_CLOSE, 0, sizeof(event), clock_ns(CLOCK_MONOTONIC)},
		.connection = id,
	};

	take(o, &event.event, sizeof(event));
}

static void sweep(struct observer *o, uint64_t now_ns)
{
	struct silent silent = {.capacity = SWEPT_AT_ONCE, .before_ns = now_ns - SWEEP_NS};

	database_names__resolve(o->engine);
	silent.id = malloc(SWEPT_AT_ONCE * sizeof(*silent.id));
	if (!silent.id)
		return;
	connections__each(o->engine->connections, collect, &silent);
	/* also where none is silent: it sweeps the kernel's side, too */
	capture__sweep(o->capture, silent.id, silent.count, gone, o);
	free(silent.id);
}

/* ---- snapshots for other threads ---- */

static struct snapshot *make_snapshot(struct observer *o)
{
	o->self.wall_ns = clock_ns(CLOCK_REALTIME);
	capture__stats(o->capture, &o->self.capture);
	o->self.sampling = cpu_budget__sampling(o->cpu_budget);
	o->self.memory = memory_limit__state(o->memory);
	hardening__status(&o->self.hardening);
	if (o->tls)
		tls_watch__counts(o->tls, &o->self.tls);
	return metrics__snapshot(o->metrics, &o->self);
}

static uint64_t fingerprint_of(const struct config *config)
{
	return config->rules ? config->rules->fingerprint : 0;
}

/* Rules whose text is the same go on counting; others begin anew. */
static void change_rules(struct observer *o, const struct config *config)
{
	if (fingerprint_of(config) == rules__fingerprint(o->rules) ||
	    o->retired_count == RETIRED_MAX)
		return;
	rules__retire(o->rules);
	if (o->rules)
		o->retired[o->retired_count++] = o->rules;
	o->rules = config->rules ? rules__new(config->rules, o->engine) : NULL;
	metrics__set_rules(o->metrics, o->rules);
}

/* The same of queues. */
static void change_queues(struct observer *o, const struct config *config)
{
	uint64_t fingerprint = config->queues ? config->queues->fingerprint : 0;

	if (fingerprint == queues__fingerprint(o->queues) || o->retired_queue_count == RETIRED_MAX)
		return;
	queues__retire(o->queues);
	if (o->queues)
		o->retired_queues[o->retired_queue_count++] = o->queues;
	o->queues = config->queues ? queues__new(config->queues, o->engine) : NULL;
	metrics__set_queues(o->metrics, o->queues);
}

/* How many there may be stays as it was. */
static void change_keys(struct observer *o, const struct config *config)
{
	struct key_options keys;

	config__keys(config, &keys);
	keys.templates = o->config.keys.templates;
	engine__set_keys(o->engine, &keys);
}

/* Route patterns and ports are what can change while the observation goes on. */
static void apply_next(struct observer *o)
{
	if (!o->next)
		return;
	labels__set_patterns(o->engine->labels, (const char *const *)o->next->routes);
	engine__change_meaning(o->engine);
	o->engine->options.http_ports = o->next->http_ports;
	change_keys(o, o->next);
	processes__set_services(o->engine->processes, o->next->services);
	change_rules(o, o->next);
	change_queues(o, o->next);
	metrics__set_pools(o->metrics, o->next->pools);
	metrics__set_health(o->metrics, o->next->health);
	metrics__set_formats(o->metrics, &o->next->formats);
	o->next = NULL;
}

/* One waiting thread takes it; the others get theirs with the next turn. */
static void hand_over(struct observer *o)
{
	enum memory_answer may = MEMORY_LATER;

	o->preparing = o->waiting && !o->next && !metrics__prepare(o->metrics);
	if (o->preparing)
		return;

	pthread_mutex_lock(&o->lock);
	apply_next(o);
	if (!o->ready && o->waiting)
		may = memory_limit__snapshot(o->memory);
	if (may == MEMORY_YES)
		o->ready = make_snapshot(o);
	if (!o->ready && may != MEMORY_LATER)
		o->refusals++;
	pthread_cond_broadcast(&o->changed);
	pthread_mutex_unlock(&o->lock);
}

struct snapshot *observer__snapshot(struct observer *o)
{
	struct snapshot *snapshot;
	uint64_t refusals;

	pthread_mutex_lock(&o->lock);
	o->waiting++;
	refusals = o->refusals;
	capture__wake(o->capture);
	while (!o->ready && !o->over && o->refusals == refusals)
		pthread_cond_wait(&o->changed, &o->lock);
	snapshot = o->ready;
	o->ready = NULL;
	o->waiting--;
	pthread_mutex_unlock(&o->lock);
	if (snapshot)
		snapshot__set_map_entries(snapshot, capture__map_entries(o->capture));
	return snapshot;
}

static void release_waiting(struct observer *o)
{
	pthread_mutex_lock(&o->lock);
	o->over = true;
	pthread_cond_broadcast(&o->changed);
	while (o->waiting) {
		pthread_mutex_unlock(&o->lock);
		sched_yield();
		pthread_mutex_lock(&o->lock);
	}
	snapshot__free(o->ready);
	o->ready = NULL;
	pthread_mutex_unlock(&o->lock);
}

/* ---- the loop ---- */

static void pass_time(struct observer *o)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (o->tls)
		tls_watch__mapped(o->tls, now);
	if (o->cpu_budget)
		cpu_budget__tick(o->cpu_budget, now);
	if (cpu_budget__sampling(o->cpu_budget).rate < 1)
		metrics__sampled(o->metrics);
	if (now - o->ticked_ns >= TICK_NS) {
		o->ticked_ns = now;
		if (o->memory)
			memory_limit__tick(o->memory, now);
		engine__tick(o->engine, now);
		metrics__read_resources(o->metrics, now, clock_ns(CLOCK_BOOTTIME));
		if (o->tls) {
			tls_watch__tick(o->tls, now);
			tls_join__tick(o->join, now);
		}
	}
	if (now - o->second_ns >= SECOND_NS) {
		o->second_ns = now;
		metrics__tick(o->metrics, now);
	}
	if (now - o->swept_ns >= SWEEP_NS) {
		o->swept_ns = now;
		sweep(o, now);
	}
}

static void drain(struct observer *o)
{
	while (capture__drain(o->capture, BATCH, take, o) >= BATCH && !o->stop) {
		pass_time(o);
		if (o->waiting || o->next)
			hand_over(o);
	}
}

/*
 * What was there when it was told to stop; under load there is always more. A record whose writer
 * was interrupted may hold it up for a moment.
 */
static void drain_rest(struct observer *o)
{
	uint64_t from = clock_ns(CLOCK_MONOTONIC), now = from;

	while (capture__drained_ns(o->capture) <= from && now - from < STOP_NS) {
		capture__drain(o->capture, BATCH, take, o);
		now = clock_ns(CLOCK_MONOTONIC);
	}
}

/*
 * Little work, but work that must not wait: a ring of 8 MiB holds some 100 ms of a busy node.
 * Without the right to it the priority stays as it is.
 */
static void raise_priority(void)
{
	setpriority(PRIO_PROCESS, (id_t)gettid(), -10);
}

int observer__run(struct observer *o)
{
	int err = 0;

	raise_priority();

	while (!o->stop && err >= 0) {
		err = capture__wait(o->capture, o->preparing ? 0 : WAIT_MS);
		drain(o);
		pass_time(o);
		if (o->waiting || o->next)
			hand_over(o);
	}
	drain_rest(o);
	engine__finish(o->engine);
	release_waiting(o);
	return err < 0 ? err : 0;
}

void observer__stop(struct observer *o)
{
	o->stop = true;
}

/* ---- a new configuration ---- */

static void name_kept(char *kept, size_t size, const char *name, bool differs)
{
	size_t used = strlen(kept);

	if (differs)
		snprintf(kept + used, size - used, "%s%s", used ? ", " : "", name);
}

int observer__reload(struct observer *o, const struct config *config, char *kept, size_t size)
{
	kept[0] = '\0';
	name_kept(kept, size, "capture",
		  config->capture.way != o->config.capture.way ||
			  config->capture.ring_bytes != o->config.capture.ring_bytes ||
			  config->areas != o->config.areas);
	name_kept(kept, size, "tls",
		  config->tls.enabled != o->config.tls.enabled ||
			  memcmp(&config->tls.filter, &o->config.tls.filter,
				 sizeof(config->tls.filter)) != 0);
	name_kept(kept, size, "time_shares", config->time_shares != o->config.time_shares);
	name_kept(kept, size, "limits",
		  memcmp(&config->limits, &o->config.limits, sizeof(config->limits)) != 0 ||
			  config->keys.templates != o->config.keys.templates);
	pthread_mutex_lock(&o->lock);
	o->next = config;
	while (o->next && !o->over)
		pthread_cond_wait(&o->changed, &o->lock);
	pthread_mutex_unlock(&o->lock);
	return o->over ? -ESHUTDOWN : 0;
}
