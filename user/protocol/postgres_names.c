/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "protocol/postgres_names.h"

#include <stdlib.h>
#include "hash.h"
#include "labels.h"

#define CAPACITY_FIRST 16
#define WINDOW	       8 /* a name is within so many slots of its hash, so removing leaves no mark */

/* Never 0. */
static uint64_t hash_of(struct slice name)
{
	uint64_t hash = hash__add(0xcbf29ce484222325ull, name.data, name.length, 0);

	return hash ? hash : 1;
}

/* The slot that holds the hash, or (hash 0) a free one in the window of `home`. */
static struct postgres_name *find(const struct postgres_names *names, uint64_t home, uint64_t hash)
{
	for (uint32_t i = 0; names->capacity && i < WINDOW; i++) {
		struct postgres_name *n = &names->slot[(home + i) & (names->capacity - 1)];

		if (n->hash == hash)
			return n;
	}
	return NULL;
}

static bool grow(struct postgres_names *names)
{
	uint32_t capacity = names->capacity ? names->capacity * 2 : CAPACITY_FIRST;
	struct postgres_names wider = {.capacity = capacity, .unnamed = names->unnamed};

	if (capacity > POSTGRES_NAMES_MAX)
		return false;
	wider.slot = calloc(capacity, sizeof(*wider.slot));
	if (!wider.slot)
		return false;
	for (uint32_t i = 0; i < names->capacity; i++) {
		struct postgres_name *free_slot = find(&wider, names->slot[i].hash, 0);

		if (names->slot[i].hash && free_slot)
			*free_slot = names->slot[i];
	}
	free(names->slot);
	*names = wider;
	return true;
}

void postgres_names__put(struct postgres_names *names, struct slice name, uint32_t label)
{
	struct postgres_name *n;
	uint64_t hash;

	if (!name.length) {
		names->unnamed = label;
		return;
	}
	hash = hash_of(name);
	n = find(names, hash, hash);
	while (!n && !(n = find(names, hash, 0)) && grow(names))
		;
	if (!n && names->capacity)
		n = &names->slot[(hash + names->hand++ % WINDOW) & (names->capacity - 1)];
	if (n)
		*n = (struct postgres_name){.hash = hash, .label = label};
}

uint32_t postgres_names__get(const struct postgres_names *names, struct slice name)
{
	const struct postgres_name *n;
	uint64_t hash;

	if (!name.length)
		return names->unnamed;
	hash = hash_of(name);
	n = find(names, hash, hash);
	return n ? n->label : LABEL_UNSEEN;
}

void postgres_names__remove(struct postgres_names *names, struct slice name)
{
	struct postgres_name *n;
	uint64_t hash;

	if (!name.length) {
		names->unnamed = LABEL_UNSEEN;
		return;
	}
	hash = hash_of(name);
	n = find(names, hash, hash);
	if (n)
		*n = (struct postgres_name){0};
}

void postgres_names__clear(struct postgres_names *names)
{
	free(names->slot);
	*names = (struct postgres_names){0};
}
