/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a message may be to say the same as the last one did (again.h): of plain ones alone. */
#include "protocol/http1_internal.h"
#include "protocol/http1_known.h"

static bool describe_request(const struct parser *parser, struct slice message, uint8_t *least,
			     uint8_t *spread)
{
	struct request_line line;
	size_t fields = head__plain_request(message, &line), target;

	if (!fields)
		return false;
	target = (size_t)(line.target.data - message.data);
	if (!parser__numbers_matter(parser))
		http1_target__allow(&line, least + target, spread + target);
	http1_fields__allow(message, fields, least, spread);
	return true;
}

/* Where the body begins; 0: nowhere. */
static size_t end_of_head(struct slice message)
{
	const uint8_t *line = message.data, *end = message.data + message.length, *next;

	for (; (next = memchr(line, '\n', (size_t)(end - line))); line = next + 1)
		if (next == line || (next == line + 1 && *line == '\r'))
			return (size_t)(next + 1 - message.data);
	return 0;
}

/* Its length stays the same, so it ends where that one did. */
static bool describe_response(struct slice message, uint8_t *least, uint8_t *spread)
{
	size_t head = end_of_head(message);
	ptrdiff_t line = slice__find(message, '\n');

	if (!head)
		return false;
	http1_fields__allow(slice__sub(message, 0, head), (size_t)line + 1, least, spread);
	ranges__allow(least, spread, head, message.length - head, 0, 0xff);
	return true;
}

bool http1__describe(const struct parser *parser, bool request, struct slice message,
		     uint8_t *least, uint8_t *spread)
{
	return request ? describe_request(parser, message, least, spread)
		       : describe_response(message, least, spread);
}
