/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "protocol/grpc.h"

#include <ctype.h>
#include <string.h>

#define STATUS_MAX 16 /* UNAUTHENTICATED, statuscodes.md */
#define PATH_MOST  200

bool grpc__is_content_type(struct slice value)
{
	static const char type[] = "application/grpc";
	size_t n = sizeof(type) - 1;

	if (!slice__starts(value, type))
		return false;
	return value.length == n || value.data[n] == '+' || value.data[n] == ';';
}

/* Identifiers (protobuf's grammar: a letter or `_` first), with one slash and any dots between. */
bool grpc__is_path(struct slice path)
{
	bool begins = true;
	size_t slashes = 1;

	if (!path.length || path.length > PATH_MOST || path.data[0] != '/')
		return false;
	for (size_t i = 1; i < path.length; i++) {
		uint8_t c = path.data[i];

		slashes += c == '/';
		if (begins ? !isalpha(c) && c != '_'
			   : !isalnum(c) && c != '_' && c != '/' && (c != '.' || slashes > 1))
			return false;
		begins = c == '/' || c == '.';
	}
	return slashes == 2 && !begins;
}

uint8_t grpc__status(struct slice value)
{
	unsigned int n = 0;

	if (!value.length || value.length > 2)
		return GRPC_STATUS_OTHER;
	for (size_t i = 0; i < value.length; i++) {
		if (!isdigit(value.data[i]))
			return GRPC_STATUS_OTHER;
		n = n * 10 + (value.data[i] - (unsigned int)'0');
	}
	return n <= STATUS_MAX ? (uint8_t)n : GRPC_STATUS_OTHER;
}

/* The prefix: a byte that is 0 or 1 (compressed), and the length. */
static size_t prefix(struct grpc_messages *m, struct slice bytes, size_t room)
{
	size_t n = 0;

	for (; n < bytes.length && n < room && m->seen < GRPC_PREFIX; n++, m->seen++) {
		if (m->seen)
			m->length[m->seen - 1] = bytes.data[n];
		else if (bytes.data[n] > 1)
			m->broken = true;
	}
	if (m->broken)
		return room;
	if (m->seen == GRPC_PREFIX) {
		m->left = slice__u32(slice__of(m->length, sizeof(m->length)), 0);
		m->seen = 0;
		m->count++;
	}
	return n;
}

size_t grpc_messages__pass(struct grpc_messages *m, struct slice bytes, size_t room)
{
	size_t n;

	if (m->broken)
		return room;
	if (!m->left)
		return prefix(m, bytes, room);
	n = m->left < room ? m->left : room;
	m->left -= (uint32_t)n;
	return n;
}

bool grpc_messages__whole(const struct grpc_messages *m)
{
	return m->count && !m->left && !m->seen && !m->broken;
}
