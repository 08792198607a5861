/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Characters as bytes, whatever the locale is (RFC 3629, section 3). */
#ifndef SONDE_VIEW_UTF8_H
#define SONDE_VIEW_UTF8_H

#include <stddef.h>
#include <wchar.h>

#define UTF8_MAX 4 /* bytes of a character */

/* Bytes written to out, at most UTF8_MAX; no NUL. character: 0 ... 0x10ffff. */
size_t utf8__encode(wchar_t character, char *out);
/* With a NUL; what does not fit in size bytes is left out, between characters. */
void utf8__narrow(const wchar_t *text, char *out, size_t size);

#endif
