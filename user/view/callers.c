/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/callers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "view/cells.h"
#include "view/columns.h"
#include "view/pages.h"

/* ---- which ---- */

static bool is_caller(const struct model_row *r)
{
	return r->fingerprint[0] && strcmp(r->side, "client") == 0;
}

/* Those of a statement stand together, the busiest first. */
static int by_statement(const void *a, const void *b)
{
	const struct model_row *x = *(const struct model_row *const *)a;
	const struct model_row *y = *(const struct model_row *const *)b;
	int c = strcmp(x->fingerprint, y->fingerprint);

	if (!c)
		c = (x->count < y->count) - (x->count > y->count);
	return c ? c : strcmp(x->service, y->service);
}

/* Freed by the caller; *count 0 and NULL: none, or no memory. */
static const struct model_row **client_rows(const struct model *m, const char *fingerprint,
					    size_t *count)
{
	const struct model_row *rows = m->rows[PAGE_STATEMENTS];
	size_t all = m->row_count[PAGE_STATEMENTS];
	const struct model_row **out = all ? malloc(all * sizeof(*out)) : NULL;

	*count = 0;
	for (size_t i = 0; out && i < all; i++)
		if (is_caller(&rows[i]) &&
		    (!fingerprint || strcmp(fingerprint, rows[i].fingerprint) == 0))
			out[(*count)++] = &rows[i];
	if (out)
		qsort(out, *count, sizeof(*out), by_statement);
	return out;
}

/* The first one of the statement; count: none. */
static size_t find(const struct model_row *const *callers, size_t count, const char *fingerprint)
{
	size_t from = 0, to = count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (strcmp(callers[middle]->fingerprint, fingerprint) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

#define MORE 8 /* bytes: " +19999" */

/* Whole names, then how many there are besides. */
static void fill_row(struct model_row *r, const struct model_row *const *callers, size_t count)
{
	size_t at = find(callers, count, r->fingerprint), used = 0, more = 0;

	for (; at < count && strcmp(callers[at]->fingerprint, r->fingerprint) == 0; at++) {
		const char *name = callers[at]->service;

		if (more || used + strlen(name) + 2 + MORE >= sizeof(r->callers))
			more++;
		else
			used += (size_t)sprintf(r->callers + used, "%s%s", used ? ", " : "", name);
	}
	if (more)
		snprintf(r->callers + used, sizeof(r->callers) - used, " +%zu", more);
}

void callers__fill(struct model *m)
{
	size_t count;
	const struct model_row **callers = client_rows(m, NULL, &count);

	for (size_t i = 0; count && i < m->row_count[PAGE_STATEMENTS]; i++)
		if (m->rows[PAGE_STATEMENTS][i].fingerprint[0])
			fill_row(&m->rows[PAGE_STATEMENTS][i], callers, count);
	free(callers);
}

/* ---- in the details ---- */

#define FORMAT "%-24s "

static void put_heads(struct frame *f, int y)
{
	int x = cells__put(f, 0, y, STYLE_TITLE, FORMAT, "CALLED BY");

	cells__put(f, x, y, STYLE_TITLE, "%8s %7s %7s %8s %8s", "RATE/s", "ERR", "p95", "ROWS",
		   "COUNT");
}

static int put_number(struct frame *f, int x, int y, int width, const wchar_t *text)
{
	cells__put_fitted(f, x, y, width, false, STYLE_PLAIN, text);
	return x + width + 1;
}

static void put_caller(const struct view *v, struct frame *f, int y, const struct model_row *r)
{
	wchar_t text[64];
	int x = 25;

	cells__widen(r->service, text, sizeof(text) / sizeof(*text));
	cells__put_fitted(f, 0, y, 24, true, STYLE_BOLD, text);
	format__count(r->rate, text, sizeof(text) / sizeof(*text));
	x = put_number(f, x, y, 8, text);
	swprintf(text, sizeof(text) / sizeof(*text), L"%.2f%%", r->error_share * 100);
	x = put_number(f, x, y, 7, text);
	format__ms(r->p95, v->plain, text, sizeof(text) / sizeof(*text));
	x = put_number(f, x, y, 7, text);
	cells__put(f, x, y, STYLE_PLAIN, "%8lu %8lu", (unsigned long)r->aux,
		   (unsigned long)r->count);
}

int callers__draw(const struct view *v, struct frame *f, int y, const struct model_row *r)
{
	int last = f->height - FOOTER_LINES;
	const struct model_row **callers;
	size_t count, i = 0;

	if (!r->fingerprint[0])
		return y;
	callers = client_rows(v->model, r->fingerprint, &count);
	cells__style_line(f, y, STYLE_TITLE);
	put_heads(f, y++);
	for (; i < count && y < last - 1; i++)
		put_caller(v, f, y++, callers[i]);
	if (i < count)
		cells__put(f, 0, y++, STYLE_DIM, "and %zu more", count - i);
	if (!count)
		cells__put(f, 0, y++, STYLE_DIM,
			   "none of this node is seen; the tail (f) tells where it is asked from");
	free(callers);
	return y + 1;
}
