/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/rows.h"

#include <stdlib.h>
#include <string.h>
#include "view/columns.h"

static bool fits(const struct view *v, const struct model_row *r)
{
	if (v->page != PAGE_SERVICES && v->page != PAGE_QUEUES && v->service[0] &&
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
	if (!c)
		c = strcmp(x->name, y->name);
	return c ? c : (x->id > y->id) - (x->id < y->id); /* no two change places by chance */
}

const struct model_row **rows__choose(const struct view *v, size_t *count)
{
	size_t all = v->model && columns__of(v->page) ? v->model->row_count[v->page] : 0;
	const struct model_row **rows = all ? malloc(all * sizeof(*rows)) : NULL;
	struct order order = {.reversed = v->reversed[v->page]};

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

const struct model_row *view__selected(const struct view *v)
{
	const struct model_row **rows, *row;
	size_t count;

	rows = rows__choose(v, &count);
	row = rows && v->selected < count ? rows[v->selected] : NULL;
	free(rows);
	return row;
}
