/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "shares/timeline.h"

#include <string.h>

const char *where__name(enum where where)
{
	static const char *const names[] = {
		[WHERE_QUEUE] = "queue",
		[WHERE_SELF] = "self",
		[WHERE_POSTGRES] = "postgres",
		[WHERE_REDIS] = "redis",
		[WHERE_HTTP] = "http",
		[WHERE_SEVERAL] = "several",
		[WHERE_UNATTRIBUTED] = "unattributed",
	};

	return where < WHERE_COUNT ? names[where] : "other";
}

void timeline__begin(struct timeline *t, uint64_t start_ns)
{
	memset(t, 0, sizeof(*t));
	t->position_ns = start_ns;
}

/* Where the instant is, and until when it stays so. */
static enum where place(const struct timeline *t, uint64_t at_ns, uint64_t *until_ns)
{
	enum where found = WHERE_SELF;

	for (enum where kind = WHERE_POSTGRES; kind < WHERE_COUNT; kind++) {
		if (t->until_ns[kind] <= at_ns)
			continue;
		if (t->until_ns[kind] < *until_ns)
			*until_ns = t->until_ns[kind];
		if (found == WHERE_SELF)
			found = kind;
		else if (kind != WHERE_UNATTRIBUTED) /* beside a certain call nothing is added */
			found = WHERE_SEVERAL;
	}
	return found;
}

static void advance(struct timeline *t, uint64_t to_ns)
{
	while (t->position_ns < to_ns) {
		uint64_t until_ns = to_ns;
		enum where where = place(t, t->position_ns, &until_ns);

		t->ns[where] += until_ns - t->position_ns;
		t->position_ns = until_ns;
	}
}

static void take_late(struct timeline *t, uint64_t length_ns)
{
	uint64_t moved = length_ns < t->ns[WHERE_SELF] ? length_ns : t->ns[WHERE_SELF];

	t->ns[WHERE_SELF] -= moved;
	t->ns[WHERE_UNATTRIBUTED] += moved;
}

void timeline__take(struct timeline *t, enum where kind, uint64_t start_ns, uint64_t end_ns)
{
	if (end_ns <= start_ns)
		return;
	if (start_ns < t->position_ns)
		take_late(t, (end_ns < t->position_ns ? end_ns : t->position_ns) - start_ns);
	else
		advance(t, start_ns);
	if (end_ns > t->until_ns[kind])
		t->until_ns[kind] = end_ns;
}

void timeline__end(struct timeline *t, uint64_t end_ns)
{
	advance(t, end_ns);
}
