/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Distinct values and shares within a sliding window of time. Values are known by their keyed hash.
 */
#ifndef SONDE_DISTINCT_H
#define SONDE_DISTINCT_H

#include <stdbool.h>
#include <stdint.h>

/* Distinct values held at once; further ones are not counted, but `refused` is. */
#define DISTINCT_MAX (1u << 20)

struct distinct_value {
	uint64_t hash; /* 0: empty */
	uint64_t seen_ns;
};

struct distinct {
	struct distinct_value *at; /* open addressing; NULL while empty */
	uint32_t capacity;	   /* a power of two */
	uint32_t count;		   /* entries, expired ones included until the next sweep */
	uint64_t length_ns;
	uint64_t refused;
};

void distinct__init(struct distinct *distinct, uint64_t length_ns);
void distinct__clear(struct distinct *distinct);
void distinct__see(struct distinct *distinct, uint64_t hash, uint64_t now_ns);
/* Forgets a value before its time (a session that ended). */
void distinct__forget(struct distinct *distinct, uint64_t hash);
/* How many were seen within the window. Drops the others. */
uint32_t distinct__count(struct distinct *distinct, uint64_t now_ns);

/* Two counts over the last `length`, in 60 slots: exact to a sixtieth of the window. */
#define SHARE_SLOTS 60
struct share {
	uint64_t length_ns;
	uint64_t slot_ns; /* beginning of the newest slot */
	uint32_t newest;
	uint32_t all[SHARE_SLOTS], part[SHARE_SLOTS];
};

void share__init(struct share *share, uint64_t length_ns);
void share__add(struct share *share, bool part, uint64_t now_ns);
/* In percent; -1 where nothing was counted within the window. */
double share__percent(struct share *share, uint64_t now_ns);

#endif
