/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Clients and servers send the same fields with every message, or the same within a second (Date).
 * Blocks of them that were read lately are known by their bytes: what they say of the message is a
 * function of these alone, so that it makes no difference whose connection they came by.
 */
#include "protocol/http1_internal.h"

#define KNOWN_BYTES 512
#define KNOWN_SLOTS 64 /* of each direction */

struct known {
	uint16_t length; /* 0: free */
	struct framing framing;
	uint8_t bytes[KNOWN_BYTES];
};

static _Thread_local struct known known[2][KNOWN_SLOTS];

static struct known *known_of(struct slice bytes, bool request)
{
	return &known[request][bytes.length % KNOWN_SLOTS];
}

static void learn(struct known *k, struct slice block, const struct framing *framing)
{
	if (block.length > KNOWN_BYTES)
		return;
	k->length = (uint16_t)block.length;
	k->framing = *framing;
	memcpy(k->bytes, block.data, block.length);
}

static size_t read_lines(struct slice bytes, struct framing *out)
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

size_t http1_fields__read(struct slice bytes, bool request, struct framing *out)
{
	struct known *k = known_of(bytes, request);
	size_t length;

	if (k->length && k->length <= bytes.length &&
	    memcmp(k->bytes, bytes.data, k->length) == 0) {
		*out = k->framing;
		return k->length;
	}
	length = read_lines(bytes, out);
	if (length)
		learn(k, slice__sub(bytes, 0, length), out);
	return length;
}
