/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "metrics/recall.h"

#include <string.h>
#include "connection.h"
#include "metrics/internal.h"

uint64_t recall__generation(void)
{
	static _Thread_local uint64_t newest;

	return ++newest;
}

static void use(struct recall *r, uint64_t now_ns)
{
	for (int i = 0; i < RECALL_MAX; i++)
		if (r->series[i])
			r->series[i]->used_ns = now_ns;
}

struct recall *recall__of(const struct metrics *m, const struct exchange *e, const struct key *key,
			  bool *known)
{
	struct recall *r = &((struct connection *)e->connection)->recall;
	uint64_t word[2];

	_Static_assert(offsetof(struct key, other) == 12, "keys without a text are two words");
	memcpy(word, key, sizeof(word));
	word[1] |= (uint64_t)(e->protocol << 8 | e->side) << 32; /* where `other` is, which is 0 */
	*known = r->generation == m->generation && r->key[0] == word[0] && r->key[1] == word[1];
	if (*known) {
		use(r, m->engine->now_ns);
		return r;
	}
	*r = (struct recall){.key = {word[0], word[1]}};
	return r;
}

/* What goes to `other` is counted as that each time it is looked up. */
void recall__learn(struct recall *r, const struct metrics *m)
{
	for (int i = 0; i < RECALL_MAX; i++)
		if (r->series[i] && r->series[i]->key.other)
			return;
	if (r->series[0])
		r->generation = m->generation;
}
