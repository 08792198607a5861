/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One distribution, kept twice: exact counts in the classic bounds that SPEC.md fixes (a value equal to
 * a bound belongs in that `le`), and a sketch of eight buckets per power of two for percentiles.
 */
#ifndef SONDE_HISTOGRAM_H
#define SONDE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BOUNDS_MAX 24
/*
 * Sketch bucket k holds values in (2^((k-1)/8), 2^(k/8)] of the unit (ms, s, bytes): the exponential
 * buckets of Prometheus' native histograms, schema 3. Values below the lowest go to SKETCH_MIN, above to SKETCH_MAX.
 */
#define SKETCH_MIN (-96)
#define SKETCH_MAX 160
#define SKETCH_COUNT (SKETCH_MAX - SKETCH_MIN + 1)

struct bounds {
	const char *const *text; /* as exposed: "0.05" */
	const double *value;	 /* ascending */
	size_t count;
};

struct histogram {
	uint64_t count;
	double sum;
	double max;
	uint64_t bucket[HISTOGRAM_BOUNDS_MAX + 1]; /* not cumulative; the last is above every bound */
	uint32_t sketch[SKETCH_COUNT];
};

void histogram__observe(struct histogram *histogram, const struct bounds *bounds, double value);
void histogram__add(struct histogram *to, const struct histogram *from);
/* Index of a value's sketch bucket, and a bucket's upper bound. */
int sketch__index(double value);
double sketch__bound(int index);
/* The value below which the share q (0..1) lies, interpolated; NAN when count is 0. */
double sketch__quantile(const uint32_t *counts, int first, size_t length, double q);

#endif
