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

/* Takes `length` bytes in, and that they are so many; `mark`, of 32 bits, says what they are. */
static inline uint64_t hash__add(uint64_t hash, const uint8_t *bytes, size_t length, uint64_t mark)
{
	mark = 0xe7037ed1a0b428dbull ^ length ^ mark << 32;
	for (; length > WORD_BYTES; length -= WORD_BYTES, bytes += WORD_BYTES)
		hash = hash__mix(hash ^ word__at(bytes), 0x9e3779b97f4a7c15ull);
	return hash__mix(hash ^ word__part(bytes, length), mark);
}

#endif
