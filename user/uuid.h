/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* UUIDs as texts: 8-4-4-4-12 hexadecimal digits (RFC 9562 section 4). */
#ifndef SONDE_UUID_H
#define SONDE_UUID_H

#include <ctype.h>
#include <stdbool.h>
#include "protocol/slice.h"

#define UUID_BYTES 36

static inline bool uuid__is(struct slice s)
{
	if (s.length != UUID_BYTES || s.data[8] != '-' || s.data[13] != '-' || s.data[18] != '-' ||
	    s.data[23] != '-')
		return false;
	for (size_t i = 0; i < UUID_BYTES; i++)
		if (!isxdigit(s.data[i]) &&
		    !(s.data[i] == '-' && (i == 8 || i == 13 || i == 18 || i == 23)))
			return false;
	return true;
}

#endif
