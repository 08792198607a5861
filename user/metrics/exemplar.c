/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "metrics/exemplar.h"

#include <string.h>
#include "rules/value.h"

/* version "-" trace-id "-" parent-id "-" trace-flags (W3C Trace Context, section 3.2.2) */
enum { TRACE_AT = 3, PARENT_AT = 36, FLAGS_AT = 53, WHOLE = 55 };

/* Lower case alone is right (section 3.2.2.2). */
static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* `count` bytes of hexadecimal digits; false: they are none. */
static bool read_bytes(const uint8_t *text, uint8_t *out, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool is_zero(const uint8_t *bytes, size_t count)
{
	while (count && !bytes[count - 1])
		count--;
	return !count;
}

static bool has_dashes(const uint8_t *text)
{
	return text[TRACE_AT - 1] == '-' && text[PARENT_AT - 1] == '-' && text[FLAGS_AT - 1] == '-';
}

/* Later versions may go on behind a dash (section 4.1). */
static bool has_length(uint8_t version, struct slice value)
{
	if (version == 0)
		return value.length == WHOLE;
	return version != 0xff && (value.length == WHOLE || value.data[WHOLE] == '-');
}

bool traceparent__parse(struct slice value, uint8_t trace[TRACE_BYTES])
{
	const uint8_t *text = (const uint8_t *)value.data;
	uint8_t version, flags, parent[8], id[TRACE_BYTES];

	if (value.length < WHOLE || !has_dashes(text) || !read_bytes(text, &version, 1) ||
	    !has_length(version, value) || !read_bytes(text + TRACE_AT, id, sizeof(id)) ||
	    !read_bytes(text + PARENT_AT, parent, sizeof(parent)) ||
	    !read_bytes(text + FLAGS_AT, &flags, 1))
		return false;
	if (is_zero(id, sizeof(id)) || is_zero(parent, sizeof(parent)) || !(flags & 1))
		return false;
	memcpy(trace, id, sizeof(id));
	return true;
}

bool traceparent__find(const struct details *details, uint8_t trace[TRACE_BYTES])
{
	struct slice value;

	return details &&
	       http__header(details__get(details, DETAIL_REQUEST_HEAD), "traceparent", &value) &&
	       traceparent__parse(value, trace);
}

void exemplar__trace(const struct exemplar *exemplar, char out[EXEMPLAR_TRACE_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < TRACE_BYTES; i++) {
		out[2 * i] = digits[exemplar->trace[i] >> 4];
		out[2 * i + 1] = digits[exemplar->trace[i] & 15];
	}
	out[EXEMPLAR_TRACE_TEXT - 1] = '\0';
}

uint64_t exemplar__wall_ns(const struct exemplar *exemplar, int64_t offset_ns)
{
	uint64_t ns = exemplar->time_ns + (uint64_t)offset_ns;

	return ns - ns % 1000000;
}
