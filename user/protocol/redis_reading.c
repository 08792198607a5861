/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Hits and misses as the server counts them (Redis' db.c, lookupKeyRead), told from the replies. A
 * reply that holds nothing is a miss: that a key is there while its field, member or range is not,
 * the wire does not show.
 */
#include "protocol/redis_internal.h"

#define READING_BITS 4
#define KEYS_MAX     (UINT16_MAX >> READING_BITS)

_Static_assert(READING_LAST < 1 << READING_BITS, "readings");

uint8_t redis_reading__of(const struct pending *entry)
{
	return entry->flags & ENTRY_GET ? READ_NIL : redis_command__get(entry->kind)->reading;
}

static bool is_aggregate(const struct form *f)
{
	return f->type == '*' || f->type == '~' || f->type == '%';
}

static bool missed(uint8_t reading, const struct form *f)
{
	switch (reading) {
	case READ_ZERO:
	case READ_ONE_KEY:
		return f->number == 0;
	case READ_TTL:
		return f->number == -2;
	case READ_TYPE:
		return f->none;
	case READ_EMPTY: /* one member instead of some of them may be an empty string */
		return f->nil || (f->number == 0 && (is_aggregate(f) || f->type == ':'));
	case READ_BLANK:
		return f->nil || f->number == 0;
	case READ_ANY:
		return f->nil || (f->elements && f->nils == f->elements);
	default:
		return f->nil;
	}
}

/* WRONGTYPE means that the key was there; other errors come before any look-up. */
void redis_reading__count(uint8_t reading, uint32_t keys, const struct form *f, uint32_t *hits,
			  uint32_t *misses)
{
	if (reading == READ_NONE || (reading == READ_ONE_KEY && keys != 1))
		return;
	if (f->error) {
		*hits += f->wrong_type;
	} else if (reading == READ_EACH) {
		*misses += f->nils;
		*hits += f->elements - f->nils;
	} else if (reading == READ_COUNTED) {
		uint32_t there = f->number > 0 ? (uint32_t)f->number : 0;

		*hits += there < keys ? there : keys;
		*misses += there < keys ? keys - there : 0;
	} else {
		*misses += missed(reading, f);
		*hits += !missed(reading, f);
	}
}

/* ---- transactions: the readings are queued, their replies are the elements of EXEC's ---- */

void redis_reading__queue(struct reply *r, const struct pending *entry)
{
	uint32_t keys = entry->number < KEYS_MAX ? entry->number : KEYS_MAX;

	if (r->queued == REDIS_QUEUED_UNSURE)
		return;
	if (r->queued < REDIS_QUEUED_MAX)
		r->queued_reading[r->queued] =
			(uint16_t)(keys << READING_BITS | redis_reading__of(entry));
	r->queued++;
}

void redis_reading__unqueue(struct reply *r)
{
	r->queued = 0;
}

void redis_reading__unsure(struct reply *r)
{
	r->queued = REDIS_QUEUED_UNSURE;
}

bool redis_reading__of_queued(const struct reply *r, uint32_t *hits, uint32_t *misses)
{
	uint32_t index = r->head.form.elements - 1;
	uint16_t queued;

	if (r->queued == REDIS_QUEUED_UNSURE || index >= r->queued || index >= REDIS_QUEUED_MAX)
		return false;
	queued = r->queued_reading[index];
	redis_reading__count(queued & ((1 << READING_BITS) - 1), queued >> READING_BITS,
			     &r->head.element, hits, misses);
	return true;
}

void redis_reading__element(struct reply *r)
{
	redis_reading__of_queued(r, &r->head.hits, &r->head.misses);
}
