/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "protocol/http1_known.h"

#define SLOTS 64

static _Thread_local struct http1_known responses[SLOTS], fields[SLOTS];
static _Thread_local struct http1_head unknown; /* the newest one that was read */

/* The fields of a head up to and with its empty line. Returns how many bytes they are; 0: they do
 * not end within `bytes`, or are not plain enough. */
static size_t read_fields(struct slice bytes, struct framing *out)
{
	const uint8_t *line = bytes.data, *end = bytes.data + bytes.length, *next;

	*out = (struct framing){0};
	for (; (next = memchr(line, '\n', (size_t)(end - line))); line = next + 1) {
		size_t length = (size_t)(next - line);

		if (length && line[length - 1] == '\r')
			length--;
		if (!length)
			return (size_t)(next + 1 - bytes.data);
		if ((size_t)(next - line) >= LINE_MAX_BYTES)
			return 0;
		head__field(out, slice__of(line, length), false);
	}
	return 0;
}

/* Where the fields begin behind a status line; 0: there is none, or it is too long. */
static size_t read_status(struct slice bytes, uint16_t *status)
{
	struct slice line = slice__sub(bytes, 0, LINE_MAX_BYTES);
	ptrdiff_t end = slice__find(line, '\n');

	if (end <= 0)
		return 0;
	line.length = (size_t)end - (line.data[end - 1] == '\r');
	*status = head__status_line(line);
	return *status ? (size_t)end + 1 : 0;
}

__attribute__((noinline)) static const struct http1_head *
read_unknown(struct http1_known *k, struct slice bytes, size_t start)
{
	size_t length = read_fields(slice__from(bytes, start), &unknown.framing);

	if (!length)
		return NULL;
	unknown.length = start + length;
	if (http1_known__gives_way(k))
		http1_known__learn(k, slice__sub(bytes, 0, unknown.length), start, &unknown);
	return &unknown;
}

__attribute__((noinline)) static const struct http1_head *read_response(struct http1_known *k,
									struct slice bytes)
{
	size_t start = read_status(bytes, &unknown.status);

	return start ? read_unknown(k, bytes, start) : NULL;
}

/* A body's length has as many digits as these say, mostly, and its head is longer by them. */
static size_t size_class(size_t length)
{
	return (length >= 300) + (length >= 1200) + (length >= 10200);
}

/* Where the connection's last head was found, else where one would be with so many bytes behind. */
const struct http1_head *http1_heads__response(struct slice bytes, uint8_t places[HTTP1_PLACES])
{
	uint8_t *place = &places[size_class(bytes.length)];
	struct http1_known *k = &responses[*place];

	if (http1_known__fits(k, bytes))
		return http1_known__head(k, bytes);
	*place = bytes.length % SLOTS;
	k = &responses[*place];
	if (http1_known__fits(k, bytes))
		return http1_known__head(k, bytes);
	return read_response(k, bytes);
}

const struct http1_head *http1_heads__fields(struct slice bytes)
{
	struct http1_known *k = &fields[bytes.length % SLOTS];

	if (http1_known__fits(k, bytes))
		return http1_known__head(k, bytes);
	unknown.status = 0;
	return read_unknown(k, bytes, 0);
}
