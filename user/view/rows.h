/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which rows of a page are shown, in which order. */
#ifndef SONDE_VIEW_ROWS_H
#define SONDE_VIEW_ROWS_H

#include <stddef.h>
#include "view/view.h"

/*
 * The rows of the view's page that pass its filter and belong to what is drilled down to, sorted.
 * The array is the caller's, the rows are the model's. NULL: none, or no memory.
 */
const struct model_row **rows__choose(const struct view *view, size_t *count);

#endif
