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

/*
 * Sketch bucket k holds values in (2^((k-1)/8), 2^(k/8)] of the unit (ms, s, bytes): the
 * exponential buckets of Prometheus' native histograms, schema 3. Values below the lowest go to
 * SKETCH_MIN, above to SKETCH_MAX.
 */
#define SKETCH_MIN   (-96)
#define SKETCH_MAX   160
#define SKETCH_COUNT (SKETCH_MAX - SKETCH_MIN + 1)

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
	double max;
	double newest; /* value, and where it was counted: answers of one read often have the same
			*/
	uint32_t newest_bucket;
	int32_t newest_index;
	uint64_t *sketch;     /* counts of the buckets sketch_first ...; owned; NULL while empty */
	int16_t sketch_first; /* SKETCH_MIN plus a multiple of 8 */
	uint16_t sketch_length; /* a multiple of 8, but for the bucket SKETCH_MAX */
	uint64_t bucket[]; /* bounds->count + 1, not cumulative; the last is above every bound */
};

struct histogram *histogram__new(const struct bounds *bounds); /* NULL: no memory */
void histogram__free(struct histogram *histogram);	       /* NULL is fine */
/* Bytes of the struct with its buckets, the sketch not counted. */
size_t histogram__size(const struct bounds *bounds);
/* Allocates only when a value falls into an octave that was not held before. */
void histogram__observe(struct histogram *histogram, double value);
void histogram__observe_many(struct histogram *histogram, double value, uint32_t times);
/* Both have the same bounds. */
void histogram__add(struct histogram *to, const struct histogram *from);

/* Index of a value's sketch bucket, and a bucket's upper bound. */
int sketch__index(double value);
double sketch__bound(int index);
/*
 * The value below which the share q (0..1) lies, interpolated, from the counts of `length` buckets
 * beginning with bucket `first`; NAN when they are all 0.
 */
double sketch__quantile(const uint64_t *counts, int first, size_t length, double q);

#endif
