/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "metrics/text.h"
#include "metrics/writer_protobuf.h"

static const char *const type_names[] = {
	[METRIC_COUNTER] = "counter",	  [METRIC_GAUGE] = "gauge",
	[METRIC_HISTOGRAM] = "histogram", [METRIC_INFO] = "info",
	[METRIC_SUMMARY] = "summary",
};

void writer__init(struct writer *writer, enum exposition format, struct buffer *out)
{
	*writer = (struct writer){.out = out, .format = format};
}

void writer__finish(struct writer *writer)
{
	if (writer->format == EXPOSITION_OPENMETRICS)
		buffer__text(writer->out, "# EOF\n");
	if (writer->format == EXPOSITION_PROTOBUF)
		writer_protobuf__flush(writer);
	if (writer->labels.failed)
		writer->out->failed = true;
	buffer__clear(&writer->labels);
	buffer__clear(&writer->family);
}

void writer__family(struct writer *writer, const char *name, enum metric_type type,
		    const char *unit, const char *help)
{
	if (writer->format == EXPOSITION_PROTOBUF)
		writer_protobuf__flush(writer);
	writer->name = name;
	writer->type = type;
	writer->unit = unit;
	writer->help = help;
	writer->begun = false;
}

/* OpenMetrics names a counter or info without the suffix that its samples carry. */
static int metadata_length(const struct writer *w)
{
	size_t length = strlen(w->name);

	if (w->format != EXPOSITION_OPENMETRICS)
		return (int)length;
	if (w->type == METRIC_COUNTER)
		length -= strlen("_total");
	else if (w->type == METRIC_INFO)
		length -= strlen("_info");
	return (int)length;
}

static void begin_family(struct writer *w)
{
	bool open = w->format == EXPOSITION_OPENMETRICS;
	const char *type = w->type == METRIC_INFO && !open ? "gauge" : type_names[w->type];
	int length = metadata_length(w);

	if (w->begun)
		return;
	w->begun = true;
	buffer__printf(w->out, "# HELP %.*s %s\n", length, w->name, w->help);
	buffer__printf(w->out, "# TYPE %.*s %s\n", length, w->name, type);
	if (open && w->unit[0])
		buffer__printf(w->out, "# UNIT %.*s %s\n", length, w->name, w->unit);
}

void writer__clear_labels(struct writer *writer)
{
	writer->labels.length = 0;
}

static void append_escaped(struct buffer *out, const char *value)
{
	size_t length = strlen(value), size;

	for (; length; value += size, length -= size) {
		size = text__character(value, length);
		if (!size) {
			buffer__text(out, TEXT_REPLACEMENT);
			size = 1;
		} else if (*value == '\\') {
			buffer__append(out, "\\\\", 2);
		} else if (*value == '"') {
			buffer__append(out, "\\\"", 2);
		} else if (*value == '\n') {
			buffer__append(out, "\\n", 2);
		} else {
			buffer__append(out, value, size);
		}
	}
}

void writer__label(struct writer *writer, const char *name, const char *value)
{
	if (writer->format == EXPOSITION_PROTOBUF) {
		writer_protobuf__label(writer, name, value);
		return;
	}
	if (writer->labels.length)
		buffer__append(&writer->labels, ",", 1);
	buffer__text(&writer->labels, name);
	buffer__append(&writer->labels, "=\"", 2);
	append_escaped(&writer->labels, value);
	buffer__append(&writer->labels, "\"", 1);
}

/* Name, suffix and labels; `le` NULL but for buckets. */
static void begin_sample(struct writer *w, const char *suffix, const char *le)
{
	begin_family(w);
	buffer__text(w->out, w->name);
	buffer__text(w->out, suffix);
	if (w->labels.length || le)
		buffer__append(w->out, "{", 1);
	if (w->labels.length)
		buffer__append(w->out, w->labels.data, w->labels.length);
	if (le) {
		buffer__text(w->out, w->labels.length ? ",le=\"" : "le=\"");
		buffer__text(w->out, le);
		buffer__append(w->out, "\"", 1);
	}
	if (w->labels.length || le)
		buffer__append(w->out, "}", 1);
	buffer__append(w->out, " ", 1);
}

static void append_count(struct buffer *out, uint64_t value)
{
	char text[24];
	size_t at = sizeof(text);

	text[--at] = '\n';
	do
		text[--at] = (char)('0' + value % 10);
	while (value /= 10);
	buffer__append(out, text + at, sizeof(text) - at);
}

/* The shortest of the two forms that reads back as the same number. */
static void format_number(char text[40], double value)
{
	snprintf(text, 40, "%.15g", value);
	if (strtod(text, NULL) != value)
		snprintf(text, 40, "%.17g", value);
	if (strchr(text, ',')) /* the locale's decimal point */
		*strchr(text, ',') = '.';
}

static void append_number(struct buffer *out, double value)
{
	char text[40];

	if (!isfinite(value)) {
		buffer__text(out, isnan(value) ? "NaN\n" : value > 0 ? "+Inf\n" : "-Inf\n");
		return;
	}
	format_number(text, value);
	buffer__text(out, text);
	buffer__append(out, "\n", 1);
}

void writer__count(struct writer *writer, uint64_t value)
{
	if (writer->format == EXPOSITION_PROTOBUF) {
		writer_protobuf__number(writer, (double)value);
		return;
	}
	begin_sample(writer, "", NULL);
	append_count(writer->out, value);
}

void writer__number(struct writer *writer, double value)
{
	if (writer->format == EXPOSITION_PROTOBUF) {
		writer_protobuf__number(writer, value);
		return;
	}
	begin_sample(writer, "", NULL);
	append_number(writer->out, value);
}

void writer__summary(struct writer *writer, double sum, uint64_t count)
{
	if (writer->format == EXPOSITION_PROTOBUF) {
		writer_protobuf__summary(writer, sum, count);
		return;
	}
	begin_sample(writer, "_sum", NULL);
	append_number(writer->out, sum);
	begin_sample(writer, "_count", NULL);
	append_count(writer->out, count);
}

/* In seconds to twelve digits: 5e-05, not 5.0000000000000002e-05. */
static void format_seconds(char text[40], double ms)
{
	snprintf(text, 40, "%.12g", ms / 1000);
}

double writer__bound(const struct writer *w, const struct bounds *bounds, size_t index)
{
	char text[40];

	if (index == bounds->count)
		return (double)INFINITY;
	if (!w->seconds)
		return bounds->value[index];
	format_seconds(text, bounds->value[index]);
	return strtod(text, NULL);
}

/* `le` of a bucket; what is not in the bounds' own unit is put into `text`. */
static const char *bound_text(const struct writer *w, const struct bounds *bounds, size_t i,
			      char text[40])
{
	if (i == bounds->count)
		return "+Inf";
	if (!w->seconds)
		return bounds->text[i];
	format_seconds(text, bounds->value[i]);
	return text;
}

/* Behind the bucket's count, in place of the line's end: # {trace_id="..."} value time */
static void append_exemplar(struct writer *w, const struct exemplar *e)
{
	uint64_t ms = exemplar__wall_ns(e, w->wall_offset_ns) / 1000000;
	char trace[EXEMPLAR_TRACE_TEXT], value[40];

	exemplar__trace(e, trace);
	format_number(value, w->seconds ? e->value / 1000 : e->value);
	w->out->length -= !w->out->failed;
	buffer__printf(w->out, " # {trace_id=\"%s\"} %s %" PRIu64 ".%03u\n", trace, value,
		       ms / 1000, (unsigned int)(ms % 1000));
}

static void append_bucket(struct writer *w, const struct histogram *h, size_t i, uint64_t sum)
{
	bool told = w->format == EXPOSITION_OPENMETRICS && w->exemplars;
	char text[40];

	begin_sample(w, "_bucket", bound_text(w, h->bounds, i, text));
	append_count(w->out, sum);
	if (told && exemplar__is_set(&w->exemplars[i]))
		append_exemplar(w, &w->exemplars[i]);
}

void writer__histogram(struct writer *writer, const struct histogram *histogram)
{
	uint64_t sum = 0;

	if (writer->format == EXPOSITION_PROTOBUF) {
		writer_protobuf__histogram(writer, histogram);
		return;
	}
	for (size_t i = 0; i <= histogram->bounds->count; i++) {
		sum += histogram->bucket[i];
		append_bucket(writer, histogram, i, sum);
	}
	begin_sample(writer, "_sum", NULL);
	append_number(writer->out, writer->seconds ? histogram->sum / 1000 : histogram->sum);
	begin_sample(writer, "_count", NULL);
	append_count(writer->out, sum);
}
