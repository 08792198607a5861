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

bool event__is_well_formed(const struct event *event, uint32_t size)
{
	uint32_t smallest;

	if (size < sizeof(*event))
		return false;
	if (event->type == EVENT_CHUNK)
		return chunk__is_well_formed((const struct chunk *)event, size);
	smallest = event__smallest(event->type);
	return smallest && event->size <= size && event->size >= smallest;
}
