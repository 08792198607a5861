/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Moments of a model (RFC 3339, UTC) as people read them: in the time of the place they are at. */
#ifndef SONDE_VIEW_MOMENT_H
#define SONDE_VIEW_MOMENT_H

#include <stdbool.h>
#include <stddef.h>

/* As strftime does. False, and out empty: wall is no moment. */
bool moment__format(const char *wall, const char *format, char *out, size_t size)
	__attribute__((format(strftime, 2, 0)));

#endif
