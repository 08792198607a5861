/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The live view without a terminal: what is shown (state), what a key does to it, and the picture
 * it makes (a grid of cells). Pure, so that all of it is unit-tested.
 */
#ifndef SONDE_VIEW_H
#define SONDE_VIEW_H

#include <wchar.h>
#include "view/model.h"
#include "view/mouse.h"
#include "view/prompt.h"

enum view_key {
	KEY_NONE = 0,
	/* 1 ... 0x10ffff: that character */
	VIEW_UP = 0x110000,
	VIEW_DOWN,
	VIEW_PAGE_UP,
	VIEW_PAGE_DOWN,
	VIEW_HOME,
	VIEW_END,
	VIEW_LEFT,
	VIEW_RIGHT,
	VIEW_ENTER,
	VIEW_ESCAPE,
	VIEW_BACKSPACE,
	VIEW_TAB,
	VIEW_BACK_TAB,
	VIEW_DELETE,
};

struct kept;

struct view {
	enum page page;
	const struct model *model; /* NULL: nothing yet */
	bool help, quit;
	bool frozen;   /* the model stays until it is let go */
	bool typing;   /* the filter, into the prompt */
	bool saving;   /* a file's name, into the prompt; the picture stays until it is written */
	bool save;     /* the file is wanted now: view__saved tells how it went */
	bool plain;    /* ASCII only */
	bool no_mouse; /* it stays the terminal's, to mark text with */
	bool still;    /* one picture, which no other follows */
	bool detail;   /* of the selected row */
	bool reversed[PAGE_COUNT];
	int sort[PAGE_COUNT];	   /* index into the page's columns */
	char filter[64];	   /* of services and names; "" none */
	char other_filter[64];	   /* the tail page's; while it is shown, the other pages' */
	char service[64], side[8]; /* drilled down to; "" all */
	size_t selected, top;	   /* among the rows shown */
	size_t shown;		   /* rows that pass the filter; set by drawing */
	size_t room;		   /* rows that the screen has; set by drawing */
	uint64_t followed;	   /* id of the row that stays selected; 0: the place does */
	struct {
		size_t selected;
		uint64_t row;
		char filter[64];
	} services;		 /* where Esc goes back to */
	double interval;	 /* seconds between two documents */
	char message[400];	 /* shown in the last line until the next key */
	bool refused;		 /* the message is why something was not done */
	struct prompt prompt;	 /* while typing or saving */
	struct hits hits;	 /* where the mouse does something; set by drawing */
	const struct kept *tail; /* the tail page's rows; NULL: none */
	bool tail_stopped;	 /* its choice stays where it is; else the newest is chosen */
	char tail_trouble[160];	 /* why none come; "" they do */
	char trouble[160];	 /* why the numbers are old; "" they are not */
};

enum cell_style {
	STYLE_PLAIN,
	STYLE_DIM,
	STYLE_BOLD,
	STYLE_TITLE, /* column heads, bars */
	STYLE_SELECTED,
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
	STYLE_COUNT
};

struct cell {
	wchar_t character; /* 0: the right half of a wide one */
	uint8_t style;
};

struct frame {
	int width, height;
	bool plain;	   /* other than ASCII becomes '?' */
	struct cell *cell; /* height rows of width */
};

void view__init(struct view *view);
void view__key(struct view *view, int key);
/* Sorts the page by the column of this title ("p95", "rate") or key ("9", "r"). False: has none. */
bool view__sort(struct view *view, const char *column);
/* As pressing the page's digit, the column's key (again: the other way round), arrows to the row.
 */
void view__open(struct view *view, enum page page);
void view__sort_column(struct view *view, int index);
void view__select(struct view *view, size_t row);
/* Whether the page is a table whose rows can be chosen. */
bool view__has_rows(const struct view *view);
const struct model_row *view__selected(const struct view *view); /* NULL: none */
/* After view->save: problem NULL, or one line that tells why there is no file. */
void view__saved(struct view *view, const char *problem, size_t rows);
/* Makes frame->cell (freed and allocated anew where the size changed). False: no memory. */
bool frame__size(struct frame *frame, int width, int height);
void frame__free(struct frame *frame);
void view__draw(struct view *view, struct frame *frame);
/* Lines that are needed to show everything at once (--once). */
int view__height(const struct view *view);

#endif
