/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Text of unknown origin (names of processes, routes) made fit for JSON, labels and terminals. */
#ifndef SONDE_TEXT_H
#define SONDE_TEXT_H

#include <stddef.h>

/*
 * Length of the well-formed UTF-8 character at text[0 .. length-1] that is no control character but
 * tab and newline; 0 where there is none. length > 0.
 */
size_t text__character(const char *text, size_t length);

#define TEXT_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

#endif
