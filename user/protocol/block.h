/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sixteen bytes looked at at once, as every processor that sonde runs on can: the compiler's own
 * vectors, and the one instruction that they have no word for. A comparison yields 0xff for each
 * byte that it holds for and 0 for the others.
 */
#ifndef SONDE_BLOCK_H
#define SONDE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "protocol/word.h"
#if defined(__SSE2__) && !defined(SONDE_BLOCK_PLAIN)
#include <emmintrin.h>
#endif

#define BLOCK_BYTES 16

typedef uint8_t block_t __attribute__((vector_size(BLOCK_BYTES)));
typedef int8_t block_signed_t __attribute__((vector_size(BLOCK_BYTES)));
typedef uint64_t halves_t __attribute__((vector_size(BLOCK_BYTES)));

struct block {
	block_t value;
} WORD_ANYWHERE;

static inline block_t block__at(const uint8_t *bytes)
{
	return ((const struct block *)bytes)->value;
}

/* Up to 16 bytes, zeros behind them. */
static inline block_t block__part(const uint8_t *bytes, size_t length)
{
	size_t first = length < WORD_BYTES ? length : WORD_BYTES;

	return (block_t)(halves_t){word__part(bytes, first),
				   word__part(bytes + first, length - first)};
}

static inline block_t block__equal(block_t b, uint8_t byte)
{
	return (block_t)(b == byte);
}

/* '0' to '9': moved to the lowest ten that a signed byte can be. */
static inline block_t block__digits(block_t b)
{
	return (block_t)((block_signed_t)(b + (0x80 - '0')) < -0x80 + 10);
}

/* All but the visible characters of ASCII, which are moved to the lowest that a signed byte can be.
 */
static inline block_t block__unseen(block_t b)
{
	return (block_t)((block_signed_t)(b + (0x80 - '!')) > -0x80 + ('~' - '!'));
}

/* By how much each byte is more than the same one of `most`; 0 where it is not. */
static inline block_t block__beyond(block_t b, block_t most)
{
#if defined(__SSE2__) && !defined(SONDE_BLOCK_PLAIN)
	return (block_t)_mm_subs_epu8((__m128i)b, (__m128i)most);
#else
	return (b - most) & (block_t)(b > most);
#endif
}

/* One bit for each byte of a comparison, the first one's is the lowest. */
static inline uint32_t block__bits(block_t compared)
{
#if defined(__SSE2__) && !defined(SONDE_BLOCK_PLAIN)
	return (uint32_t)_mm_movemask_epi8((__m128i)compared);
#else
	halves_t half = (halves_t)compared;

	for (int i = 0; i < 2; i++) /* each byte keeps a bit of its own, all are added up in one */
		half[i] = (half[i] & 0x8040201008040201ull) * 0x0101010101010101ull >> 56;
	return (uint32_t)(half[0] | half[1] << 8);
#endif
}

/* Is any byte not zero? */
static inline bool block__any(block_t b)
{
	halves_t half = (halves_t)b;

	return (half[0] | half[1]) != 0;
}

#endif
