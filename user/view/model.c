/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "metrics/histogram.h"

static const char *const lists[PAGE_LOSSES] = {"services", "routes", "statements", "commands"};

/* ---- reading ---- */

static uint64_t count_of(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (uint64_t)value : 0;
}

static double number_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

/* Terminals obey control bytes: none gets through. UTF-8 stays whole. */
static void text_of(const json_t *object, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));
	size_t n = 0;

	for (; text && *text && n < size - 1; text++)
		out[n++] = (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text;
	while (n && n == size - 1 && ((unsigned char)out[n - 1] & 0xc0) == 0x80)
		n--; /* not in the midst of a sequence */
	if (n == size - 1 && n && (unsigned char)out[n - 1] >= 0xc0)
		n--;
	out[n] = '\0';
}

/* What tells a row from all others of its list. */
static void key_of(const json_t *row, char *out, size_t size)
{
	static const char *const parts[] = {"service", "side",	  "protocol",	 "method",
					    "route",   "command", "fingerprint", NULL};
	size_t used = 0;

	out[0] = '\0';
	for (const char *const *p = parts; *p && used < size; p++) {
		const char *text = json_string_value(json_object_get(row, *p));

		used += (size_t)snprintf(out + used, size - used, "%s\x1f", text ? text : "");
	}
	if (used < size && json_is_true(json_object_get(row, "blocking")))
		snprintf(out + used, size - used, "b");
}

/* A dictionary of a list's rows by their keys; borrowed from the document. */
static json_t *index_of(const json_t *document, const char *list)
{
	json_t *index = json_object(), *row;
	char key[1024];
	size_t i;

	json_array_foreach(json_object_get(document, list), i, row)
	{
		key_of(row, key, sizeof(key));
		json_object_set(index, key, row);
	}
	return index;
}

/* ---- percentiles ---- */

static void add_sketch(uint64_t *counts, const json_t *sketch, bool subtract)
{
	json_int_t first = json_integer_value(json_object_get(sketch, "first"));
	json_t *list = json_object_get(sketch, "counts"), *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		json_int_t at = first - SKETCH_MIN + (json_int_t)i;
		uint64_t n = (uint64_t)json_integer_value(item);

		if (at < 0 || at >= SKETCH_COUNT)
			continue;
		if (!subtract)
			counts[at] += n;
		else
			counts[at] -= n < counts[at] ? n : counts[at];
	}
}

static void set_percentiles(struct model_row *row, const json_t *newer, const json_t *older)
{
	uint64_t counts[SKETCH_COUNT] = {0};

	add_sketch(counts, json_object_get(newer, "sketch"), false);
	add_sketch(counts, json_object_get(older, "sketch"), true);
	row->p50 = sketch__quantile(counts, SKETCH_MIN, SKETCH_COUNT, 0.50);
	row->p95 = sketch__quantile(counts, SKETCH_MIN, SKETCH_COUNT, 0.95);
	row->p99 = sketch__quantile(counts, SKETCH_MIN, SKETCH_COUNT, 0.99);
	row->max = NAN;
	if (isnan(row->p50))
		return;
	/* The whole maximum belongs to this interval where it is new; else its highest bucket does.
	 */
	if (number_of(newer, "max_ms") > number_of(older, "max_ms")) {
		row->max = number_of(newer, "max_ms");
	} else {
		for (int i = SKETCH_COUNT - 1; i >= 0 && isnan(row->max); i--)
			if (counts[i])
				row->max = fmin(sketch__bound(i + SKETCH_MIN),
						number_of(newer, "max_ms"));
	}
}

/* ---- rows ---- */

static uint64_t difference(const json_t *newer, const json_t *older, const char *key)
{
	uint64_t now = count_of(newer, key), then = count_of(older, key);

	return now > then ? now - then : 0; /* a series that expired begins anew */
}

static void set_names(struct model_row *row, const json_t *json, enum page page)
{
	static const char *const names[] = {"service", "route", "statement", "command"};
	static const char *const kinds[] = {"protocol", "method", "verb", ""};

	text_of(json, "service", row->service, sizeof(row->service));
	text_of(json, "side", row->side, sizeof(row->side));
	text_of(json, "protocol", row->protocol, sizeof(row->protocol));
	text_of(json, names[page], row->name, sizeof(row->name));
	text_of(json, kinds[page], row->kind, sizeof(row->kind));
	text_of(json, "table", row->table, sizeof(row->table));
	text_of(json, "fingerprint", row->fingerprint, sizeof(row->fingerprint));
	if (page == PAGE_COMMANDS && json_is_true(json_object_get(json, "blocking")))
		strcpy(row->kind, "blocking");
}

static void set_history(struct model_row *row, const struct model_row *before)
{
	if (before)
		memcpy(row->history, before->history + 1,
		       (MODEL_HISTORY - 1) * sizeof(row->history[0]));
	row->history[MODEL_HISTORY - 1] = (float)row->rate;
}

static void fill_row(struct model_row *row, const json_t *newer, const json_t *older,
		     enum page page, double interval)
{
	double sum = number_of(newer, "sum_ms") - number_of(older, "sum_ms");

	set_names(row, newer, page);
	row->count = difference(newer, older, "count");
	row->errors = difference(newer, older, "errors");
	row->unanswered = difference(newer, older, "unanswered");
	row->aux = difference(newer, older, page == PAGE_STATEMENTS ? "rows" : "hits");
	row->aux2 = difference(newer, older, "misses");
	row->connections = count_of(newer, "connections");
	row->rate = interval > 0 ? (double)row->count / interval : 0;
	row->error_share = row->count ? (double)row->errors / (double)row->count : 0;
	row->mean = row->count ? sum / (double)row->count : NAN;
	set_percentiles(row, newer, older);
}

/* Lists come in the same order mostly: the row before is looked for where it stood. */
static const struct model_row *row_before(const struct model *before, enum page page, size_t at,
					  const struct model_row *row)
{
	size_t count = before ? before->row_count[page] : 0;

	for (size_t i = 0; i < count; i++) {
		const struct model_row *b = &before->rows[page][(at + i) % count];

		if (strcmp(b->name, row->name) == 0 && strcmp(b->service, row->service) == 0 &&
		    strcmp(b->side, row->side) == 0 && strcmp(b->kind, row->kind) == 0 &&
		    strcmp(b->fingerprint, row->fingerprint) == 0 &&
		    strcmp(b->protocol, row->protocol) == 0)
			return b;
	}
	return NULL;
}

static bool fill_page(struct model *m, enum page page, const json_t *newer, const json_t *older,
		      const struct model *before)
{
	json_t *list = json_object_get(newer, lists[page]), *json;
	json_t *index = index_of(older, lists[page]);
	size_t count = json_array_size(list), i;
	char key[1024];

	if (count > MODEL_ROWS_MAX) {
		m->left_out += count - MODEL_ROWS_MAX;
		count = MODEL_ROWS_MAX;
	}
	m->rows[page] = calloc(count ? count : 1, sizeof(struct model_row));
	if (!m->rows[page]) {
		json_decref(index);
		return false;
	}
	json_array_foreach(list, i, json)
	{
		struct model_row *row = &m->rows[page][i];

		if (i == count)
			break;
		key_of(json, key, sizeof(key));
		fill_row(row, json, json_object_get(index, key), page, m->interval);
		set_history(row, row_before(before, page, i, row));
	}
	m->row_count[page] = count;
	json_decref(index);
	return true;
}

/* ---- the rest ---- */

static void fill_losses(struct model *m, const json_t *newer)
{
	json_t *json;
	size_t i;

	json_array_foreach(json_object_get(newer, "losses"), i, json)
	{
		struct model_loss *loss = &m->losses[m->loss_count];

		if (m->loss_count == sizeof(m->losses) / sizeof(m->losses[0]))
			return;
		text_of(json, "protocol", loss->protocol, sizeof(loss->protocol));
		text_of(json, "reason", loss->reason, sizeof(loss->reason));
		loss->exchanges = count_of(json, "exchanges");
		loss->bytes = count_of(json, "bytes");
		if (strcmp(loss->reason, "attached") == 0)
			m->attached += loss->exchanges;
		m->loss_count++;
	}
}

static void fill_totals(struct model *m, const json_t *newer)
{
	json_t *json;
	size_t i;

	json_array_foreach(json_object_get(newer, "totals"), i, json)
	{
		struct model_total *total = &m->totals[m->total_count];

		if (m->total_count == sizeof(m->totals) / sizeof(m->totals[0]))
			return;
		text_of(json, "protocol", total->protocol, sizeof(total->protocol));
		text_of(json, "side", total->side, sizeof(total->side));
		total->seen = count_of(json, "seen");
		total->reported = count_of(json, "reported");
		total->in_flight = count_of(json, "in_flight");
		total->lost = count_of(json, "lost");
		m->seen += total->seen;
		m->lost += total->lost;
		m->total_count++;
	}
}

static void fill_sonde(struct model *m, const json_t *newer, const json_t *older)
{
	const json_t *now = json_object_get(newer, "sonde"),
		     *then = json_object_get(older, "sonde");
	double seconds = m->interval > 0 ? m->interval : 1;

	text_of(now, "version", m->version, sizeof(m->version));
	text_of(now, "capture", m->capture, sizeof(m->capture));
	text_of(newer, "wall", m->wall, sizeof(m->wall));
	m->cpu_share = (number_of(now, "cpu_seconds") - number_of(then, "cpu_seconds")) / seconds;
	m->bpf_share =
		(number_of(now, "bpf_run_seconds") - number_of(then, "bpf_run_seconds")) / seconds;
	m->events_rate = (double)difference(now, then, "events") / seconds;
	m->bytes_rate = (double)difference(now, then, "bytes") / seconds;
	m->events = count_of(now, "events");
	m->bytes = count_of(now, "bytes");
	m->ring_fill = number_of(now, "ring_fill");
	m->ring_fill_max = number_of(now, "ring_fill_max");
	m->drain_delay_ms = number_of(now, "drain_delay_ms");
	m->resident_bytes = count_of(now, "resident_bytes");
	m->connections = count_of(now, "connections");
	m->series = count_of(now, "series");
}

struct model *model__new(const json_t *newer, const json_t *older, const struct model *before)
{
	const char *source = json_string_value(json_object_get(newer, "source"));
	uint64_t until = count_of(newer, "time_ns");
	uint64_t from = older ? count_of(older, "time_ns") : count_of(newer, "started_ns");
	struct model *m;

	if (count_of(newer, "version") != 1)
		return NULL;
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->recording = source && strcmp(source, "recording") == 0;
	m->interval = until > from ? (double)(until - from) / 1e9 : 0;
	for (int page = 0; page < PAGE_LOSSES; page++)
		if (!fill_page(m, (enum page)page, newer, older, before)) {
			model__free(m);
			return NULL;
		}
	fill_losses(m, newer);
	fill_totals(m, newer);
	m->lost -= m->attached < m->lost ? m->attached : m->lost;
	fill_sonde(m, newer, older);
	return m;
}

void model__free(struct model *m)
{
	if (!m)
		return;
	for (int page = 0; page < PAGE_LOSSES; page++)
		free(m->rows[page]);
	free(m);
}
