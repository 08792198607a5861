/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/tail_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "view/cells.h"
#include "view/columns.h"
#include "view/pages.h"
#include "view/tail_filter.h"

#define BELOW 2 /* lines: how it stands, and the keys */

/* ---- rows ---- */

uint64_t kept_row__number(const struct kept_row *r, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(r->exchange, key));

	return value > 0 ? (uint64_t)value : 0;
}

const char *kept_row__text(const struct kept_row *r, const char *key)
{
	const char *value = json_string_value(json_object_get(r->exchange, key));

	return value ? value : "";
}

void kept_row__time(const struct kept_row *r, const char *format, char *out, size_t size)
{
	uint64_t ns = kept_row__number(r, "start_ns") + (uint64_t)r->offset_ns;
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm local;
	size_t length;

	out[0] = '\0';
	if (!localtime_r(&seconds, &local))
		return;
	length = strftime(out, size, format, &local);
	snprintf(out + length, size - length, ".%06u", (unsigned int)(ns % 1000000000 / 1000));
}

size_t tail_page__choose(const struct view *v, const struct kept_row **rows)
{
	struct tail_filter filter;
	size_t count = 0;

	tail_filter__parse(&filter, v->filter);
	for (size_t i = 0; v->tail && i < v->tail->count; i++) {
		const struct kept_row *row = kept__get(v->tail, i);

		if (tail_filter__admits(&filter, row->exchange))
			rows[count++] = row;
	}
	return count;
}

/* Rows may have come since the choice was drawn, but none of them stood before it in the list. */
void tail_page__stop(struct view *v)
{
	const struct kept_row *rows[KEPT_MAX];
	size_t count = tail_page__choose(v, rows);

	v->tail_stopped = v->selected < count;
	v->followed = v->tail_stopped ? rows[v->selected]->id : 0;
}

void tail_page__select(struct view *v)
{
	tail_page__stop(v);
	if (v->selected + 1 >= v->shown) {
		v->tail_stopped = false;
		v->followed = 0;
	}
}

/* A chosen row that went: the oldest one that is left, for it was older still. */
static void follow(struct view *v, const struct kept_row **rows)
{
	size_t at = 0;

	if (!v->tail_stopped) {
		v->selected = v->shown ? v->shown - 1 : 0;
	} else {
		while (at < v->shown && rows[at]->id < v->followed)
			at++;
		v->selected = at < v->shown ? at : v->shown ? v->shown - 1 : 0;
	}
	if (v->selected < v->top)
		v->top = v->selected;
	if (v->room && v->selected >= v->top + v->room)
		v->top = v->selected - v->room + 1;
	if (v->top + v->room > v->shown)
		v->top = v->shown > v->room ? v->shown - v->room : 0;
}

/* ---- the list ---- */

/* Widths; 0: narrow screens have none of it. */
struct widths {
	int time, service, side, protocol, what, status, took, size;
};

static struct widths widths_of(int width)
{
	struct widths w = {.time = width >= 120	 ? 15
				   : width >= 60 ? 12
						 : 8,
			   .service = width >= 120  ? 18
				      : width >= 56 ? 12
						    : 0,
			   .side = width >= 72 ? 6 : 0,
			   .protocol = width >= 92 ? 8 : 0,
			   .status = 7,
			   .took = 7,
			   .size = width >= 100 ? 8 : 0};
	int others[] = {w.time, w.service, w.side, w.protocol, w.status, w.took, w.size};

	w.what = width;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		w.what -= others[i] ? others[i] + 1 : 0;
	return w;
}

static int put_wide(struct frame *f, int x, int y, int width, bool left, enum cell_style style,
		    const wchar_t *text)
{
	if (width <= 0)
		return x;
	cells__put_fitted(f, x, y, width, left, style, text);
	return x + width + 1;
}

static int put(struct frame *f, int x, int y, int width, bool left, enum cell_style style,
	       const char *text)
{
	wchar_t wide[MODEL_NAME_MAX + 1];

	cells__widen(text, wide, sizeof(wide) / sizeof(*wide));
	return put_wide(f, x, y, width, left, style, wide);
}

static void draw_heads(struct frame *f)
{
	struct widths w = widths_of(f->width);
	int x, y = HEADER_LINES - 1;

	cells__style_line(f, y, STYLE_TITLE);
	x = put(f, 0, y, w.time, true, STYLE_TITLE, "BEGUN");
	x = put(f, x, y, w.service, true, STYLE_TITLE, "SERVICE");
	x = put(f, x, y, w.side, true, STYLE_TITLE, "SIDE");
	x = put(f, x, y, w.protocol, true, STYLE_TITLE, "PROTOCOL");
	x = put(f, x, y, w.what, true, STYLE_TITLE, "ROUTE, STATEMENT, COMMAND");
	x = put(f, x, y, w.status, false, STYLE_TITLE, "STATUS");
	x = put(f, x, y, w.took, false, STYLE_TITLE, "LATENCY");
	put(f, x, y, w.size, false, STYLE_TITLE, "ANSWER");
}

static enum cell_style status_style(const struct kept_row *r)
{
	const char *outcome = kept_row__text(r, "outcome");
	uint64_t status = kept_row__number(r, "status");

	if (status >= 400 && status < 500)
		return STYLE_WARN;
	return strcmp(outcome, "ok") == 0 ? STYLE_GOOD : STYLE_BAD;
}

static void draw_row(const struct view *v, struct frame *f, int y, const struct kept_row *r,
		     bool selected)
{
	enum cell_style plain = selected ? STYLE_SELECTED : STYLE_PLAIN;
	struct widths w = widths_of(f->width);
	char text[MODEL_NAME_MAX];
	wchar_t wide[32];
	int x;

	if (selected)
		cells__style_line(f, y, STYLE_SELECTED);
	kept_row__time(r, "%H:%M:%S", text, sizeof(text));
	text[w.time] = '\0'; /* digits that narrow screens have no room for */
	x = put(f, 0, y, w.time, true, selected ? plain : STYLE_DIM, text);
	x = put(f, x, y, w.service, true, plain, kept_row__text(r, "service"));
	x = put(f, x, y, w.side, true, plain, kept_row__text(r, "side"));
	x = put(f, x, y, w.protocol, true, plain, kept_row__text(r, "protocol"));
	line__what(r->exchange, text, sizeof(text));
	x = put(f, x, y, w.what, true, plain, text);
	line__status(r->exchange, text, sizeof(text));
	x = put(f, x, y, w.status, false, selected ? plain : status_style(r), text);
	format__ms((double)kept_row__number(r, "duration_ns") / 1e6, v->plain, wide, 32);
	x = put_wide(f, x, y, w.took, false, plain, wide);
	format__bytes((double)kept_row__number(r, "response_bytes"), wide, 32);
	put_wide(f, x, y, w.size, false, plain, wide);
}

/* ---- how it stands ---- */

static bool is_recording(const struct view *v)
{
	return v->model && v->model->recording;
}

/* What is wrong comes first. */
static int put_state(const struct view *v, struct frame *f, int y)
{
	struct tail_filter filter;

	tail_filter__parse(&filter, v->filter);
	if (filter.problem[0] && !v->typing)
		return cells__put(f, 0, y, STYLE_BAD, "the filter's %s", filter.problem);
	if (v->tail_trouble[0])
		return cells__put(f, 0, y, STYLE_BAD, "%s", v->tail_trouble);
	if (v->tail && is_recording(v))
		return cells__put(f, 0, y, STYLE_DIM, "the last %zu of %lu exchanges",
				  v->tail->count, (unsigned long)v->tail->added);
	if (v->frozen)
		return cells__put(f, 0, y, STYLE_WARN, "frozen; p goes on");
	if (v->tail_stopped)
		return cells__put(f, 0, y, STYLE_WARN, "stopped; G follows the newest again");
	return cells__put(f, 0, y, STYLE_GOOD, "following the newest");
}

static void put_counts(const struct kept *tail, struct frame *f, int x, int y)
{
	uint64_t gone = tail->added - tail->count;

	x = cells__put(f, x, y, tail->missed ? STYLE_BAD : STYLE_DIM, ", missed %lu",
		       (unsigned long)tail->missed);
	x = cells__put(f, x, y, STYLE_DIM, ", %zu kept", tail->count);
	if (gone)
		cells__put(f, x, y, STYLE_DIM, ", %lu older ones gone", (unsigned long)gone);
}

static void draw_state(const struct view *v, struct frame *f, int y)
{
	int x = put_state(v, f, y);

	if (v->tail && !is_recording(v))
		put_counts(v->tail, f, x, y);
}

static const char *nothing_here(const struct view *v)
{
	if (v->filter[0])
		return "no exchange fits the filter yet; Esc clears it";
	return is_recording(v) ? "reading the recording" : "no exchange has ended yet";
}

static void draw_list(struct view *v, struct frame *f, const struct kept_row **rows)
{
	draw_heads(f);
	if (!v->shown)
		cells__put(f, 0, HEADER_LINES, STYLE_DIM, "%s", nothing_here(v));
	for (size_t i = v->top; i < v->shown && i - v->top < v->room; i++)
		draw_row(v, f, HEADER_LINES + (int)(i - v->top), rows[i], i == v->selected);
	if (v->room)
		draw_state(v, f, f->height - BELOW);
}

void page__tail(struct view *v, struct frame *f)
{
	const struct kept_row *rows[KEPT_MAX];
	int room = f->height - HEADER_LINES - BELOW;

	v->room = room > 0 ? (size_t)room : 0;
	v->shown = tail_page__choose(v, rows);
	follow(v, rows);
	if (v->detail && v->shown)
		tail_page__detail(v, f, rows[v->selected]);
	else
		draw_list(v, f, rows);
}
