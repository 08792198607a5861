/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The slowest requests and where their time went: a list, and of one a waterfall of its calls.
 * Read from a model document (docs/model.md), drawn into cells. Pure.
 */
#ifndef SONDE_VIEW_SLOW_H
#define SONDE_VIEW_SLOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "shares/timeline.h"

struct view;
struct frame;

#define SLOW_ROWS_MAX	   256
#define SLOW_ROW_SPANS	   64
#define SLOW_ROW_NAME_MAX  160
#define SLOW_ROW_ROUTE_MAX 256

struct slow_span {
	enum where kind;
	bool certain;
	double start_ms, ms; /* since the request's first byte */
	char name[SLOW_ROW_NAME_MAX];
};

struct slow_row {
	uint64_t id; /* when it ended: no two are alike */
	char service[64], method[16], route[SLOW_ROW_ROUTE_MAX];
	unsigned status;
	double ms, age_seconds;
	double share[WHERE_COUNT]; /* ms; all of them */
	double total;		   /* their sum */
	uint64_t calls;		   /* that it may have waited for; more than are in span */
	struct slow_span *span;
	size_t span_count;
};

/* The rows of a document, owned by the caller; *count 0 and NULL: none, or no memory. */
struct slow_row *slow_rows__read(const json_t *document, size_t *count);
void slow_rows__free(struct slow_row *rows, size_t count);

/* The view's rows that pass its filter and scope, into rows of SLOW_ROWS_MAX; how many. */
size_t slow_rows__choose(const struct view *view, const struct slow_row **rows);
/* The page; sets what the view has shown. */
void page__slow(struct view *view, struct frame *frame);

#endif
