/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Eight bytes looked at at once. The tests say whether any byte is such a one, not which; they are
 * the known ones of Hacker's Delight (2nd edition, section 6-1): exact as a whole, as a borrow only
 * goes out of a byte that fits.
 */
#ifndef SONDE_WORD_H
#define SONDE_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WORD_BYTES 8
#define WORD_ONES  0x0101010101010101ull
#define WORD_TOPS  0x8080808080808080ull

/*
 * Of any place, and of whatever type it is. Not by memcpy() to a variable: the address of one makes
 * the compiler guard the stack of every function that looks at a word.
 */
#define WORD_ANYWHERE __attribute__((packed, may_alias))

struct word {
	uint64_t value;
} WORD_ANYWHERE;

struct half_word {
	uint32_t value;
} WORD_ANYWHERE;

static inline uint64_t word__at(const uint8_t *bytes)
{
	return ((const struct word *)bytes)->value;
}

static inline uint32_t word__half_at(const uint8_t *bytes)
{
	return ((const struct half_word *)bytes)->value;
}

static inline bool word__has_zero(uint64_t word)
{
	return (word - WORD_ONES) & ~word & WORD_TOPS;
}

static inline bool word__has(uint64_t word, uint8_t byte)
{
	return word__has_zero(word ^ WORD_ONES * byte);
}

/* Any byte below `limit`, at most 0x80. */
static inline bool word__has_less(uint64_t word, uint8_t limit)
{
	return (word - WORD_ONES * limit) & ~word & WORD_TOPS;
}

/* The first `bytes` of a word's bytes, 1 to 8. */
static inline uint64_t word__first(size_t bytes)
{
	_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");
	return ~0ull >> 8 * (WORD_BYTES - bytes);
}

/* Any byte of 16 in a row, from first on (a multiple of 16). */
static inline bool word__has_row(uint64_t word, uint8_t first)
{
	return word__has_zero((word & WORD_ONES * 0xf0) ^ WORD_ONES * first);
}

/* Up to eight bytes as a word, zeros behind them. */
static inline uint64_t word__part(const uint8_t *bytes, size_t length)
{
	size_t half = WORD_BYTES / 2;

	if (length == WORD_BYTES)
		return word__at(bytes);
	if (length >= half)
		return word__half_at(bytes) | (uint64_t)word__half_at(bytes + length - half)
						      << 8 * (length - half);
	if (!length)
		return 0;
	return bytes[0] | (uint32_t)bytes[length / 2] << 8 * (length / 2) |
	       (uint32_t)bytes[length - 1] << 8 * (length - 1);
}

#endif
