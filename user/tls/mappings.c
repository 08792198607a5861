/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tls/mappings.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 4608 /* PATH_MAX and what stands before it */

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && !strcmp(text + length - tail, end);
}

bool mapping__parse(const char *line, struct mapping *out)
{
	unsigned int major, minor;
	char rights[5];
	int at = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %x:%x %" SCNu64 " %n", &out->start,
		   &out->end, rights, &major, &minor, &out->inode, &at) != 6 ||
	    !at || rights[2] != 'x' || line[at] != '/' || strlen(line + at) >= sizeof(out->path))
		return false;
	out->device = (uint64_t)major << 32 | minor;
	strcpy(out->path, line + at);
	out->deleted = ends_with(out->path, " (deleted)");
	if (out->deleted)
		out->path[strlen(out->path) - strlen(" (deleted)")] = '\0';
	return true;
}

int mappings__each(const char *proc, uint32_t tgid,
		   void (*visit)(void *context, const struct mapping *mapping), void *context)
{
	char path[64], line[LINE_BYTES];
	struct mapping mapping;
	FILE *file;

	snprintf(path, sizeof(path), "%.32s/%u/maps", proc, tgid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (mapping__parse(line, &mapping))
			visit(context, &mapping);
	}
	fclose(file);
	return 0;
}

int mapping__open(const char *proc, uint32_t tgid, const struct mapping *mapping)
{
	char path[MAPPING_PATH_MAX + 64];
	int fd;

	/* Leads to the file whatever became of its name; not everybody may follow it. */
	snprintf(path, sizeof(path), "%.32s/%u/map_files/%" PRIx64 "-%" PRIx64, proc, tgid,
		 mapping->start, mapping->end);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		return fd;
	if (mapping->deleted)
		return -errno;
	snprintf(path, sizeof(path), "%.32s/%u/root%s", proc, tgid, mapping->path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}
