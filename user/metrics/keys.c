/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A command is counted once for each pattern that its keys fit. What its reply tells of single keys
 * counts where these belong; what it tells of all of them, where they all fit one pattern.
 */
#include "metrics/keys.h"

#include "connection.h"
#include "metrics/internal.h"
#include "protocol/redis_details.h"

#define USES_MAX 32 /* different patterns of one command; what is beyond them is not told */

struct use {
	uint16_t pattern;
	bool named; /* by the command itself, not only by those of its transaction */
	uint32_t hits, misses;
};

struct uses {
	struct use at[USES_MAX];
	uint32_t count;
};

static struct use *use_of(struct uses *u, uint16_t pattern)
{
	for (uint32_t i = 0; i < u->count; i++)
		if (u->at[i].pattern == pattern)
			return &u->at[i];
	if (u->count == USES_MAX)
		return NULL;
	u->at[u->count] = (struct use){.pattern = pattern};
	return &u->at[u->count++];
}

static void add_named(struct uses *u, const struct exchange *e)
{
	struct slice rest = details__get(e->details, DETAIL_KEYS);
	uint16_t pattern;
	struct use *use;

	while (redis_pattern__next(&rest, &pattern)) {
		use = use_of(u, pattern);
		if (use)
			use->named = true;
	}
	if (!u->count) /* no room was left for the list */
		use_of(u, KEY_PATTERNS_OTHER)->named = true;
}

static void add_found(struct uses *u, const struct exchange *e)
{
	struct slice rest = details__get(e->details, DETAIL_FOUND);
	struct redis_found found;
	struct use *use;

	while (redis_found__next(&rest, &found)) {
		use = use_of(u, found.pattern);
		if (!use)
			continue;
		use->hits += found.hits;
		use->misses += found.misses;
	}
}

static bool is_answered(const struct exchange *e)
{
	return e->outcome == OUTCOME_OK || e->outcome == OUTCOME_ERROR;
}

/* The wait of a blocking command is not the key's latency. */
static void count_command(struct series *s, const struct exchange *e)
{
	if (!is_answered(e)) {
		s->counter[e->outcome == OUTCOME_LOST ? COUNTER_LOST : COUNTER_ABORTED] += e->count;
		return;
	}
	s->counter[COUNTER_ERRORS] += (e->outcome == OUTCOME_ERROR) * e->count;
	if (e->redis.unmeasured || e->redis.blocking)
		s->counter[COUNTER_UNMEASURED] += e->count;
	else
		series__observe(s, DISTRIBUTION_DURATION, &cache_duration_bounds,
				(double)exchange__latency_ns(e) / 1e6, e->count);
}

static void count_by_command(struct metrics *m, const struct exchange *e, struct key key)
{
	struct series *s;

	key.status = e->redis.command;
	s = metrics__series(m, GROUP_CACHE_KEY_COMMAND, e->side, &key);
	if (s)
		s->counter[COUNTER_UNMEASURED] += e->count;
}

/* What fits no pattern, and what is beyond the cap of series, are one series. */
static struct series *series_of(struct metrics *m, const struct exchange *e, struct key key)
{
	if (key.label == LABEL_OTHER) {
		key.label = 0;
		key.other = 1;
	}
	return metrics__series(m, GROUP_CACHE_KEY, e->side, &key);
}

static void count_use(struct metrics *m, const struct exchange *e, const struct use *use, bool only)
{
	struct key key = {.service = e->connection->service,
			  .label = key_patterns__label(m->engine->keys, use->pattern)};
	struct series *s = series_of(m, e, key);

	if (s) {
		s->counter[COUNTER_HITS] += (uint64_t)use->hits * e->count;
		s->counter[COUNTER_MISSES] += (uint64_t)use->misses * e->count;
	}
	if (s && use->named)
		count_command(s, e);
	if (s && only) {
		s->counter[COUNTER_REQUEST_BYTES] += e->request_bytes * e->count;
		s->counter[COUNTER_RESPONSE_BYTES] += e->response_bytes * e->count;
	}
	if (use->named)
		count_by_command(m, e, key);
}

void keys__exchange(struct metrics *m, const struct exchange *e)
{
	bool mixed = e->redis.pattern == KEY_PATTERNS_MIXED;
	bool only = e->redis.pattern != KEY_PATTERNS_NONE && !mixed;
	struct uses u = {.count = 0};

	if (only)
		u.at[u.count++] =
			(struct use){e->redis.pattern, true, e->redis.hits, e->redis.misses};
	if (mixed)
		add_named(&u, e);
	if (!only)
		add_found(&u, e);
	for (uint32_t i = 0; i < u.count; i++)
		count_use(m, e, &u.at[i], only);
}
