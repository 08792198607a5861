/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What may be clicked at on the screen that was drawn last, and what a click does. Pure. */
#ifndef SONDE_VIEW_MOUSE_H
#define SONDE_VIEW_MOUSE_H

#include <stdbool.h>

#define HITS_MAX 48 /* tabs and column titles */

struct view;

enum mouse_act {
	MOUSE_PRESS,  /* the left button */
	MOUSE_DOUBLE, /* it again, at the same place, soon */
	MOUSE_BACK,   /* the right one */
	MOUSE_WHEEL_UP,
	MOUSE_WHEEL_DOWN,
};

/* Columns from begin to before end of line y: a page's tab, or the title of one of its columns. */
struct hit {
	int y, begin, end;
	int index; /* of the page, or among columns__of(page) */
	bool is_tab;
};

struct hits {
	struct hit hit[HITS_MAX];
	int count;
	bool entered; /* the last press drilled down: a second one right after it is not meant */
};

void hits__begin(struct hits *hits);
void hits__add(struct hits *hits, struct hit hit); /* what is too much is left out */
void view__mouse(struct view *view, int x, int y, enum mouse_act act);

#endif
