/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A message that was read before, as words of its bytes: those that say what it is and how long its
 * parts are. One that has the same words, and as many bytes, is the same but for its contents, so
 * it need not be read.
 */
#ifndef SONDE_KNOWN_H
#define SONDE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "protocol/word.h"

#define KNOWN_WORDS 6

struct known_message {
	uint32_t bytes;	 /* of the message; 0: none is known */
	uint32_t serial; /* of what was learned, within its connection; 0: nothing */
	uint32_t words;
	uint16_t at[KNOWN_WORDS]; /* ascending but for the last word of a header */
	uint64_t mask[KNOWN_WORDS];
	uint64_t word[KNOWN_WORDS];
};

static inline void known__begin(struct known_message *known)
{
	known->bytes = known->serial = known->words = 0;
}

/* `length` bytes (1 to 8) at `at` matter; a whole word is there. False: there is no room. */
static inline bool known__add(struct known_message *known, const uint8_t *begin, size_t at,
			      size_t length)
{
	uint64_t mask = word__first(length);

	if (known->words == KNOWN_WORDS || at > UINT16_MAX)
		return false;
	known->at[known->words] = (uint16_t)at;
	known->mask[known->words] = mask;
	known->word[known->words++] = word__at(begin + at) & mask;
	return true;
}

/* Four to seven bytes: of these a word is made up. */
static inline uint64_t known__short_word(const uint8_t *at, size_t bytes)
{
	return word__half_at(at) | (uint64_t)word__half_at(at + bytes - WORD_BYTES / 2) << 32;
}

static inline void known__add_short(struct known_message *known, const uint8_t *begin, size_t bytes,
				    uint64_t mask)
{
	known->mask[0] = mask;
	known->word[0] = known__short_word(begin, bytes) & mask;
	known->words = 1;
}

/* The first `words` of the words are the same; all bytes that they are made of are there. */
static inline bool known__begins(const struct known_message *known, const uint8_t *at,
				 uint32_t words)
{
	uint64_t differs = 0;

	for (uint32_t i = 0; i < words; i++)
		differs |= (word__at(at + known->at[i]) & known->mask[i]) ^ known->word[i];
	return !differs;
}

/* `left` bytes are there: do they begin with the message? */
static inline bool known__is(const struct known_message *known, const uint8_t *at, size_t left)
{
	if (!known->bytes || known->bytes > left)
		return false;
	if (known->bytes < WORD_BYTES)
		return (known__short_word(at, known->bytes) & known->mask[0]) == known->word[0];
	return known__begins(known, at, known->words);
}

/* Nothing but that message, again and again, to the last byte? */
static inline bool known__is_all(const struct known_message *known, const uint8_t *at, size_t left)
{
	size_t bytes = known->bytes;

	return bytes < left && left % bytes == 0 && memcmp(at, at + bytes, left - bytes) == 0;
}

/* How often in a row. */
static inline uint32_t known__times(const struct known_message *known, const uint8_t *at,
				    size_t left)
{
	uint32_t times = 0;

	if (!known__is(known, at, left))
		return 0;
	if (known->bytes == left)
		return 1;
	if (known__is_all(known, at, left))
		return (uint32_t)(left / known->bytes);
	for (; known__is(known, at, left); times++) {
		at += known->bytes;
		left -= known->bytes;
	}
	return times;
}

#endif
