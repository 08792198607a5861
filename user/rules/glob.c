/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "glob.h"

static bool same(char pattern, uint8_t byte, bool nocase)
{
	if (pattern == '?')
		return true;
	return nocase ? ascii_lower((uint8_t)pattern) == ascii_lower(byte)
		      : (uint8_t)pattern == byte;
}

static bool fits(const char *pattern, struct slice text, bool nocase)
{
	const char *star = NULL;
	size_t at = 0, star_at = 0;

	while (at < text.length) {
		if (*pattern == '*') {
			star = ++pattern;
			star_at = at;
		} else if (*pattern && same(*pattern, text.data[at], nocase)) {
			pattern++;
			at++;
		} else if (star) { /* the last `*` takes one byte more */
			pattern = star;
			at = ++star_at;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool glob__fits(const char *pattern, struct slice text)
{
	return fits(pattern, text, false);
}

bool glob__fits_nocase(const char *pattern, struct slice text)
{
	return fits(pattern, text, true);
}
