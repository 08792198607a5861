/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What one core makes of chunks: made traffic through the engine, its parsers and the metrics.
 * Prints a JSON object a line for each kind of traffic. The time of making the traffic is not in
 * it. With arguments: KIND CONNECTIONS EXCHANGES SIDE (for callgrind, with
 * --toggle-collect=bench__feed).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "engine.h"
#include "metrics/metrics.h"
#include "traffic.h"

#define LOG_BYTES (32u << 20)
#define EXCHANGES 2000000

struct log {
	uint8_t *bytes;
	size_t used;
	bool overflowed;
};

static uint64_t allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	allocations++;
	return __real_realloc(old, size);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void take(void *context, const struct event *event, uint32_t size)
{
	struct log *log = context;
	size_t room = (size + 7) & ~7u;

	if (log->used + room > LOG_BYTES) {
		log->overflowed = true;
		return;
	}
	memcpy(log->bytes + log->used, event, size);
	log->used += room;
}

/* Not static, and never inlined: callgrind collects within it. */
uint64_t bench__feed(struct engine *engine, const uint8_t *bytes, size_t length);
__attribute__((noinline)) uint64_t bench__feed(struct engine *engine, const uint8_t *bytes,
					       size_t length)
{
	uint64_t count = 0;

	for (size_t at = 0; at < length; count++) {
		const struct event *event = (const struct event *)(bytes + at);

		engine__event(engine, event, event->size);
		at += (event->size + 7) & ~7u;
	}
	return count;
}

struct result {
	uint64_t exchanges, chunks, allocations, lost;
	double seconds;
};

static uint64_t reported(const struct engine *engine)
{
	uint64_t sum = 0;

	for (int p = 0; p < PROTOCOL_COUNT; p++)
		sum += engine->counters.reported[p][SIDE_SERVER] +
		       engine->counters.reported[p][SIDE_CLIENT];
	return sum;
}

/* Feeds what is in the log; counts it where `result` is not NULL. */
static void feed(struct engine *engine, struct log *log, struct result *result)
{
	uint64_t exchanges = reported(engine), before = allocations, chunks;
	double start = now();

	if (!result) {
		bench__feed(engine, log->bytes, log->used);
		log->used = 0;
		return;
	}
	chunks = bench__feed(engine, log->bytes, log->used);
	result->seconds += now() - start;
	result->chunks += chunks;
	result->allocations += allocations - before;
	result->exchanges += reported(engine) - exchanges;
	log->used = 0;
}

static void play(struct engine *engine, const struct traffic_kind *kind, struct traffic *traffic,
		 struct log *log, uint64_t exchanges, struct result *result)
{
	uint64_t turns = exchanges / kind->exchanges, step = 20000 / kind->exchanges;

	for (uint64_t done = 0; done < turns; done += step) {
		traffic__play(traffic, step);
		feed(engine, log, result);
	}
}

static int run(const struct traffic_kind *kind, uint32_t connections, uint64_t exchanges,
	       bool server)
{
	struct engine *engine = engine__new(&(struct engine_options){.connections_max = 200000});
	struct metrics *metrics = metrics__new(&(struct metrics_options){0}, engine);
	struct log log = {.bytes = malloc(LOG_BYTES)};
	struct result result = {0};
	struct traffic *traffic = NULL;
	uint64_t warm_up = 8ull * connections *
			   kind->exchanges; /* what a connection learns is allocated once */

	if (engine && metrics && log.bytes)
		traffic = traffic__new(kind, connections, server, take, &log);
	if (!traffic)
		return 1;
	feed(engine, &log, NULL);
	play(engine, kind, traffic, &log, warm_up < 20000 ? 20000 : warm_up, NULL);
	play(engine, kind, traffic, &log, exchanges, &result);
	printf("{\"kind\": \"%s\", \"side\": \"%s\", \"connections\": %u, \"exchanges\": %lu, "
	       "\"chunks\": %lu, "
	       "\"seconds\": %.4f, \"chunks_per_second\": %.0f, \"exchanges_per_second\": %.0f, "
	       "\"allocations\": %lu}\n",
	       kind->name, server ? "server" : "client", connections,
	       (unsigned long)result.exchanges, (unsigned long)result.chunks, result.seconds,
	       (double)result.chunks / result.seconds, (double)result.exchanges / result.seconds,
	       (unsigned long)result.allocations);
	fflush(stdout);
	traffic__free(traffic);
	metrics__free(metrics);
	engine__free(engine);
	free(log.bytes);
	return log.overflowed || result.exchanges * 2 / kind->exchanges != result.chunks;
}

static const struct traffic_kind *kind_of(const char *name)
{
	for (size_t i = 0; i < traffic_kind_count; i++)
		if (strcmp(traffic_kinds[i].name, name) == 0)
			return &traffic_kinds[i];
	return NULL;
}

int main(int argc, char **argv)
{
	static const uint32_t connections[] = {10, 1000, 100000};
	const struct traffic_kind *kind;
	int failed = 0;

	if (argc == 5) {
		kind = kind_of(argv[1]);
		return kind ? run(kind, (uint32_t)atoi(argv[2]), (uint64_t)atoll(argv[3]),
				  strcmp(argv[4], "server") == 0)
			    : 2;
	}
	for (size_t i = 0; i < traffic_kind_count; i++)
		failed |= run(&traffic_kinds[i], 100, EXCHANGES, true);
	for (size_t i = 0; i < sizeof(connections) / sizeof(*connections); i++)
		failed |= run(&traffic_kinds[0], connections[i], EXCHANGES, true);
	return failed;
}
