/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "window.h"

static void drop(struct window *window, uint64_t number)
{
	uint64_t at = number % WINDOW_SLOTS;

	window->part_sum -= window->part[at];
	window->total_sum -= window->total[at];
	window->part[at] = 0;
	window->total[at] = 0;
}

void window__advance(struct window *window, uint64_t now_ns)
{
	uint64_t now;

	if (now_ns < window->end_ns)
		return;
	now = now_ns / WINDOW_SLOT_NS;
	window->end_ns = (now + 1) * WINDOW_SLOT_NS;
	if (now > window->newest + WINDOW_SLOTS)
		window->newest = now - WINDOW_SLOTS; /* every slot is dropped below, once */
	while (window->newest < now)
		drop(window, ++window->newest);
	window->at = now % WINDOW_SLOTS;
}

void window__recent(const struct window *window, uint32_t slots, uint64_t *part, uint64_t *total)
{
	*part = *total = 0;
	for (uint32_t i = 0; i < slots; i++) {
		uint64_t at = (window->newest + WINDOW_SLOTS - i) % WINDOW_SLOTS;

		*part += window->part[at];
		*total += window->total[at];
	}
}
