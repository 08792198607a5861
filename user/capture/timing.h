/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * When the kernel is asked to time our programs. Asking patches its code, and timing costs as much
 * as a small program: so it is a second in a minute, less where there are many records, and one
 * more where the records that come say that the last one is no measure of now. Who keeps a budget
 * by it has a tenth of each second.
 */
#ifndef SONDE_CAPTURE_TIMING_H
#define SONDE_CAPTURE_TIMING_H

#include <stdbool.h>
#include <stdint.h>

#define TIMING_ENOUGH 20000

struct timing {
	uint64_t look_ns;   /* from one look at the records to the next */
	uint64_t most_ns;   /* from the beginning of a measurement to the next one's, at most */
	uint64_t window_ns; /* of a measurement, at most */
	uint64_t least_ns;  /* at least, then TIMING_ENOUGH records are enough */
	uint64_t begun_ns, begun_records; /* the newest one; 0: none yet */
	uint64_t looked_ns, looked_records;
	double rate; /* records a nanosecond in the newest one */
	bool runs;
};

enum timing_step {
	TIMING_REST,
	TIMING_LOOK,  /* nothing to measure, but some time has passed */
	TIMING_BEGIN, /* from now on it is timed */
	TIMING_END,   /* no more */
};

void timing__init(struct timing *t, bool closely);
/* What is to be done; then it counts as done. `records`: all so far. Times are CLOCK_MONOTONIC's.
 */
enum timing_step timing__step(struct timing *t, uint64_t now_ns, uint64_t records);

#endif
