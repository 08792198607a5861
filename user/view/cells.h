/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Text into a frame's cells. Whatever is outside of the frame is left out. */
#ifndef SONDE_CELLS_H
#define SONDE_CELLS_H

#include "view/view.h"

/* UTF-8 whatever the locale is; what is none becomes U+FFFD. Cut at size - 1 characters. */
void cells__widen(const char *text, wchar_t *out, size_t size);

void cells__blank(struct frame *frame);
void cells__style_line(struct frame *frame, int y, enum cell_style style);
/* Up to `room` columns; returns how many were used. What no terminal shows becomes '?'. */
int cells__put_wide(struct frame *frame, int x, int y, int room, enum cell_style style,
		    const wchar_t *text);
/* As put_wide, at the left or the right of `width` columns; a mark tells what was cut. */
void cells__put_fitted(struct frame *frame, int x, int y, int width, bool left,
		       enum cell_style style, const wchar_t *text);
/* Returns the column behind the text. */
int cells__put(struct frame *frame, int x, int y, enum cell_style style, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* From x to the right end: as much as fits, with the cursor; returns how many columns were used. */
int cells__put_prompt(struct frame *frame, int x, int y, enum cell_style style,
		      const struct prompt *prompt);
/* From x to the right end, as many lines as it takes; returns the line behind it. */
int cells__put_wrapped(struct frame *frame, int x, int y, enum cell_style style, const char *text);

#endif
