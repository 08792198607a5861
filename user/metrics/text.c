/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "text.h"

#include <stdbool.h>
#include <stdint.h>

static bool is_tail(uint8_t c)
{
	return (c & 0xc0) == 0x80;
}

static size_t ascii(uint8_t c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\n';
}

/* Unicode, table 3-7: overlong forms, surrogates and what lies beyond U+10FFFF are ill-formed. */
size_t text__character(const char *text, size_t length)
{
	const uint8_t *s = (const uint8_t *)text;
	uint8_t low = 0x80, high = 0xbf;
	size_t size;

	if (s[0] < 0x80)
		return ascii(s[0]);
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	size = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (length < size)
		return 0;
	if (s[0] == 0xc2)
		low = 0xa0; /* U+0080 .. U+009F are controls as well */
	else if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < size; i++)
		if (!is_tail(s[i]))
			return 0;
	return size;
}
