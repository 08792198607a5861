/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "process_facts.h"
#include "service/arguments.h"
#include "service/kubernetes.h"
#include "service/listening.h"

#define PROCESSES_MAX 65536
#define SERVICES_MAX  4096
#define KEPT_NS	      60000000000ull /* after its end a process may still be named by late records */
#define PARENTS_MAX   8		     /* looked at for the name of a helper */
#define LOOK_AGAIN_NS 3000000000ull
#define LOOKS_AT_ONCE 8

struct entry {
	struct process process;
	char *arguments; /* owned; NULs separate them */
	size_t arguments_size;
	struct entry *next;
};

struct processes {
	const char *proc;		    /* NULL: events have to do */
	const struct service_set *services; /* NULL: names as they are */
	struct kubernetes *kubernetes;	    /* NULL: nobody asks */
	uint64_t now_ns;
	uint32_t renames;
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

static void free_entry(struct entry *e)
{
	free(e->arguments);
	free(e);
}

void processes__free(struct processes *p)
{
	struct entry *next;

	if (!p)
		return;
	for (uint32_t i = 0; i < PROCESSES_BUCKETS; i++)
		for (struct entry *e = p->bucket[i]; e; e = next) {
			next = e->next;
			free_entry(e);
		}
	kubernetes__free(p->kubernetes);
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

/* ---- names ---- */

static struct process *find(struct processes *p, uint32_t tgid, int depth);

/* What a process is called by default, or as the program whose helper it is. */
static uint32_t derive(struct processes *p, const struct process *process,
		       const struct process_facts *facts, int depth, bool *ignored)
{
	char name[SERVICE_NAME_MAX];
	const struct process *parent;

	if (!service__derive(facts, name) && depth < PARENTS_MAX) {
		parent = find(p, process->parent, depth + 1);
		*ignored |= parent->ignored;
		if (parent != &p->unknown)
			return parent->service;
	}
	return intern_service(p, name);
}

/* By the configuration first. Connections that it owns already are told of a new name. */
static void give_name(struct processes *p, struct entry *e, int depth)
{
	struct process *process = &e->process;
	struct process_facts facts = {
		.comm = process->comm,
		.executable = process->executable,
		.cgroup = process->cgroup,
		.arguments = e->arguments,
		.arguments_size = e->arguments_size,
	};
	char name[SERVICE_NAME_MAX];
	enum service_choice choice = service_set__choose(p->services, &facts, &process->container,
							 &process->ports, name);
	bool ignored = choice == SERVICE_IGNORED;
	uint32_t service = choice == SERVICE_NAMED ? intern_service(p, name)
						   : derive(p, process, &facts, depth, &ignored);

	if (process->owns && (service != process->service || ignored != process->ignored))
		p->renames++;
	process->service = service;
	process->ignored = ignored;
}

/* A forked process serves what its parent does (the listening socket is the same). */
static void learn_ports(struct processes *p, struct process *process)
{
	const struct entry *parent = *slot(p, process->parent);

	if (parent && strcmp(parent->process.executable, process->executable) == 0)
		for (uint32_t i = 0; i < parent->process.ports.count; i++)
			ports__add(&process->ports, parent->process.ports.at[i]);
	if (p->proc)
		listening__ports(p->proc, process->tgid, p->services, &process->ports);
}

/* Without memory the process is called by its executable. */
static void keep_arguments(struct entry *e, const char *text, size_t length)
{
	free(e->arguments);
	e->arguments = malloc(length ? length : 1);
	e->arguments_size = e->arguments ? length : 0;
	if (e->arguments)
		memcpy(e->arguments, text, length);
}

/* The event's texts end with a NUL. */
static void describe(struct processes *p, struct entry *e, struct process_event *event, int depth)
{
	struct process *process = &e->process;
	size_t length = process_facts__complete(p->proc, event, p->text, sizeof(p->text));

	process->parent = event->parent;
	process->start_ns = event->start_ns;
	process->exited = false;
	process->own = strcmp(event->comm, "sonde") == 0;
	memcpy(process->comm, event->comm, sizeof(process->comm));
	memcpy(process->executable, event->executable, sizeof(process->executable));
	memcpy(process->cgroup, event->cgroup, sizeof(process->cgroup));
	container__of(event->cgroup, &process->container);
	kubernetes__name(p->kubernetes, &process->container);
	process->ports = (struct ports){0};
	process->look_again_ns = p->proc ? p->now_ns + LOOK_AGAIN_NS : 0;
	keep_arguments(e, p->text, length);
	learn_ports(p, process);
	give_name(p, e, depth);
}

void processes__seen(struct processes *p, const struct process_event *event)
{
	struct process_event whole = *event;
	struct entry *e = entry_of(p, event->tgid);

	if (event->event.time_ns > p->now_ns)
		p->now_ns = event->event.time_ns;
	if (!e)
		return;
	whole.comm[sizeof(whole.comm) - 1] = '\0';
	whole.executable[sizeof(whole.executable) - 1] = '\0';
	whole.cgroup[sizeof(whole.cgroup) - 1] = '\0';
	describe(p, e, &whole, 0);
}

/*
 * Titles are written and ports listened on some time after the first connection, and a new
 * configuration may call a process by another name. One that has ended keeps its name.
 */
static void look_again(struct processes *p, struct entry *e)
{
	struct process *process = &e->process;
	struct process_event event = {.tgid = process->tgid};
	struct reading reading;
	size_t length;

	process->look_again_ns = 0;
	if (reading__stat(p->proc, process->tgid, &reading))
		return;
	memcpy(event.executable, process->executable, sizeof(event.executable));
	memcpy(event.cgroup, process->cgroup, sizeof(event.cgroup));
	length = process_facts__complete(p->proc, &event, p->text, sizeof(p->text));
	if (!length)
		return;
	memcpy(process->comm, reading.comm, sizeof(process->comm));
	keep_arguments(e, p->text, length);
	kubernetes__name(p->kubernetes, &process->container); /* the link comes after the start */
	learn_ports(p, process);
	give_name(p, e, 0);
}

void processes__set_services(struct processes *p, const struct service_set *services)
{
	p->services = services;
	p->renames++; /* connections tell the ports that they serve */
	for (uint32_t i = 0; p->proc && i < PROCESSES_BUCKETS; i++)
		for (struct entry *e = p->bucket[i]; e; e = e->next)
			e->process.look_again_ns = p->now_ns ? p->now_ns : 1;
}

void processes__name_pods(struct processes *p, const char *logs)
{
	kubernetes__free(p->kubernetes);
	p->kubernetes = logs[0] ? kubernetes__new(logs) : NULL;
}

bool processes__has_pods(const struct processes *p)
{
	return kubernetes__found(p->kubernetes);
}

void processes__exited(struct processes *p, uint32_t tgid, uint64_t time_ns)
{
	struct entry *e = *slot(p, tgid);

	if (!e)
		return;
	e->process.exited = true;
	e->process.exited_ns = time_ns;
}

void processes__tick(struct processes *p, uint64_t now_ns)
{
	int looks = LOOKS_AT_ONCE;

	p->now_ns = now_ns;
	for (uint32_t i = 0; i < PROCESSES_BUCKETS; i++) {
		struct entry **at = &p->bucket[i];

		while (*at) {
			struct entry *e = *at;

			if (e->process.look_again_ns && e->process.look_again_ns <= now_ns &&
			    looks) {
				looks--;
				look_again(p, e);
			}
			if (!e->process.exited || now_ns < e->process.exited_ns + KEPT_NS) {
				at = &e->next;
				continue;
			}
			*at = e->next;
			free_entry(e);
			p->count--;
		}
	}
}

/* A process whose event was lost, or that is older than the observation. */
static struct process *look_up(struct processes *p, uint32_t tgid, int depth)
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
	describe(p, e, &event, depth);
	return &e->process;
}

static struct process *find(struct processes *p, uint32_t tgid, int depth)
{
	struct entry *e = *slot(p, tgid);

	return e ? &e->process : look_up(p, tgid, depth);
}

const struct process *processes__find(struct processes *p, uint32_t tgid)
{
	return find(p, tgid, 0);
}

const struct process *processes__owner(struct processes *p, uint32_t tgid, uint16_t port)
{
	const struct process *process = find(p, tgid, 0);
	struct entry *e = *slot(p, tgid);

	if (process == &p->unknown || !e)
		return &p->unknown;
	if (port && service_set__asks_for(p->services, port) && ports__add(&e->process.ports, port))
		give_name(p, e, 0);
	e->process.owns = true;
	return &e->process;
}

uint32_t processes__renames(const struct processes *p)
{
	return p->renames;
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
