/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Patterns of the configuration: `*` any bytes, `?` one byte, all else itself. */
#ifndef SONDE_GLOB_H
#define SONDE_GLOB_H

#include <stdbool.h>
#include "protocol/slice.h"

/* Case counts. Time is at most pattern length times text length: no backtracking but to the last
 * `*`. */
bool glob__fits(const char *pattern, struct slice text);
bool glob__fits_nocase(const char *pattern, struct slice text);

#endif
