/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Latencies over time: how many exchanges of each octave of latency ended in each of the last
 * intervals, as logarithmic levels, so that one slow exchange among thousands is still seen.
 */
#ifndef SONDE_VIEW_HEAT_H
#define SONDE_VIEW_HEAT_H

#include <stdint.h>

struct view;
struct frame;
struct model_row;

#define HEAT_INTERVALS 64   /* which 80 columns have room for */
#define HEAT_FIRST     (-6) /* the lowest octave: all up to 2^-6 ms (16 us) */
#define HEAT_OCTAVES   21   /* the highest: all above 2^13 ms (8 s) */

struct heat {
	uint8_t level[HEAT_INTERVALS][HEAT_OCTAVES]; /* newest last; 0: none */
};

/* counts: SKETCH_COUNT of metrics/histogram.h, of the newest interval. */
void heat__set_newest(struct heat *heat, const uint64_t *counts);
/* Lets `before`'s intervals stand before the newest one. */
void heat__continue(struct heat *heat, const struct heat *before);
/*
 * From line y down to the footer, as much as there is room for, the rates below it; nothing where
 * all is empty.
 */
void heat__draw(const struct view *view, struct frame *frame, int y, const struct model_row *row);

#endif
