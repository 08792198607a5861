/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "details.h"

#include <stdlib.h>

struct part {
	uint16_t first;
	uint16_t length;
	bool cut;
};

struct details {
	struct details_pool *pool;
	struct details *next;	/* while it is not in use */
	struct details *beside; /* holds DETAIL_VALUES where DETAIL_REPLY grows here; NULL mostly */
	struct details *keys;	/* holds DETAIL_KEYS and DETAIL_FOUND; NULL mostly */
	uint16_t used;
	uint8_t newest; /* enum detail, plus 1 */
	struct part part[DETAIL_COUNT];
	uint8_t bytes[DETAILS_BYTES];
};

struct details_pool {
	struct details *unused;
	uint32_t count; /* in use */
	uint64_t refused;
	bool refusing;
};

struct details_pool *details_pool__new(void)
{
	return calloc(1, sizeof(struct details_pool));
}

void details_pool__slim(struct details_pool *pool)
{
	struct details *next;

	for (struct details *d = pool->unused; d; d = next) {
		next = d->next;
		free(d);
	}
	pool->unused = NULL;
}

void details_pool__free(struct details_pool *pool)
{
	if (!pool)
		return;
	details_pool__slim(pool);
	free(pool);
}

void details_pool__refuse(struct details_pool *pool, bool refuse)
{
	pool->refusing = refuse;
}

uint64_t details_pool__refused(const struct details_pool *pool)
{
	return pool->refused;
}

struct details *details__new(struct details_pool *pool)
{
	struct details *d = pool->unused;

	if (pool->count >= DETAILS_MAX) {
		pool->refused++;
		return NULL;
	}
	if (d)
		pool->unused = d->next;
	else if (!pool->refusing)
		d = malloc(sizeof(*d));
	if (!d) {
		pool->refused++;
		return NULL;
	}
	pool->count++;
	memset(d, 0, offsetof(struct details, bytes));
	d->pool = pool;
	return d;
}

void details__free(struct details *d)
{
	if (!d)
		return;
	details__free(d->beside);
	details__free(d->keys);
	d->pool->count--;
	d->next = d->pool->unused;
	d->pool->unused = d;
}

static bool begin(struct details *d, enum detail detail)
{
	if (d->newest == detail + 1)
		return true;
	if (d->part[detail].length || d->part[detail].cut)
		return false;
	d->newest = (uint8_t)(detail + 1);
	d->part[detail].first = d->used;
	return true;
}

static bool is_of_keys(enum detail detail)
{
	return detail == DETAIL_KEYS || detail == DETAIL_FOUND;
}

/* Where a detail is kept; NULL where there is no room for another holder. */
static struct details *holder(struct details *d, enum detail detail)
{
	if (is_of_keys(detail)) {
		if (!d->keys)
			d->keys = details__new(d->pool);
		return d->keys;
	}
	if (detail != DETAIL_VALUES || !d->part[DETAIL_REPLY].length)
		return d;
	if (!d->beside)
		d->beside = details__new(d->pool);
	return d->beside;
}

void details__append(struct details *d, enum detail detail, struct slice bytes)
{
	size_t room;

	if (!d || !bytes.length)
		return;
	d = holder(d, detail);
	if (!d)
		return;
	if (!begin(d, detail)) {
		d->part[detail].cut = true;
		return;
	}
	room = DETAILS_BYTES - d->used;
	if (bytes.length > room) {
		bytes.length = room;
		d->part[detail].cut = true;
	}
	memcpy(d->bytes + d->used, bytes.data, bytes.length);
	d->used = (uint16_t)(d->used + bytes.length);
	d->part[detail].length = (uint16_t)(d->part[detail].length + bytes.length);
}

/* Where it is kept already; NULL: nowhere. */
static const struct details *there(const struct details *d, enum detail detail)
{
	if (d && is_of_keys(detail))
		return d->keys;
	return d && detail == DETAIL_VALUES && d->beside ? d->beside : d;
}

struct slice details__get(const struct details *d, enum detail detail)
{
	d = there(d, detail);
	if (!d)
		return (struct slice){0};
	return slice__of(d->bytes + d->part[detail].first, d->part[detail].length);
}

bool details__cut(const struct details *d, enum detail detail)
{
	d = there(d, detail);
	return d && d->part[detail].cut;
}

size_t details__room(const struct details *d, enum detail detail)
{
	if (d && detail == DETAIL_VALUES && d->part[DETAIL_REPLY].length)
		return d->beside ? details__room(d->beside, detail) : DETAILS_BYTES;
	if (!d || d->part[detail].cut)
		return 0;
	return d->newest == detail + 1 || !d->part[detail].length ? DETAILS_BYTES - d->used : 0;
}
