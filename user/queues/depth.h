/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many jobs wait in a list of Redis, from the commands seen to change it and from the replies
 * that tell its length.
 *
 * The changes add up whatever the order they are seen in; only what was there before the first of
 * them is unknown. A reply that tells the length tells it too, but for the changes that were on
 * their way at the same time: whether the server made them before or after cannot be seen. So each
 * such reply yields an interval, never a wrong number; what all intervals have in common is soon a
 * single one. An interval that has nothing in common with the others means that the list was
 * changed by what is not seen: then the newest one counts.
 */
#ifndef SONDE_QUEUES_DEPTH_H
#define SONDE_QUEUES_DEPTH_H

#include <stdbool.h>
#include <stdint.h>

#define DEPTH_RECENT 64 /* changes held against which a told length is weighed */
#define DEPTH_TOLD   16 /* told lengths that wait for changes still on their way */
#define DEPTH_WAIT_NS                                                                              \
	200000000ull /* a command answered so much later than another came after it                \
		      */

/* When the server carried a command out: somewhere between these two. */
struct moment {
	uint64_t start_ns, end_ns;
	uint64_t connection; /* commands of one connection are carried out in their order */
};

struct depth_change {
	struct moment moment;
	int64_t delta;
};

/* What was there before everything that was seen, at least and at most. */
struct depth_range {
	int64_t low, high;
};

struct depth_told {
	struct moment moment;
	struct depth_range range;
};

struct depth {
	int64_t net; /* all changes seen */
	bool known;
	struct depth_range before;
	struct depth_change recent[DEPTH_RECENT];
	uint32_t next;
	struct depth_told told[DEPTH_TOLD];
	uint32_t told_count;
	uint64_t contradictions;
};

void depth__change(struct depth *depth, int64_t delta, const struct moment *moment);
/* A reply told the length, its own change (delta, 0 of one that only asks) included. */
void depth__told(struct depth *depth, int64_t length, int64_t delta, const struct moment *moment);
/* It may have been changed by so much, or not at all. */
void depth__perhaps(struct depth *depth, int64_t delta);
/* It was changed by nobody knows how much. */
void depth__unsure(struct depth *depth);
/*
 * False while nothing told. *slack: by how much the length may be off to either side, as commands
 * overlapped; 0 mostly.
 */
bool depth__get(struct depth *depth, uint64_t now_ns, int64_t *length, int64_t *slack);

#endif
