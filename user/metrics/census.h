/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How many connections each service has, and what they are doing, counted anew for a snapshot. */
#ifndef SONDE_CENSUS_H
#define SONDE_CENSUS_H

#include <stdbool.h>
#include <stdint.h>
#include "connection.h"
#include "metrics/catalogue.h"
#include "metrics/health.h"

struct metrics;
struct series;

enum census_state {
	CENSUS_NONE,
	CENSUS_COUNTING, /* no series may go meanwhile */
	CENSUS_COUNTED
};

struct census {
	enum census_state state;
	struct round round;
	struct stalls stalls;
	uint64_t longest_ns; /* that one of its steps held up the drain for */
	struct {
		uint32_t service;
		struct series *series; /* NULL: none looked up yet */
	} last[GROUP_COUNT][SIDE_COUNT];
};

/* Goes on with so many buckets of connections; true: all are counted. */
bool census__step(struct metrics *metrics, uint32_t buckets);
/* All that is not counted yet. The next one begins anew. */
void census__take(struct metrics *metrics);

#endif
