/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The bounded cursor that every parser reads the wire through. A slice never owns its bytes.
 */
#ifndef SONDE_SLICE_H
#define SONDE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *data;
	size_t length;
};

static inline struct slice slice__of(const void *data, size_t length)
{
	return (struct slice){.data = data, .length = length};
}

static inline struct slice slice__text(const char *text)
{
	return slice__of(text, strlen(text));
}

/* The part from `offset` on, at most `length` long; empty where offset lies beyond the end. */
static inline struct slice slice__sub(struct slice s, size_t offset, size_t length)
{
	if (offset > s.length)
		offset = s.length;
	if (length > s.length - offset)
		length = s.length - offset;
	return slice__of(offset ? s.data + offset : s.data, length); /* none of NULL is NULL */
}

static inline struct slice slice__from(struct slice s, size_t offset)
{
	return slice__sub(s, offset, SIZE_MAX);
}

static inline bool slice__equals(struct slice s, const char *text)
{
	size_t n = strlen(text);

	return s.length == n && memcmp(s.data, text, n) == 0;
}

static inline bool slice__starts(struct slice s, const char *text)
{
	size_t n = strlen(text);

	return s.length >= n && memcmp(s.data, text, n) == 0;
}

/* ASCII only: case folds without regard to the locale. */
static inline uint8_t ascii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static inline bool slice__equals_nocase(struct slice s, const char *lower)
{
	size_t n = strlen(lower);

	if (s.length != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (ascii_lower(s.data[i]) != (uint8_t)lower[i])
			return false;
	return true;
}

/* Offset of the byte, or -1. */
static inline ptrdiff_t slice__find(struct slice s, uint8_t byte)
{
	const uint8_t *at = s.length ? memchr(s.data, byte, s.length) : NULL;

	return at ? at - s.data : -1;
}

/* Big-endian; the caller has checked that four (two) bytes are there. */
static inline uint32_t slice__u32(struct slice s, size_t offset)
{
	const uint8_t *p = s.data + offset;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint16_t slice__u16(struct slice s, size_t offset)
{
	return (uint16_t)(s.data[offset] << 8 | s.data[offset + 1]);
}

#endif
