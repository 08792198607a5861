/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which label a prepared statement or a portal has, by its name; one table of each per connection.
 * Only hashes of names are kept. A full table forgets one for each new one: forgotten means `?`.
 */
#ifndef SONDE_POSTGRES_NAMES_H
#define SONDE_POSTGRES_NAMES_H

#include <stdint.h>
#include "protocol/slice.h"

#define POSTGRES_NAMES_MAX 1024 /* 16 KiB a table */

struct postgres_name {
	uint64_t hash; /* 0: free */
	uint32_t label;
};

/* Zeroed is empty. The unnamed one ("") has a place of its own. */
struct postgres_names {
	struct postgres_name *slot;
	uint32_t capacity; /* a power of two */
	uint32_t hand;	   /* whom to forget next */
	uint32_t unnamed;
};

void postgres_names__put(struct postgres_names *names, struct slice name, uint32_t label);
uint32_t postgres_names__get(const struct postgres_names *names, struct slice name);
void postgres_names__remove(struct postgres_names *names, struct slice name);
void postgres_names__clear(struct postgres_names *names);

#endif
