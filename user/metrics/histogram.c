/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "histogram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_PER_OCTAVE 8

/* 2^(j/8): where the buckets of one octave begin. */
static const double octave[BUCKETS_PER_OCTAVE] = {
	1.0,
	1.0905077326652577,
	1.1892071150027210,
	1.2968395546510096,
	1.4142135623730951,
	1.5422108254079407,
	1.6817928305074290,
	1.8340080864093424,
};

size_t histogram__size(const struct bounds *bounds)
{
	return sizeof(struct histogram) + (bounds->count + 1) * sizeof(uint64_t);
}

struct histogram *histogram__new(const struct bounds *bounds)
{
	struct histogram *histogram = calloc(1, histogram__size(bounds));

	if (!histogram)
		return NULL;
	histogram->bounds = bounds;
	histogram->newest = NAN;
	return histogram;
}

void histogram__free(struct histogram *histogram)
{
	if (!histogram)
		return;
	free(histogram->sketch);
	free(histogram);
}

/* How many of the eight begin below the mantissa, 1 <= mantissa < 2. */
static int begun(double mantissa)
{
	int j = octave[3] < mantissa ? 4 : 0;

	j += octave[j + 1] < mantissa ? 2 : 0;
	j += octave[j] < mantissa;
	return j < BUCKETS_PER_OCTAVE - 1 ? j : j + (octave[j] < mantissa);
}

/* By the bits of the number (IEEE 754 binary64): this is done several times an exchange. */
int sketch__index(double value)
{
	uint64_t bits;
	double mantissa;
	int index;

	if (!(value > 0))
		return SKETCH_MIN;
	if (isinf(value))
		return SKETCH_MAX;
	memcpy(&bits, &value, sizeof(bits));
	index = ((int)(bits >> 52) - 1023) * BUCKETS_PER_OCTAVE;
	bits = (bits & 0xfffffffffffffull) | 1023ull << 52;
	memcpy(&mantissa, &bits, sizeof(mantissa));
	index += begun(mantissa);
	if (index < SKETCH_MIN)
		return SKETCH_MIN;
	return index > SKETCH_MAX ? SKETCH_MAX : index;
}

double sketch__bound(int index)
{
	int rest = index & (BUCKETS_PER_OCTAVE - 1);

	return ldexp(octave[rest], (index - rest) / BUCKETS_PER_OCTAVE);
}

static int octave_first(int index)
{
	return index - ((index - SKETCH_MIN) & (BUCKETS_PER_OCTAVE - 1));
}

static int octave_end(int index)
{
	int end = octave_first(index) + BUCKETS_PER_OCTAVE;

	return end > SKETCH_MAX + 1 ? SKETCH_MAX + 1 : end;
}

/* Makes room for the buckets first .. last; false: no memory, nothing changed. */
static bool sketch_cover(struct histogram *h, int first, int last)
{
	int from = octave_first(first), end = octave_end(last);
	uint64_t *counts;

	if (h->sketch_length && from > h->sketch_first)
		from = h->sketch_first;
	if (h->sketch_length && end < h->sketch_first + h->sketch_length)
		end = h->sketch_first + h->sketch_length;
	if (h->sketch_length == end - from)
		return true;
	counts = calloc((size_t)(end - from), sizeof(*counts));
	if (!counts)
		return false;
	if (h->sketch_length)
		memcpy(counts + (h->sketch_first - from), h->sketch,
		       h->sketch_length * sizeof(*counts));
	free(h->sketch);
	h->sketch = counts;
	h->sketch_first = (int16_t)from;
	h->sketch_length = (uint16_t)(end - from);
	return true;
}

/* Without memory for a new octave the value goes to the nearest bucket held: rather off than gone.
 */
static void sketch_count(struct histogram *h, int index, uint64_t count)
{
	int at;

	if (!sketch_cover(h, index, index) && !h->sketch_length)
		return;
	at = index - h->sketch_first;
	if (at < 0)
		at = 0;
	if (at >= h->sketch_length)
		at = h->sketch_length - 1;
	h->sketch[at] += count;
}

/* Where the newest values of some bounds belong: a duration is counted in several histograms. */
#define PLACES 4

static _Thread_local struct place {
	const struct bounds *bounds;
	double value;
	uint32_t bucket;
	int32_t index;
} places[PLACES];

static const struct place *place_of(const struct bounds *bounds, double value)
{
	struct place *p = &places[((uintptr_t)bounds / sizeof(*bounds)) % PLACES];

	if (p->bounds == bounds && p->value == value)
		return p;
	*p = (struct place){.bounds = bounds, .value = value};
	while (p->bucket < bounds->count && value > bounds->value[p->bucket])
		p->bucket++;
	if (bounds->sketched)
		p->index = sketch__index(value);
	return p;
}

/* A value that was counted before was compared with the maximum before. */
static void locate(struct histogram *histogram, double value)
{
	const struct place *p = place_of(histogram->bounds, value);

	histogram->newest = value;
	histogram->newest_bucket = p->bucket;
	histogram->newest_index = p->index;
	if (!histogram->count || value > histogram->max)
		histogram->max = value;
}

void histogram__observe_many(struct histogram *histogram, double value, uint32_t times)
{
	uint32_t at;

	if (value != histogram->newest)
		locate(histogram, value);
	histogram->bucket[histogram->newest_bucket] += times;
	histogram->count += times;
	histogram->sum += value * times;
	if (!histogram->bounds->sketched)
		return;
	at = (uint32_t)(histogram->newest_index - histogram->sketch_first);
	if (at < histogram->sketch_length)
		histogram->sketch[at] += times;
	else
		sketch_count(histogram, histogram->newest_index, times);
}

void histogram__observe(struct histogram *histogram, double value)
{
	histogram__observe_many(histogram, value, 1);
}

void histogram__add(struct histogram *to, const struct histogram *from)
{
	for (size_t i = 0; i <= to->bounds->count; i++)
		to->bucket[i] += from->bucket[i];
	if (from->count && (!to->count || from->max > to->max))
		to->max = from->max;
	to->count += from->count;
	to->sum += from->sum;
	for (int i = 0; i < from->sketch_length; i++)
		if (from->sketch[i])
			sketch_count(to, from->sketch_first + i, from->sketch[i]);
}

/* Within a bucket the values are taken as spread evenly on the logarithmic scale. */
static double interpolate(int index, double share)
{
	double low = sketch__bound(index - 1);

	return low * pow(sketch__bound(index) / low, share);
}

double sketch__quantile(const uint64_t *counts, int first, size_t length, double q)
{
	double total = 0, rank, below = 0;
	size_t i, last = 0;

	for (i = 0; i < length; i++) {
		total += (double)counts[i];
		if (counts[i])
			last = i;
	}
	if (total <= 0)
		return NAN;
	rank = total * fmin(fmax(q, 0), 1);
	for (i = 0; i < last; i++) {
		if (counts[i] && below + (double)counts[i] >= rank)
			break;
		below += (double)counts[i];
	}
	return interpolate(first + (int)i, fmax(rank - below, 0) / (double)counts[i]);
}
