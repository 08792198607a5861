/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "raw_key.h"

#include <stdbool.h>
#include "protocol/word.h"

static bool is_digit(uint8_t c)
{
	return (uint8_t)(c - '0') < 10;
}

static size_t digits_at(struct slice s, size_t at)
{
	size_t n = 0;

	while (at + n < s.length && is_digit(s.data[at + n]))
		n++;
	return n;
}

/* Copies words until one may have a digit or a '%'; returns how many bytes these were. */
static size_t copy_plain(struct slice from, size_t at, uint8_t *to)
{
	for (; from.length - at >= WORD_BYTES; at += WORD_BYTES) {
		uint64_t word = word__at(from.data + at);

		if (word__has_row(word, '0') || word__has(word, '%'))
			break;
		memcpy(to + at, &word, sizeof(word));
	}
	return at;
}

/*
 * route.c folds every piece that has ROUTE_DIGITS_RUN digits in a row, whichever they are: it looks
 * at how many there are and where, and at the first one (the millennium of a date). What is
 * percent-encoded is judged by its digits as well.
 */
struct slice raw_key__of_path(struct slice path, uint8_t room[RAW_KEY_MAX])
{
	size_t digits;

	if (path.length > RAW_KEY_MAX)
		return path;
	for (size_t i = copy_plain(path, 0, room); i < path.length; i++) {
		uint8_t c = path.data[i];

		if (c == '%')
			return path;
		room[i] = c;
		digits = is_digit(c) ? digits_at(path, i) : 0;
		if (digits >= 4)
			memset(room + i + 1, '0', digits - 1);
		else if (digits > 1)
			memcpy(room + i + 1, path.data + i + 1, digits - 1);
		i += digits ? digits - 1 : 0;
	}
	return slice__of(room, path.length);
}

/* Bytes that end a word, a parameter and a dollar quote's tag, so that a digit begins a number. */
static bool begins_number(uint8_t before)
{
	switch (before) {
	case ' ':
	case '\n':
	case '\t':
	case ',':
	case '(':
	case '[':
	case '=':
	case '<':
	case '>':
	case '+':
	case '-':
	case '*':
	case '/':
	case '.':
		return true;
	default:
		return false;
	}
}

/*
 * A number is a literal, of which nothing is left but that it is one (sql.c); so is a string, and
 * of a comment nothing is left at all. Only a quoted name keeps its digits.
 */
struct slice raw_key__of_sql(struct slice sql, uint8_t room[RAW_KEY_MAX])
{
	size_t used = 0;

	if (sql.length > RAW_KEY_MAX || (sql.length && memchr(sql.data, '"', sql.length)))
		return sql;
	for (size_t i = 0; i < sql.length; i++) {
		uint8_t c = sql.data[i];

		if (sql.length - i >= WORD_BYTES && !word__has_row(word__at(sql.data + i), '0')) {
			memcpy(room + used, sql.data + i, WORD_BYTES);
			used += WORD_BYTES;
			i += WORD_BYTES - 1;
			continue;
		}
		room[used++] = c;
		if (is_digit(c) && i && begins_number(sql.data[i - 1])) {
			room[used - 1] = '0';
			i += digits_at(sql, i) - 1;
		}
	}
	return slice__of(room, used);
}
