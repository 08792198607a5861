/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames onto a terminal (ncursesw), keys from it. The only place that knows curses. */
#ifndef SONDE_TERMINAL_H
#define SONDE_TERMINAL_H

#include "view/source.h"
#include "view/view.h"

/*
 * Shows the source until the user quits; the view says what to begin with. 0, or -errno with one
 * line in error; the terminal is as before.
 */
int terminal__run(struct source *source, struct view *view, char *error, size_t size);

#endif
