/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "metrics/pooler.h"

#include <stdlib.h>

static struct pooler *begin(struct pooler **place, uint32_t tgid)
{
	free(*place);
	*place = calloc(1, sizeof(**place));
	if (*place)
		(*place)->tgid = tgid;
	return *place;
}

static struct pooler *pooler_of(struct poolers *poolers, uint32_t tgid)
{
	struct pooler **oldest = &poolers->pooler[0];

	for (int i = 0; i < POOLERS_MAX; i++) {
		struct pooler *p = poolers->pooler[i];

		if (p && p->tgid == tgid)
			return p;
		if (*oldest && (!p || p->used_ns < (*oldest)->used_ns))
			oldest = &poolers->pooler[i];
	}
	return begin(oldest, tgid);
}

static void remember(struct pooler *pooler, const struct exchange *e)
{
	pooler->asked[pooler->next++ % POOLER_ASKED] =
		(struct asked){e->start_ns, e->end_ns, e->label};
}

/* The newest that was asked and answered within the time of the client's query: a pooler passes an
 * answer back at once. */
static struct asked *match(struct pooler *pooler, const struct exchange *e)
{
	for (uint32_t i = 1; i <= POOLER_ASKED; i++) {
		struct asked *asked = &pooler->asked[(pooler->next - i) % POOLER_ASKED];

		if (asked->end_ns && asked->label == e->label && asked->start_ns >= e->start_ns &&
		    asked->end_ns <= e->end_ns)
			return asked;
	}
	return NULL;
}

bool poolers__wait(struct poolers *poolers, const struct exchange *e, uint64_t *wait_ns)
{
	struct pooler *pooler = pooler_of(poolers, e->tgid);
	struct asked *asked;

	if (!pooler)
		return false;
	pooler->used_ns = e->end_ns;
	if (e->side == SIDE_CLIENT) {
		remember(pooler, e);
		return false;
	}
	asked = match(pooler, e);
	if (!asked)
		return false;
	*wait_ns = asked->start_ns - e->start_ns;
	asked->end_ns = 0;
	return true;
}

void poolers__clear(struct poolers *poolers)
{
	for (int i = 0; i < POOLERS_MAX; i++) {
		free(poolers->pooler[i]);
		poolers->pooler[i] = NULL;
	}
}
