/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "pairing.h"

#include <stdlib.h>
#include <string.h>
#include "details.h"

#define CAPACITY_FIRST 4

void pairing__init(struct pairing *p)
{
	*p = (struct pairing){0};
}

void pairing__clear(struct pairing *p)
{
	for (uint32_t i = 0; i < p->count; i++)
		details__free(pairing__at(p, i)->details);
	free(p->ring);
	*p = (struct pairing){0};
}

static struct pending *entry(const struct pairing *p, uint32_t index)
{
	return &p->ring[(p->first + index) & (p->capacity - 1)];
}

bool pairing__grow(struct pairing *p)
{
	uint32_t capacity = p->capacity ? p->capacity * 2 : CAPACITY_FIRST;
	struct pending *ring;

	if (capacity > PAIRING_MAX)
		return false;
	ring = malloc(capacity * sizeof(*ring));
	if (!ring)
		return false;
	for (uint32_t i = 0; i < p->count; i++)
		ring[i] = *entry(p, i);
	free(p->ring);
	p->ring = ring;
	p->capacity = capacity;
	p->first = 0;
	return true;
}

void pairing__shrink(struct pairing *p)
{
	free(p->ring);
	p->ring = NULL;
	p->capacity = 0;
	p->first = 0;
}
