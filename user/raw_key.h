/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keys of raw texts that leave out what certainly does not change their label: the numbers in them,
 * and a path's UUID.
 * So the label of a text is found that was never seen before, but for its numbers. Texts with the
 * same key have the same label; a key is a hash (hash.h), so that is as sure as 64 bits are.
 */
#ifndef SONDE_RAW_KEY_H
#define SONDE_RAW_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include "protocol/block.h"
#include "protocol/slice.h"

#define MARKED_MAX 64

/* Of an absolute path, whose length and digits are known. Length 0: it is not told. */
struct marked_path {
	size_t length;	 /* below MARKED_MAX */
	uint64_t digits; /* bit i: the byte i is one */
};
uint64_t raw_key__of_marked(uint64_t seed, const uint8_t *path, struct marked_path marked);
/* What each of its digits may be, as ranges.h has it, without leading to another label. */
void raw_key__allow(const uint8_t *path, struct marked_path marked, uint8_t *least,
		    uint8_t *spread);
/* Of the path of a target that begins with it. False: it is not plain enough to tell at a glance.
 */
bool raw_key__of_target(uint64_t seed, struct slice target, uint64_t *key);
uint64_t raw_key__of_sql(uint64_t seed, struct slice sql);
/* As raw_key__allow, of a statement's numbers. */
void raw_key__allow_sql(struct slice sql, uint8_t *least, uint8_t *spread);

/* ---- marking a path while looking for its end ---- */

struct path_marks {
	uint64_t digits;
	uint64_t ends; /* what ends a path within its target, and what makes it less plain */
};

static inline block_t path__ends(block_t b)
{
	return block__equal(b | 4, '?') | block__equal(b, '#') | block__equal(b, '%'); /* and ';' */
}

/* Bytes from `at` on, below MARKED_MAX. */
static inline void path_marks__add(struct path_marks *m, block_t b, size_t at)
{
	m->digits |= (uint64_t)block__bits(block__digits(b)) << at;
	m->ends |= (uint64_t)block__bits(path__ends(b)) << at;
}

/* The path of a target that ends at `end`, where all up to there was added; one of both is below
 * MARKED_MAX. */
static inline struct marked_path path_marks__path(const struct path_marks *m, const uint8_t *target,
						  size_t end)
{
	uint64_t ends = m->ends | (end < MARKED_MAX ? 1ull << end : 0);
	struct marked_path path = {.length = (size_t)__builtin_ctzll(ends)};

	path.digits = m->digits & ((1ull << path.length) - 1);
	if (path.length < end && target[path.length] == '%')
		path.length = 0; /* route.c judges it by its digits as well */
	return path;
}

#endif
