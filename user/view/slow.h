/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The slowest exchanges of all protocols: a list, and of one all that is known; of requests whose
 * calls are known where their time went, with a waterfall of the calls. Read from a model document
 * (docs/model.md), drawn into cells. Pure.
 */
#ifndef SONDE_VIEW_SLOW_H
#define SONDE_VIEW_SLOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "shares/timeline.h"
#include "view/cells.h"

struct view;
struct frame;

#define SLOW_ROWS_MAX	   256
#define SLOW_ROW_SPANS	   64
#define SLOW_ROW_NAME_MAX  160
#define SLOW_ROW_ROUTE_MAX 256
#define SLOW_FACTS_MAX	   40

struct slow_span {
	enum where kind;
	bool certain;
	double start_ms, ms; /* since the request's first byte */
	char name[SLOW_ROW_NAME_MAX];
};

/* One thing that is known of an exchange, as it is shown. */
struct slow_fact {
	char name[24], value[SLOW_ROW_NAME_MAX];
};

struct slow_row {
	uint64_t id; /* of when it ended: no two are alike */
	char service[64], method[16], route[SLOW_ROW_ROUTE_MAX];
	unsigned status;
	double ms, age_seconds;
	double share[WHERE_COUNT]; /* ms; all of them */
	double total;		   /* their sum */
	uint64_t calls;		   /* that it may have waited for; more than are in span */
	struct slow_span *span;
	size_t span_count;
	/* What follows is an exchange's whose calls are not known: */
	bool exchange, failed, client;
	char outcome[12];
	uint64_t rows;
	struct slow_fact *fact;
	size_t fact_count;
};

/* The rows of a document, owned by the caller; *count 0 and NULL: none, or no memory. */
struct slow_row *slow_rows__read(const json_t *document, size_t *count);
void slow_rows__free(struct slow_row *rows, size_t count);

/* The view's rows that pass its filter and scope, into rows of SLOW_ROWS_MAX; how many. */
size_t slow_rows__choose(const struct view *view, const struct slow_row **rows);
/* One of `slow_exchanges` into a row of zeros; its facts are freed with the rows. */
void slow_exchange__read(struct slow_row *row, json_t *json, double now_ns);
void slow_exchange__put_summary(struct frame *frame, int x, int y, int width, enum cell_style style,
				const struct slow_row *row);
void slow_exchange__draw(const struct view *view, struct frame *frame, const struct slow_row *row);

/* The page; sets what the view has shown. */
void page__slow(struct view *view, struct frame *frame);

#endif
