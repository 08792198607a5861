/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The picture: a header, a table, a line of keys. State and model in, cells out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "view/cells.h"
#include "view/columns.h"
#include "view/moment.h"
#include "view/pages.h"
#include "view/rows.h"
#include "view/slow.h"
#include "view/tail_page.h"

#define NAME_MIN     12
#define NAME_WIDE    40
#define WORST	     9	 /* of the priorities */
#define TABS_WIDTH   130 /* narrower screens have the tabs side by side */
#define OPENED_WIDTH 50	 /* for what is drilled down to, and a filter */
#define COLUMNS_MAX  24

/* ---- the header ---- */

static int put_loss(struct frame *f, int x, int y, const struct model *m)
{
	double share = 100.0 * (double)m->lost / (double)(m->seen ? m->seen : 1);

	if (m->lost)
		x = cells__put(f, x, y, STYLE_BAD, "LOST %lu of %lu (%.3f%%)",
			       (unsigned long)m->lost, (unsigned long)m->seen, share);
	else
		x = cells__put(f, x, y, STYLE_GOOD, "lost 0");
	return x;
}

static int put_frozen(const struct model *m, struct frame *f, int x)
{
	char since[16];

	moment__format(m->wall, "%H:%M:%S", since, sizeof(since));
	return cells__put(f, x, 0, STYLE_WARN, "  FROZEN since %s ", since);
}

/* Losses stand first, so that no terminal is too narrow for them. */
static void draw_source(const struct view *v, struct frame *f)
{
	const struct model *m = v->model;
	wchar_t text[48];
	int x = cells__put(f, 0, 0, STYLE_BOLD, "sonde %s  ", m ? m->version : "");

	if (!m) {
		cells__put(f, x, 0, STYLE_DIM, "waiting for the first numbers");
		return;
	}
	x = put_loss(f, x, 0, m);
	if (v->frozen)
		x = put_frozen(m, f, x);
	if (m->memory_tight)
		x = cells__put(f, x, 0, STYLE_BAD, "  MEMORY LIMIT: nothing new is taken in");
	if (m->sampling_rate < 1)
		x = cells__put(f, x, 0, STYLE_WARN, "  SAMPLING 1 connection in %.0f",
			       1 / m->sampling_rate);
	if (v->trouble[0] && !v->frozen)
		x = cells__put(f, x, 0, STYLE_BAD, "  OLD NUMBERS: %s", v->trouble);
	if (m->recording)
		x = cells__put(f, x, 0, STYLE_WARN, "  RECORDING of %s, not live", m->wall);
	else
		x = cells__put(f, x, 0, STYLE_DIM, "  live by %s", m->capture);
	if (m->attached) /* which is no loss of its running: it is told apart */
		x = cells__put(f, x, 0, STYLE_DIM, "  %lu half over at the start",
			       (unsigned long)m->attached);
	format__bytes(m->bytes_rate, text, sizeof(text) / sizeof(*text));
	cells__put(f, x, 0, STYLE_DIM, "  %.0f events/s, %ls/s", m->events_rate, text);
}

/* The cost of looking at a recording is nobody's business; what it holds is. */
static void draw_recording(const struct model *m, struct frame *f)
{
	wchar_t bytes[48];

	format__bytes((double)m->bytes, bytes, sizeof(bytes) / sizeof(*bytes));
	cells__put(f, 0, 1, STYLE_DIM,
		   "its whole %.1f s: %lu events, %ls, %lu connections, %lu series", m->interval,
		   (unsigned long)m->events, bytes, (unsigned long)m->connections,
		   (unsigned long)m->series);
}

static void draw_self(const struct view *v, struct frame *f)
{
	const struct model *m = v->model;
	wchar_t resident[48];
	int x;

	if (!m)
		return;
	if (m->recording) {
		draw_recording(m, f);
		return;
	}
	format__bytes((double)m->resident_bytes, resident, sizeof(resident) / sizeof(*resident));
	x = cells__put(f, 0, 1, m->ring_fill_max > 0.9 ? STYLE_BAD : STYLE_DIM,
		       "ring %.0f%% (max %.0f%%), ", m->ring_fill * 100, m->ring_fill_max * 100);
	cells__put(f, x, 1, STYLE_DIM, "cpu %.1f%%, bpf %.1f%%, %ls, %lu connections, %lu series",
		   m->cpu_share * 100, m->bpf_share * 100, resident, (unsigned long)m->connections,
		   (unsigned long)m->series);
}

static void draw_place(const struct view *v, struct frame *f, int x)
{
	char text[64];
	int length;

	if (!v->model || !view__has_rows(v) || v->still)
		return;
	length = snprintf(text, sizeof(text), "%zu of %zu", v->shown ? v->selected + 1 : 0,
			  v->shown);
	if (x + length > f->width)
		length = snprintf(text, sizeof(text), "%zu/%zu", v->shown ? v->selected + 1 : 0,
				  v->shown);
	if (x + length <= f->width)
		cells__put(f, f->width - length, 2, STYLE_DIM, "%s", text);
}

/* Narrow screens need the room for what is drilled down to: the others' digits are left. */
static int put_tab(struct view *v, struct frame *f, int x, enum page page)
{
	bool opened = v->service[0] || v->filter[0] || v->typing, chosen = page == v->page;
	bool narrow = f->width < TABS_WIDTH + (opened ? OPENED_WIDTH : 0);
	bool bare = f->width < TABS_WIDTH && opened && !chosen;
	const char *space = narrow ? "" : " ";
	int begin = x;

	x = cells__put(f, x, 2, chosen ? STYLE_SELECTED : STYLE_PLAIN, "%s%c %s%s", space,
		       page__digit(page),
		       bare	? ""
		       : narrow ? page__short_title(page)
				: page__title(page),
		       bare ? "" : " ");
	hits__add(&v->hits, (struct hit){2, begin, x, page, true});
	return x;
}

static int put_filter(const struct view *v, struct frame *f, int x)
{
	x = cells__put(f, x, 2, STYLE_WARN, "/");
	if (v->typing)
		return x + cells__put_prompt(f, x, 2, STYLE_WARN, &v->prompt);
	return cells__put(f, x, 2, STYLE_WARN, "%s", v->filter);
}

static void draw_tabs(struct view *v, struct frame *f)
{
	int x = 0;

	for (int page = 0; page < PAGE_COUNT; page++)
		x = put_tab(v, f, x, (enum page)page);
	if (v->service[0] && v->page != PAGE_SERVICES)
		x = cells__put(f, x + 1, 2, STYLE_BOLD, "of %s (%s)", v->service, v->side);
	if (v->filter[0] || v->typing)
		x = put_filter(v, f, x + 1);
	draw_place(v, f, x);
}

/* ---- the table ---- */

struct layout {
	const struct column *column[COLUMNS_MAX];
	int width[COLUMNS_MAX];
	int count;
};

static bool is_shown(const struct column *c, int worst, bool still)
{
	return c->priority <= worst && !(c->moving && still);
}

/* What matters least of all gives way to a name that can be read. */
static int width_of(const struct column *columns, int worst, bool still)
{
	int width = worst == WORST ? NAME_WIDE - NAME_MIN - 1 : -1;

	for (; columns->title; columns++)
		if (is_shown(columns, worst, still))
			width += (columns->width ? columns->width : NAME_MIN) + 1;
	return width;
}

/* Leaves out what matters least until the rest fits; the name takes what is left. */
static void lay_out(const struct column *columns, int width, bool still, struct layout *out)
{
	int worst = WORST, left;

	while (worst > 0 && width_of(columns, worst, still) > width)
		worst--;
	left = width - width_of(columns, worst, still);
	left += worst == WORST ? NAME_WIDE - NAME_MIN : 0;
	out->count = 0;
	for (; columns->title && out->count < COLUMNS_MAX; columns++) {
		if (!is_shown(columns, worst, still))
			continue;
		out->column[out->count] = columns;
		out->width[out->count++] =
			columns->width ? columns->width : NAME_MIN + (left > 0 ? left : 0);
	}
}

static void draw_heads(struct view *v, struct frame *f, const struct layout *l)
{
	int x = 0;

	cells__style_line(f, HEADER_LINES - 1, STYLE_TITLE);
	for (int i = 0; i < l->count; i++) {
		int index = (int)(l->column[i] - columns__of(v->page));
		bool sorted = v->sort[v->page] == index;
		wchar_t text[64];

		swprintf(text, sizeof(text) / sizeof(*text), L"%s%s", l->column[i]->title,
			 !sorted		? ""
			 : v->reversed[v->page] ? "^"
						: "v");
		cells__put_fitted(f, x, HEADER_LINES - 1, l->width[i], l->column[i]->left,
				  STYLE_TITLE, text);
		hits__add(&v->hits,
			  (struct hit){HEADER_LINES - 1, x, x + l->width[i] + 1, index, false});
		x += l->width[i] + 1;
	}
}

static void draw_row(const struct view *v, struct frame *f, const struct layout *l, int y,
		     const struct model_row *row, bool selected)
{
	wchar_t text[MODEL_NAME_MAX + 1];
	int x = 0;

	if (selected)
		cells__style_line(f, y, STYLE_SELECTED);
	for (int i = 0; i < l->count; i++) {
		const struct column *c = l->column[i];
		uint8_t style = c->style ? (uint8_t)c->style(row) : STYLE_PLAIN;

		c->print(row, v->plain, text, sizeof(text) / sizeof(*text));
		cells__put_fitted(f, x, y, l->width[i], c->left, selected ? STYLE_SELECTED : style,
				  text);
		x += l->width[i] + 1;
	}
}

/* Rows change places from picture to picture; who chose one wants to go on seeing it. */
static void follow(struct view *v, const struct model_row **rows)
{
	for (size_t i = 0; v->followed && i < v->shown; i++)
		if (rows[i]->id == v->followed)
			v->selected = i;
	if (v->selected >= v->shown && !v->still)
		v->selected = v->shown ? v->shown - 1 : 0;
	if (v->selected < v->shown && (v->selected || v->detail))
		v->followed = rows[v->selected]->id;
}

static void keep_selected_visible(struct view *v)
{
	if (v->still)
		return;
	if (v->selected < v->top)
		v->top = v->selected;
	if (v->room && v->selected >= v->top + v->room)
		v->top = v->selected - v->room + 1;
	if (v->top + v->room > v->shown)
		v->top = v->shown > v->room ? v->shown - v->room : 0;
}

static const char *nothing_here(const struct view *v)
{
	if (v->filter[0])
		return "no row fits the filter; Esc clears it";
	if (v->page == PAGE_SERVICES)
		return "no HTTP, PostgreSQL or Redis exchange has been seen yet";
	if (v->page == PAGE_KEYS)
		return "no key was told by a pattern yet; `keys` of the configuration asks for "
		       "them";
	return "nothing of this kind has been seen yet";
}

static void draw_rows(struct view *v, struct frame *f, const struct model_row **rows)
{
	struct layout layout;

	lay_out(columns__of(v->page), f->width, v->still, &layout);
	draw_heads(v, f, &layout);
	keep_selected_visible(v);
	if (!v->shown)
		cells__put(f, 0, HEADER_LINES, STYLE_DIM, "%s", nothing_here(v));
	for (size_t i = v->top; i < v->shown && i - v->top < v->room; i++)
		draw_row(v, f, &layout, HEADER_LINES + (int)(i - v->top), rows[i],
			 i == v->selected);
}

static void draw_table(struct view *v, struct frame *f)
{
	const struct model_row **rows = rows__choose(v, &v->shown);
	int room = f->height - HEADER_LINES - FOOTER_LINES;

	v->room = room > 0 ? (size_t)room : 0;
	follow(v, rows);
	if (v->detail && v->selected < v->shown)
		page__details(v, f, rows[v->selected]);
	else
		draw_rows(v, f, rows);
	free(rows);
}

#define KEYS_END "p freeze  ? help  q quit"

static const char *keys_of(const struct view *v)
{
	if (v->typing && v->page == PAGE_TAIL)
		return "slower 100ms status 5xx service nginx, or a text; Enter keeps it, Esc "
		       "clears";
	if (v->typing)
		return "filter: type, Enter keeps it, Esc clears it";
	if (v->help)
		return "any key: back  q quit";
	if (v->detail)
		return "Esc back  up down other rows  w save  " KEYS_END;
	if (v->page == PAGE_TAIL)
		return "Enter open  Esc back  / filter  G newest  w save  " KEYS_END;
	if (v->page == PAGE_SLOW)
		return "Enter waterfall  Esc back  Tab page  / filter  w save  " KEYS_END;
	if (v->page >= PAGE_LOSSES && columns__of(v->page))
		return "Esc back  Tab page  / filter  < > sort  w save  " KEYS_END;
	if (v->page >= PAGE_LOSSES)
		return "Esc back  Tab page  w save  " KEYS_END;
	return "Enter open  Esc back  / filter  < > sort  w save  " KEYS_END;
}

static void put_bar(struct frame *f, int y, enum cell_style style, const char *text)
{
	for (int x = 0; x < f->width; x++)
		f->cell[y * f->width + x] = (struct cell){L' ', (uint8_t)style};
	cells__put(f, 0, y, style, "%s", text);
}

/* The name in the last line, above it what may be done or why it was not. */
static void draw_saving(const struct view *v, struct frame *f, int y)
{
	enum cell_style style = v->message[0] && v->refused ? STYLE_BAD : STYLE_BOLD;

	put_bar(f, y, STYLE_TITLE, "save as: ");
	cells__put_prompt(f, 9, y, STYLE_TITLE, &v->prompt);
	if (y > 1)
		put_bar(f, y - 1, style,
			v->message[0] ? v->message
				      : "Enter saves these rows as .csv or .json, Esc leaves it");
}

static void draw_footer(const struct view *v, struct frame *f)
{
	int y = f->height - 1;

	if (y < 1)
		return; /* losses need the only line there is */
	if (v->saving)
		draw_saving(v, f, y);
	else if (v->message[0])
		put_bar(f, y, v->refused ? STYLE_BAD : STYLE_TITLE, v->message);
	else
		put_bar(f, y, STYLE_TITLE, keys_of(v));
}

/* ---- ---- */

int view__height(const struct view *v)
{
	size_t count;

	free(rows__choose(v, &count));
	if (!columns__of(v->page))
		count = 40;
	return HEADER_LINES + FOOTER_LINES + (int)(count ? count : 1);
}

void view__draw(struct view *v, struct frame *f)
{
	f->plain = v->plain;
	hits__begin(&v->hits);
	cells__blank(f);
	if (v->page == PAGE_SONDE)
		v->shown = v->room = 0; /* no rows to choose from */
	if (v->help)
		page__help(f);
	else if (v->page == PAGE_LOSSES)
		page__losses(v, f);
	else if (v->page == PAGE_SONDE)
		page__sonde(v, f);
	else if (v->page == PAGE_SLOW)
		page__slow(v, f);
	else if (v->page == PAGE_TAIL)
		page__tail(v, f);
	else
		draw_table(v, f);
	draw_source(v, f);
	draw_self(v, f);
	draw_tabs(v, f);
	draw_footer(v, f);
}
