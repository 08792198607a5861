/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A recording from a stranger, through the reader into an engine. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "capture/recording.h"
#include "engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const char *path, struct engine *engine)
{
	struct recording_reader *reader;
	const struct event *event;
	char error[256];
	uint32_t size;

	if (recording_reader__open(path, &reader, error, sizeof(error)))
		return;
	while (recording_reader__next(reader, &event, &size) == 1)
		engine__event(engine, event, size);
	recording_reader__close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct engine_options options = {.connections_max = 16};
	struct engine *engine = engine__new(&options);
	int fd = memfd_create("recording", 0);
	char path[64];

	if (engine && fd >= 0 && write(fd, data, size) == (ssize_t)size) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		read_all(path, engine);
		engine__finish(engine);
	}
	if (fd >= 0)
		close(fd);
	engine__free(engine);
	return 0;
}
