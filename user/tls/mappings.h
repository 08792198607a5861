/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The files whose code a process has mapped, of /proc/PID/maps (proc(5)). */
#ifndef SONDE_TLS_MAPPINGS_H
#define SONDE_TLS_MAPPINGS_H

#include <stdbool.h>
#include <stdint.h>

#define MAPPING_PATH_MAX 512

struct mapping {
	uint64_t start, end;
	uint64_t device, inode; /* as that file writes them: "major:minor" as one number */
	bool deleted;		/* the path names another file by now, or none */
	char path[MAPPING_PATH_MAX];
};

/* One line without its end. False: no executable mapping of a file, or not such a line. */
bool mapping__parse(const char *line, struct mapping *out);
/* Calls `visit` for each executable mapping of a file. 0 or -errno. */
int mappings__each(const char *proc, uint32_t tgid,
		   void (*visit)(void *context, const struct mapping *mapping), void *context);
/*
 * Opens the file itself, also where its name is gone or another mount namespace's. The descriptor
 * or -errno.
 */
int mapping__open(const char *proc, uint32_t tgid, const struct mapping *mapping);

#endif
