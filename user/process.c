/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "service/arguments.h"

#define PROCESSES_MAX 65536
#define SERVICES_MAX  4096
#define KEPT_NS	      60000000000ull /* after its end a process may still be named by late records */
#define PARENTS_MAX   8		     /* looked at for the name of a helper */

struct entry {
	struct process process;
	struct entry *next;
};

struct processes {
	const char *proc;	   /* NULL: events have to do */
	char text[ARGUMENTS_SIZE]; /* of the process at hand */
	struct entry *bucket[PROCESSES_BUCKETS];
	uint32_t count;
	struct service *service;
	uint32_t service_count;
	uint32_t service_capacity;
	struct process unknown;
};

static uint32_t add_service(struct processes *p, const struct service *service)
{
	if (p->service_count == SERVICES_MAX)
		return 0;
	if (p->service_count == p->service_capacity) {
		uint32_t capacity = p->service_capacity ? p->service_capacity * 2 : 16;
		struct service *larger = realloc(p->service, capacity * sizeof(*larger));

		if (!larger)
			return 0;
		p->service = larger;
		p->service_capacity = capacity;
	}
	p->service[p->service_count] = *service;
	p->service[p->service_count].id = p->service_count;
	return p->service_count++;
}

struct processes *processes__new(const char *proc)
{
	struct processes *p = calloc(1, sizeof(*p));
	struct service unknown = {.name = "unknown"};

	if (!p)
		return NULL;
	p->proc = proc;
	add_service(p, &unknown);
	if (!p->service_count) {
		free(p);
		return NULL;
	}
	return p;
}

void processes__free(struct processes *p)
{
	struct entry *next;

	if (!p)
		return;
	for (uint32_t i = 0; i < PROCESSES_BUCKETS; i++)
		for (struct entry *e = p->bucket[i]; e; e = next) {
			next = e->next;
			free(e);
		}
	free(p->service);
	free(p);
}

/* Beyond SERVICES_MAX: service 0, unknown. */
static uint32_t intern_service(struct processes *p, const char *name)
{
	struct service service = {0};

	for (uint32_t i = 0; i < p->service_count; i++)
		if (strcmp(p->service[i].name, name) == 0)
			return i;
	snprintf(service.name, sizeof(service.name), "%s", name);
	return add_service(p, &service);
}

static struct entry **slot(struct processes *p, uint32_t tgid)
{
	struct entry **at = &p->bucket[tgid % PROCESSES_BUCKETS];

	while (*at && (*at)->process.tgid != tgid)
		at = &(*at)->next;
	return at;
}

static struct entry *entry_of(struct processes *p, uint32_t tgid)
{
	struct entry **at = slot(p, tgid);

	if (*at || p->count >= PROCESSES_MAX)
		return *at;
	*at = calloc(1, sizeof(**at));
	if (*at) {
		(*at)->process.tgid = tgid;
		p->count++;
	}
	return *at;
}

/* ---- /proc: what an event lacks, as long as the process lives ---- */

static size_t read_proc(const struct processes *p, uint32_t tgid, const char *file, char *out,
			size_t size)
{
	char path[256];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/%u/%s", p->proc, tgid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	got = read(fd, out, size);
	close(fd);
	return got > 0 ? (size_t)got : 0;
}

static void complete_cgroup(struct processes *p, struct process_event *event)
{
	char text[4096];
	size_t length = read_proc(p, event->tgid, "cgroup", text, sizeof(text) - 1);
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

static void complete_executable(struct processes *p, struct process_event *event)
{
	static const char deleted[] = " (deleted)"; /* fs/d_path.c: replaced since it was started */
	char path[256];
	ssize_t length;

	snprintf(path, sizeof(path), "%s/%u/exe", p->proc, event->tgid);
	length = readlink(path, event->executable, sizeof(event->executable) - 1);
	if (length < 0)
		length = 0;
	if ((size_t)length > strlen(deleted) &&
	    memcmp(event->executable + length - strlen(deleted), deleted, strlen(deleted)) == 0)
		length -= (ssize_t)strlen(deleted);
	event->executable[length] = '\0';
}

/*
 * Fills the event and takes the arguments to p->text; returns their length. They are read anew: a
 * title may have been written over them since exec, and an event has room for few.
 */
static size_t complete(struct processes *p, struct process_event *event)
{
	size_t length = 0;

	if (p->proc) {
		length = read_proc(p, event->tgid, "cmdline", p->text, sizeof(p->text));
		if (!event->executable[0])
			complete_executable(p, event);
		if (!event->cgroup[0])
			complete_cgroup(p, event);
	}
	if (!length) {
		length = event->arguments_size < sizeof(event->arguments)
				 ? event->arguments_size
				 : sizeof(event->arguments);
		memcpy(p->text, event->arguments, length);
	}
	return length;
}

/* ---- names ---- */

static const struct process *find(struct processes *p, uint32_t tgid, int depth);

static uint32_t service_of(struct processes *p, const struct process_event *event, size_t length,
			   int depth)
{
	struct process_facts facts = {
		.comm = event->comm,
		.executable = event->executable,
		.cgroup = event->cgroup,
		.arguments = p->text,
		.arguments_size = length,
	};
	char name[SERVICE_NAME_MAX];
	const struct process *parent;

	if (!service__derive(&facts, name) && depth < PARENTS_MAX) {
		parent = find(p, event->parent, depth + 1);
		if (parent != &p->unknown)
			return parent->service;
	}
	return intern_service(p, name);
}

/* The event's texts end with a NUL. */
static void describe(struct processes *p, struct process *process, struct process_event *event,
		     int depth)
{
	size_t length = complete(p, event);

	process->parent = event->parent;
	process->start_ns = event->start_ns;
	process->exited = false;
	process->own = strcmp(event->comm, "sonde") == 0;
	memcpy(process->comm, event->comm, sizeof(process->comm));
	memcpy(process->executable, event->executable, sizeof(process->executable));
	container__of(event->cgroup, &process->container);
	process->service = service_of(p, event, length, depth);
}

void processes__seen(struct processes *p, const struct process_event *event)
{
	struct process_event whole = *event;
	struct entry *e = entry_of(p, event->tgid);

	if (!e)
		return;
	whole.comm[sizeof(whole.comm) - 1] = '\0';
	whole.executable[sizeof(whole.executable) - 1] = '\0';
	whole.cgroup[sizeof(whole.cgroup) - 1] = '\0';
	describe(p, &e->process, &whole, 0);
}

void processes__exited(struct processes *p, uint32_t tgid, uint64_t time_ns)
{
	struct entry *e = *slot(p, tgid);

	if (!e)
		return;
	e->process.exited = true;
	e->process.exited_ns = time_ns;
}

void processes__expire(struct processes *p, uint64_t now_ns)
{
	for (uint32_t i = 0; i < PROCESSES_BUCKETS; i++) {
		struct entry **at = &p->bucket[i];

		while (*at) {
			struct entry *e = *at;

			if (!e->process.exited || now_ns < e->process.exited_ns + KEPT_NS) {
				at = &e->next;
				continue;
			}
			*at = e->next;
			free(e);
			p->count--;
		}
	}
}

/* A process whose event was lost, or that is older than the observation. */
static const struct process *look_up(struct processes *p, uint32_t tgid, int depth)
{
	struct process_event event = {.tgid = tgid};
	struct reading reading;
	struct entry *e;

	if (!p->proc || !tgid || reading__stat(p->proc, tgid, &reading))
		return &p->unknown;
	e = entry_of(p, tgid);
	if (!e)
		return &p->unknown;
	event.parent = reading.parent;
	memcpy(event.comm, reading.comm, sizeof(event.comm));
	describe(p, &e->process, &event, depth);
	return &e->process;
}

static const struct process *find(struct processes *p, uint32_t tgid, int depth)
{
	struct entry *e = *slot(p, tgid);

	return e ? &e->process : look_up(p, tgid, depth);
}

const struct process *processes__find(struct processes *p, uint32_t tgid)
{
	return find(p, tgid, 0);
}

const struct service *processes__service(const struct processes *p, uint32_t id)
{
	return &p->service[id < p->service_count ? id : 0];
}

uint32_t processes__service_count(const struct processes *p)
{
	return p->service_count;
}

uint32_t processes__count(const struct processes *p)
{
	return p->count;
}

const char *processes__proc(const struct processes *p)
{
	return p->proc;
}

void processes__moved(struct processes *p, uint32_t service, enum direction direction,
		      uint64_t bytes)
{
	p->service[service < p->service_count ? service : 0].network_bytes[direction] += bytes;
}

void processes__turn(struct processes *p, uint32_t *cursor, uint32_t buckets,
		     bool (*visit)(void *context, struct process *process), void *context)
{
	for (uint32_t i = 0; i < buckets; i++) {
		for (struct entry *e = p->bucket[*cursor]; e; e = e->next)
			if (!e->process.exited && !visit(context, &e->process))
				return;
		*cursor = (*cursor + 1) % PROCESSES_BUCKETS;
	}
}
