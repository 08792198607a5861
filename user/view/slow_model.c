/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/slow.h"

#include <stdlib.h>
#include <string.h>
#include "view/model.h"

/* A document of another version may have others: they are nothing certain. */
static enum where where_of(const char *name)
{
	for (enum where where = 0; where < WHERE_COUNT; where++)
		if (name && strcmp(where__name(where), name) == 0)
			return where;
	return WHERE_UNATTRIBUTED;
}

static double number_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static void read_span(struct slow_span *span, const json_t *json)
{
	span->kind = where_of(json_string_value(json_object_get(json, "where")));
	span->certain = json_is_true(json_object_get(json, "certain"));
	span->start_ms = number_of(json, "start_ms");
	span->ms = number_of(json, "ms");
	model__text(json, "name", span->name, sizeof(span->name));
}

static void read_spans(struct slow_row *row, const json_t *list)
{
	size_t count = json_array_size(list);

	if (count > SLOW_ROW_SPANS)
		count = SLOW_ROW_SPANS;
	row->span = count ? calloc(count, sizeof(*row->span)) : NULL;
	if (!row->span)
		return;
	row->span_count = count;
	for (size_t i = 0; i < count; i++)
		read_span(&row->span[i], json_array_get(list, i));
}

static void read_shares(struct slow_row *row, json_t *shares)
{
	for (void *i = json_object_iter(shares); i; i = json_object_iter_next(shares, i)) {
		double ms = json_number_value(json_object_iter_value(i));

		if (!(ms > 0))
			continue;
		row->share[where_of(json_object_iter_key(i))] += ms;
		row->total += ms;
	}
}

static void read_row(struct slow_row *row, const json_t *json, double now_ns)
{
	json_int_t calls = json_integer_value(json_object_get(json, "calls"));
	double end_ns = number_of(json, "end_ns");

	row->id = (uint64_t)json_integer_value(json_object_get(json, "end_ns"));
	row->status = (unsigned)json_integer_value(json_object_get(json, "status"));
	row->ms = number_of(json, "ms");
	row->age_seconds = now_ns > end_ns ? (now_ns - end_ns) / 1e9 : 0;
	row->calls = calls > 0 ? (uint64_t)calls : 0;
	model__text(json, "service", row->service, sizeof(row->service));
	model__text(json, "method", row->method, sizeof(row->method));
	model__text(json, "route", row->route, sizeof(row->route));
	read_shares(row, json_object_get(json, "shares_ms"));
	read_spans(row, json_object_get(json, "spans"));
}

static size_t rows_in(const json_t *list, size_t room)
{
	return json_array_size(list) < room ? json_array_size(list) : room;
}

/* The slowest first, as both lists are. */
static int by_length(const void *a, const void *b)
{
	const struct slow_row *x = a, *y = b;

	return x->total > y->total ? -1 : x->total < y->total;
}

struct slow_row *slow_rows__read(const json_t *document, size_t *count)
{
	json_t *list = json_object_get(document, "slow");
	json_t *exchanges = json_object_get(document, "slow_exchanges");
	double now_ns = number_of(document, "time_ns");
	size_t requests = rows_in(list, SLOW_ROWS_MAX);
	struct slow_row *rows;

	*count = requests + rows_in(exchanges, SLOW_ROWS_MAX - requests);
	rows = *count ? calloc(*count, sizeof(*rows)) : NULL;
	if (!rows)
		*count = 0;
	for (size_t i = 0; i < *count; i++)
		if (i < requests)
			read_row(&rows[i], json_array_get(list, i), now_ns);
		else
			slow_exchange__read(&rows[i], json_array_get(exchanges, i - requests),
					    now_ns);
	if (*count > requests)
		qsort(rows, *count, sizeof(*rows), by_length);
	return rows;
}

void slow_rows__free(struct slow_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(rows[i].span);
		free(rows[i].fact);
	}
	free(rows);
}
