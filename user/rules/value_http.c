/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values out of a captured HTTP head: "GET /target HTTP/1.1\r\nname: value\r\n...". */
#include <stdlib.h>
#include "rules/json_find.h"
#include "rules/value.h"

#define JWT_MAX 4096

static struct slice first_line(struct slice *rest)
{
	ptrdiff_t end = slice__find(*rest, '\n');
	struct slice line = end < 0 ? *rest : slice__sub(*rest, 0, (size_t)end);

	*rest = end < 0 ? (struct slice){0} : slice__from(*rest, (size_t)end + 1);
	if (line.length && line.data[line.length - 1] == '\r')
		line.length--;
	return line;
}

static struct slice trimmed(struct slice s)
{
	while (s.length && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = slice__from(s, 1);
	while (s.length && (s.data[s.length - 1] == ' ' || s.data[s.length - 1] == '\t'))
		s.length--;
	return s;
}

bool http__header(struct slice head, const char *lower_name, struct slice *out)
{
	first_line(&head);
	while (head.length) {
		struct slice line = first_line(&head);
		ptrdiff_t colon = slice__find(line, ':');

		if (colon > 0 &&
		    slice__equals_nocase(slice__sub(line, 0, (size_t)colon), lower_name)) {
			*out = trimmed(slice__from(line, (size_t)colon + 1));
			return true;
		}
	}
	return false;
}

/* The piece before the separator; *rest goes on behind it. */
static struct slice piece(struct slice *rest, uint8_t separator)
{
	ptrdiff_t at = slice__find(*rest, separator);
	struct slice one = at < 0 ? *rest : slice__sub(*rest, 0, (size_t)at);

	*rest = at < 0 ? (struct slice){0} : slice__from(*rest, (size_t)at + 1);
	return one;
}

/* "name=value" among pieces (RFC 6265 section 4.2.1; query strings). */
static bool named(struct slice all, uint8_t separator, const char *name, struct slice *out)
{
	while (all.length) {
		struct slice value = trimmed(piece(&all, separator));
		struct slice key = piece(&value, '=');

		if (slice__equals(key, name)) {
			*out = value;
			return true;
		}
	}
	return false;
}

bool http__cookie(struct slice head, const char *name, struct slice *out)
{
	struct slice all;

	return http__header(head, "cookie", &all) && named(all, ';', name, out);
}

static struct slice target(struct slice head)
{
	struct slice line = first_line(&head);

	piece(&line, ' ');
	return piece(&line, ' ');
}

bool http__query(struct slice head, const char *name, struct slice *out)
{
	struct slice query = target(head);

	piece(&query, '?');
	query = piece(&query, '#');
	return named(query, '&', name, out);
}

static bool is_parameter(struct slice segment, const char *name)
{
	size_t length = strlen(name);

	return segment.length == length + 2 && segment.data[0] == '{' &&
	       segment.data[length + 1] == '}' && memcmp(segment.data + 1, name, length) == 0;
}

bool http__route_parameter(struct slice head, const char *pattern, const char *name,
			   struct slice *out)
{
	struct slice whole = target(head), path = piece(&whole, '?');
	struct slice wanted = slice__text(pattern);

	while (wanted.length && path.length) {
		struct slice segment = piece(&wanted, '/');

		*out = piece(&path, '/');
		if (is_parameter(segment, name))
			return out->length > 0;
	}
	return false;
}

static int sextet(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-' || c == '+')
		return 62;
	return c == '_' || c == '/' ? 63 : -1;
}

/* base64url without padding (RFC 7515 section 2); stops at the first byte that is none of it. */
static size_t decode(struct slice in, uint8_t *out, size_t room)
{
	uint32_t bits = 0;
	size_t length = 0;
	int held = 0;

	for (size_t i = 0; i < in.length && sextet(in.data[i]) >= 0 && length < room; i++) {
		bits = (bits << 6 | (uint32_t)sextet(in.data[i])) & 0xffffff;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[length++] = (uint8_t)(bits >> held);
		}
	}
	return length;
}

/* The payload is read, not verified: whether the token is good is the server's to tell, by its
 * answer. */
bool jwt__claim(struct slice token, const char *path, struct value *out)
{
	uint8_t payload[JWT_MAX];
	struct slice found;
	size_t length;

	piece(&token, '.');
	length = decode(piece(&token, '.'), payload, sizeof(payload));
	if (!json__find(slice__of(payload, length), path, &found))
		return false;
	out->length = found.length < VALUE_MAX ? found.length : VALUE_MAX - 1;
	memcpy(out->text, found.data, out->length);
	out->text[out->length] = '\0';
	return out->length > 0;
}
