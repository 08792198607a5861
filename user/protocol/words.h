/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A message that was read before, as words of its bytes: those that say what it is and how long its
 * parts are. One that has the same words, and as many bytes, is the same but for its contents, so
 * it need not be read.
 */
#ifndef SONDE_WORDS_H
#define SONDE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "protocol/word.h"

#define WORDS_MAX 6

struct words {
	uint32_t bytes; /* of the message; 0: none is known */
	uint32_t words;
	uint16_t at[WORDS_MAX]; /* ascending but for the last word of a header */
	uint64_t mask[WORDS_MAX];
	uint64_t word[WORDS_MAX];
};

static inline void words__begin(struct words *known)
{
	known->bytes = known->words = 0;
}

/* `length` bytes (1 to 8) at `at` matter; a whole word is there. False: there is no room. */
static inline bool words__add(struct words *known, const uint8_t *begin, size_t at, size_t length)
{
	uint64_t mask = word__first(length);

	if (known->words == WORDS_MAX || at > UINT16_MAX)
		return false;
	known->at[known->words] = (uint16_t)at;
	known->mask[known->words] = mask;
	known->word[known->words++] = word__at(begin + at) & mask;
	return true;
}

/* Four to seven bytes: of these a word is made up. */
static inline uint64_t words__short(const uint8_t *at, size_t bytes)
{
	return word__half_at(at) | (uint64_t)word__half_at(at + bytes - WORD_BYTES / 2) << 32;
}

static inline void words__add_short(struct words *known, const uint8_t *begin, size_t bytes,
				    uint64_t mask)
{
	known->mask[0] = mask;
	known->word[0] = words__short(begin, bytes) & mask;
	known->words = 1;
}

/* The first `words` of the words are the same; all bytes that they are made of are there. */
static inline bool words__begin_with(const struct words *known, const uint8_t *at, uint32_t words)
{
	uint64_t differs = 0;

	for (uint32_t i = 0; i < words; i++)
		differs |= (word__at(at + known->at[i]) & known->mask[i]) ^ known->word[i];
	return !differs;
}

/* `left` bytes are there: do they begin with the message? */
static inline bool words__are(const struct words *known, const uint8_t *at, size_t left)
{
	if (!known->bytes || known->bytes > left)
		return false;
	if (known->bytes < WORD_BYTES)
		return (words__short(at, known->bytes) & known->mask[0]) == known->word[0];
	return words__begin_with(known, at, known->words);
}

/* Nothing but that message, again and again, to the last byte? */
static inline bool words__are_all(const struct words *known, const uint8_t *at, size_t left)
{
	size_t bytes = known->bytes;

	return bytes < left && left % bytes == 0 && memcmp(at, at + bytes, left - bytes) == 0;
}

/* How often in a row. */
static inline uint32_t words__times(const struct words *known, const uint8_t *at, size_t left)
{
	uint32_t times = 0;

	if (!words__are(known, at, left))
		return 0;
	if (known->bytes == left)
		return 1;
	if (words__are_all(known, at, left))
		return (uint32_t)(left / known->bytes);
	for (; words__are(known, at, left); times++) {
		at += known->bytes;
		left -= known->bytes;
	}
	return times;
}

#endif
