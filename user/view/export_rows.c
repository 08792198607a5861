/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/export_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "view/backends.h"
#include "view/columns.h"
#include "view/rows.h"
#include "view/slow.h"
#include "view/utf8.h"

void export__number(json_t *object, const char *key, double value)
{
	json_object_set_new_nocheck(object, key, isfinite(value) ? json_real(value) : json_null());
}

void export__count(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new_nocheck(object, key, json_integer((json_int_t)value));
}

/* What the model cut or a stranger sent may be no UTF-8; jansson checks. */
void export__name(json_t *object, const char *key, const char *value)
{
	json_t *text = json_string(value);

	json_object_set_new_nocheck(object, key, text ? text : json_string("\xef\xbf\xbd"));
}

/* ---- tables ---- */

static void put_names(enum page page, const struct model_row *r, json_t *out)
{
	export__name(out, "service", r->service);
	if (page == PAGE_SERVICES)
		export__name(out, "protocol", r->protocol);
	export__name(out, "side", r->side);
	if (page == PAGE_ROUTES) {
		export__name(out, "method", r->kind);
		export__name(out, "route", r->name);
	} else if (page == PAGE_STATEMENTS) {
		export__name(out, "verb", r->kind);
		export__name(out, "table", r->table);
		export__name(out, "fingerprint", r->fingerprint);
		export__name(out, "statement", r->name);
	} else if (page == PAGE_COMMANDS) {
		export__name(out, "command", r->name);
		json_object_set_new_nocheck(out, "blocking", json_boolean(r->kind[0] != '\0'));
	} else if (page == PAGE_KEYS) {
		export__name(out, "pattern", r->name);
	}
}

static void put_exchanges(const struct model_row *r, json_t *out)
{
	export__count(out, "count", r->count);
	export__number(out, "rate_per_second", r->rate);
	export__count(out, "errors", r->errors);
	export__number(out, "error_percent", r->count ? r->error_share * 100 : NAN);
	export__count(out, "unanswered", r->unanswered);
	export__number(out, "mean_ms", r->mean);
	export__number(out, "p50_ms", r->p50);
	export__number(out, "p95_ms", r->p95);
	export__number(out, "p99_ms", r->p99);
	export__number(out, "max_ms", r->max);
}

static void put_status(const char *name, const struct model_row *r, json_t *out)
{
	json_t *status = json_object();

	for (size_t i = 0; i < r->status_count; i++) {
		char code[16];

		snprintf(code, sizeof(code), "%u", r->status[i].code);
		export__count(status, r->status[i].command[0] ? r->status[i].command : code,
			      r->status[i].count);
	}
	json_object_set_new_nocheck(out, name, status);
}

static void put_exchange_row(enum page page, const struct model_row *r, json_t *out)
{
	put_names(page, r, out);
	put_exchanges(r, out);
	if (page == PAGE_SERVICES)
		export__count(out, "connections", r->connections);
	if (page == PAGE_ROUTES)
		put_status("status", r, out);
	if (page == PAGE_STATEMENTS) {
		export__count(out, "rows", r->aux);
		export__name(out, "callers", r->callers);
	}
	if (page == PAGE_COMMANDS || page == PAGE_KEYS) {
		export__count(out, "hits", r->aux);
		export__count(out, "misses", r->aux2);
	}
	if (page == PAGE_KEYS) {
		export__count(out, "request_bytes", r->request_bytes);
		export__count(out, "response_bytes", r->response_bytes);
		put_status("commands", r, out);
	}
}

/* Names and values as in the model (docs/model.md). */
static void put_state_row(enum page page, const struct model_row *r, json_t *out)
{
	if (page != PAGE_QUEUES) {
		export__name(out, "service", r->service);
		export__name(out, "side", r->side);
		export__name(out, page == PAGE_POOLS ? "database" : "address", r->name);
		if (page == PAGE_CACHES)
			export__name(out, "source", r->kind);
	} else {
		export__name(out, "queue", r->name);
		export__name(out, "kind", r->kind);
	}
	for (int i = 0; i < MODEL_VALUES; i++)
		if (backends__key(page, i))
			export__number(out, backends__key(page, i), r->value[i]);
}

/* A page of which no more is known here than its columns: what they print. */
static void put_columns(const struct column *columns, const struct model_row *r, json_t *out)
{
	for (; columns->title; columns++) {
		wchar_t wide[MODEL_NAME_MAX + 1];
		char text[UTF8_MAX * MODEL_NAME_MAX + 1];

		if (!columns->title[0])
			continue;
		columns->print(r, true, wide, sizeof(wide) / sizeof(*wide));
		utf8__narrow(wide, text, sizeof(text));
		export__name(out, columns->title, text);
	}
}

static void put_row(const struct view *v, const struct model_row *r, json_t *out)
{
	if (v->page < PAGE_LOSSES)
		put_exchange_row(v->page, r, out);
	else if (v->page == PAGE_POOLS || v->page == PAGE_CACHES || v->page == PAGE_QUEUES)
		put_state_row(v->page, r, out);
	else
		put_columns(columns__of(v->page), r, out);
}

void export__table(const struct view *v, json_t *rows)
{
	size_t count;
	const struct model_row **chosen = rows__choose(v, &count);

	for (size_t i = 0; i < count; i++) {
		json_t *row;

		if (v->detail && i != v->selected)
			continue;
		row = json_object();
		put_row(v, chosen[i], row);
		json_array_append_new(rows, row);
	}
	free(chosen);
}

/* ---- other pages ---- */

static json_t *spans_of(const struct slow_row *r)
{
	json_t *spans = json_array();

	for (size_t i = 0; i < r->span_count; i++) {
		json_t *span = json_object();

		export__name(span, "where", where__name(r->span[i].kind));
		json_object_set_new_nocheck(span, "certain", json_boolean(r->span[i].certain));
		export__number(span, "start_ms", r->span[i].start_ms);
		export__number(span, "ms", r->span[i].ms);
		export__name(span, "name", r->span[i].name);
		json_array_append_new(spans, span);
	}
	return spans;
}

static json_t *facts_of(const struct slow_row *r)
{
	json_t *facts = json_array();

	for (size_t i = 0; i < r->fact_count; i++) {
		json_t *fact = json_object();

		export__name(fact, "name", r->fact[i].name);
		export__name(fact, "value", r->fact[i].value);
		json_array_append_new(facts, fact);
	}
	return facts;
}

static json_t *slow_row(const struct slow_row *r)
{
	json_t *row = json_object();

	export__name(row, "service", r->service);
	export__name(row, "method", r->method);
	export__name(row, "route", r->route);
	export__count(row, "status", r->status);
	export__number(row, "age_seconds", r->age_seconds);
	export__number(row, "total_ms", r->total);
	export__number(row, "request_ms", r->ms);
	for (enum where where = 0; where < WHERE_COUNT; where++) {
		char key[48];

		snprintf(key, sizeof(key), "%s_ms", where__name(where));
		export__number(row, key, r->share[where]);
	}
	export__count(row, "calls", r->calls);
	export__name(row, "side", r->client ? "client" : "server");
	json_object_set_new_nocheck(row, "spans", spans_of(r));
	json_object_set_new_nocheck(row, "facts", facts_of(r));
	return row;
}

void export__slow(const struct view *v, json_t *rows)
{
	const struct slow_row *chosen[SLOW_ROWS_MAX];
	size_t count = slow_rows__choose(v, chosen);

	for (size_t i = 0; i < count; i++)
		if (!v->detail || i == v->selected)
			json_array_append_new(rows, slow_row(chosen[i]));
}

static void put_or_null(json_t *row, const char *key, bool known, uint64_t value)
{
	json_object_set_new_nocheck(row, key,
				    known ? json_integer((json_int_t)value) : json_null());
}

/* Of both tables of the page: a total has no reason, a reason no side. */
static json_t *loss_row(const struct model_total *t, const char *reason, bool total, uint64_t bytes)
{
	json_t *row = json_object();

	export__name(row, "protocol", t->protocol);
	export__name(row, "side", t->side);
	export__name(row, "reason", reason);
	put_or_null(row, "seen", total, t->seen);
	put_or_null(row, "reported", total, t->reported);
	put_or_null(row, "in_flight", total, t->in_flight);
	put_or_null(row, "lost", true, t->lost);
	put_or_null(row, "lost_bytes", !total, bytes);
	return row;
}

void export__losses(const struct view *v, json_t *rows)
{
	const struct model *m = v->model;

	for (size_t i = 0; i < m->total_count; i++)
		json_array_append_new(rows, loss_row(&m->totals[i], "", true, 0));
	for (size_t i = 0; i < m->loss_count; i++) {
		struct model_total why = {.lost = m->losses[i].exchanges};

		snprintf(why.protocol, sizeof(why.protocol), "%s", m->losses[i].protocol);
		json_array_append_new(
			rows, loss_row(&why, m->losses[i].reason, false, m->losses[i].bytes));
	}
}

void export__sonde(const struct view *v, json_t *rows)
{
	const struct model *m = v->model;
	json_t *row = json_object();

	export__name(row, "capture", m->capture);
	export__number(row, "cpu_percent", m->cpu_share * 100);
	export__number(row, "bpf_percent", m->bpf_share * 100);
	export__count(row, "resident_bytes", m->resident_bytes);
	export__number(row, "ring_fill_percent", m->ring_fill * 100);
	export__number(row, "ring_fill_max_percent", m->ring_fill_max * 100);
	export__number(row, "drain_delay_ms", m->drain_delay_ms);
	export__count(row, "events", m->events);
	export__number(row, "events_per_second", m->events_rate);
	export__count(row, "bytes", m->bytes);
	export__number(row, "bytes_per_second", m->bytes_rate);
	export__count(row, "connections", m->connections);
	export__count(row, "series", m->series);
	export__count(row, "rows_left_out", m->left_out);
	json_array_append_new(rows, row);
}
