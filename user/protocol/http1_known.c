/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "protocol/http1_known.h"

#define MISSES_MAX 8
#define DIGITS_MAX 18 /* of a length that is read again: whatever it is, it is below BODY_MAX */

bool http1_known__gives_way(struct http1_known *k)
{
	return !k->head.length || ++k->missed >= MISSES_MAX;
}

static bool is_digit(uint8_t c)
{
	return (uint8_t)(c - '0') < 10;
}

/* A length in plain digits is read again each time; false: there are several, or it is written
 * otherwise. */
static bool learn_length(struct http1_known *k, struct slice line, size_t at)
{
	size_t digits = 0;

	while (digits < line.length && is_digit(line.data[line.length - 1 - digits]))
		digits++;
	for (size_t i = sizeof("content-length"); i < line.length - digits; i++)
		if (line.data[i] != ' ')
			return false;
	if (!digits || digits > DIGITS_MAX || k->digits)
		return false;
	k->number = (uint16_t)(at + line.length - digits);
	k->digits = (uint8_t)digits;
	ranges__allow(k->least, k->spread, k->number, digits, '0', '9');
	return true;
}

static bool matters(struct slice name)
{
	return slice__equals_nocase(name, "transfer-encoding") ||
	       slice__equals_nocase(name, "upgrade") || slice__equals_nocase(name, "expect");
}

/* A line without its end. One that matters stays as it is, of another one the name. */
static bool is_free(struct slice line, size_t *name_length)
{
	ptrdiff_t colon = slice__find(line, ':');
	struct slice name = slice__sub(line, 0, colon < 0 ? 0 : (size_t)colon);

	*name_length = name.length;
	return colon >= 0 && !matters(name) && !slice__equals_nocase(name, "content-length");
}

static struct slice line_at(struct slice text, size_t at, size_t *whole)
{
	struct slice line = slice__from(text, at);
	ptrdiff_t end = slice__find(line, '\n');
	size_t length = end < 0 ? line.length : (size_t)end;

	*whole = length + (end >= 0);
	line.length = length && line.data[length - 1] == '\r' ? length - 1 : length;
	return line;
}

static bool is_length(struct slice line)
{
	size_t name = sizeof("content-length") - 1;

	return line.length > name && line.data[name] == ':' &&
	       slice__equals_nocase(slice__sub(line, 0, name), "content-length");
}

void http1_fields__allow(struct slice text, size_t from, uint8_t *least, uint8_t *spread)
{
	size_t name, whole;

	for (; from < text.length; from += whole) {
		struct slice line = line_at(text, from, &whole);

		if (is_free(line, &name))
			ranges__allow(least, spread, from + name + 1, line.length - name - 1,
				      '\n' + 1, 0xff);
	}
}

static bool learn_lengths(struct http1_known *k, struct slice text, size_t from)
{
	size_t whole;

	for (; from < text.length; from += whole) {
		struct slice line = line_at(text, from, &whole);

		if (is_length(line) && !learn_length(k, line, from))
			return false;
	}
	return true;
}

bool http1_known__learn(struct http1_known *k, struct slice text, size_t fields,
			const struct http1_head *head)
{
	k->head.length = 0;
	k->digits = k->missed = 0;
	if (text.length > HTTP1_KNOWN_BYTES || text.length < RANGES_LEAST)
		return false;
	ranges__learn(k->least, k->spread, text);
	http1_fields__allow(text, fields, k->least, k->spread);
	if (!learn_lengths(k, text, fields))
		return false;
	k->head = *head;
	k->head.length = text.length;
	return true;
}
