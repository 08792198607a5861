/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A command line, split and looked through. Programs may have written a title over it
 * (setproctitle): then it is one text with spaces in place of NULs, and padding behind it.
 */
#ifndef SONDE_ARGUMENTS_H
#define SONDE_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#define ARGUMENTS_SIZE 16384 /* of a command line, what is looked at: class paths are long */
#define ARGUMENTS_MAX  256
#define TITLE_MAX      256

struct arguments {
	int count;
	const char *at[ARGUMENTS_MAX]; /* into copy; what lies behind the last one is not there */
	char title[TITLE_MAX];	       /* the first one as it was before words were told apart */
	char copy[ARGUMENTS_SIZE + 1];
};

/* `size` bytes as in /proc/PID/cmdline, any bytes, also without a NUL. */
void arguments__split(struct arguments *out, const char *bytes, size_t size);

/*
 * The index of the first operand at or after `from`: what is no option, nor the value of one of
 * `with_value` (NULL-terminated). Behind "--" all are operands. 0: there is none.
 */
int arguments__operand(const struct arguments *a, int from, const char *const *with_value);
/* The value of "-A shop", "--app shop" or "--app=shop"; NULL: not given. Either name may be NULL.
 */
const char *arguments__value(const struct arguments *a, int from, const char *brief,
			     const char *full);

bool argument__is_one_of(const char *text, const char *const *names);
/* What follows the last slash; the path itself where nothing does. */
const char *argument__base_name(const char *path);

#endif
