/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "replay.h"

#include <stdio.h>

#define SECOND_NS 1000000000ull

int replay__file(const char *path, struct engine *engine,
		 void (*tick)(void *context, uint64_t now_ns), void *context,
		 struct recording_header *header, char *error, size_t size)
{
	struct recording_reader *reader = NULL;
	const struct event *event = NULL;
	uint64_t ticked_ns = 0;
	uint32_t bytes = 0;
	int err = recording_reader__open(path, &reader, error, size);

	if (err)
		return err;
	*header = *recording_reader__header(reader);
	while ((err = recording_reader__next(reader, &event, &bytes)) == 1) {
		engine__event(engine, event, bytes);
		if (tick && engine->now_ns - ticked_ns >= SECOND_NS) {
			ticked_ns = engine->now_ns;
			tick(context, ticked_ns);
		}
	}
	if (err < 0)
		snprintf(error, size, "%s", recording_reader__error(reader));
	recording_reader__close(reader);
	engine__finish(engine);
	if (tick)
		tick(context, engine->now_ns);
	return err;
}
