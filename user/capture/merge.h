/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The records of the ring and of the CPUs' areas in one order, that of their times.
 *
 * What must hold: a record of a call that had ended before another call began is told before the
 * other's. Each takes its time within its call, so order by time does it, if nothing is told while
 * something older may still come. So a round
 *   1. takes the time (the caller, `now_ns`),
 *   2. looks where the areas end; one in which a record is being written is waited for. Whatever is
 *      written later took its time later (the areas' times are taken by their owners);
 *   3. lists the ring, after the areas: what happened before a record that was seen there is in it;
 *   4. tells what is not younger than the time of 1.
 * In the ring times may be out of order by a little, for there they are taken before or after the
 * reservation. So each record there counts as no later than any behind it.
 */
#ifndef SONDE_MERGE_H
#define SONDE_MERGE_H

#include <stdbool.h>
#include <stdint.h>
#include "capture/areas.h"
#include "capture/ring.h"

struct merge;

/* `areas` may be NULL; both stay the caller's. 0 or -errno. */
int merge__open(struct ring *ring, struct areas *areas, struct merge **out);
void merge__close(struct merge *merge); /* tolerates NULL */
/*
 * Hands over at most `max` records (0: all that are there now). `now_ns` (CLOCK_MONOTONIC) was
 * taken just before. Returns how many; -EAGAIN: one is being written and does not get done.
 */
int merge__drain(struct merge *merge, uint32_t max, uint64_t now_ns,
		 void (*take)(void *context, const void *record, uint32_t size), void *context);

#endif
