/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The copy of all numbers that other threads render. The engine's thread only copies; the memory of
 * a freed snapshot is kept for the next one, so that a scrape costs it no page faults.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "connection.h"
#include "lent.h"
#include "metrics/internal.h"
#include "queues/queues.h"
#include "rules/rules.h"

#define MEMORY_STEP  (256u << 10)
#define CENSUS_STEP  8192 /* buckets of connections, one in each or fewer: some 0.2 ms */
#define MINUTE_SLOTS 12	  /* of a window: the one that is being filled among them */

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/* ---- memory: chunks that are filled one after the other, and used again as they are ---- */

static struct chunk_of_memory *new_chunk(size_t size)
{
	struct chunk_of_memory *chunk = lent__alloc(sizeof(*chunk) + size);

	if (chunk) {
		chunk->next = NULL;
		chunk->used = 0;
		chunk->size = size;
	}
	return chunk;
}

/* What is full for small blocks is not looked at again; large ones search all that there is. */
static struct chunk_of_memory *chunk_for(struct snapshot *snapshot, size_t size)
{
	bool large = size > MEMORY_STEP / 8;
	struct chunk_of_memory **at = large ? &snapshot->memory : snapshot->filling;

	while (*at && (*at)->size - (*at)->used < size)
		at = &(*at)->next;
	if (!*at)
		*at = new_chunk(size > MEMORY_STEP ? size : MEMORY_STEP);
	if (!large)
		snapshot->filling = at;
	return *at;
}

void *snapshot__take(struct snapshot *snapshot, size_t size)
{
	struct chunk_of_memory *chunk;
	void *memory;

	size = (size + 15) & ~(size_t)15;
	chunk = chunk_for(snapshot, size);
	if (!chunk)
		return NULL;
	memory = chunk->data + chunk->used;
	chunk->used += size;
	return memory;
}

static void destroy(struct snapshot *snapshot)
{
	struct chunk_of_memory *chunk, *next;

	if (!snapshot)
		return;
	for (chunk = snapshot->memory; chunk; chunk = next) {
		next = chunk->next;
		lent__free(chunk);
	}
	free(snapshot);
}

static struct snapshot *obtain(struct metrics *m)
{
	struct snapshot *snapshot = atomic_exchange(&m->spare, NULL);
	struct chunk_of_memory *memory;

	if (!snapshot)
		snapshot = calloc(1, sizeof(*snapshot));
	if (!snapshot)
		return NULL;
	memory = snapshot->memory;
	for (struct chunk_of_memory *chunk = memory; chunk; chunk = chunk->next)
		chunk->used = 0;
	*snapshot = (struct snapshot){.home = m, .memory = memory};
	snapshot->filling = &snapshot->memory;
	return snapshot;
}

void snapshot__free(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	rules_copy__free(snapshot->rules);
	snapshot->rules = NULL;
	queues_copy__free(snapshot->queues);
	snapshot->queues = NULL;
	snapshot->home->snapshots_out--;
	destroy(atomic_exchange(&snapshot->home->spare, snapshot));
}

void metrics__free_spare(struct metrics *m)
{
	destroy(atomic_exchange(&m->spare, NULL));
}

/* ---- series ---- */

static bool copy_histogram(struct snapshot *snapshot, struct histogram **histogram)
{
	const struct histogram *from = *histogram;
	size_t size = histogram__size(from->bounds);
	size_t sketch = from->sketch_length * sizeof(*from->sketch);
	struct histogram *to = snapshot__take(snapshot, size + sketch);

	if (!to)
		return false;
	memcpy(to, from, size);
	to->sketch = sketch ? (uint64_t *)((char *)to + size) : NULL;
	if (sketch)
		memcpy(to->sketch, from->sketch, sketch);
	*histogram = to;
	return true;
}

/* Of the durations' buckets. */
static bool copy_exemplars(struct snapshot *snapshot, struct series *series)
{
	size_t count = series->distribution[DISTRIBUTION_DURATION]->bounds->count + 1;
	struct exemplar *to = snapshot__take(snapshot, count * sizeof(*to));

	if (!to)
		return false;
	memcpy(to, series->exemplars, count * sizeof(*to));
	series->exemplars = to;
	return true;
}

static bool copy_series(struct snapshot *snapshot, struct series *to, const struct series *from)
{
	*to = *from;
	to->window = NULL;
	if (from->window) {
		window__advance(from->window, snapshot->now_ns);
		to->window_part = from->window->part_sum;
		to->window_total = from->window->total_sum;
		window__recent(from->window, MINUTE_SLOTS, &to->recent_part, &to->recent_total);
	}
	for (int i = 0; i < DISTRIBUTION_COUNT; i++)
		if (to->distribution[i] && !copy_histogram(snapshot, &to->distribution[i]))
			return false;
	if (!snapshot->formats.exemplars) /* not any more: none leaves */
		to->exemplars = NULL;
	return !to->exemplars || copy_exemplars(snapshot, to);
}

static bool copy_table(struct snapshot *snapshot, struct snapshot_table *to,
		       const struct table *from)
{
	struct series *series = snapshot__take(snapshot, from->count * sizeof(*series));

	if (!series)
		return false;
	for (uint32_t i = 0; i < from->count; i++)
		if (!copy_series(snapshot, &series[i], from->list[i]))
			return false;
	*to = (struct snapshot_table){series, from->count, from->overflowed};
	snapshot->series_count += from->count;
	return true;
}

static bool copy_tables(struct snapshot *snapshot, const struct metrics *m)
{
	for (int group = 0; group < GROUP_COUNT; group++)
		for (int side = 0; side < SIDE_COUNT; side++)
			if (!copy_table(snapshot, &snapshot->table[group][side],
					&m->table[group][side]))
				return false;
	return true;
}

/* ---- the rest ---- */

static const char *keep(char *to, size_t size, const char *text)
{
	size_t length = text ? strnlen(text, size - 1) : 0;

	memcpy(to, text ? text : "", length);
	to[length] = '\0';
	return to;
}

static void copy_self(struct snapshot *snapshot, const struct self *self)
{
	snapshot->self = *self;
	snapshot->self.version = keep(snapshot->version, sizeof(snapshot->version), self->version);
	snapshot->self.capture_way = keep(snapshot->way, sizeof(snapshot->way), self->capture_way);
	snapshot->self.source = keep(snapshot->source, sizeof(snapshot->source), self->source);
}

static void copy_engine(struct snapshot *snapshot, const struct engine *engine)
{
	snapshot->engine = engine->counters;
	snapshot->now_ns = engine->now_ns;
	snapshot->first_ns = engine->first_ns;
	for (int kind = LABEL_ROUTE; kind <= LABEL_COMMAND; kind++)
		snapshot->label_overflow[kind] =
			labels__overflowed(engine->labels, (enum label_kind)kind);
	snapshot->label_overflow[LABEL_KEY] = key_patterns__overflowed(engine->keys);
	snapshot->label_count = labels__count(engine->labels);
	snapshot->process_count = processes__count(engine->processes);
	snapshot->service_count = processes__service_count(engine->processes);
}

bool metrics__prepare(struct metrics *m)
{
	uint64_t begun = clock_ns(CLOCK_MONOTONIC), took;
	bool prepared = census__step(m, CENSUS_STEP);

	took = clock_ns(CLOCK_MONOTONIC) - begun;
	if (took > m->census.longest_ns)
		m->census.longest_ns = took;
	return prepared;
}

struct snapshot *metrics__snapshot(struct metrics *m, const struct self *self)
{
	struct snapshot *snapshot = obtain(m);
	uint64_t begun = clock_ns(CLOCK_MONOTONIC);

	if (!snapshot)
		return NULL;
	copy_self(snapshot, self);
	snapshot->formats = m->formats;
	if (!m->wall_offset_ns)
		m->wall_offset_ns = (int64_t)(clock_ns(CLOCK_REALTIME) - begun);
	snapshot->wall_offset_ns = m->wall_offset_ns;
	copy_engine(snapshot, m->engine);
	census__take(m);
	if (!copy_tables(snapshot, m) || !databases__copy(snapshot, m) ||
	    !caches__copy(snapshot, m) || !resources__copy(snapshot, m, clock_ns(CLOCK_BOOTTIME)) ||
	    !pods__copy(snapshot, m) || !health__copy(snapshot, m) ||
	    !time_shares__copy(snapshot, m) || !slow_exchanges__copy(snapshot, m)) {
		destroy(snapshot);
		return NULL;
	}
	snapshot->rules = rules__copy(m->rules, m->engine->now_ns);
	snapshot->queues = queues__copy(m->queues, m->engine->now_ns);
	process_stats__read(&snapshot->process);
	m->snapshots_out++;
	snapshot->copy_ns = clock_ns(CLOCK_MONOTONIC) - begun;
	if (m->census.longest_ns > snapshot->copy_ns)
		snapshot->copy_ns = m->census.longest_ns;
	return snapshot;
}

uint32_t metrics__snapshots_out(const struct metrics *m)
{
	return m->snapshots_out;
}

void snapshot__set_map_entries(struct snapshot *snapshot, uint64_t entries)
{
	snapshot->self.capture.map_entries = entries;
}

void snapshot__scraped(struct snapshot *snapshot, const struct web_counts *counts)
{
	snapshot->web = *counts;
}
