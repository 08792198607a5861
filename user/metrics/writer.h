/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Writes metrics in the Prometheus text format 0.0.4, in OpenMetrics 1.0 or in Prometheus' protobuf
 * format: the first two differ in the names of counters and infos, in units, in exemplars and in
 * the end mark. Metadata is written with a family's first sample, so a family without samples
 * leaves no trace.
 */
#ifndef SONDE_WRITER_H
#define SONDE_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include "buffer.h"
#include "metrics/exemplar.h"
#include "metrics/histogram.h"
#include "metrics/metrics.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM, METRIC_INFO, METRIC_SUMMARY };

struct writer {
	struct buffer *out;
	enum exposition format;
	const char *name; /* as in the text format: counters end in _total, infos in _info */
	const char *help;
	const char *unit;
	enum metric_type type;
	bool begun;
	bool seconds; /* histograms of milliseconds are written in seconds */
	bool native;  /* in protobuf, sketches are written as native histograms, too */
	const struct exemplar *exemplars; /* of the next histogram's buckets; NULL: none */
	int64_t wall_offset_ns;		  /* of the wall clock over the exemplars' */
	struct buffer labels; /* of the next samples: `a="b",c="d"`; in protobuf, fields */
	struct buffer family; /* in protobuf: the one that is being written */
};

void writer__init(struct writer *writer, enum exposition format, struct buffer *out);
void writer__finish(struct writer *writer); /* the end mark; frees */

void writer__family(struct writer *writer, const char *name, enum metric_type type,
		    const char *unit, const char *help);
/* Labels of the samples that follow, until cleared. Values are escaped, invalid UTF-8 is replaced.
 */
void writer__clear_labels(struct writer *writer);
void writer__label(struct writer *writer, const char *name, const char *value);

void writer__count(struct writer *writer, uint64_t value);
void writer__number(struct writer *writer, double value);
/* Without quantiles. */
void writer__summary(struct writer *writer, double sum, uint64_t count);
void writer__histogram(struct writer *writer, const struct histogram *histogram);
/* The upper bound of a bucket as it is written; infinite for the last one. */
double writer__bound(const struct writer *writer, const struct bounds *bounds, size_t index);

#endif
