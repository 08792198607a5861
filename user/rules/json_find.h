/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One value out of a JSON text that may be cut anywhere (a captured body is). A full parser would
 * refuse a cut text; this walks as far as the bytes go and finds what lies before the cut.
 */
#ifndef SONDE_JSON_FIND_H
#define SONDE_JSON_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include "protocol/slice.h"

/*
 * The value at a path of names and array indices, joined by dots ("user.tier", "items.0.id").
 * Strings without their quotes and with escapes as they stand; numbers, true, false and null as
 * their text. False where it is not there, is an object or array, or is cut off.
 */
bool json__find(struct slice text, const char *path, struct slice *out);

#endif
