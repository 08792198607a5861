/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A sliding window of five minutes: how much was counted in it, and what part of that was of some
 * kind. */
#ifndef SONDE_WINDOW_H
#define SONDE_WINDOW_H

#include <stdint.h>

#define WINDOW_SLOT_NS 5000000000ULL
#define WINDOW_SLOTS   60

struct window {
	uint64_t newest; /* number of the newest slot: time / WINDOW_SLOT_NS */
	uint64_t end_ns; /* of it; 0 before the first */
	uint64_t at;	 /* its place in the arrays */
	uint64_t part_sum, total_sum;
	uint32_t part[WINDOW_SLOTS];
	uint32_t total[WINDOW_SLOTS];
};

/* Lets go of what is older than five minutes at now_ns. */
void window__advance(struct window *window, uint64_t now_ns);
/* The same of the newest `slots` slots; advance it first. */
void window__recent(const struct window *window, uint32_t slots, uint64_t *part, uint64_t *total);

static inline void window__add(struct window *window, uint64_t now_ns, uint32_t part,
			       uint32_t total)
{
	if (now_ns >= window->end_ns)
		window__advance(window, now_ns);
	window->part[window->at] += part;
	window->total[window->at] += total;
	window->part_sum += part;
	window->total_sum += total;
}

#endif
