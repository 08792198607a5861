/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A recording through the engine: what `replay`, `top FILE` and `check --explain` share. */
#ifndef SONDE_REPLAY_H
#define SONDE_REPLAY_H

#include <stddef.h>
#include "capture/recording.h"
#include "engine.h"

/*
 * Feeds the whole file ("-": standard input is not supported) to the engine and finishes it. 0, or
 * -errno with one line in error; what came before a damaged place has been fed then. `tick` (may be
 * NULL) is called about once a second of the events' time. *header is filled where the file has
 * one.
 */
int replay__file(const char *path, struct engine *engine,
		 void (*tick)(void *context, uint64_t now_ns), void *context,
		 struct recording_header *header, char *error, size_t size);

#endif
