/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "histogram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "compiler.h"

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
	histogram->max = -INFINITY;
	return histogram;
}

void histogram__free(struct histogram *histogram)
{
	if (!histogram)
		return;
	free(histogram->sketch);
	free(histogram);
}

const uint64_t octave_fraction[BUCKETS_PER_OCTAVE + 1] = {
	0,
	0x172b83c7d517b,
	0x306fe0a31b715,
	0x4bfdad5362a27,
	0x6a09e667f3bcd,
	0x8ace5422aa0db,
	0xae89f995ad3ad,
	0xd5818dcfba487,
	FRACTION,
};

const uint8_t octave_sixteenth[16] = {0, 1, 2, 2, 3, 4, 4, 5, 5, 6, 6, 7, 7, 7, 8, 8};

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

struct place bounds__place(const struct bounds *bounds, double value)
{
	return (struct place){.value = value,
			      .bucket = bounds__below(bounds, value, 0),
			      .index = bounds->sketched ? sketch__index(value) : 0};
}

void scale__init(struct scale *scale, const struct bounds *bounds)
{
	double least;

	*scale = (struct scale){.bounds = bounds};
	for (int i = 1; i < SCALE_OCTAVES; i++) {
		least = sketch__bound(SKETCH_MIN + i * BUCKETS_PER_OCTAVE - 1);
		scale->below[i] = (uint8_t)bounds__below(bounds, least, 0);
	}
}

COLD void histogram__count_new(struct histogram *histogram, const struct place *place,
			       uint32_t times)
{
	sketch_count(histogram, place->index, times);
}

void histogram__observe(struct histogram *histogram, double value)
{
	struct place place = bounds__place(histogram->bounds, value);

	histogram__count(histogram, &place, 1);
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
