/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/utf8.h"

#include <string.h>

static char middle(wchar_t c, int shift)
{
	return (char)(0x80 | (c >> shift & 0x3f));
}

size_t utf8__encode(wchar_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = middle(c, 0);
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = middle(c, 6);
		out[2] = middle(c, 0);
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = middle(c, 12);
	out[2] = middle(c, 6);
	out[3] = middle(c, 0);
	return 4;
}

void utf8__narrow(const wchar_t *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text; text++) {
		char bytes[UTF8_MAX];
		size_t length = utf8__encode(*text, bytes);

		if (n + length >= size)
			break;
		memcpy(out + n, bytes, length);
		n += length;
	}
	out[n] = '\0';
}
