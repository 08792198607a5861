/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "metrics/slowest.h"

#include <stddef.h>

static bool is_over(const struct slowest_one *one, uint64_t now_ns)
{
	return one->end_ns + SLOWEST_KEPT_NS < now_ns;
}

bool slowest__is_over(const struct slowest *s, uint32_t place, uint64_t now_ns)
{
	return is_over(&s->one[place], now_ns);
}

/* Which of two makes room first: an old one, then the faster. */
static bool goes_before(const struct slowest_one *a, const struct slowest_one *b, uint64_t now_ns)
{
	if (!b || is_over(a, now_ns) != is_over(b, now_ns))
		return !b || is_over(a, now_ns);
	return a->length_ns < b->length_ns;
}

static struct refusal *refusal_of(struct slowest *s, uint64_t kind)
{
	return &s->refusal[kind * 0x9e3779b97f4a7c15ull >> 58];
}
_Static_assert(REFUSALS == 1 << (64 - 58), "the hash has as many bits");

static void allow(struct slowest *s, uint64_t kind)
{
	struct refusal *refusal = refusal_of(s, kind);

	if (refusal->kind == kind)
		refusal->kind = 0;
}

static bool is_refused(struct slowest *s, const struct slowest_one *one)
{
	const struct refusal *refusal = refusal_of(s, one->kind);

	return refusal->kind == one->kind && one->length_ns <= refusal->least_ns &&
	       one->end_ns < refusal->until_ns;
}

/* `first` is the one to make room, and is slower. What is kept becomes slower, until one is over.
 */
static void refuse(struct slowest *s, const struct slowest_one *one,
		   const struct slowest_one *first)
{
	uint64_t until_ns = UINT64_MAX;

	for (uint32_t i = 0; i < s->count; i++)
		if (s->one[i].end_ns < until_ns)
			until_ns = s->one[i].end_ns;
	*refusal_of(s, one->kind) =
		(struct refusal){one->kind, first->length_ns, until_ns + SLOWEST_KEPT_NS};
}

/* The one that makes room for this; NULL: a new place does. */
static struct slowest_one *first_to_go(struct slowest *s, const struct slowest_one *one)
{
	struct slowest_one *first = NULL, *of_kind = NULL;
	uint32_t alike = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		struct slowest_one *kept = &s->one[i];

		if (goes_before(kept, first, one->end_ns))
			first = kept;
		if (kept->kind != one->kind)
			continue;
		alike++;
		if (goes_before(kept, of_kind, one->end_ns))
			of_kind = kept;
	}
	if (alike >= SLOWEST_OF_KIND)
		return of_kind;
	return s->count < s->max ? NULL : first;
}

int slowest__place(struct slowest *s, const struct slowest_one *one)
{
	struct slowest_one *first;

	if (!s->max || is_refused(s, one))
		return -1;
	first = first_to_go(s, one);
	if (!first) {
		first = &s->one[s->count++];
	} else if (!is_over(first, one->end_ns) && first->length_ns >= one->length_ns) {
		refuse(s, one, first);
		return -1;
	} else {
		allow(s, first->kind); /* it has one less now */
	}
	*first = *one;
	return (int)(first - s->one);
}
