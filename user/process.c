/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUCKETS	      4096
#define PROCESSES_MAX 65536
#define SERVICES_MAX  4096
#define KEPT_NS	      60000000000ull /* after its end a process may still be named by late records */

struct entry {
	struct process process;
	struct entry *next;
};

struct processes {
	bool look_in_proc;
	struct entry *bucket[BUCKETS];
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

struct processes *processes__new(bool look_in_proc)
{
	struct processes *p = calloc(1, sizeof(*p));
	struct service unknown = {.name = "unknown"};

	if (!p)
		return NULL;
	p->look_in_proc = look_in_proc;
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
	for (uint32_t i = 0; i < BUCKETS; i++)
		for (struct entry *e = p->bucket[i]; e; e = next) {
			next = e->next;
			free(e);
		}
	free(p->service);
	free(p);
}

static bool same_service(const struct service *a, const struct service *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->container, b->container) == 0 &&
	       strcmp(a->pod, b->pod) == 0;
}

/* Beyond SERVICES_MAX: service 0, unknown. */
static uint32_t intern_service(struct processes *p, const struct service *service)
{
	for (uint32_t i = 0; i < p->service_count; i++)
		if (same_service(&p->service[i], service))
			return i;
	return add_service(p, service);
}

static struct entry **slot(struct processes *p, uint32_t tgid)
{
	struct entry **at = &p->bucket[tgid % BUCKETS];

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

static size_t read_proc(uint32_t tgid, const char *file, char *out, size_t size)
{
	char path[64];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/%s", tgid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	got = read(fd, out, size);
	close(fd);
	return got > 0 ? (size_t)got : 0;
}

static void complete_cgroup(struct process_event *event)
{
	char text[4096];
	size_t length = read_proc(event->tgid, "cgroup", text, sizeof(text) - 1);
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

static void complete(struct process_event *event)
{
	char path[64];
	ssize_t length;

	if (!event->executable[0]) {
		snprintf(path, sizeof(path), "/proc/%u/exe", event->tgid);
		length = readlink(path, event->executable, sizeof(event->executable) - 1);
		event->executable[length > 0 ? length : 0] = '\0';
	}
	/* The title may have been written since (setproctitle); the event has what exec saw. */
	length = (ssize_t)read_proc(event->tgid, "cmdline", event->arguments,
				    sizeof(event->arguments));
	if (length > 0)
		event->arguments_size = (uint32_t)length;
	if (!event->cgroup[0])
		complete_cgroup(event);
}

/* ---- */

static void describe(struct processes *p, struct process *process,
		     const struct process_event *event)
{
	struct service service;
	const char *container;

	service__derive(event, &service);
	process->parent = event->parent;
	process->start_ns = event->start_ns;
	process->exited = false;
	process->service = intern_service(p, &service);
	process->own = strncmp(event->comm, "sonde", sizeof(event->comm)) == 0;
	memcpy(process->comm, event->comm, sizeof(process->comm));
	process->comm[sizeof(process->comm) - 1] = '\0';
	memcpy(process->executable, event->executable, sizeof(process->executable));
	process->executable[sizeof(process->executable) - 1] = '\0';
	container = service.container[0] ? strstr(event->cgroup, service.container) : NULL;
	snprintf(process->container, sizeof(process->container), "%.64s",
		 container ? container : "");
	snprintf(process->pod, sizeof(process->pod), "%s", service.pod);
}

void processes__seen(struct processes *p, const struct process_event *event)
{
	struct process_event whole = *event;
	struct entry *e = entry_of(p, event->tgid);

	if (!e)
		return;
	whole.executable[sizeof(whole.executable) - 1] = '\0';
	whole.cgroup[sizeof(whole.cgroup) - 1] = '\0';
	if (p->look_in_proc)
		complete(&whole);
	describe(p, &e->process, &whole);
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
	for (uint32_t i = 0; i < BUCKETS; i++) {
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

static bool alive(uint32_t tgid, struct process_event *event)
{
	size_t length = read_proc(tgid, "comm", event->comm, sizeof(event->comm) - 1);

	if (length && event->comm[length - 1] == '\n')
		event->comm[length - 1] = '\0';
	return length > 0;
}

/* A process whose event was lost, or that is older than the observation. */
static const struct process *look_up(struct processes *p, uint32_t tgid)
{
	struct process_event event = {.tgid = tgid};
	struct entry *e;

	if (!p->look_in_proc || !tgid || !alive(tgid, &event))
		return &p->unknown;
	e = entry_of(p, tgid);
	if (!e)
		return &p->unknown;
	complete(&event);
	describe(p, &e->process, &event);
	return &e->process;
}

const struct process *processes__find(struct processes *p, uint32_t tgid)
{
	struct entry *e = *slot(p, tgid);

	return e ? &e->process : look_up(p, tgid);
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
