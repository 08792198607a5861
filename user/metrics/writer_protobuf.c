/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "metrics/writer_protobuf.h"

#include <math.h>
#include <string.h>
#include "metrics/exemplar.h"
#include "metrics/protobuf.h"
#include "metrics/text.h"

/* Field numbers of io/prometheus/client/metrics.proto */
enum { FAMILY_NAME = 1, FAMILY_HELP = 2, FAMILY_TYPE = 3, FAMILY_METRIC = 4 };
enum { METRIC_LABEL = 1, METRIC_IS_GAUGE = 2, METRIC_IS_COUNTER = 3, METRIC_IS_SUMMARY = 4 };
enum { METRIC_IS_HISTOGRAM = 7 };
enum { PAIR_NAME = 1, PAIR_VALUE = 2, VALUE = 1 };
enum { SUMMARY_COUNT = 1, SUMMARY_SUM = 2 };
enum { HISTOGRAM_COUNT = 1, HISTOGRAM_SUM = 2, HISTOGRAM_BUCKET = 3, HISTOGRAM_SCHEMA = 5 };
enum { HISTOGRAM_ZERO_THRESHOLD = 6, HISTOGRAM_ZERO_COUNT = 7 };
enum { HISTOGRAM_POSITIVE_SPAN = 12, HISTOGRAM_POSITIVE_DELTA = 13 };
enum { BUCKET_COUNT = 1, BUCKET_BOUND = 2, BUCKET_EXEMPLAR = 3 };
enum { SPAN_OFFSET = 1, SPAN_LENGTH = 2 };
enum { EXEMPLAR_LABEL = 1, EXEMPLAR_VALUE = 2, EXEMPLAR_TIME = 3 };
enum { TIME_SECONDS = 1, TIME_NANOS = 2 };

static const uint8_t types[] = {
	[METRIC_COUNTER] = 0, [METRIC_GAUGE] = 1,     [METRIC_INFO] = 1,
	[METRIC_SUMMARY] = 2, [METRIC_HISTOGRAM] = 4,
};

/* The inner message, which is freed. */
static void message(struct buffer *out, unsigned int field, struct buffer *inner)
{
	protobuf__bytes(out, field, inner->data, inner->length);
	if (inner->failed)
		out->failed = true;
	buffer__clear(inner);
}

static void string(struct buffer *out, unsigned int field, const char *text)
{
	protobuf__bytes(out, field, text, strlen(text));
}

/* A string must be UTF-8. */
static void clean_string(struct buffer *out, unsigned int field, const char *text)
{
	struct buffer clean = {0};
	size_t length = strlen(text), size;

	for (; length; text += size, length -= size) {
		size = text__character(text, length);
		if (size)
			buffer__append(&clean, text, size);
		else
			buffer__text(&clean, TEXT_REPLACEMENT);
		size += !size;
	}
	message(out, field, &clean);
}

static void pair(struct buffer *out, unsigned int field, const char *name, const char *value)
{
	struct buffer inner = {0};

	string(&inner, PAIR_NAME, name);
	clean_string(&inner, PAIR_VALUE, value);
	message(out, field, &inner);
}

void writer_protobuf__label(struct writer *w, const char *name, const char *value)
{
	pair(&w->labels, METRIC_LABEL, name, value);
}

static void begin_family(struct writer *w)
{
	if (w->begun)
		return;
	w->begun = true;
	string(&w->family, FAMILY_NAME, w->name);
	string(&w->family, FAMILY_HELP, w->help);
	protobuf__uint(&w->family, FAMILY_TYPE, types[w->type]);
}

/* A metric of the family: its labels, and its value, which is freed. */
static void add_metric(struct writer *w, unsigned int field, struct buffer *value)
{
	struct buffer metric = {0};

	begin_family(w);
	if (w->labels.length)
		buffer__append(&metric, w->labels.data, w->labels.length);
	message(&metric, field, value);
	message(&w->family, FAMILY_METRIC, &metric);
}

void writer_protobuf__number(struct writer *w, double value)
{
	struct buffer inner = {0};

	protobuf__double(&inner, VALUE, value);
	add_metric(w, w->type == METRIC_COUNTER ? METRIC_IS_COUNTER : METRIC_IS_GAUGE, &inner);
}

void writer_protobuf__summary(struct writer *w, double sum, uint64_t count)
{
	struct buffer inner = {0};

	protobuf__uint(&inner, SUMMARY_COUNT, count);
	protobuf__double(&inner, SUMMARY_SUM, sum);
	add_metric(w, METRIC_IS_SUMMARY, &inner);
}

/* ---- histograms ---- */

static void add_exemplar(const struct writer *w, struct buffer *bucket, const struct exemplar *e)
{
	struct buffer inner = {0}, time = {0};
	uint64_t wall_ns = exemplar__wall_ns(e, w->wall_offset_ns);
	char trace[EXEMPLAR_TRACE_TEXT];

	exemplar__trace(e, trace);
	pair(&inner, EXEMPLAR_LABEL, "trace_id", trace);
	protobuf__double(&inner, EXEMPLAR_VALUE, w->seconds ? e->value / 1000 : e->value);
	protobuf__uint(&time, TIME_SECONDS, wall_ns / 1000000000);
	protobuf__uint(&time, TIME_NANOS, wall_ns % 1000000000);
	message(&inner, EXEMPLAR_TIME, &time);
	message(bucket, BUCKET_EXEMPLAR, &inner);
}

static void add_buckets(const struct writer *w, struct buffer *out, const struct histogram *h)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= h->bounds->count; i++) {
		struct buffer bucket = {0};

		sum += h->bucket[i];
		protobuf__uint(&bucket, BUCKET_COUNT, sum);
		protobuf__double(&bucket, BUCKET_BOUND, writer__bound(w, h->bounds, i));
		if (w->exemplars && exemplar__is_set(&w->exemplars[i]))
			add_exemplar(w, &bucket, &w->exemplars[i]);
		message(out, HISTOGRAM_BUCKET, &bucket);
	}
}

/*
 * A bucket in milliseconds ends at 2^(k/8), in seconds at 2^(k/8) / 1000, and 1000 is 2^(79.73/8):
 * with 80 the buckets fit but for a 0.27th of their width, 2.4 %.
 */
#define SECONDS_SHIFT 80

struct native {
	int first; /* index of the first bucket that is no zero bucket */
	const uint64_t *counts;
	int length;
	uint64_t zero; /* values of at most the lowest bucket's bound */
	int shift;
};

/* False: the sketch does not hold all that was counted (no memory for it), or there is none. */
static bool native_of(const struct writer *w, const struct histogram *h, struct native *out)
{
	bool lowest = h->sketch_length && h->sketch_first == SKETCH_MIN;
	uint64_t sum = 0;

	for (int i = 0; i < h->sketch_length; i++)
		sum += h->sketch[i];
	*out = (struct native){.first = h->sketch_first + lowest,
			       .counts = h->sketch ? h->sketch + lowest : NULL,
			       .length = h->sketch_length - lowest,
			       .zero = lowest ? h->sketch[0] : 0,
			       .shift = w->seconds ? SECONDS_SHIFT : 0};
	return w->native && h->bounds->sketched && sum == h->count;
}

/* Runs of buckets that hold something; each offset is from the end of the run before. */
static void add_spans(struct buffer *out, const struct native *n)
{
	int end = 0; /* index behind the last run; bucket 0 before the first one */

	for (int i = 0; i < n->length; i++) {
		struct buffer span = {0};
		int first = i, index = n->first - n->shift + i;

		while (i < n->length && n->counts[i])
			i++;
		if (i == first)
			continue;
		protobuf__sint(&span, SPAN_OFFSET, index - end);
		protobuf__uint(&span, SPAN_LENGTH, (uint64_t)(i - first));
		message(out, HISTOGRAM_POSITIVE_SPAN, &span);
		end = index + i - first;
	}
}

static void add_deltas(struct buffer *out, const struct native *n)
{
	struct buffer deltas = {0};
	uint64_t before = 0;

	for (int i = 0; i < n->length; i++) {
		if (!n->counts[i])
			continue;
		protobuf__varint(&deltas, protobuf__zigzag((int64_t)(n->counts[i] - before)));
		before = n->counts[i];
	}
	if (deltas.length)
		message(out, HISTOGRAM_POSITIVE_DELTA, &deltas);
}

/* The sketch's buckets are those of schema 3 (histogram.h); its lowest one is the zero bucket. */
static void add_native(const struct writer *w, struct buffer *out, const struct histogram *h)
{
	struct native n;

	if (!native_of(w, h, &n))
		return;
	protobuf__sint(out, HISTOGRAM_SCHEMA, 3);
	protobuf__double(out, HISTOGRAM_ZERO_THRESHOLD, sketch__bound(SKETCH_MIN - n.shift));
	protobuf__uint(out, HISTOGRAM_ZERO_COUNT, n.zero);
	add_spans(out, &n);
	add_deltas(out, &n);
}

void writer_protobuf__histogram(struct writer *w, const struct histogram *h)
{
	struct buffer inner = {0};

	protobuf__uint(&inner, HISTOGRAM_COUNT, h->count);
	protobuf__double(&inner, HISTOGRAM_SUM, w->seconds ? h->sum / 1000 : h->sum);
	add_buckets(w, &inner, h);
	add_native(w, &inner, h);
	add_metric(w, METRIC_IS_HISTOGRAM, &inner);
}

void writer_protobuf__flush(struct writer *w)
{
	if (w->family.length) {
		protobuf__varint(w->out, w->family.length);
		buffer__append(w->out, w->family.data, w->family.length);
	}
	if (w->family.failed)
		w->out->failed = true;
	w->family.length = 0;
}
