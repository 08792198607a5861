/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The records of the ring and of the CPUs' areas in one order, that of their times.
 *
 * What must hold: a record of a call that had ended before another call began is told before the
 * other's. Each takes its time within its call, so order by time does it, if of what is told
 * nothing that ended before it began is still out of sight. So a drain
 *   1. takes the time (the caller, `now_ns`),
 *   2. looks where the areas end; a record that is being written there is waited for,
 *   3. looks where the ring ends, after the areas, and waits until all in front of it is finished,
 *   4. tells what is not younger than the time of 1, by time, from wherever it is.
 * Let A have ended before B began, and B be told. If A is in an area, it took its time, which is
 * less than B's and so than that of 1, while it owned the area: the look of 2 finds it. If A is in
 * the ring, it was finished there when B began, and so is in front of the end that was looked for
 * after B was seen in an area, or of B itself in the ring: the look of 3 finds it, whenever it took
 * its time. (Times of the ring are taken before or after its place is reserved, those of a long
 * call's further records with the first one.) A record that is seen later though it is older than
 * what was told has not ended before that began: so it was in flight together with it.
 */
#ifndef SONDE_MERGE_H
#define SONDE_MERGE_H

#include <stdbool.h>
#include <stdint.h>
#include "capture/areas.h"
#include "capture/ring.h"

struct merge;

/* What is a drain's turn: records of one area in a row, as far as they are `until` old. */
struct merge_run {
	struct merge *merge;
	const uint8_t *data;
	uint64_t at, end, lap, until;
	uint32_t left;
};

/* `areas` may be NULL; both stay the caller's. 0 or -errno. */
int merge__open(struct ring *ring, struct areas *areas, struct merge **out);
void merge__close(struct merge *merge); /* tolerates NULL */

/*
 * A drain of at most `max` records (0: all that are there now). `now_ns` (CLOCK_MONOTONIC) was
 * taken just before. 0, and merge__next is to be called until it returns NULL; -EAGAIN: a record is
 * being written and does not get done.
 */
int merge__begin(struct merge *merge, uint32_t max, uint64_t now_ns, struct merge_run *run);
const struct event *merge__turn(struct merge_run *run); /* merge__next's, at the end of a run */
int merge__told(const struct merge *merge);		/* records of the last drain */

/* It is readable, `size` bytes of it, until the next call. */
static inline const struct event *merge__next(struct merge_run *run)
{
	const struct event *event;

	if (!run->left || run->at == run->end)
		return merge__turn(run);
	event = (const struct event *)(run->data + (run->at & run->lap));
	if (event->time_ns > run->until)
		return merge__turn(run);
	run->at = areas__behind(run->at, event->size, run->lap);
	run->left--;
	return event;
}

#endif
