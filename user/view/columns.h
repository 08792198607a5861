/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The pages' columns: one table line each. */
#ifndef SONDE_COLUMNS_H
#define SONDE_COLUMNS_H

#include "view/view.h"

struct column {
	const char *title;
	char key;     /* sorts by it */
	int width;    /* at least; 0: takes what is left */
	int priority; /* narrow screens leave out the highest first; 0: never left out */
	bool left;    /* aligned */
	bool moving;  /* says something only where pictures follow one another */
	void (*print)(const struct model_row *row, bool plain, wchar_t *out, size_t size);
	/* As strcmp; numbers sort largest first. */
	int (*compare)(const struct model_row *a, const struct model_row *b);
	enum cell_style (*style)(const struct model_row *row); /* NULL: plain */
};

/* Of a page with rows; ends with a title of NULL. */
const struct column *columns__of(enum page page);
/* A sparkline: a character for each rate, as eighths of the highest; count NULs excluded. */
void format__trend(const float *rates, size_t count, bool plain, wchar_t *out);
const char *page__title(enum page page);
const char *page__short_title(enum page page); /* for narrow screens */
char page__digit(enum page page);	       /* the key that opens it */

/* "0.12", "123", "4.5k", "12M"; times in ms: "45µs", "1.23ms", "1.2s". */
void format__count(double value, wchar_t *out, size_t size);
void format__ms(double ms, bool plain, wchar_t *out, size_t size);
void format__bytes(double bytes, wchar_t *out, size_t size);

#endif
