/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "metrics/recall.h"

#include "metrics/series.h"

uint64_t recall__generation(void)
{
	static _Thread_local uint64_t newest;

	return ++newest;
}

void recall__learn(struct recall *r, uint64_t generation, const struct recall_key *key,
		   struct series *const series[RECALL_MAX])
{
	*r = (struct recall){.generation = series[0] ? generation : 0, .key = *key};
	for (int i = 0; i < RECALL_MAX; i++) {
		r->series[i] = series[i];
		if (series[i] && series[i]->key.other)
			r->generation = 0;
	}
}
