/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a view shows as a file for other programs (docs/top.md): the rows that pass its filter and
 * scope, in its order, as numbers with their units in their names. Pure.
 */
#ifndef SONDE_VIEW_EXPORT_H
#define SONDE_VIEW_EXPORT_H

#include <jansson.h>
#include "buffer.h"
#include "view/view.h"

enum export_form { EXPORT_NONE, EXPORT_CSV, EXPORT_JSON };

/* By the name's ending, whatever its case. */
enum export_form export__form(const char *file);
/* "sonde-routes-20261124-120304.csv", by the picture's time. */
void export__default_name(const struct view *view, char *out, size_t size);

/* With "rows": objects that all have the same keys. A new reference; NULL: no memory. */
json_t *export__document(const struct view *view);
/* The document's rows: RFC 4180, the first line has the names. */
void export__csv(const json_t *document, struct buffer *out);
/* As the view's file shall have it. False: no memory. *rows: how many. */
bool export__text(const struct view *view, enum export_form form, struct buffer *out, size_t *rows);

#endif
