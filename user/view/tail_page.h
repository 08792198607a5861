/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tail page: exchanges one by one as they end, the newest at the bottom, and all that is known
 * of one. The newest is chosen until something else is. Pure.
 */
#ifndef SONDE_VIEW_TAIL_PAGE_H
#define SONDE_VIEW_TAIL_PAGE_H

#include <jansson.h>
#include "view/kept.h"
#include "view/view.h"

/* The view's rows that pass its filter, oldest first, into rows of KEPT_MAX; how many. */
size_t tail_page__choose(const struct view *view, const struct kept_row **rows);
/* The view's choice was made: it stays with its row, but for the newest one's. */
void tail_page__select(struct view *view);
/* It stays, whichever it is. */
void tail_page__stop(struct view *view);
/* The page; sets what the view has shown. */
void page__tail(struct view *view, struct frame *frame);
/* One of them below the header (tail_detail.c). */
void tail_page__detail(const struct view *view, struct frame *frame, const struct kept_row *row);
/* What the file of the page has of each row (export.h). */
void export__tail(const struct view *view, json_t *rows);

/* Its number under this key; 0 where there is none, or less. */
uint64_t kept_row__number(const struct kept_row *row, const char *key);
const char *kept_row__text(const struct kept_row *row, const char *key); /* "" where none */
/* When it began, in the time of the place, as strftime does, and its microseconds behind it. */
void kept_row__time(const struct kept_row *row, const char *format, char *out, size_t size)
	__attribute__((format(strftime, 2, 0)));

#endif
