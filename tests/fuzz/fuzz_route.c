/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Route templates: printable, bounded, NUL-terminated. */
#include <stdint.h>
#include <stdlib.h>
#include "route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[ROUTE_MAX];
	size_t length = route__template(slice__of(data, size), out);

	if (length >= ROUTE_MAX || out[length])
		abort();
	for (size_t i = 0; i < length; i++)
		if (out[i] < ' ' || out[i] > '~' || out[i] == '"')
			abort();
	route__fits("/a/{b}/...", slice__of(data, size));
	return 0;
}
