/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The time between two exchanges that share a key, known by its keyed hash. */
#ifndef SONDE_BETWEEN_H
#define SONDE_BETWEEN_H

#include <stdbool.h>
#include <stdint.h>

#define BETWEEN_MAX 16384 /* begun and not ended at once; further ones are not measured */

struct begun {
	uint64_t hash; /* 0: empty */
	uint64_t since_ns;
};

struct between {
	struct begun *at; /* open addressing, 2 * BETWEEN_MAX entries; NULL until first used */
	uint32_t count;
	uint64_t refused;
};

void between__clear(struct between *between);
/* A second beginning replaces the first. Beginnings older than `within_ns` make room. */
void between__begin(struct between *between, uint64_t hash, uint64_t now_ns, uint64_t within_ns);
/* False where it did not begin. */
bool between__end(struct between *between, uint64_t hash, uint64_t *since_ns);

#endif
