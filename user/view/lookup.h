/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Finds what was put under a 64-bit hash. Of two with the same hash, the first is found. */
#ifndef SONDE_VIEW_LOOKUP_H
#define SONDE_VIEW_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lookup {
	struct lookup_slot {
		uint64_t id;
		const void *value; /* borrowed; NULL: a free slot */
	} * slot;
	size_t mask;
};

/* Holds up to `count`. False: no memory; then nothing can be put, and nothing is found. */
bool lookup__init(struct lookup *lookup, size_t count);
void lookup__put(struct lookup *lookup, uint64_t id, const void *value);
const void *lookup__get(const struct lookup *lookup, uint64_t id); /* NULL: not there */
void lookup__clear(struct lookup *lookup);

#endif
