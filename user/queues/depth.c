/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "queues/depth.h"

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Might the server have carried `later` out before the other, seen earlier? */
static bool overlap(const struct moment *earlier, const struct moment *later)
{
	return earlier->connection != later->connection && later->start_ns <= earlier->end_ns &&
	       earlier->start_ns <= later->end_ns;
}

/* ---- the range ---- */

static bool meet(struct depth_range *range, const struct depth_range *other)
{
	struct depth_range both = {most(range->low, other->low), least(range->high, other->high)};

	if (both.low > both.high)
		return false;
	*range = both;
	return true;
}

static void narrow(struct depth *d, const struct depth_range *range)
{
	if (d->known && meet(&d->before, range))
		return;
	d->contradictions += d->known;
	d->before = *range;
	d->known = true;
}

/* Takes in what was told long enough ago that no change can overlap it any more. */
static void settle(struct depth *d, uint64_t now_ns)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < d->told_count; i++) {
		if (d->told[i].moment.end_ns + DEPTH_WAIT_NS < now_ns)
			narrow(d, &d->told[i].range);
		else
			d->told[kept++] = d->told[i];
	}
	d->told_count = kept;
}

/* ---- what is seen ---- */

static void remember(struct depth *d, int64_t delta, const struct moment *moment)
{
	d->net += delta;
	d->recent[d->next++ % DEPTH_RECENT] = (struct depth_change){*moment, delta};
}

void depth__change(struct depth *d, int64_t delta, const struct moment *moment)
{
	settle(d, moment->end_ns);
	if (!delta)
		return;
	for (uint32_t i = 0; i < d->told_count; i++) {
		struct depth_told *t = &d->told[i];

		if (!overlap(&t->moment, moment))
			continue; /* carried out after it */
		t->range.low -= most(delta, 0);
		t->range.high -= least(delta, 0);
	}
	remember(d, delta, moment);
}

/* False where more changes may overlap than are remembered. */
static bool weigh(const struct depth *d, const struct moment *moment, struct depth_range *range)
{
	uint32_t count = d->next < DEPTH_RECENT ? d->next : DEPTH_RECENT;
	bool all = d->next <= DEPTH_RECENT;

	for (uint32_t i = 1; i <= count; i++) {
		const struct depth_change *c = &d->recent[(d->next - i) % DEPTH_RECENT];

		if (c->moment.end_ns + DEPTH_WAIT_NS < moment->start_ns)
			return true;
		if (!overlap(&c->moment, moment))
			continue; /* carried out before it */
		range->low += least(c->delta, 0);
		range->high += most(c->delta, 0);
	}
	if (all)
		return true;
	return d->recent[d->next % DEPTH_RECENT].moment.end_ns < moment->start_ns;
}

void depth__told(struct depth *d, int64_t length, int64_t delta, const struct moment *moment)
{
	struct depth_range range;
	bool sure;

	depth__change(d, 0, moment);
	range.low = range.high = length - delta - d->net;
	sure = weigh(d, moment, &range);
	depth__change(d, delta, moment);
	if (sure && d->told_count < DEPTH_TOLD)
		d->told[d->told_count++] = (struct depth_told){*moment, range};
}

static void widen(struct depth_range *range, int64_t delta)
{
	range->low += least(delta, 0);
	range->high += most(delta, 0);
}

void depth__perhaps(struct depth *d, int64_t delta)
{
	widen(&d->before, delta);
	for (uint32_t i = 0; i < d->told_count; i++)
		widen(&d->told[i].range, delta);
}

void depth__unsure(struct depth *d)
{
	d->known = false;
	d->told_count = 0;
}

bool depth__get(struct depth *d, uint64_t now_ns, int64_t *length, int64_t *slack)
{
	struct depth_range range;
	bool known;

	settle(d, now_ns);
	known = d->known;
	range = d->before;
	for (uint32_t i = 0; i < d->told_count; i++)
		if (!known || !meet(&range, &d->told[i].range)) {
			range = d->told[i].range;
			known = true;
		}
	range.low = most(range.low + d->net, 0);
	range.high = most(range.high + d->net, 0);
	*length = (range.low + range.high) / 2;
	*slack = range.high - *length;
	return known;
}
