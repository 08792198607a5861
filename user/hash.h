/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Hashes of texts, eight bytes a step, multiplied and folded (the scheme of wyhash). With a seed
 * that nobody outside knows, nobody can make two texts collide on purpose.
 */
#ifndef SONDE_HASH_H
#define SONDE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include "protocol/word.h"

static inline uint64_t hash__mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash__step(uint64_t hash, uint64_t word)
{
	return hash__mix(hash ^ word, 0x9e3779b97f4a7c15ull);
}

/* The last word, and what tells texts apart whose words are the same. */
static inline uint64_t hash__last(uint64_t hash, uint64_t word, uint64_t mark)
{
	return hash__mix(hash ^ word, 0xe7037ed1a0b428dbull ^ mark);
}

/* Takes `length` bytes in, and that they are so many; `mark`, of 32 bits, says what they are. */
static inline uint64_t hash__add(uint64_t hash, const uint8_t *bytes, size_t length, uint64_t mark)
{
	mark = mark << 32 ^ length;
	for (; length > WORD_BYTES; length -= WORD_BYTES, bytes += WORD_BYTES)
		hash = hash__step(hash, word__at(bytes));
	return hash__last(hash, word__part(bytes, length), mark);
}

#endif
