/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A slow exchange whose calls are not known: read from a document, and all that is known of it. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "view/cells.h"
#include "view/columns.h"
#include "view/model.h"
#include "view/pages.h"
#include "view/slow.h"

/* ---- reading ---- */

/* Told elsewhere on the page, or of use to none who reads it. */
static bool is_told(const char *key)
{
	static const char *const told[] = {"start_ns", "statement", "route", "command", "service"};

	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++)
		if (strcmp(key, told[i]) == 0)
			return true;
	return false;
}

static bool put_value(const char *key, const json_t *value, struct slow_fact *fact)
{
	size_t length = strlen(key);

	if (json_is_string(value))
		snprintf(fact->value, sizeof(fact->value), "%s", json_string_value(value));
	else if (json_is_integer(value) && length > 3 && strcmp(key + length - 3, "_ns") == 0)
		snprintf(fact->value, sizeof(fact->value), "%.3f ms",
			 (double)json_integer_value(value) / 1e6);
	else if (json_is_integer(value))
		snprintf(fact->value, sizeof(fact->value), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
	else if (json_is_true(value))
		snprintf(fact->value, sizeof(fact->value), "yes");
	return fact->value[0];
}

/* "first_byte" of "first_byte_ns": its value says the unit. */
static void put_fact_name(const char *key, struct slow_fact *fact)
{
	size_t length = strlen(key);

	if (length > 3 && strcmp(key + length - 3, "_ns") == 0)
		length -= 3;
	snprintf(fact->name, sizeof(fact->name), "%.*s", (int)length, key);
	for (char *at = fact->name; *at; at++)
		if (*at == '_')
			*at = ' ';
}

static void read_facts(struct slow_row *row, json_t *json)
{
	row->fact = calloc(SLOW_FACTS_MAX, sizeof(*row->fact));
	for (void *i = json_object_iter(json); row->fact && i && row->fact_count < SLOW_FACTS_MAX;
	     i = json_object_iter_next(json, i)) {
		const char *key = json_object_iter_key(i);
		struct slow_fact *fact = &row->fact[row->fact_count];

		if (is_told(key) || !put_value(key, json_object_iter_value(i), fact))
			continue;
		put_fact_name(key, fact);
		row->fact_count++;
	}
}

static bool is(const json_t *json, const char *key, const char *value)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text && strcmp(text, value) == 0;
}

static void read_name(struct slow_row *row, const json_t *json)
{
	if (is(json, "protocol", "postgres")) {
		snprintf(row->method, sizeof(row->method), "SQL");
		model__text(json, "statement", row->route, sizeof(row->route));
	} else if (is(json, "protocol", "redis")) {
		snprintf(row->method, sizeof(row->method), "Redis");
		model__text(json, "command", row->route, sizeof(row->route));
	} else {
		model__text(json, "method", row->method, sizeof(row->method));
		model__text(json, "route", row->route, sizeof(row->route));
		row->status = (unsigned)json_integer_value(json_object_get(json, "status"));
	}
	if (json_object_get(json, "rpc_type"))
		snprintf(row->method, sizeof(row->method), "gRPC");
}

void slow_exchange__read(struct slow_row *row, json_t *json, double now_ns)
{
	double start_ns = json_number_value(json_object_get(json, "start_ns"));
	double took_ns = json_number_value(json_object_get(json, "duration_ns"));
	double queue_ns = json_number_value(json_object_get(json, "queue_ns"));

	row->exchange = true;
	row->id = start_ns + took_ns > 0 ? (uint64_t)fmin(start_ns + took_ns, 1e18) : 0;
	row->id ^= (uint64_t)json_integer_value(json_object_get(json, "connection")) << 40;
	row->ms = took_ns / 1e6;
	row->total = row->ms + queue_ns / 1e6;
	row->age_seconds = fmax(0, (now_ns - start_ns - took_ns) / 1e9);
	row->failed = !is(json, "outcome", "ok");
	row->client = is(json, "side", "client");
	row->rows = (uint64_t)json_integer_value(json_object_get(json, "rows"));
	model__text(json, "outcome", row->outcome, sizeof(row->outcome));
	model__text(json, "service", row->service, sizeof(row->service));
	read_name(row, json);
	read_facts(row, json);
}

/* ---- drawing ---- */

void slow_exchange__put_summary(struct frame *f, int x, int y, int width, enum cell_style style,
				const struct slow_row *r)
{
	wchar_t text[64];
	int length = swprintf(text, sizeof(text) / sizeof(*text), L"%s",
			      r->client ? "asked" : "answered");

	if (width <= 0 || length < 0)
		return;
	if (strcmp(r->method, "SQL") == 0)
		swprintf(text + length, sizeof(text) / sizeof(*text) - (size_t)length,
			 L", %" PRIu64 " rows", r->rows);
	cells__put_fitted(f, x, y, width, true, style, text);
}

void slow_exchange__draw(const struct view *v, struct frame *f, const struct slow_row *r)
{
	wchar_t took[32];
	int y = HEADER_LINES - 1;

	format__ms(r->total, v->plain, took, sizeof(took) / sizeof(*took));
	cells__style_line(f, y, STYLE_TITLE);
	cells__put(f, 0, y++, STYLE_TITLE, "%s %s by %s in %ls, %.0f s ago", r->method,
		   r->client ? "asked" : "answered", r->service, took, fmin(r->age_seconds, 1e9));
	y = cells__put_wrapped(f, 0, y, STYLE_BOLD, r->route) + 1;
	for (size_t i = 0; i < r->fact_count && y < f->height - FOOTER_LINES; i++, y++) {
		cells__put(f, 0, y, STYLE_DIM, "%s", r->fact[i].name);
		cells__put(f, 20, y, STYLE_PLAIN, "%s", r->fact[i].value);
	}
}
