/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines on stderr, as logfmt or JSON. Never from the hot path: that counts. */
#ifndef SONDE_LOG_H
#define SONDE_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Names as in the configuration; unknown ones change nothing. */
void log__configure(const char *level, const char *format);
bool log__level(const char *name, enum log_level *out);
/* Called before each line that is written, by the thread that writes it; NULL: nothing is. */
void log__before_line(void (*call)(void));
/*
 * Of the same place at most ten lines a minute are written, and how many were left out is said with
 * the next one.
 */
void log__write(enum log_level level, const char *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
