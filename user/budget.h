/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which share of the connections is observed so that all that sonde costs stays within a budget: a
 * controller without clock and I/O. The share is halved at once as often as it takes, and doubled
 * one step at a time, when it was calm for a while.
 */
#ifndef SONDE_BUDGET_H
#define SONDE_BUDGET_H

#include <stdint.h>

#define BUDGET_LEVELS 11 /* shares 1, 1/2 ... 1/1024 */

struct budget {
	double share;	    /* of one core, that may be used: 0.02 is 2 % */
	double used;	    /* of one core, smoothed */
	unsigned level;	    /* the share observed is 1 / 2^level */
	unsigned seconds;   /* since the level changed, or used was last too much or too little */
	unsigned waiting;   /* seconds to pass before a change takes effect on `used` */
	unsigned patience;  /* seconds of calm before the next try to observe more */
	unsigned since_try; /* seconds since the last one */
};

void budget__init(struct budget *budget, double share);
/*
 * A second or so has passed, in which that share of one core was used. 1: the level has changed,
 * 0: not.
 */
int budget__step(struct budget *budget, double used);
/* Share of the connections, from 1 to 1/1024. */
double budget__rate(const struct budget *budget);

#endif
