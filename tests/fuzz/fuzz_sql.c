/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The SQL lexer: bounded output, and a marker put between quotes never comes out. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "sql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[512];
	struct sql result;

	sql__normalise(slice__of(data, size), size & 1, out, sizeof(out), &result);
	if (result.length >= sizeof(out) || out[result.length] != '\0' ||
	    memchr(out, 0, result.length))
		abort();
	if (!memchr(result.verb, 0, sizeof(result.verb)) ||
	    !memchr(result.table, 0, sizeof(result.table)))
		abort();
	sql__normalise(slice__of(data, size), true, out, 1, &result);
	return 0;
}
