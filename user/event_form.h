/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a record must hold before anything of it is read: recordings come from strangers. */
#ifndef SONDE_EVENT_FORM_H
#define SONDE_EVENT_FORM_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/types.h>
#include "event.h"

/* Bytes of the smallest record of a type; 0 for a type that does not exist. */
uint32_t event__smallest(uint16_t type);
/* `size` bytes are readable at it: do its own sizes agree with that? */
bool event__is_well_formed(const struct event *event, uint32_t size);

/* The same of one that says it is a chunk; `size` is that of an event at least. */
static inline bool chunk__is_well_formed(const struct chunk *chunk, uint32_t size)
{
	uint32_t own = chunk->event.size;

	return own <= size && own >= sizeof(*chunk) && chunk->direction < DIRECTION_COUNT &&
	       chunk->head <= chunk->length && chunk->head <= own - sizeof(*chunk);
}

#endif
