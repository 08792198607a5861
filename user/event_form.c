/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "event_form.h"

uint32_t event__smallest(uint16_t type)
{
	static const uint32_t sizes[] = {
		[EVENT_CHUNK] = sizeof(struct chunk),
		[EVENT_OPEN] = sizeof(struct open_event),
		[EVENT_SHUT] = sizeof(struct end_event),
		[EVENT_CLOSE] = sizeof(struct end_event),
		[EVENT_PROCESS] = sizeof(struct process_event),
		[EVENT_EXIT] = sizeof(struct exit_event),
		[EVENT_CONNECT_FAILED] = sizeof(struct open_event),
		[EVENT_LOSS] = sizeof(struct loss_event),
		[EVENT_TLS] = sizeof(struct tls_event),
	};

	return type < sizeof(sizes) / sizeof(sizes[0]) ? sizes[type] : 0;
}

static bool is_well_formed_chunk(const struct chunk *chunk, uint32_t size)
{
	return size >= sizeof(*chunk) && chunk->event.size <= size &&
	       chunk->event.size >= sizeof(*chunk) && chunk->direction < DIRECTION_COUNT &&
	       chunk->head <= chunk->length && chunk->head <= chunk->event.size - sizeof(*chunk);
}

bool event__is_well_formed(const struct event *event, uint32_t size)
{
	uint32_t smallest;

	if (size < sizeof(*event))
		return false;
	if (event->type == EVENT_CHUNK)
		return is_well_formed_chunk((const struct chunk *)event, size);
	smallest = event__smallest(event->type);
	return smallest && event->size <= size && event->size >= smallest;
}
