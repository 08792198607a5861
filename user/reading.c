/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "reading.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static size_t read_text(const char *proc, uint32_t tgid, const char *file, char *out, size_t size)
{
	char path[256];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "%s/%u/%s", proc, tgid, file);
	out[0] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	length = read(fd, out, size - 1);
	close(fd);
	out[length > 0 ? length : 0] = '\0';
	return length > 0 ? (size_t)length : 0;
}

/* Fields 3 to 24; the name in field 2 may hold anything, so it ends at the last parenthesis. */
static bool parse_stat(const char *text, struct reading *out)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	uint64_t user, system, pages;
	char state;

	if (!open || !close || close < open ||
	    sscanf(close + 1,
		   " %c %" SCNu32 " %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
		   " %*d %*d %*d %*d %*d %*d %" SCNu64 " %*u %" SCNu64,
		   &state, &out->parent, &user, &system, &out->start_ticks, &pages) != 6)
		return false;
	snprintf(out->comm, sizeof(out->comm), "%.*s", (int)(close - open - 1), open + 1);
	out->zombie = state == 'Z' || state == 'X';
	out->cpu_ticks = user + system;
	out->memory_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return true;
}

int reading__stat(const char *proc, uint32_t tgid, struct reading *out)
{
	char text[1024];

	*out = (struct reading){0};
	if (!read_text(proc, tgid, "stat", text, sizeof(text)))
		return -ESRCH;
	return parse_stat(text, out) ? 0 : -EBADMSG;
}

static bool take_line(const char *text, const char *name, uint64_t *value)
{
	const char *at = strstr(text, name);

	return at && sscanf(at + strlen(name), " %" SCNu64, value) == 1;
}

void reading__io(const char *proc, uint32_t tgid, struct reading *out)
{
	char text[512];

	out->disk_known = read_text(proc, tgid, "io", text, sizeof(text)) &&
			  take_line(text, "\nread_bytes:", &out->disk_read_bytes) &&
			  take_line(text, "\nwrite_bytes:", &out->disk_written_bytes);
}
