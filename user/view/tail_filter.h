/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The filter of the tail page: the options of `sonde tail` as words ("slower 100ms status 5xx"),
 * and any other words, which must stand somewhere in what a row shows. Pure.
 */
#ifndef SONDE_VIEW_TAIL_FILTER_H
#define SONDE_VIEW_TAIL_FILTER_H

#include <stddef.h>
#include "view/line.h"

#define TAIL_FILTER_MAX	  64 /* bytes, with the NUL */
#define TAIL_FILTER_WORDS (TAIL_FILTER_MAX / 2)

/* Points into itself: parsed where it stays. */
struct tail_filter {
	struct line_filter line;
	const char *word[TAIL_FILTER_WORDS];
	size_t words;
	char problem[80]; /* "": none; what is wrong is as if it were not there */
	char text[TAIL_FILTER_MAX];
};

/* "slower 1s", "slower=1s" and "--slower 1s" are the same. */
void tail_filter__parse(struct tail_filter *filter, const char *text);
bool tail_filter__admits(const struct tail_filter *filter, const json_t *exchange);

#endif
