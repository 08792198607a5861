/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Route templates: printable, bounded, NUL-terminated. A target with other digits has the same one
 * if their raw keys say so.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "raw_key.h"
#include "route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t other_letter(uint8_t c)
{
	uint8_t lower = c | 0x20;

	return lower >= 'a' && lower <= 'f' ? (uint8_t)(c + 'a' + 'f' - 2 * lower) : c;
}

static void compare_with_others(const uint8_t *data, size_t size, bool letters)
{
	struct slice target = slice__of(data, size), other;
	char out[ROUTE_MAX], other_out[ROUTE_MAX];
	uint8_t *copy = malloc(size + 1);
	uint64_t a, b;

	for (size_t i = 0; i < size; i++) {
		bool first = !i || (uint8_t)(data[i - 1] - '0') > 9;

		copy[i] = data[i] >= '0' && data[i] <= '9' && !first
				  ? (uint8_t)('0' + '9' - data[i])
				  : data[i];
		if (letters)
			copy[i] = other_letter(copy[i]);
	}
	other = slice__of(copy, size);
	if (raw_key__of_target(7, target, &a) && raw_key__of_target(7, other, &b) && a == b &&
	    (route__template(target, out) != route__template(other, other_out) ||
	     strcmp(out, other_out) != 0))
		abort();
	free(copy);
}

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
	if (size && data[0] == '/') {
		compare_with_others(data, size, false);
		compare_with_others(data, size, true);
	}
	return 0;
}
