/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "quantity.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_MAX 100.0 /* cores */
#define MILLION	  1e6

static int shift_of(const char *unit)
{
	static const struct {
		const char *name;
		int shift;
	} units[] = {{"", 0},	  {"K", 10}, {"KiB", 10}, {"M", 20},
		     {"MiB", 20}, {"G", 30}, {"GiB", 30}};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(unit, units[i].name) == 0)
			return units[i].shift;
	return -1;
}

int quantity__size(const char *text, uint64_t *bytes)
{
	unsigned long long number;
	char *end;
	int shift;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL; /* strtoull() would take a sign */
	errno = 0;
	number = strtoull(text, &end, 10);
	shift = shift_of(end);
	if (errno || shift < 0 || number > UINT64_MAX >> shift)
		return -EINVAL;
	*bytes = (uint64_t)number << shift;
	return 0;
}

/* Digits and at most one point: strtod() would take exponents, signs, "inf" and a locale's comma.
 */
static bool decimal(const char *text, double *out, const char **end)
{
	double number = 0, place = 1;
	bool point = false, digits = false;

	for (; isdigit((unsigned char)*text) || (*text == '.' && !point); text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		digits = true;
		number = number * 10 + (*text - '0');
		place *= point ? 10 : 1;
	}
	*out = number / place;
	*end = text;
	return digits;
}

int quantity__share(const char *text, uint32_t *millionths)
{
	const char *end;
	double share;

	if (!decimal(text, &share, &end))
		return -EINVAL;
	if (strcmp(end, "%") == 0)
		share /= 100;
	else if (*end || share > 1)
		return -EINVAL;
	if (!(share * MILLION >= 1 && share <= SHARE_MAX))
		return -EINVAL;
	*millionths = (uint32_t)(share * MILLION + 0.5);
	return 0;
}
