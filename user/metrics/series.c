/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "series.h"

#include <stdlib.h>
#include <string.h>
#include "compiler.h"

#define SLOTS_MIN 64
#define LIST_MIN  16

void table__init(struct table *table, uint32_t max)
{
	*table = (struct table){.max = max};
}

static void series_free(struct series *series)
{
	for (int i = 0; i < DISTRIBUTION_COUNT; i++)
		histogram__free(series->distribution[i]);
	free(series->exemplars);
	free(series->window);
	free(series);
}

void table__clear(struct table *table)
{
	for (uint32_t i = 0; i < table->count; i++)
		series_free(table->list[i]);
	free(table->list);
	free(table->slot);
	table__init(table, table->max);
}

/* The multiply-and-fold of wyhash over the key's four words: keys are small, dense integers. */
static uint32_t hash_of(const struct key *key)
{
	uint64_t word[4], hash = 0x9e3779b97f4a7c15;
	__uint128_t product;

	memcpy(word, key, sizeof(word));
	for (int i = 0; i < 4; i++) {
		product = (__uint128_t)(word[i] ^ hash) * 0xa0761d6478bd642f;
		hash = (uint64_t)product ^ (uint64_t)(product >> 64) ^ 0xe7037ed1a0b428db;
	}
	return (uint32_t)(hash ^ hash >> 32);
}

/* The slot that holds the key, or the free one where it would go. */
static struct slot *slot_of(const struct table *table, const struct key *key, uint32_t hash)
{
	uint32_t mask = table->slot_count - 1;
	struct slot *slot;

	for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
		slot = &table->slot[i];
		if (!slot->index)
			return slot;
		if (slot->hash == hash && key__equals(&table->list[slot->index - 1]->key, key))
			return slot;
	}
}

static bool grow_slots(struct table *table)
{
	uint32_t count = table->slot_count ? table->slot_count * 2 : SLOTS_MIN;
	struct slot *old = table->slot, *slot;
	uint32_t old_count = table->slot_count;

	/* At most two thirds full: probes stay short, and one is always free. */
	if ((table->count + 1) * 3ULL <= table->slot_count * 2ULL)
		return true;
	slot = calloc(count, sizeof(*slot));
	if (!slot)
		return false;
	table->slot = slot;
	table->slot_count = count;
	for (uint32_t i = 0; i < old_count; i++) {
		uint32_t at = old[i].hash & (count - 1);

		if (!old[i].index)
			continue;
		while (slot[at].index)
			at = (at + 1) & (count - 1);
		slot[at] = old[i];
	}
	free(old);
	return true;
}

static bool grow_list(struct table *table)
{
	uint32_t capacity = table->capacity ? table->capacity * 2 : LIST_MIN;
	struct series **list;

	if (table->count < table->capacity)
		return true;
	list = realloc(table->list, capacity * sizeof(*list));
	if (!list)
		return false;
	table->list = list;
	table->capacity = capacity;
	return true;
}

static struct series *insert(struct table *table, const struct key *key, uint32_t hash)
{
	struct series *series;
	struct slot *slot;

	if (!grow_slots(table) || !grow_list(table))
		return NULL;
	series = calloc(1, sizeof(*series));
	if (!series)
		return NULL;
	series->key = *key;
	slot = slot_of(table, key, hash);
	table->list[table->count++] = series;
	*slot = (struct slot){.hash = hash, .index = table->count};
	return series;
}

struct series *table__find(const struct table *table, const struct key *key)
{
	struct slot *slot;

	if (!table->slot_count)
		return NULL;
	slot = slot_of(table, key, hash_of(key));
	return slot->index ? table->list[slot->index - 1] : NULL;
}

static struct series *get_other(struct table *table, uint32_t service, bool *created)
{
	struct key key = {.service = service, .other = 1};
	struct series *series = table__find(table, &key);

	if (!series && table->others >= SERIES_OTHER_SERVICES) {
		key.service = SERVICE_OTHER;
		series = table__find(table, &key);
	}
	if (series)
		return series;
	series = insert(table, &key, hash_of(&key));
	if (series && key.service != SERVICE_OTHER)
		table->others++;
	*created = series != NULL;
	return series;
}

static struct series **recent_of(struct table *table, const struct key *key)
{
	uint32_t bits = key->service + key->label + key->status + key->method + key->type;

	return &table->recent[bits % TABLE_RECENT];
}

static struct series *get(struct table *table, const struct key *key, bool *created)
{
	uint32_t hash = hash_of(key);
	struct slot *slot = table->slot_count ? slot_of(table, key, hash) : NULL;
	struct series *series;

	if (slot && slot->index)
		return table->list[slot->index - 1];
	if (key->other || table->count - table->others >= table->max) {
		table->overflowed += !key->other;
		return get_other(table, key->service, created);
	}
	series = insert(table, key, hash);
	*created = series != NULL;
	table->overflowed += series == NULL;
	return series;
}

struct series *table__get(struct table *table, const struct key *key, bool *created)
{
	struct series **recent = recent_of(table, key);

	*created = false;
	if (!*recent || !key__equals(&(*recent)->key, key))
		*recent = get(table, key, created);
	return *recent;
}

/* Linear probing without tombstones: whoever probed past the freed slot moves up into it. */
static void free_slot(struct table *table, uint32_t at)
{
	uint32_t mask = table->slot_count - 1;

	for (uint32_t i = (at + 1) & mask; table->slot[i].index; i = (i + 1) & mask) {
		uint32_t home = table->slot[i].hash & mask;

		if (((i - home) & mask) < ((i - at) & mask))
			continue;
		table->slot[at] = table->slot[i];
		at = i;
	}
	table->slot[at] = (struct slot){0};
}

static void drop(struct table *table, uint32_t index)
{
	struct series *series = table->list[index], *last = table->list[table->count - 1];
	struct slot *slot = slot_of(table, &series->key, hash_of(&series->key));

	if (last != series)
		slot_of(table, &last->key, hash_of(&last->key))->index = index + 1;
	free_slot(table, (uint32_t)(slot - table->slot));
	table->list[index] = last;
	table->count--;
	memset(table->recent, 0, sizeof(table->recent));
	if (series->key.other && series->key.service != SERVICE_OTHER)
		table->others--;
	series_free(series);
}

static bool in_use(const struct series *series)
{
	for (int i = 0; i < ACTIVITY_COUNT; i++)
		if (series->connections[i])
			return true;
	return false;
}

bool table__expire(struct table *table, uint64_t before_ns, uint32_t most, uint32_t *cursor)
{
	uint32_t count = table->count;

	if (*cursor >= table->count)
		*cursor = 0;
	for (uint32_t n = 0; n < most && *cursor < table->count; n++) {
		const struct series *series = table->list[*cursor];

		if (series->used_ns < before_ns && !in_use(series))
			drop(table, *cursor);
		else
			(*cursor)++;
	}
	return table->count != count;
}

COLD struct histogram *series__begin(struct series *series, enum distribution which,
				     const struct bounds *bounds)
{
	series->distribution[which] = histogram__new(bounds);
	return series->distribution[which];
}

void series__exemplify(struct series *series, const struct place *place,
		       const uint8_t trace[TRACE_BYTES], uint64_t time_ns)
{
	const struct histogram *h = series->distribution[DISTRIBUTION_DURATION];
	struct exemplar *e;

	if (!h)
		return;
	if (!series->exemplars)
		series->exemplars = calloc(h->bounds->count + 1, sizeof(*series->exemplars));
	if (!series->exemplars)
		return;
	e = &series->exemplars[place->bucket];
	e->value = place->value;
	e->time_ns = time_ns;
	memcpy(e->trace, trace, sizeof(e->trace));
}

static uint64_t count_of(const struct series *series, enum distribution which)
{
	return series->distribution[which] ? series->distribution[which]->count : 0;
}

uint64_t series__answered(const struct series *series)
{
	return count_of(series, DISTRIBUTION_DURATION) + count_of(series, DISTRIBUTION_BLOCKING) +
	       series->counter[COUNTER_UNMEASURED];
}

uint64_t series__unanswered(const struct series *series)
{
	return series->counter[COUNTER_ABORTED] + series->counter[COUNTER_LOST];
}
