/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "metrics/histogram.h"
#include "view/backends.h"
#include "view/callers.h"
#include "view/lookup.h"
#include "view/slow.h"

static const char *const lists[PAGE_COUNT] = {
	[PAGE_SERVICES] = "services", [PAGE_ROUTES] = "routes", [PAGE_STATEMENTS] = "statements",
	[PAGE_COMMANDS] = "commands", [PAGE_KEYS] = "keys",	[PAGE_POOLS] = "pools",
	[PAGE_CACHES] = "caches",     [PAGE_QUEUES] = "queues",
};

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

/* Terminals obey control bytes: none gets through. What is too long is cut between characters. */
void model__text(const json_t *object, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));
	size_t length = text ? strlen(text) : 0;

	if (length > size - 1) {
		length = size - 1;
		while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;
	}
	for (size_t i = 0; i < length; i++)
		out[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i];
	out[length] = '\0';
}

static uint64_t hash(uint64_t h,
		     const char *text) /* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
{
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3;
	return (h ^ 0xff) * 0x100000001b3; /* a byte that UTF-8 never has ends each part */
}

/* What tells a row from all others of its list. */
static uint64_t id_of(const json_t *row)
{
	static const char *const parts[] = {"service", "side",	  "protocol",	 "method",
					    "route",   "command", "fingerprint", "database",
					    "queue",   "kind",	  "pattern",	 "address"};
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		const char *text = json_string_value(json_object_get(row, parts[i]));

		h = hash(h, text ? text : "");
	}
	return hash(h, json_is_true(json_object_get(row, "blocking")) ? "b" : "");
}

/* A document's rows, and a model's, by their ids. False: no memory. */
static bool index_document(struct lookup *out, const json_t *document, const char *list)
{
	json_t *rows = json_object_get(document, list), *row;
	size_t i;

	if (!lookup__init(out, json_array_size(rows)))
		return false;
	json_array_foreach(rows, i, row) lookup__put(out, id_of(row), row);
	return true;
}

static bool index_model(struct lookup *out, const struct model *m, enum page page)
{
	size_t count = m ? m->row_count[page] : 0;

	if (!lookup__init(out, count))
		return false;
	for (size_t i = 0; i < count; i++)
		lookup__put(out, m->rows[page][i].id, &m->rows[page][i]);
	return true;
}

/* ---- percentiles ---- */

static void add_sketch(uint64_t *counts, const json_t *sketch, bool subtract)
{
	json_int_t first = json_integer_value(json_object_get(sketch, "first"));
	json_t *list = json_object_get(sketch, "counts"), *item;
	size_t i;

	if (first < SKETCH_MIN || first > SKETCH_MAX)
		return;
	json_array_foreach(list, i, item)
	{
		json_int_t at = first - SKETCH_MIN + (json_int_t)i,
			   value = json_integer_value(item);
		uint64_t n = value > 0 ? (uint64_t)value : 0;

		if (at < 0 || at >= SKETCH_COUNT)
			continue;
		if (!subtract)
			counts[at] += n;
		else
			counts[at] -= n < counts[at] ? n : counts[at];
	}
}

/* The whole maximum belongs to this interval where it is new; else its highest bucket does. */
static double max_of(const uint64_t *counts, const json_t *newer, const json_t *older)
{
	double max = number_of(newer, "max_ms");

	if (max > number_of(older, "max_ms"))
		return max;
	for (int i = SKETCH_COUNT - 1; i >= 0; i--)
		if (counts[i])
			return fmin(sketch__bound(i + SKETCH_MIN), max);
	return max;
}

/* A percentile is interpolated within a bucket that may reach beyond the slowest exchange. */
static void set_percentiles(struct model_row *row, const json_t *newer, const json_t *older)
{
	uint64_t counts[SKETCH_COUNT] = {0};

	add_sketch(counts, json_object_get(newer, "sketch"), false);
	add_sketch(counts, json_object_get(older, "sketch"), true);
	heat__set_newest(&row->heat, counts);
	row->p50 = sketch__quantile(counts, SKETCH_MIN, SKETCH_COUNT, 0.50);
	row->p95 = sketch__quantile(counts, SKETCH_MIN, SKETCH_COUNT, 0.95);
	row->p99 = sketch__quantile(counts, SKETCH_MIN, SKETCH_COUNT, 0.99);
	row->max = isnan(row->p50) ? NAN : max_of(counts, newer, older);
	if (isnan(row->max))
		return;
	row->p50 = fmin(row->p50, row->max);
	row->p95 = fmin(row->p95, row->max);
	row->p99 = fmin(row->p99, row->max);
}

/* ---- rows ---- */

static uint64_t difference(const json_t *newer, const json_t *older, const char *key)
{
	uint64_t now = count_of(newer, key), then = count_of(older, key);

	return now > then ? now - then : 0; /* a series that expired begins anew */
}

static void set_names(struct model_row *row, const json_t *json, enum page page)
{
	static const char *const names[] = {"service", "route", "statement", "command", "pattern"};
	static const char *const kinds[] = {"protocol", "method", "verb", "", ""};

	model__text(json, "service", row->service, sizeof(row->service));
	model__text(json, "side", row->side, sizeof(row->side));
	model__text(json, "protocol", row->protocol, sizeof(row->protocol));
	model__text(json, names[page], row->name, sizeof(row->name));
	model__text(json, kinds[page], row->kind, sizeof(row->kind));
	model__text(json, "table", row->table, sizeof(row->table));
	model__text(json, "fingerprint", row->fingerprint, sizeof(row->fingerprint));
	if (page == PAGE_COMMANDS && json_is_true(json_object_get(json, "blocking")))
		strcpy(row->kind, "blocking");
}

/* Of a recording's parts: they are the same time. */
static void take_history(struct model_row *row, const struct model_row *past)
{
	memcpy(row->history, past->history, sizeof(row->history));
	row->heat = past->heat;
	row->past = true;
}

static void set_history(struct model_row *row, const struct model_row *before)
{
	if (before) {
		memcpy(row->history, before->history + 1,
		       (MODEL_HISTORY - 1) * sizeof(row->history[0]));
		heat__continue(&row->heat, &before->heat);
	}
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
	row->request_bytes = difference(newer, older, "request_bytes");
	row->response_bytes = difference(newer, older, "response_bytes");
	row->rate = interval > 0 ? (double)row->count / interval : 0;
	row->error_share = row->count ? (double)row->errors / (double)row->count : 0;
	row->mean = row->count ? sum / (double)row->count : NAN;
	set_percentiles(row, newer, older);
}

/* Codes in their order, commands the most frequent first. */
static bool stands_before(const struct model_status *a, const struct model_status *b)
{
	return a->code || b->code ? a->code < b->code : a->count > b->count;
}

static void insert_status(struct model_row *row, const struct model_status *status)
{
	bool full = row->status_count == MODEL_STATUS;
	size_t at = full ? MODEL_STATUS - 1 : row->status_count++;

	if (full && !stands_before(status, &row->status[at]))
		return;
	for (; at && stands_before(status, &row->status[at - 1]); at--)
		row->status[at] = row->status[at - 1];
	row->status[at] = *status;
}

/* They are sent in no order. */
static void set_status(struct model_row *row, const json_t *newer, const json_t *older,
		       enum page page)
{
	const char *name = page == PAGE_KEYS ? "commands" : "status";
	json_t *list = json_object_get(newer, name), *before = json_object_get(older, name);

	for (void *i = json_object_iter(list); i; i = json_object_iter_next(list, i)) {
		const char *key = json_object_iter_key(i);
		struct model_status status = {.count = difference(list, before, key)};

		if (page == PAGE_KEYS)
			snprintf(status.command, sizeof(status.command), "%s", key);
		else
			status.code = (unsigned)strtoul(key, NULL, 10);
		if (status.count)
			insert_status(row, &status);
	}
}

static void fill_rows(struct model *m, enum page page, const json_t *list,
		      const struct lookup *older, const struct lookup *before)
{
	for (size_t i = 0; i < m->row_count[page]; i++) {
		const json_t *json = json_array_get(list, i), *was;
		struct model_row *row = &m->rows[page][i];
		const struct model_row *until_now;

		row->id = id_of(json);
		if (page > PAGE_LOSSES) {
			backends__fill(row, json, page);
			continue;
		}
		was = lookup__get(older, row->id);
		fill_row(row, json, was, page, m->interval);
		if (m->whole) /* its counts are of a longer time than others' */
			row->heat = (struct heat){0};
		set_status(row, json, was, page);
		until_now = lookup__get(before, row->id);
		if (until_now && m->whole && m->recording)
			take_history(row, until_now);
		else
			set_history(row, until_now);
	}
}

static bool fill_page(struct model *m, enum page page, const json_t *newer, const json_t *older,
		      const struct model *before)
{
	json_t *list = json_object_get(newer, lists[page]);
	size_t count = json_array_size(list);
	struct lookup documents = {0}, models = {0};
	bool indexed;

	if (count > MODEL_ROWS_MAX) {
		m->left_out += count - MODEL_ROWS_MAX;
		count = MODEL_ROWS_MAX;
	}
	m->rows[page] = calloc(count ? count : 1, sizeof(struct model_row));
	if (!m->rows[page])
		return false;
	m->row_count[page] = count;
	indexed = index_document(&documents, older, lists[page]) &&
		  index_model(&models, before, page);
	if (indexed)
		fill_rows(m, page, list, &documents, &models);
	lookup__clear(&documents);
	lookup__clear(&models);
	return indexed;
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
		model__text(json, "protocol", loss->protocol, sizeof(loss->protocol));
		model__text(json, "reason", loss->reason, sizeof(loss->reason));
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
		model__text(json, "protocol", total->protocol, sizeof(total->protocol));
		model__text(json, "side", total->side, sizeof(total->side));
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

	model__text(now, "version", m->version, sizeof(m->version));
	model__text(now, "capture", m->capture, sizeof(m->capture));
	model__text(newer, "wall", m->wall, sizeof(m->wall));
	m->cpu_share = (number_of(now, "cpu_seconds") - number_of(then, "cpu_seconds")) / seconds;
	m->bpf_share =
		(number_of(now, "bpf_run_seconds") - number_of(then, "bpf_run_seconds")) / seconds;
	m->events_rate = (double)difference(now, then, "events") / seconds;
	m->bytes_rate = (double)difference(now, then, "bytes") / seconds;
	m->events = count_of(now, "events");
	m->bytes = count_of(now, "bytes");
	m->ring_fill = number_of(now, "ring_fill");
	m->sampling_rate = number_of(now, "sampling_rate");
	m->call_cost = number_of(now, "call_cost");
	m->memory_tight = json_is_true(json_object_get(now, "memory_tight"));
	if (!(m->sampling_rate > 0)) /* of a daemon that does not know of it */
		m->sampling_rate = 1;
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
	uint64_t from;
	struct model *m;

	if (count_of(newer, "version") != 1)
		return NULL;
	if (older && count_of(older, "started_ns") != count_of(newer, "started_ns"))
		older = NULL;
	from = older ? count_of(older, "time_ns") : count_of(newer, "started_ns");
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->recording = source && strcmp(source, "recording") == 0;
	m->whole = !older;
	m->interval = until > from ? (double)(until - from) / 1e9 : 0;
	for (int page = 0; page < PAGE_COUNT; page++)
		if (lists[page] && !fill_page(m, (enum page)page, newer, older, before)) {
			model__free(m);
			return NULL;
		}
	callers__fill(m);
	fill_losses(m, newer);
	fill_totals(m, newer);
	m->lost -= m->attached < m->lost ? m->attached : m->lost;
	fill_sonde(m, newer, older);
	m->slow = slow_rows__read(newer, &m->slow_count);
	return m;
}

void model__free(struct model *m)
{
	if (!m)
		return;
	slow_rows__free(m->slow, m->slow_count);
	for (int page = 0; page < PAGE_COUNT; page++)
		free(m->rows[page]);
	free(m);
}
