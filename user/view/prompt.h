/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A line that is typed: text, the place in it, and what keys do to both. Pure. */
#ifndef SONDE_VIEW_PROMPT_H
#define SONDE_VIEW_PROMPT_H

#include <stddef.h>

#define PROMPT_MAX 256 /* bytes, with the NUL */

struct prompt {
	char text[PROMPT_MAX]; /* UTF-8 */
	size_t at;	       /* bytes before the cursor */
	size_t size;	       /* of the text, with the NUL: at most PROMPT_MAX */
};

enum prompt_end { PROMPT_GOES_ON, PROMPT_ENTERED, PROMPT_LEFT };

/* What is longer than the size is cut. The cursor stands at the end. */
void prompt__begin(struct prompt *prompt, const char *text, size_t size);
/* A key of view.h. */
enum prompt_end prompt__key(struct prompt *prompt, int key);

#endif
