/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/mouse.h"

#include "view/pages.h"
#include "view/view.h"

#define WHEEL_ROWS 3

void hits__begin(struct hits *h)
{
	h->count = 0;
}

void hits__add(struct hits *h, struct hit hit)
{
	if (h->count < HITS_MAX)
		h->hit[h->count++] = hit;
}

static const struct hit *find(const struct hits *h, int x, int y)
{
	for (int i = 0; i < h->count; i++)
		if (h->hit[i].y == y && h->hit[i].begin <= x && x < h->hit[i].end)
			return &h->hit[i];
	return NULL;
}

/* SIZE_MAX: no row is there. */
static size_t row_at(const struct view *v, int y)
{
	size_t row = y >= HEADER_LINES ? (size_t)(y - HEADER_LINES) : SIZE_MAX;

	if (!view__has_rows(v) || v->detail || row >= v->room || v->top + row >= v->shown)
		return SIZE_MAX;
	return v->top + row;
}

/* Rows may have changed places since the first press: the second is about the one it chose. */
static void press(struct view *v, int x, int y, bool again)
{
	const struct hit *hit = find(&v->hits, x, y);
	size_t row = row_at(v, y);
	bool entered = v->hits.entered;

	v->hits.entered = false;
	if (hit && hit->is_tab) {
		view__open(v, (enum page)hit->index);
	} else if (hit) {
		view__sort_column(v, hit->index);
	} else if (row != SIZE_MAX && !(again && entered)) {
		v->hits.entered = again || row == v->selected;
		if (v->hits.entered)
			view__key(v, VIEW_ENTER);
		else
			view__select(v, row);
	}
}

/* The chosen row comes along at the edges. */
static void wheel(struct view *v, long by)
{
	long last = v->shown > v->room ? (long)(v->shown - v->room) : 0, top = (long)v->top + by;

	if (v->detail || !v->room)
		return;
	if (!view__has_rows(v)) { /* a text, whose first line is the choice */
		for (; by; by += by < 0 ? 1 : -1)
			view__key(v, by < 0 ? VIEW_UP : VIEW_DOWN);
		return;
	}
	top = top < 0 ? 0 : top > last ? last : top;
	v->top = (size_t)top;
	if (v->selected < v->top)
		view__select(v, v->top);
	else if (v->selected >= v->top + v->room)
		view__select(v, v->top + v->room - 1);
}

void view__mouse(struct view *v, int x, int y, enum mouse_act act)
{
	if (v->saving) /* a name is being typed */
		return;
	v->typing = false;
	v->message[0] = '\0';
	if (v->help)
		v->help = act == MOUSE_WHEEL_UP || act == MOUSE_WHEEL_DOWN;
	else if (act == MOUSE_WHEEL_UP)
		wheel(v, -WHEEL_ROWS);
	else if (act == MOUSE_WHEEL_DOWN)
		wheel(v, WHEEL_ROWS);
	else if (act == MOUSE_BACK)
		view__key(v, VIEW_ESCAPE);
	else
		press(v, x, y, act == MOUSE_DOUBLE);
}
