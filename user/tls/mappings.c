/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tls/mappings.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE_BYTES 4608 /* PATH_MAX and what stands before it */

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && !strcmp(text + length - tail, end);
}

static bool set_path(struct mapping *m, const char *path)
{
	if (*path != '/' || strlen(path) >= sizeof(m->path))
		return false;
	strcpy(m->path, path);
	m->deleted = ends_with(path, " (deleted)");
	if (m->deleted)
		m->path[strlen(path) - strlen(" (deleted)")] = '\0';
	return true;
}

/* ---- the text ---- */

/* Most mappings are not; and most of the work of a line is its numbers. */
static bool is_executable(const char *line)
{
	const char *rights = strchr(line, ' ');

	return rights && strnlen(rights, 4) == 4 && rights[3] == 'x';
}

bool mapping__parse(const char *line, struct mapping *out)
{
	unsigned int major, minor;
	int at = 0;

	if (!is_executable(line) ||
	    sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*x %x:%x %" SCNu64 " %n", &out->start,
		   &out->end, &major, &minor, &out->inode, &at) != 5 ||
	    !at)
		return false;
	out->device = (uint64_t)major << 32 | minor;
	return set_path(out, line + at);
}

typedef void visit_fn(void *context, const struct mapping *mapping);

/* Takes the descriptor. */
static int each_line(int fd, visit_fn *visit, void *context)
{
	struct mapping mapping;
	char line[LINE_BYTES];
	FILE *file = fdopen(fd, "r");

	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (mapping__parse(line, &mapping))
			visit(context, &mapping);
	}
	fclose(file);
	return 0;
}

/* ---- the query, of Linux 6.11 ---- */

/* struct procmap_query of its include/uapi/linux/fs.h */
struct query {
	uint64_t size, wanted, address;
	uint64_t start, end, flags, page_size, offset, inode;
	uint32_t major, minor, name_size, build_id_size;
	uint64_t name, build_id;
};

#define QUERY		  _IOWR('f', 17, struct query)
#define QUERY_EXECUTABLE  0x04
#define QUERY_OR_NEXT	  0x10
#define QUERY_FILE_BACKED 0x20

static bool ask(int fd, uint64_t address, char *name, struct query *query)
{
	*name = '\0';
	*query = (struct query){
		.size = sizeof(*query),
		.wanted = QUERY_EXECUTABLE | QUERY_OR_NEXT | QUERY_FILE_BACKED,
		.address = address,
		.name = (uintptr_t)name,
		.name_size = LINE_BYTES,
	};
	return ioctl(fd, QUERY, query) == 0;
}

/* False: it cannot be asked. (ENOENT: there is no further one; ESRCH: no process.) */
static bool each_asked(int fd, visit_fn *visit, void *context)
{
	struct mapping mapping;
	char name[LINE_BYTES];
	struct query found;

	for (uint64_t at = 0; ask(fd, at, name, &found); at = found.end) {
		mapping = (struct mapping){
			.start = found.start,
			.end = found.end,
			.device = (uint64_t)found.major << 32 | found.minor,
			.inode = found.inode,
		};
		if (set_path(&mapping, name))
			visit(context, &mapping);
	}
	return errno == ENOENT || errno == ESRCH;
}

int mappings__each(const char *proc, uint32_t tgid, visit_fn *visit, void *context)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%.32s/%u/maps", proc, tgid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!each_asked(fd, visit, context))
		return each_line(fd, visit, context);
	close(fd);
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
