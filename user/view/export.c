/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "view/columns.h"
#include "view/export_rows.h"
#include "view/moment.h"
#include "view/tail_page.h"

#define DIGITS 9 /* of a number: a nanosecond in a second */

/* ---- names ---- */

enum export_form export__form(const char *file)
{
	const char *dot = strrchr(file, '.');

	if (!dot || dot == file || dot[-1] == '/')
		return EXPORT_NONE;
	if (strcasecmp(dot, ".csv") == 0)
		return EXPORT_CSV;
	return strcasecmp(dot, ".json") == 0 ? EXPORT_JSON : EXPORT_NONE;
}

void export__default_name(const struct view *v, char *out, size_t size)
{
	char time[32];

	if (!moment__format(v->model ? v->model->wall : "", "-%Y%m%d-%H%M%S", time, sizeof(time)))
		time[0] = '\0';
	snprintf(out, size, "sonde-%s%s.csv", page__title(v->page), time);
}

/* ---- the document ---- */

static void put_scope(const struct view *v, json_t *out)
{
	const struct column *columns = columns__of(v->page);

	if (v->service[0] && v->page != PAGE_SERVICES) {
		export__name(out, "service", v->service);
		export__name(out, "side", v->side);
	}
	export__name(out, "filter", v->filter);
	if (!columns)
		return;
	export__name(out, "sort", columns[v->sort[v->page]].title);
	json_object_set_new_nocheck(out, "reversed", json_boolean(v->reversed[v->page]));
}

/* Who reads the file must know what it does not hold, as who looks at the screen does. */
static void put_source(const struct model *m, json_t *out)
{
	export__name(out, "time", m->wall);
	export__name(out, "source", m->recording ? "recording" : "live");
	export__number(out, "interval_seconds", m->interval);
	export__count(out, "seen", m->seen);
	export__count(out, "lost", m->lost);
	export__number(out, "sampling_rate", m->sampling_rate);
}

static void put_rows(const struct view *v, json_t *rows)
{
	if (v->page == PAGE_LOSSES)
		export__losses(v, rows);
	else if (v->page == PAGE_SONDE)
		export__sonde(v, rows);
	else if (v->page == PAGE_SLOW)
		export__slow(v, rows);
	else if (v->page == PAGE_TAIL)
		export__tail(v, rows);
	else
		export__table(v, rows);
}

json_t *export__document(const struct view *v)
{
	json_t *out = json_object(), *rows = json_array();

	if (!out || !rows || !v->model) {
		json_decref(out);
		json_decref(rows);
		return NULL;
	}
	export__name(out, "sonde", v->model->version);
	export__name(out, "page", page__title(v->page));
	put_source(v->model, out);
	put_scope(v, out);
	put_rows(v, rows);
	json_object_set_new_nocheck(out, "rows", rows);
	return out;
}

/* ---- CSV ---- */

/*
 * Routes and names are what strangers sent: a cell that begins as a formula would be one in a
 * spreadsheet (OWASP, CSV Injection), so a quote stands before it.
 */
static bool is_formula(const char *text)
{
	return text[0] && strchr("=+-@\t\r", text[0]);
}

static void put_text(const char *text, struct buffer *out)
{
	if (is_formula(text))
		buffer__text(out, "'");
	buffer__text(out, text);
}

/* RFC 4180, section 2, 5 to 7. */
static void put_cell(const char *text, struct buffer *out)
{
	struct buffer cell = {0};

	put_text(text, &cell);
	if (!cell.data || !strpbrk(cell.data, ",\"\r\n")) {
		buffer__text(out, cell.data ? cell.data : "");
	} else {
		buffer__text(out, "\"");
		for (const char *at = cell.data; *at; at++)
			buffer__append(out, *at == '"' ? "\"\"" : at, *at == '"' ? 2 : 1);
		buffer__text(out, "\"");
	}
	out->failed |= cell.failed;
	buffer__clear(&cell);
}

/* "200=12 500=1" */
static void put_object(const json_t *object, struct buffer *out)
{
	struct buffer cell = {0};
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) buffer__printf(
		&cell, "%s%s=%.*g", cell.length ? " " : "", key, DIGITS, json_number_value(value));
	put_cell(cell.data ? cell.data : "", out);
	out->failed |= cell.failed;
	buffer__clear(&cell);
}

static void put_value(const json_t *value, struct buffer *out)
{
	if (json_is_string(value))
		put_cell(json_string_value(value), out);
	else if (json_is_integer(value))
		buffer__printf(out, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		buffer__printf(out, "%.*g", DIGITS, json_real_value(value));
	else if (json_is_boolean(value))
		buffer__text(out, json_is_true(value) ? "true" : "false");
	else if (json_is_object(value))
		put_object(value, out);
	/* null: what is not known is empty; lists are in JSON alone */
}

static void put_line(json_t *row, bool names, struct buffer *out)
{
	bool first = true;
	const char *key;
	json_t *value;

	json_object_foreach(row, key, value)
	{
		if (json_is_array(value))
			continue;
		if (!first)
			buffer__text(out, ",");
		if (names)
			put_cell(key, out);
		else
			put_value(value, out);
		first = false;
	}
	buffer__text(out, "\r\n");
}

void export__csv(const json_t *document, struct buffer *out)
{
	json_t *rows = json_object_get(document, "rows"), *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (!i)
			put_line(row, true, out);
		put_line(row, false, out);
	}
}

/* ---- ---- */

static void put_json(const json_t *document, struct buffer *out)
{
	char *text = json_dumps(document, JSON_INDENT(1) | JSON_REAL_PRECISION(DIGITS));

	if (text) {
		buffer__text(out, text);
		buffer__text(out, "\n");
	}
	out->failed |= !text;
	free(text);
}

bool export__text(const struct view *v, enum export_form form, struct buffer *out, size_t *rows)
{
	json_t *document = export__document(v);

	if (!document)
		return false;
	*rows = json_array_size(json_object_get(document, "rows"));
	if (form == EXPORT_CSV)
		export__csv(document, out);
	else
		put_json(document, out);
	json_decref(document);
	return !out->failed;
}
