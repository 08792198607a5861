/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "known_statements.h"

#include <stdalign.h>
#include <stdlib.h>
#include "protocol/ranges.h"
#include "raw_key.h"

#define TEXT_BYTES 256
#define SLOTS_BITS 8
#define MISSES_MAX 8 /* so often a statement is missed in favour of one that is known already */
#define VERB	   (sizeof("SELECT ") - 1)

struct known_statement {
	alignas(BLOCK_BYTES) uint8_t least[TEXT_BYTES];
	alignas(BLOCK_BYTES) uint8_t spread[TEXT_BYTES];
	uint32_t length; /* 0: free */
	uint32_t id;
	uint8_t missed; /* so often since it was found last */
	bool truncated;
};

struct known_statements {
	struct known_statement slot[1 << SLOTS_BITS];
};

struct known_statements *known_statements__new(void)
{
	return calloc(1, sizeof(struct known_statements));
}

void known_statements__free(struct known_statements *known)
{
	free(known);
}

static block_t without_digits(block_t b)
{
	return b & ~block__digits(b);
}

/* By how long it is, and by what is behind its verb and at its end but for the digits. */
static struct known_statement *slot_of(struct known_statements *known, struct slice sql)
{
	block_t b = without_digits(block__at(sql.data + VERB)) +
		    without_digits(block__at(sql.data + sql.length - BLOCK_BYTES));
	uint64_t half[2];

	memcpy(half, &b, sizeof(half));
	half[0] = (half[0] ^ half[1] >> 3 ^ sql.length) * 0x9e3779b97f4a7c15ull;
	return &known->slot[half[0] >> (64 - SLOTS_BITS)];
}

static bool is_kept(struct slice sql)
{
	return sql.length >= RANGES_LEAST && sql.length <= TEXT_BYTES;
}

uint32_t known_statements__find(struct known_statements *known, struct slice sql, bool truncated)
{
	struct known_statement *k;

	if (!is_kept(sql))
		return 0;
	k = slot_of(known, sql);
	if (k->length != sql.length || k->truncated != truncated ||
	    !ranges__hold(k->least, k->spread, sql.data, sql.length))
		return 0;
	k->missed = 0;
	return k->id;
}

void known_statements__learn(struct known_statements *known, struct slice sql, bool truncated,
			     uint32_t id)
{
	struct known_statement *k;

	if (!is_kept(sql))
		return;
	k = slot_of(known, sql);
	if (k->length && ++k->missed < MISSES_MAX)
		return;
	ranges__learn(k->least, k->spread, sql);
	raw_key__allow_sql(sql, k->least, k->spread);
	k->length = (uint32_t)sql.length;
	k->id = id;
	k->missed = 0;
	k->truncated = truncated;
}
