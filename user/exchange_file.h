/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A sink that writes every exchange as a line of JSON to a file. */
#ifndef SONDE_EXCHANGE_FILE_H
#define SONDE_EXCHANGE_FILE_H

#include "engine.h"

struct exchange_file;

/* path "-" is standard output. 0 or -errno with one line in error. Adds itself to the engine. */
int exchange_file__open(const char *path, struct engine *engine, struct exchange_file **out,
			char *error, size_t size);
/* Any thread: what was written so far reaches the file. 0 or as below. NULL is fine. */
int exchange_file__flush(struct exchange_file *file);
/* After the engine's last event. 0, or the -errno of the first write that failed. NULL is fine. */
int exchange_file__close(struct exchange_file *file);

#endif
