/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a long command is doing, in one line of the terminal that stderr is: redrawn at most four
 * times a second, out of the way of log lines, gone at the end. Where stderr is no terminal nothing
 * is written. There is one such line, as there is one stderr.
 */
#ifndef SONDE_PROGRESS_H
#define SONDE_PROGRESS_H

#include <stdbool.h>

/* `command`: a static text that every line begins with. */
void progress__begin(const char *command);
/* Is it time for a new line? False where nobody looks on. */
bool progress__due(void);
/* Cut to the terminal's width. */
void progress__show(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Takes the line away; the next progress__show() draws it again. */
void progress__hide(void);
/* The same, for good. */
void progress__end(void);

#endif
