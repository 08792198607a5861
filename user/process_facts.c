/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "process_facts.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static size_t read_proc(const char *proc, uint32_t tgid, const char *file, char *out, size_t size)
{
	char path[256];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/%u/%s", proc, tgid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	got = read(fd, out, size);
	close(fd);
	return got > 0 ? (size_t)got : 0;
}

static void complete_cgroup(const char *proc, struct process_event *event)
{
	char text[4096];
	size_t length = read_proc(proc, event->tgid, "cgroup", text, sizeof(text) - 1);
	char *save = NULL;

	text[length] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *path = strchr(line, ':');

		path = path ? strchr(path + 1, ':') : NULL;
		/* The unified hierarchy's line begins with "0::"; a version 1 line counts where a
		 * container runtime has left its id. */
		if (path &&
		    (strncmp(line, "0::", 3) == 0 ? strlen(path + 1) > 1 : strlen(path + 1) > 64))
			snprintf(event->cgroup, sizeof(event->cgroup), "%s", path + 1);
	}
}

static void complete_executable(const char *proc, struct process_event *event)
{
	static const char deleted[] = " (deleted)"; /* fs/d_path.c: replaced since it was started */
	char path[256];
	ssize_t length;

	snprintf(path, sizeof(path), "%s/%u/exe", proc, event->tgid);
	length = readlink(path, event->executable, sizeof(event->executable) - 1);
	if (length < 0)
		length = 0;
	if ((size_t)length > strlen(deleted) &&
	    memcmp(event->executable + length - strlen(deleted), deleted, strlen(deleted)) == 0)
		length -= (ssize_t)strlen(deleted);
	event->executable[length] = '\0';
}

size_t process_facts__complete(const char *proc, struct process_event *event, char *text,
			       size_t size)
{
	size_t length = proc ? read_proc(proc, event->tgid, "cmdline", text, size) : 0;

	if (proc && !event->executable[0])
		complete_executable(proc, event);
	if (proc && !event->cgroup[0])
		complete_cgroup(proc, event);
	if (length)
		return length;
	length = event->arguments_size < sizeof(event->arguments) ? event->arguments_size
								  : sizeof(event->arguments);
	if (length > size)
		length = size;
	memcpy(text, event->arguments, length);
	return length;
}
