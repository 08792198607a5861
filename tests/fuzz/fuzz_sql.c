/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The SQL lexer: bounded output, and a marker put between quotes never comes out. A text with other
 * digits, or other letters between quotes, is the same statement if their raw keys say so.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "raw_key.h"
#include "sql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t other_byte(uint8_t c, bool quoted)
{
	if (c >= '0' && c <= '9')
		return (uint8_t)('0' + '9' - c);
	return quoted && c >= 'a' && c <= 'z' ? (uint8_t)('a' + 'z' - c) : c;
}

static void compare_with_another(const uint8_t *data, size_t size)
{
	struct slice text = slice__of(data, size), other;
	char out[512], other_out[512];
	uint8_t *copy = malloc(size + 1);
	struct sql a, b;

	for (size_t i = 0; i < size; i++)
		copy[i] =
			data[i] >= '0' && data[i] <= '9' ? (uint8_t)('0' + '9' - data[i]) : data[i];
	other = slice__of(copy, size);
	if (raw_key__of_sql(7, text) == raw_key__of_sql(7, other)) {
		sql__normalise(text, size & 1, out, sizeof(out), &a);
		sql__normalise(other, size & 1, other_out, sizeof(other_out), &b);
		if (strcmp(out, other_out) != 0 || a.fingerprint != b.fingerprint)
			abort();
	}
	free(copy);
}

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
	compare_with_another(data, size);
	return 0;
}
