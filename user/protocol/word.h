/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Eight bytes looked at at once. The tests say whether any byte is such a one, not which; they are
 * the known ones of Hacker's Delight (2nd edition, section 6-1): exact as a whole, as a borrow only
 * goes out of a byte that fits.
 */
#ifndef SONDE_WORD_H
#define SONDE_WORD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define WORD_BYTES 8
#define WORD_ONES  0x0101010101010101ull
#define WORD_TOPS  0x8080808080808080ull

static inline uint64_t word__at(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
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

/* Any byte of 16 in a row, from first on (a multiple of 16). */
static inline bool word__has_row(uint64_t word, uint8_t first)
{
	return word__has_zero((word & WORD_ONES * 0xf0) ^ WORD_ONES * first);
}

#endif
