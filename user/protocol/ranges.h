/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Text that came before, but for bytes that may be others: what each byte may be, from `least` on
 * and by how much more. So a text is known again at a glance, whatever stands where nothing depends
 * on what stands there.
 */
#ifndef SONDE_RANGES_H
#define SONDE_RANGES_H

#include <stdbool.h>
#include <stdint.h>
#include "protocol/block.h"
#include "protocol/slice.h"

static inline block_t range__strays(block_t bytes, const uint8_t *least, const uint8_t *spread)
{
	return block__beyond(bytes - block__at(least), block__at(spread));
}

#define RANGES_LEAST (2 * BLOCK_BYTES) /* shorter texts are none */

/* Two blocks. */
static inline block_t ranges__strays(const uint8_t *bytes, const uint8_t *least,
				     const uint8_t *spread)
{
	return range__strays(block__at(bytes), least, spread) |
	       range__strays(block__at(bytes + BLOCK_BYTES), least + BLOCK_BYTES,
			     spread + BLOCK_BYTES);
}

/*
 * Both tables are aligned as blocks are. The last two blocks begin within those before them; they
 * are looked at first, as texts that begin alike end otherwise.
 */
static inline bool ranges__hold(const uint8_t *least, const uint8_t *spread, const uint8_t *bytes,
				size_t length)
{
	size_t last = length - RANGES_LEAST;
	block_t strayed = ranges__strays(bytes + last, least + last, spread + last);

	if (block__any(strayed))
		return false;
	least = __builtin_assume_aligned(least, BLOCK_BYTES);
	spread = __builtin_assume_aligned(spread, BLOCK_BYTES);
	for (size_t at = 0; at < last; at += RANGES_LEAST)
		strayed |= ranges__strays(bytes + at, least + at, spread + at);
	return !block__any(strayed);
}

/* Each byte as it is. */
static inline void ranges__learn(uint8_t *least, uint8_t *spread, struct slice text)
{
	memcpy(least, text.data, text.length);
	memset(spread, 0, text.length);
}

/* Those of `count` bytes from `at` on. */
static inline void ranges__allow(uint8_t *least, uint8_t *spread, size_t at, size_t count,
				 uint8_t first, uint8_t last)
{
	memset(least + at, first, count);
	memset(spread + at, last - first, count);
}

#endif
