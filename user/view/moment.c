/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/moment.h"

#include <time.h>

bool moment__format(const char *wall, const char *format, char *out, size_t size)
{
	struct tm utc = {0}, local;
	time_t seconds;

	out[0] = '\0';
	if (!strptime(wall, "%Y-%m-%dT%H:%M:%S", &utc))
		return false;
	seconds = timegm(&utc);
	return localtime_r(&seconds, &local) && strftime(out, size, format, &local) > 0;
}
