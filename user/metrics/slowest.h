/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which of many timed things to keep: the slowest of the last minutes, a few of each kind, so that
 * none hides the others. It chooses places in an array that its user has. No allocation; one look
 * at a table where a kind's slowest are kept already.
 */
#ifndef SONDE_SLOWEST_H
#define SONDE_SLOWEST_H

#include <stdbool.h>
#include <stdint.h>

#define SLOWEST_MAX	128 /* places, at most */
#define SLOWEST_OF_KIND 4
#define SLOWEST_KEPT_NS 600000000000ull
#define REFUSALS	64

struct slowest_one {
	uint64_t kind; /* a number of route, statement or command; never 0 */
	uint64_t end_ns, length_ns;
};

/* Ones of this kind need not be looked at unless they took longer. */
struct refusal {
	uint64_t kind; /* 0: none */
	uint64_t least_ns;
	uint64_t until_ns; /* then one of those that are slower is over */
};

struct slowest {
	struct slowest_one one[SLOWEST_MAX];
	uint32_t count, max;		  /* max: 1 to SLOWEST_MAX, set by the user; else 0 */
	struct refusal refusal[REFUSALS]; /* by a hash of the kind */
};

/* The place that is this one's from now on, 0 to max - 1; -1: others are slower. */
int slowest__place(struct slowest *slowest, const struct slowest_one *one);
/* Whether what is at a place is too old to be told. */
bool slowest__is_over(const struct slowest *slowest, uint32_t place, uint64_t now_ns);

#endif
