/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The slowest exchanges, requests with a bar of where their time went, and the waterfall of one. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "view/cells.h"
#include "view/columns.h"
#include "view/pages.h"
#include "view/slow.h"

#define BAR	  20 /* cells of a row's bar */
#define LANE_LEFT 29 /* of the waterfall: what stands before the lane */
#define LANE_MIN  8
#define FOOTER	  1

/* Letters tell them apart where colours do not. */
static const struct look {
	wchar_t letter;
	enum cell_style style;
} looks[WHERE_COUNT] = {
	[WHERE_QUEUE] = {L'q', STYLE_WARN},	  [WHERE_SELF] = {L'.', STYLE_DIM},
	[WHERE_POSTGRES] = {L'P', STYLE_GOOD},	  [WHERE_REDIS] = {L'R', STYLE_WARN},
	[WHERE_HTTP] = {L'H', STYLE_BOLD},	  [WHERE_SEVERAL] = {L'+', STYLE_BOLD},
	[WHERE_UNATTRIBUTED] = {L'?', STYLE_BAD},
};

/* ---- which rows ---- */

static bool fits(const struct view *v, const struct slow_row *r)
{
	if (v->service[0] && strcmp(v->service, r->service) != 0)
		return false;
	return !v->filter[0] || strcasestr(r->route, v->filter) ||
	       strcasestr(r->service, v->filter) || strcasestr(r->method, v->filter);
}

size_t slow_rows__choose(const struct view *v, const struct slow_row **rows)
{
	size_t count = 0;

	for (size_t i = 0; v->model && i < v->model->slow_count; i++)
		if (fits(v, &v->model->slow[i]))
			rows[count++] = &v->model->slow[i];
	return count;
}

/* New ones come in between; who looks at one wants to go on looking at it. */
static void follow(struct view *v, const struct slow_row **rows)
{
	for (size_t i = 0; v->followed && i < v->shown; i++)
		if (rows[i]->id == v->followed)
			v->selected = i;
	if (v->selected >= v->shown)
		v->selected = v->shown ? v->shown - 1 : 0;
	if (v->shown && (v->selected || v->detail))
		v->followed = rows[v->selected]->id;
	if (v->selected < v->top)
		v->top = v->selected;
	if (v->room && v->selected >= v->top + v->room)
		v->top = v->selected - v->room + 1;
}

/* ---- bars ---- */

/* The place of the middle of each cell. */
static void draw_bar(struct frame *f, int x, int y, int width, const struct slow_row *r)
{
	for (int i = 0; i < width; i++) {
		double at = (i + 0.5) / width * r->total, sum = 0;
		enum where where = 0;

		while (where < WHERE_COUNT - 1 && (sum += r->share[where]) <= at)
			where++;
		cells__put_wide(f, x + i, y, 1, looks[where].style,
				(wchar_t[]){looks[where].letter, 0});
	}
}

static void format_age(double seconds, wchar_t *out, size_t size)
{
	seconds = fmin(seconds, 1e9);
	if (seconds < 99.5)
		swprintf(out, size, L"%.0fs", seconds);
	else
		swprintf(out, size, L"%.0fm", seconds / 60);
}

/* ---- the list ---- */

static int put_text(struct frame *f, int x, int y, int width, bool left, enum cell_style style,
		    const wchar_t *text)
{
	cells__put_fitted(f, x, y, width, left, style, text);
	return x + width + 1;
}

static int put_name(struct frame *f, int x, int y, int width, enum cell_style style,
		    const char *name)
{
	wchar_t text[SLOW_ROW_ROUTE_MAX + 1];

	if (width <= 0)
		return x;
	cells__widen(name, text, sizeof(text) / sizeof(*text));
	return put_text(f, x, y, width, true, style, text);
}

/* Widths of what gives way on narrow screens. */
struct widths {
	int service, route, bar;
};

static struct widths widths_of(int width)
{
	struct widths w = {.service = width >= 72 ? 14 : 0, .bar = width >= 60 ? BAR : 0};

	w.route = width - 28 - (w.service ? w.service + 1 : 0) - (w.bar ? w.bar + 1 : 0);
	return w;
}

static void draw_heads(struct frame *f)
{
	struct widths w = widths_of(f->width);
	int x, y = HEADER_LINES - 1;

	cells__style_line(f, y, STYLE_TITLE);
	x = put_text(f, 0, y, 4, false, STYLE_TITLE, L"AGE");
	x = put_text(f, x, y, 8, false, STYLE_TITLE, L"LATENCY");
	x = put_text(f, x, y, 4, false, STYLE_TITLE, L"CODE");
	x = put_text(f, x, y, 7, true, STYLE_TITLE, L"METHOD");
	x = put_name(f, x, y, w.route, STYLE_TITLE, "ROUTE, STATEMENT, COMMAND");
	x = put_name(f, x, y, w.service, STYLE_TITLE, "SERVICE");
	put_name(f, x, y, w.bar, STYLE_TITLE, "WHERE ITS TIME WENT");
}

static void draw_row(const struct view *v, struct frame *f, int y, const struct slow_row *r,
		     bool selected)
{
	enum cell_style plain = selected ? STYLE_SELECTED : STYLE_PLAIN;
	struct widths w = widths_of(f->width);
	wchar_t text[32];
	int x;

	if (selected)
		cells__style_line(f, y, STYLE_SELECTED);
	format_age(r->age_seconds, text, sizeof(text) / sizeof(*text));
	x = put_text(f, 0, y, 4, false, plain, text);
	format__ms(r->total, v->plain, text, sizeof(text) / sizeof(*text));
	x = put_text(f, x, y, 8, false, plain, text);
	if (r->exchange && !r->status)
		swprintf(text, sizeof(text) / sizeof(*text), L"%s", r->failed ? "err" : "ok");
	else
		swprintf(text, sizeof(text) / sizeof(*text), L"%u", r->status);
	x = put_text(f, x, y, 4, false,
		     selected					     ? plain
		     : r->status >= 500 || (r->failed && !r->status) ? STYLE_BAD
								     : STYLE_PLAIN,
		     text);
	x = put_name(f, x, y, 7, plain, r->method);
	x = put_name(f, x, y, w.route, plain, r->route);
	x = put_name(f, x, y, w.service, plain, r->service);
	if (r->exchange)
		slow_exchange__put_summary(f, x, y, w.bar, plain, r);
	else
		draw_bar(f, x, y, w.bar, r);
}

static void draw_list(struct view *v, struct frame *f, const struct slow_row **rows)
{
	draw_heads(f);
	if (!v->shown)
		cells__put(f, 0, HEADER_LINES, STYLE_DIM, "%s",
			   v->filter[0] ? "nothing slow fits the filter; Esc clears it"
					: "nothing took a millisecond yet");
	for (size_t i = v->top; i < v->shown && i - v->top < v->room; i++)
		draw_row(v, f, HEADER_LINES + (int)(i - v->top), rows[i],
			 i == v->selected && !v->still);
}

/* ---- one request ---- */

static int put_shares(const struct view *v, struct frame *f, int y, const struct slow_row *r)
{
	wchar_t text[32];

	for (enum where where = 0; where < WHERE_COUNT; where++) {
		double share = r->total > 0 ? r->share[where] / r->total : 0;
		int x;

		if (!(r->share[where] > 0))
			continue;
		format__ms(r->share[where], v->plain, text, sizeof(text) / sizeof(*text));
		x = cells__put(f, 0, y, looks[where].style, "%lc %-12s",
			       (wint_t)looks[where].letter, where__name(where));
		cells__put_fitted(f, x, y, 8, false, STYLE_PLAIN, text);
		cells__put(f, x + 8, y++, STYLE_PLAIN, " %5.1f%%", share * 100);
	}
	return y + 1;
}

struct lane {
	int x, width;
	double from_ms, ms; /* what it stands for */
};

/* Nothing is too short to be seen. */
static void draw_span(struct frame *f, int y, const struct lane *lane, double start_ms, double ms,
		      enum cell_style style, wchar_t letter)
{
	double scale = lane->ms > 0 ? lane->width / lane->ms : 0;
	double begin = floor((start_ms - lane->from_ms) * scale);
	int from = (int)fmax(0, fmin(begin, lane->width - 1));
	double end = ceil((start_ms - lane->from_ms + ms) * scale);
	int to = (int)fmax(from + 1, fmin(end, lane->width));

	for (int i = from; i < to; i++)
		cells__put_wide(f, lane->x + i, y, 1, style, (wchar_t[]){letter, 0});
}

static int put_times(const struct view *v, struct frame *f, int y, double start_ms, double ms)
{
	wchar_t text[32];
	int x;

	format__ms(start_ms, v->plain, text, sizeof(text) / sizeof(*text));
	x = put_text(f, 0, y, 8, false, STYLE_DIM, text);
	format__ms(ms, v->plain, text, sizeof(text) / sizeof(*text));
	return put_text(f, x, y, 8, false, STYLE_PLAIN, text);
}

static void draw_call(const struct view *v, struct frame *f, int y, const struct lane *lane,
		      const struct slow_span *s)
{
	enum cell_style style = s->certain ? looks[s->kind].style : STYLE_BAD;
	wchar_t letter = s->certain ? looks[s->kind].letter : L'?';
	int x = put_times(v, f, y, s->start_ms, s->ms);

	cells__put(f, x, y, style, "%s", where__name(s->kind));
	draw_span(f, y, lane, s->start_ms, s->ms, style, letter);
	put_name(f, lane->x + lane->width + 1, y, f->width - lane->x - lane->width - 1, STYLE_PLAIN,
		 s->name);
}

static void draw_request(const struct view *v, struct frame *f, int y, const struct lane *lane,
			 const struct slow_row *r)
{
	int x = put_times(v, f, y, 0, r->ms);

	cells__put(f, x, y, STYLE_BOLD, "request");
	if (r->share[WHERE_QUEUE] > 0)
		draw_span(f, y, lane, lane->from_ms, r->share[WHERE_QUEUE],
			  looks[WHERE_QUEUE].style, looks[WHERE_QUEUE].letter);
	draw_span(f, y, lane, 0, r->ms, STYLE_BOLD, v->plain ? L'=' : L'\u2550');
	put_name(f, lane->x + lane->width + 1, y, f->width - lane->x - lane->width - 1, STYLE_BOLD,
		 r->route);
}

static struct lane lane_of(const struct frame *f, const struct slow_row *r)
{
	int width = (f->width - LANE_LEFT) * 3 / 5;

	return (struct lane){.x = LANE_LEFT,
			     .width = width < LANE_MIN ? LANE_MIN : width,
			     .from_ms = -r->share[WHERE_QUEUE],
			     .ms = r->share[WHERE_QUEUE] + r->ms};
}

static void draw_calls(const struct view *v, struct frame *f, int y, const struct slow_row *r)
{
	struct lane lane = lane_of(f, r);
	size_t shown = 0;

	cells__style_line(f, y, STYLE_TITLE);
	cells__put(f, 0, y, STYLE_TITLE, "%8s %8s %-10s", "START", "TIME", "WHERE");
	draw_request(v, f, ++y, &lane, r);
	for (; shown < r->span_count && y + 2 < f->height - FOOTER; shown++)
		draw_call(v, f, ++y, &lane, &r->span[shown]);
	if (r->calls > shown)
		cells__put(f, 0, y + 1, STYLE_DIM, "and %lu calls more",
			   (unsigned long)(r->calls - shown));
}

static void draw_waterfall(const struct view *v, struct frame *f, const struct slow_row *r)
{
	wchar_t took[32], age[32];
	int y = HEADER_LINES - 1;

	format__ms(r->total, v->plain, took, sizeof(took) / sizeof(*took));
	format_age(r->age_seconds, age, sizeof(age) / sizeof(*age));
	cells__style_line(f, y, STYLE_TITLE);
	cells__put(f, 0, y++, STYLE_TITLE, "%s of %s: %u in %ls, %ls ago", r->method, r->service,
		   r->status, took, age);
	y = cells__put_wrapped(f, 0, y, STYLE_BOLD, r->route) + 1;
	y = put_shares(v, f, y, r);
	draw_calls(v, f, y, r);
}

void page__slow(struct view *v, struct frame *f)
{
	const struct slow_row *rows[SLOW_ROWS_MAX];
	int room = f->height - HEADER_LINES - FOOTER;

	v->room = room > 0 ? (size_t)room : 0;
	v->shown = slow_rows__choose(v, rows);
	follow(v, rows);
	if (v->detail && v->shown && rows[v->selected]->exchange)
		slow_exchange__draw(v, f, rows[v->selected]);
	else if (v->detail && v->shown)
		draw_waterfall(v, f, rows[v->selected]);
	else
		draw_list(v, f, rows);
}
