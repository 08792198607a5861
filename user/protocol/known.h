/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A message that was read before, by what each of its bytes may be for it to say the same
 * (ranges.h), but for blocks in which any byte may be anything. One that fits need not be read.
 */
#ifndef SONDE_KNOWN_H
#define SONDE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "protocol/ranges.h"

#define KNOWN_BYTES  2048 /* longer messages are always read */
#define KNOWN_BLOCKS 24	  /* and those with more that matters */

struct known_block {
	block_t least, spread;
	uint32_t at;
};

struct known_message {
	struct known_message *next; /* of those alike by their hash */
	uint64_t hash;
	uint32_t users;
	uint32_t bytes;
	uint32_t blocks;
	struct known_block block[];
};

/* What each byte may be, while a parser says so. */
struct known_draft {
	uint8_t least[KNOWN_BYTES], spread[KNOWN_BYTES];
};

/* Messages that connections have in common; whoever holds one is a user. */
struct known_messages;

struct known_messages *known_messages__new(void); /* NULL: no memory */
void known_messages__free(struct known_messages *known);
/* A message of so many bytes (at most KNOWN_BYTES); NULL: too much of it matters, or no memory. */
const struct known_message *known_messages__hold(struct known_messages *known,
						 const struct known_draft *draft, size_t bytes);
void known_messages__let_go(struct known_messages *known, const struct known_message *message);

static inline block_t known_block__strays(const struct known_block *b, block_t bytes)
{
	return block__beyond(bytes - b->least, b->spread);
}

/* As many bytes as the message has are there. */
static inline bool known_message__fits(const struct known_message *k, const uint8_t *bytes)
{
	block_t strayed = {0};

	if (k->bytes < BLOCK_BYTES)
		return !block__any(known_block__strays(k->block, block__part(bytes, k->bytes)));
	for (uint32_t i = 0; i < k->blocks; i++)
		strayed |= known_block__strays(&k->block[i], block__at(bytes + k->block[i].at));
	return !block__any(strayed);
}

/* Nothing but the message, some times: how often; else 0. */
uint32_t known_message__count(const struct known_message *k, const uint8_t *bytes, size_t length);

static inline uint32_t known_message__times(const struct known_message *k, const uint8_t *bytes,
					    size_t length)
{
	if (length == k->bytes)
		return known_message__fits(k, bytes);
	return known_message__count(k, bytes, length);
}

#endif
