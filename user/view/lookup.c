/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/lookup.h"

#include <stdlib.h>

bool lookup__init(struct lookup *l, size_t count)
{
	size_t size = 4;

	while (size < count * 2) /* never full, so that every search ends */
		size *= 2;
	l->slot = calloc(size, sizeof(*l->slot));
	l->mask = l->slot ? size - 1 : 0;
	return l->slot;
}

void lookup__clear(struct lookup *l)
{
	free(l->slot);
	*l = (struct lookup){0};
}

static struct lookup_slot *find(const struct lookup *l, uint64_t id)
{
	size_t at = (size_t)(id ^ id >> 32) & l->mask;

	while (l->slot[at].value && l->slot[at].id != id)
		at = (at + 1) & l->mask;
	return &l->slot[at];
}

void lookup__put(struct lookup *l, uint64_t id, const void *value)
{
	struct lookup_slot *slot = l->slot ? find(l, id) : NULL;

	if (slot && !slot->value)
		*slot = (struct lookup_slot){id, value};
}

const void *lookup__get(const struct lookup *l, uint64_t id)
{
	return l->slot ? find(l, id)->value : NULL;
}
