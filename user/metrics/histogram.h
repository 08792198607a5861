/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One distribution, kept twice: exact counts in the classic bounds that SPEC.md fixes (a value
 * equal to a bound belongs in that `le`), and, where the bounds ask for it, a sketch of eight
 * buckets per power of two for percentiles. The sketch holds only the octaves that values fell into
 * (and those between).
 */
#ifndef SONDE_HISTOGRAM_H
#define SONDE_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Sketch bucket k holds values in (2^((k-1)/8), 2^(k/8)] of the unit (ms, s, bytes): the
 * exponential buckets of Prometheus' native histograms, schema 3. Values below the lowest go to
 * SKETCH_MIN, above to SKETCH_MAX.
 */
#define SKETCH_MIN   (-96)
#define SKETCH_MAX   160
#define SKETCH_COUNT (SKETCH_MAX - SKETCH_MIN + 1)

#define BUCKETS_PER_OCTAVE 8

/* The 52 bits behind the point of a number (IEEE 754 binary64). */
#define FRACTION_BITS 52
#define FRACTION      ((1ull << FRACTION_BITS) - 1)

/* Those of the octave's buckets, how many of these lie below where a sixteenth of it begins, and
 * one more may lie within. */
extern const uint64_t octave_fraction[BUCKETS_PER_OCTAVE + 1];
extern const uint8_t octave_sixteenth[16];

/* Index of a value's sketch bucket, by the bits of the number: this is done for each exchange. */
static inline int sketch__index(double value)
{
	uint64_t bits, fraction;
	int index, part;

	if (!(value > 0))
		return SKETCH_MIN;
	memcpy(&bits, &value, sizeof(bits));
	fraction = bits & FRACTION;
	part = octave_sixteenth[fraction >> (FRACTION_BITS - 4)];
	part += fraction > octave_fraction[part];
	index = ((int)(bits >> FRACTION_BITS) - 1023) * BUCKETS_PER_OCTAVE + part;
	if (index < SKETCH_MIN)
		return SKETCH_MIN;
	return index > SKETCH_MAX ? SKETCH_MAX : index;
}

struct bounds {
	const char *const *text; /* as exposed: "0.05" */
	const double *value;	 /* ascending */
	size_t count;
	bool sketched; /* keep the sketch, too */
};

struct histogram {
	const struct bounds *bounds;
	uint64_t count;
	double sum;
	double max;	      /* -INFINITY while there is none */
	uint64_t *sketch;     /* counts of the buckets sketch_first ...; owned; NULL while empty */
	int16_t sketch_first; /* SKETCH_MIN plus a multiple of 8 */
	uint16_t sketch_length; /* a multiple of 8, but for the bucket SKETCH_MAX */
	uint64_t bucket[]; /* bounds->count + 1, not cumulative; the last is above every bound */
};

struct histogram *histogram__new(const struct bounds *bounds); /* NULL: no memory */
void histogram__free(struct histogram *histogram);	       /* NULL is fine */
/* Bytes of the struct with its buckets, the sketch not counted. */
size_t histogram__size(const struct bounds *bounds);

/* A value, and where it is counted in every histogram of the same bounds. */
struct place {
	double value;
	uint32_t bucket;
	int32_t index; /* of the sketch; 0 where the bounds keep none */
};

struct place bounds__place(const struct bounds *bounds, double value);

/* How many bounds lie below the value, `from` of them at least. */
static inline uint32_t bounds__below(const struct bounds *bounds, double value, uint32_t from)
{
	while (from < bounds->count && value > bounds->value[from])
		from++;
	return from;
}

/* Bounds with a sketch, of which many values are counted: where to begin, by the sketch's octave.
 */
#define SCALE_OCTAVES ((SKETCH_COUNT + BUCKETS_PER_OCTAVE - 1) / BUCKETS_PER_OCTAVE)
struct scale {
	const struct bounds *bounds;
	uint8_t below[SCALE_OCTAVES]; /* bounds that are below all of the octave */
};

void scale__init(struct scale *scale, const struct bounds *bounds);

/* The same as bounds__place yields. */
static inline struct place scale__place(const struct scale *scale, double value)
{
	int index = sketch__index(value);
	uint32_t at = (uint32_t)(index - SKETCH_MIN) / BUCKETS_PER_OCTAVE;

	return (struct place){.value = value,
			      .bucket = bounds__below(scale->bounds, value, scale->below[at]),
			      .index = index};
}

/* For histogram__count: counts in an octave that is not held yet. */
void histogram__count_new(struct histogram *histogram, const struct place *place, uint32_t times);

/* The value, so many times. Allocates only when it falls into an octave that was not held before.
 */
static inline void histogram__count(struct histogram *h, const struct place *place, uint32_t times)
{
	uint32_t at = (uint32_t)(place->index - h->sketch_first);

	h->bucket[place->bucket] += times;
	h->sum += place->value * times;
	if (place->value > h->max)
		h->max = place->value;
	h->count += times;
	if (at < h->sketch_length)
		h->sketch[at] += times;
	else if (h->bounds->sketched)
		histogram__count_new(h, place, times);
}

void histogram__observe(struct histogram *histogram, double value);
/* Both have the same bounds. */
void histogram__add(struct histogram *to, const struct histogram *from);

/* A sketch bucket's upper bound. */
double sketch__bound(int index);
/*
 * The value below which the share q (0..1) lies, interpolated, from the counts of `length` buckets
 * beginning with bucket `first`; NAN when they are all 0.
 */
double sketch__quantile(const uint64_t *counts, int first, size_t length, double q);

#endif
