/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "replay.h"

#include <stdio.h>

#define SECOND_NS    1000000000ull
#define PASSED_EVERY 1024 /* events */

static int feed(struct recording_reader *reader, struct engine *engine,
		const struct replay_watch *watch)
{
	const struct event *event = NULL;
	uint64_t ticked_ns = 0, passed = sizeof(struct recording_header), count = 0;
	uint32_t bytes = 0;
	int err;

	while ((err = recording_reader__next(reader, &event, &bytes)) == 1) {
		if (watch->enough && watch->enough(watch->context))
			return 0;
		passed += bytes;
		if (watch->passed && count++ % PASSED_EVERY == 0)
			watch->passed(watch->context, passed);
		if (watch->before)
			watch->before(watch->context, event->time_ns);
		engine__event(engine, event, bytes);
		if (watch->tick && engine->now_ns - ticked_ns >= SECOND_NS) {
			ticked_ns = engine->now_ns;
			watch->tick(watch->context, ticked_ns);
		}
	}
	return err;
}

int replay__file_watched(const char *path, struct engine *engine, const struct replay_watch *watch,
			 struct recording_header *header, char *error, size_t size)
{
	struct recording_reader *reader = NULL;
	int err = recording_reader__open(path, &reader, error, size);

	if (err)
		return err;
	*header = *recording_reader__header(reader);
	err = feed(reader, engine, watch);
	if (err < 0)
		snprintf(error, size, "%s", recording_reader__error(reader));
	recording_reader__close(reader);
	engine__finish(engine);
	if (watch->tick)
		watch->tick(watch->context, engine->now_ns);
	if (watch->finished)
		watch->finished(watch->context);
	return err;
}

int replay__file(const char *path, struct engine *engine,
		 void (*tick)(void *context, uint64_t now_ns), void *context,
		 struct recording_header *header, char *error, size_t size)
{
	const struct replay_watch watch = {.tick = tick, .context = context};

	return replay__file_watched(path, engine, &watch, header, error, size);
}

bool replay__span(const char *path, uint64_t *first_ns, uint64_t *last_ns)
{
	struct recording_reader *reader = NULL;
	const struct event *event = NULL;
	uint32_t bytes = 0;
	char error[256];

	*first_ns = UINT64_MAX;
	*last_ns = 0;
	if (recording_reader__open(path, &reader, error, sizeof(error)))
		return false;
	while (recording_reader__next(reader, &event, &bytes) == 1) {
		*first_ns = event->time_ns < *first_ns ? event->time_ns : *first_ns;
		*last_ns = event->time_ns > *last_ns ? event->time_ns : *last_ns;
	}
	recording_reader__close(reader);
	return *first_ns <= *last_ns;
}
