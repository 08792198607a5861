/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether two metrics have counted the same, series by series. */
#ifndef SONDE_TEST_SAME_SERIES_H
#define SONDE_TEST_SAME_SERIES_H

#include <math.h>
#include <stdbool.h>
#include <string.h>
#include "metrics/internal.h"

static inline bool same_histogram(const struct histogram *a, const struct histogram *b)
{
	if (!a || !b)
		return a == b;
	/* several at once are added up in another order */
	return a->bounds == b->bounds && a->count == b->count &&
	       fabs(a->sum - b->sum) <= 1e-12 * fabs(a->sum) && a->max == b->max &&
	       a->sketch_first == b->sketch_first && a->sketch_length == b->sketch_length &&
	       memcmp(a->bucket, b->bucket, (a->bounds->count + 1) * sizeof(a->bucket[0])) == 0 &&
	       (!a->sketch_length ||
		memcmp(a->sketch, b->sketch, a->sketch_length * sizeof(*a->sketch)) == 0);
}

static inline bool same_window(const struct window *a, const struct window *b)
{
	if (!a || !b)
		return a == b;
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool same_one(const struct series *a, const struct series *b)
{
	for (int i = 0; i < DISTRIBUTION_COUNT; i++)
		if (!same_histogram(a->distribution[i], b->distribution[i]))
			return false;
	return key__equals(&a->key, &b->key) && a->used_ns == b->used_ns &&
	       memcmp(a->counter, b->counter, sizeof(a->counter)) == 0 &&
	       same_window(a->window, b->window);
}

static inline bool same_series(const struct metrics *a, const struct metrics *b)
{
	for (int group = 0; group < GROUP_COUNT; group++)
		for (int side = 0; side < SIDE_COUNT; side++) {
			const struct table *x = &a->table[group][side], *y = &b->table[group][side];

			if (x->count != y->count || x->overflowed != y->overflowed)
				return false;
			for (uint32_t i = 0; i < x->count; i++)
				if (!same_one(x->list[i], y->list[i]))
					return false;
		}
	return true;
}

static inline bool same_pools(const struct pools *a, const struct pools *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (memcmp(a->pool[i], b->pool[i], sizeof(*a->pool[i])) != 0)
			return false;
	return true;
}

#endif
