/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One row of a page as an object of an exported file (view/export.h). */
#ifndef SONDE_VIEW_EXPORT_ROWS_H
#define SONDE_VIEW_EXPORT_ROWS_H

#include <jansson.h>
#include "view/view.h"

/* NAN is null. */
void export__number(json_t *object, const char *key, double value);
void export__count(json_t *object, const char *key, uint64_t value);
void export__name(json_t *object, const char *key, const char *value);

/* Appended to rows, one object each. */
void export__table(const struct view *view, json_t *rows);
void export__slow(const struct view *view, json_t *rows);
void export__losses(const struct view *view, json_t *rows);
void export__sonde(const struct view *view, json_t *rows);

#endif
