/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Colours that are read on dark and on light backgrounds. */
#ifndef SONDE_VIEW_COLOURS_H
#define SONDE_VIEW_COLOURS_H

#include "view/view.h"

/*
 * The number of the style's text colour on a terminal that has so many; -1: the terminal's own.
 * Backgrounds are always the terminal's own.
 */
int colours__of(enum cell_style style, int available);

#endif
