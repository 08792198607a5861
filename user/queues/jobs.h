/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Jobs that were taken and are not done, known by the keyed hash of what names them. Several may
 * have one hash (the same text twice in a list): the oldest of them ends first, so their number and
 * the sum of their times are right.
 */
#ifndef SONDE_QUEUES_JOBS_H
#define SONDE_QUEUES_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#define JOBS_MAX 65536 /* at once; further ones are not followed, but `refused` is counted */

struct job {
	uint64_t hash;	     /* 0: an empty place */
	uint64_t link;	     /* the kind's own: another name's hash */
	uint64_t taken_ns;   /* 0: not taken, known for another reason */
	uint64_t started_ns; /* 0: not told yet */
	uint64_t worker;     /* identity of who took it; 0 unknown */
	uint8_t flags;	     /* the kind's own */
};

struct jobs {
	struct job *at; /* open addressing, at most half full; NULL while it was never used */
	uint32_t capacity, count;
	uint64_t refused, expired;
};

void jobs__clear(struct jobs *jobs);
/* One more with this hash, zeroed but for it; good until the next call. NULL: no room. */
struct job *jobs__add(struct jobs *jobs, uint64_t hash);
/* The oldest of those with this hash; NULL: none. */
struct job *jobs__find(const struct jobs *jobs, uint64_t hash);
void jobs__remove(struct jobs *jobs, struct job *job);
/* Tells of each and drops those for which `gone` says so. */
void jobs__sweep(struct jobs *jobs, bool (*gone)(void *context, const struct job *job),
		 void *context);

#endif
