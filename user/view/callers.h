/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who runs a statement: the services of this node whose client side has it, too. Which of them
 * asked which server is not told apart: a statement is the same one wherever it is run. Pure.
 */
#ifndef SONDE_VIEW_CALLERS_H
#define SONDE_VIEW_CALLERS_H

#include "view/model.h"
#include "view/view.h"

/* The names of each statement's callers, busiest first, into its row. */
void callers__fill(struct model *model);
/* In a statement's details, from line y; returns the line behind it. */
int callers__draw(const struct view *view, struct frame *frame, int y, const struct model_row *row);

#endif
