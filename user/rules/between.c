/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rules/between.h"

#include <stdlib.h>

#define CAPACITY (2 * BETWEEN_MAX)

void between__clear(struct between *b)
{
	free(b->at);
	*b = (struct between){0};
}

static struct begun *place(struct begun *at, uint64_t hash)
{
	uint32_t i = (uint32_t)hash % CAPACITY;

	while (at[i].hash && at[i].hash != hash)
		i = (i + 1) % CAPACITY;
	return &at[i];
}

static void drop_old(struct between *b, uint64_t before_ns)
{
	struct begun *at = calloc(CAPACITY, sizeof(*at));

	if (!at)
		return;
	b->count = 0;
	for (uint32_t i = 0; i < CAPACITY; i++)
		if (b->at[i].hash && b->at[i].since_ns >= before_ns) {
			*place(at, b->at[i].hash) = b->at[i];
			b->count++;
		}
	free(b->at);
	b->at = at;
}

void between__begin(struct between *b, uint64_t hash, uint64_t now_ns, uint64_t within_ns)
{
	struct begun *begun;

	hash |= !hash;
	if (!b->at)
		b->at = calloc(CAPACITY, sizeof(*b->at));
	if (b->at && b->count == BETWEEN_MAX)
		drop_old(b, now_ns > within_ns ? now_ns - within_ns : 0);
	if (!b->at || b->count == BETWEEN_MAX) {
		b->refused++;
		return;
	}
	begun = place(b->at, hash);
	b->count += !begun->hash;
	*begun = (struct begun){hash, now_ns};
}

/* Taking out moves what was displaced by it (linear probing). */
static void take_out(struct between *b, struct begun *gone)
{
	uint32_t i = (uint32_t)(gone - b->at);

	*gone = (struct begun){0};
	b->count--;
	for (i = (i + 1) % CAPACITY; b->at[i].hash; i = (i + 1) % CAPACITY) {
		struct begun moved = b->at[i];

		b->at[i] = (struct begun){0};
		*place(b->at, moved.hash) = moved;
	}
}

bool between__end(struct between *b, uint64_t hash, uint64_t *since_ns)
{
	struct begun *begun;

	hash |= !hash;
	begun = b->at ? place(b->at, hash) : NULL;
	if (!begun || !begun->hash)
		return false;
	*since_ns = begun->since_ns;
	take_out(b, begun);
	return true;
}
