/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A recording through the engine: what `replay`, `top FILE` and `check --explain` share. */
#ifndef SONDE_REPLAY_H
#define SONDE_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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

/* Who looks on while a recording is fed; each may be NULL. */
struct replay_watch {
	void (*tick)(void *context, uint64_t now_ns);	  /* about once a second */
	void (*before)(void *context, uint64_t event_ns); /* before each event */
	void (*passed)(void *context, uint64_t bytes);	  /* of the file, now and then */
	void (*finished)(void *context);		  /* nothing comes any more */
	bool (*enough)(void *context); /* asked before each event; true: no further */
	void *context;
};
int replay__file_watched(const char *path, struct engine *engine, const struct replay_watch *watch,
			 struct recording_header *header, char *error, size_t size);
/* When the first event of the file was, and the latest; as far as it can be read. False: none. */
bool replay__span(const char *path, uint64_t *first_ns, uint64_t *last_ns);

#endif
