/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The picture: a header, a table, a line of keys. State and model in, cells out. */
#define _XOPEN_SOURCE_EXTENDED 1
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "view/columns.h"

#define HEADER_LINES 4 /* with the column heads */
#define FOOTER_LINES 1
#define NAME_MIN     12
#define COLUMNS_MAX  24

bool frame__size(struct frame *f, int width, int height)
{
	struct cell *cell;

	if (f->cell && f->width == width && f->height == height)
		return true;
	cell = calloc((size_t)width * (size_t)height + 1, sizeof(*cell));
	if (!cell)
		return false;
	free(f->cell);
	*f = (struct frame){.width = width, .height = height, .cell = cell};
	return true;
}

void frame__free(struct frame *f)
{
	free(f->cell);
	*f = (struct frame){0};
}

/* ---- cells ---- */

static void blank(struct frame *f)
{
	for (int i = 0; i < f->width * f->height; i++)
		f->cell[i] = (struct cell){L' ', STYLE_PLAIN};
}

static void style_line(struct frame *f, int y, uint8_t style)
{
	for (int x = 0; y >= 0 && y < f->height && x < f->width; x++)
		f->cell[y * f->width + x].style = style;
}

/* Up to `room` columns; returns how many were used. Characters that no terminal shows become '?'.
 */
static int put_wide(struct frame *f, int x, int y, int room, uint8_t style, const wchar_t *text)
{
	int begin = x;

	if (y < 0 || y >= f->height)
		return 0;
	for (; *text; text++) {
		int width = wcwidth(*text);
		wchar_t c = width < 1 ? L'?' : *text;

		width = width < 1 ? 1 : width;
		if (x - begin + width > room || x + width > f->width)
			break;
		f->cell[y * f->width + x] = (struct cell){c, style};
		if (width == 2)
			f->cell[y * f->width + x + 1] = (struct cell){0, style};
		x += width;
	}
	return x - begin;
}

static int put(struct frame *f, int x, int y, uint8_t style, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
static int put(struct frame *f, int x, int y, uint8_t style, const char *format, ...)
{
	wchar_t wide[512];
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	swprintf(wide, sizeof(wide) / sizeof(*wide), L"%s", text);
	return x + put_wide(f, x, y, f->width - x, style, wide);
}

/* ---- which rows, in which order ---- */

static bool fits(const struct view *v, const struct model_row *r)
{
	if (v->page != PAGE_SERVICES && v->service[0] &&
	    (strcmp(r->service, v->service) != 0 || strcmp(r->side, v->side) != 0))
		return false;
	return !v->filter[0] || strcasestr(r->name, v->filter) ||
	       strcasestr(r->service, v->filter) || strcasestr(r->kind, v->filter) ||
	       strcasestr(r->protocol, v->filter);
}

struct order {
	const struct column *column;
	bool reversed;
};

static int by_column(const void *a, const void *b, void *context)
{
	const struct order *order = context;
	const struct model_row *x = *(const struct model_row *const *)a;
	const struct model_row *y = *(const struct model_row *const *)b;
	int c = order->column->compare(x, y);

	if (order->reversed)
		c = -c;
	if (!c)
		c = strcmp(x->service, y->service);
	return c ? c : strcmp(x->name, y->name);
}

/* The rows to show, sorted; owned by the caller; NULL: none, or no memory. */
static const struct model_row **choose(const struct view *v, size_t *count)
{
	size_t all = v->model && v->page < PAGE_LOSSES ? v->model->row_count[v->page] : 0;
	const struct model_row **rows = all ? malloc(all * sizeof(*rows)) : NULL;
	struct order order = {.reversed = v->reversed};

	*count = 0;
	if (!rows)
		return NULL;
	for (size_t i = 0; i < all; i++)
		if (fits(v, &v->model->rows[v->page][i]))
			rows[(*count)++] = &v->model->rows[v->page][i];
	order.column = &columns__of(v->page)[v->sort[v->page]];
	qsort_r(rows, *count, sizeof(*rows), by_column, &order);
	return rows;
}

const struct model_row *view__selected(const struct view *v);
const struct model_row *view__selected(const struct view *v)
{
	const struct model_row **rows, *row;
	size_t count;

	rows = choose(v, &count);
	row = rows && v->selected < count ? rows[v->selected] : NULL;
	free(rows);
	return row;
}

/* ---- the header ---- */

/* What was half over when sonde came is no loss of its running; it is told apart. */
static int put_loss(struct frame *f, int x, int y, const struct model *m)
{
	double share = 100.0 * (double)m->lost / (double)(m->seen ? m->seen : 1);

	if (m->lost)
		x = put(f, x, y, STYLE_BAD, "LOST %lu of %lu (%.3f%%)", (unsigned long)m->lost,
			(unsigned long)m->seen, share);
	else
		x = put(f, x, y, STYLE_GOOD, "lost 0");
	if (m->attached)
		x = put(f, x, y, STYLE_DIM, " (%lu half over at the start)",
			(unsigned long)m->attached);
	return x;
}

static void draw_source(const struct view *v, struct frame *f)
{
	const struct model *m = v->model;
	wchar_t text[48];
	int x = put(f, 0, 0, STYLE_BOLD, "sonde %s", m ? m->version : "");

	if (!m) {
		put(f, x, 0, STYLE_DIM, "  waiting for the first numbers");
		return;
	}
	if (v->paused)
		x = put(f, x, 0, STYLE_WARN, "  PAUSED");
	if (m->recording)
		x = put(f, x, 0, STYLE_WARN, "  RECORDING of %s, not live", m->wall);
	else
		x = put(f, x, 0, STYLE_DIM, "  live by %s", m->capture);
	x = put_loss(f, x + 2, 0, m);
	format__bytes(m->bytes_rate, text, sizeof(text) / sizeof(*text));
	put(f, x, 0, STYLE_DIM, "  %.0f events/s, %ls/s", m->events_rate, text);
}

static void draw_self(const struct view *v, struct frame *f)
{
	const struct model *m = v->model;
	wchar_t resident[48];
	int x;

	if (!m)
		return;
	format__bytes((double)m->resident_bytes, resident, sizeof(resident) / sizeof(*resident));
	x = put(f, 0, 1, STYLE_DIM, "self: cpu %.1f%%, bpf %.1f%%, %ls, ", m->cpu_share * 100,
		m->bpf_share * 100, resident);
	x = put(f, x, 1, m->ring_fill_max > 0.9 ? STYLE_BAD : STYLE_DIM, "ring %.0f%% (max %.0f%%)",
		m->ring_fill * 100, m->ring_fill_max * 100);
	put(f, x, 1, STYLE_DIM, ", %lu connections, %lu series", (unsigned long)m->connections,
	    (unsigned long)m->series);
}

static void draw_tabs(const struct view *v, struct frame *f)
{
	int x = 0;

	for (int page = 0; page < PAGE_COUNT; page++)
		x = put(f, x, 2, page == (int)v->page ? STYLE_SELECTED : STYLE_PLAIN, " %d %s ",
			page + 1, page__title((enum page)page));
	if (v->service[0] && v->page != PAGE_SERVICES)
		x = put(f, x + 1, 2, STYLE_BOLD, "of %s (%s)", v->service, v->side);
	if (v->filter[0] || v->typing)
		put(f, x + 1, 2, STYLE_WARN, "/%s%s", v->filter, v->typing ? "_" : "");
}

/* ---- the table ---- */

struct layout {
	const struct column *column[COLUMNS_MAX];
	int width[COLUMNS_MAX];
	int count;
};

static int width_of(const struct column *columns, int worst)
{
	int width = 0;

	for (; columns->title; columns++)
		if (columns->priority <= worst)
			width += (columns->width ? columns->width : NAME_MIN) + 1;
	return width;
}

/* Leaves out what matters least until the rest fits; the name takes what is left. */
static void lay_out(const struct column *columns, int width, struct layout *out)
{
	int worst = 9, left;

	while (worst > 0 && width_of(columns, worst) > width)
		worst--;
	left = width - width_of(columns, worst);
	out->count = 0;
	for (; columns->title && out->count < COLUMNS_MAX; columns++) {
		if (columns->priority > worst)
			continue;
		out->column[out->count] = columns;
		out->width[out->count++] =
			columns->width ? columns->width : NAME_MIN + (left > 0 ? left : 0);
	}
}

static void put_cell(struct frame *f, int x, int y, int width, bool left, uint8_t style,
		     const wchar_t *text)
{
	int used = wcswidth(text, wcslen(text));

	if (!left && used >= 0 && used < width)
		x += width - used;
	put_wide(f, x, y, width, style, text);
}

static void draw_heads(const struct view *v, struct frame *f, const struct layout *l)
{
	int x = 0;

	style_line(f, HEADER_LINES - 1, STYLE_TITLE);
	for (int i = 0; i < l->count; i++) {
		bool sorted = &columns__of(v->page)[v->sort[v->page]] == l->column[i];
		wchar_t text[64];

		swprintf(text, sizeof(text) / sizeof(*text), L"%s%s", l->column[i]->title,
			 !sorted       ? ""
			 : v->reversed ? "^"
				       : "v");
		put_cell(f, x, HEADER_LINES - 1, l->width[i], l->column[i]->left, STYLE_TITLE,
			 text);
		x += l->width[i] + 1;
	}
}

static void draw_row(const struct view *v, struct frame *f, const struct layout *l, int y,
		     const struct model_row *row, bool selected)
{
	wchar_t text[MODEL_NAME_MAX + 1];
	int x = 0;

	if (selected)
		style_line(f, y, STYLE_SELECTED);
	for (int i = 0; i < l->count; i++) {
		const struct column *c = l->column[i];
		uint8_t style = c->style ? (uint8_t)c->style(row) : STYLE_PLAIN;

		c->print(row, v->plain, text, sizeof(text) / sizeof(*text));
		put_cell(f, x, y, l->width[i], c->left, selected ? STYLE_SELECTED : style, text);
		x += l->width[i] + 1;
	}
}

static void keep_selected_visible(struct view *v, size_t room)
{
	if (v->selected >= v->shown)
		v->selected = v->shown ? v->shown - 1 : 0;
	if (v->selected < v->top)
		v->top = v->selected;
	if (room && v->selected >= v->top + room)
		v->top = v->selected - room + 1;
}

static const char *nothing_here(const struct view *v)
{
	if (v->filter[0])
		return "no row fits the filter; Esc clears it";
	if (v->page == PAGE_SERVICES)
		return "no HTTP, PostgreSQL or Redis exchange has been seen yet";
	return "nothing of this kind has been seen yet";
}

static void draw_table(struct view *v, struct frame *f)
{
	int room = f->height - HEADER_LINES - FOOTER_LINES;
	const struct model_row **rows = choose(v, &v->shown);
	struct layout layout;

	lay_out(columns__of(v->page), f->width, &layout);
	draw_heads(v, f, &layout);
	keep_selected_visible(v, room > 0 ? (size_t)room : 0);
	if (!v->shown)
		put(f, 0, HEADER_LINES, STYLE_DIM, "%s", nothing_here(v));
	for (int i = 0; i < room && v->top + (size_t)i < v->shown; i++)
		draw_row(v, f, &layout, HEADER_LINES + i, rows[v->top + (size_t)i],
			 v->top + (size_t)i == v->selected);
	free(rows);
}

/* ---- pages without rows ---- */

static void draw_losses(const struct view *v, struct frame *f)
{
	const struct model *m = v->model;
	int y = HEADER_LINES - 1;

	style_line(f, y, STYLE_TITLE);
	put(f, 0, y++, STYLE_TITLE, "%-10s %-7s %12s %12s %10s %10s", "PROTOCOL", "SIDE", "SEEN",
	    "REPORTED", "IN FLIGHT", "LOST");
	for (size_t i = 0; m && i < m->total_count; i++)
		put(f, 0, y++, m->totals[i].lost ? STYLE_BAD : STYLE_PLAIN,
		    "%-10s %-7s %12lu %12lu %10lu %10lu", m->totals[i].protocol, m->totals[i].side,
		    (unsigned long)m->totals[i].seen, (unsigned long)m->totals[i].reported,
		    (unsigned long)m->totals[i].in_flight, (unsigned long)m->totals[i].lost);
	y++;
	style_line(f, y, STYLE_TITLE);
	put(f, 0, y++, STYLE_TITLE, "%-10s %-12s %12s %14s", "PROTOCOL", "REASON", "EXCHANGES",
	    "BYTES");
	if (m && !m->loss_count)
		put(f, 0, y, STYLE_GOOD, "nothing was lost");
	for (size_t i = 0; m && i < m->loss_count; i++)
		put(f, 0, y++, STYLE_BAD, "%-10s %-12s %12lu %14lu", m->losses[i].protocol,
		    m->losses[i].reason, (unsigned long)m->losses[i].exchanges,
		    (unsigned long)m->losses[i].bytes);
}

static void draw_sonde(const struct view *v, struct frame *f)
{
	const struct model *m = v->model;
	int y = HEADER_LINES;

	style_line(f, HEADER_LINES - 1, STYLE_TITLE);
	put(f, 0, HEADER_LINES - 1, STYLE_TITLE, "sonde itself");
	if (!m)
		return;
	put(f, 0, y++, STYLE_PLAIN, "capture        %s", m->recording ? "a recording" : m->capture);
	put(f, 0, y++, STYLE_PLAIN, "cpu            %.2f%% of one core", m->cpu_share * 100);
	put(f, 0, y++, STYLE_PLAIN, "bpf            %.2f%% of one core", m->bpf_share * 100);
	put(f, 0, y++, STYLE_PLAIN, "resident       %.1f MiB", (double)m->resident_bytes / 1048576);
	put(f, 0, y++, STYLE_PLAIN, "ring           %.1f%% now, %.1f%% at most", m->ring_fill * 100,
	    m->ring_fill_max * 100);
	put(f, 0, y++, STYLE_PLAIN, "drain delay    %.2f ms", m->drain_delay_ms);
	put(f, 0, y++, STYLE_PLAIN, "events         %lu, %.0f/s", (unsigned long)m->events,
	    m->events_rate);
	put(f, 0, y++, STYLE_PLAIN, "bytes          %lu, %.0f/s", (unsigned long)m->bytes,
	    m->bytes_rate);
	put(f, 0, y++, STYLE_PLAIN, "connections    %lu", (unsigned long)m->connections);
	put(f, 0, y++, STYLE_PLAIN, "series         %lu", (unsigned long)m->series);
	if (m->left_out)
		put(f, 0, y, STYLE_WARN, "rows left out  %lu", (unsigned long)m->left_out);
}

static void draw_help(struct frame *f)
{
	static const char *const lines[] = {
		"arrows j k   move            Enter   routes, statements or commands of a service",
		"1 ... 6      page            Tab     next page",
		"/            filter          Esc     back; clears the filter",
		"left right   sort by the column beside; again the same key: other way round",
		"r e m 9 l x  sort by rate, errors, p50, p95, p99, max",
		"n s o        sort by count, service, name",
		"space p      pause           + -     slower, faster",
		"q            quit",
		"",
		"SIDE server: the process answered; client: it asked. Both ends on this node: one "
		"row each.",
		"ERR counts HTTP 5xx, SQL errors and Redis errors. UNANSW: aborted or lost.",
	};

	style_line(f, HEADER_LINES - 1, STYLE_TITLE);
	put(f, 0, HEADER_LINES - 1, STYLE_TITLE, "keys");
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		put(f, 0, HEADER_LINES + (int)i, STYLE_PLAIN, "%s", lines[i]);
}

static void draw_footer(const struct view *v, struct frame *f)
{
	int y = f->height - 1;

	style_line(f, y, STYLE_TITLE);
	if (v->message[0])
		put(f, 0, y, STYLE_TITLE, "%s", v->message);
	else if (v->typing)
		put(f, 0, y, STYLE_TITLE, "filter: type, Enter keeps it, Esc clears it");
	else
		put(f, 0, y, STYLE_TITLE,
		    "? help  Enter open  Esc back  / filter  r e m 9 l sort  space pause  q quit");
}

/* ---- ---- */

int view__height(const struct view *v)
{
	size_t count;

	free(choose(v, &count));
	if (v->page >= PAGE_LOSSES)
		count = 40;
	return HEADER_LINES + FOOTER_LINES + (int)(count ? count : 1);
}

void view__draw(struct view *v, struct frame *f)
{
	blank(f);
	draw_source(v, f);
	draw_self(v, f);
	draw_tabs(v, f);
	if (v->help)
		draw_help(f);
	else if (v->page == PAGE_LOSSES)
		draw_losses(v, f);
	else if (v->page == PAGE_SONDE)
		draw_sonde(v, f);
	else
		draw_table(v, f);
	draw_footer(v, f);
}
