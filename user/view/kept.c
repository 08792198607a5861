/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/kept.h"

#include <string.h>

void kept__add(struct kept *k, json_t *exchange, int64_t offset_ns)
{
	struct kept_row *row = &k->row[(k->first + k->count) % KEPT_MAX];

	if (k->count == KEPT_MAX) {
		json_decref(row->exchange);
		k->first = (k->first + 1) % KEPT_MAX;
	} else {
		k->count++;
	}
	*row = (struct kept_row){++k->added, offset_ns, exchange};
}

const struct kept_row *kept__get(const struct kept *k, size_t index)
{
	return &k->row[(k->first + index) % KEPT_MAX];
}

void kept__move(struct kept *to, struct kept *from)
{
	uint64_t gone = from->added - from->count; /* before they could be moved */

	to->added += gone;
	for (size_t i = 0; i < from->count; i++) {
		const struct kept_row *row = kept__get(from, i);

		kept__add(to, row->exchange, row->offset_ns);
	}
	to->missed += from->missed;
	memset(from, 0, sizeof(*from));
}

void kept__copy(struct kept *to, const struct kept *from)
{
	*to = *from;
	for (size_t i = 0; i < from->count; i++)
		json_incref(kept__get(from, i)->exchange);
}

void kept__clear(struct kept *k)
{
	for (size_t i = 0; i < k->count; i++)
		json_decref(kept__get(k, i)->exchange);
	memset(k, 0, sizeof(*k));
}
