/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The processes of the node, and the services they belong to (service/service.h). */
#ifndef SONDE_PROCESS_H
#define SONDE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/types.h>
#include "event.h"
#include "reading.h"
#include "service/container.h"
#include "service/service.h"
#include "service/service_set.h"

struct processes;

/* Processes of one name are one service, in whatever container they run. */
struct service {
	uint32_t id;
	char name[SERVICE_NAME_MAX];
	/* of its connections of known protocols; 0: none was ever seen */
	uint64_t network_bytes[DIRECTION_COUNT];
};

struct process {
	uint32_t tgid;
	uint32_t parent;
	uint64_t start_ns;
	uint32_t service; /* id, index into services */
	bool exited;
	bool own;     /* a command of sonde: never observed */
	bool ignored; /* so the configuration wants it */
	bool owns;    /* connections know its service */
	uint64_t exited_ns;
	char comm[SONDE_COMM_MAX];
	uint64_t look_again_ns; /* 0: what it is called stands */
	char executable[SONDE_PATH_MAX];
	char cgroup[SONDE_PATH_MAX];
	struct ports ports; /* that it serves, of those that the configuration asks for */
	struct container container;
	struct reading reading; /* the last one taken (metrics/resources.c) */
	uint64_t read_ns;	/* when; 0: never */
	double cpu_percent;	/* of one CPU, between the last two readings */
};

/* proc: where to find what events lack, "/proc"; NULL: nowhere. Must outlive the processes. */
struct processes *processes__new(const char *proc);
void processes__free(struct processes *processes);

void processes__seen(struct processes *processes, const struct process_event *event);
void processes__exited(struct processes *processes, uint32_t tgid, uint64_t time_ns);
/* Forgets processes that ended a while ago, looks at young ones a second time. */
void processes__tick(struct processes *processes, uint64_t now_ns);
/*
 * Names by the configuration, also of the processes there are (within seconds). NULL: none. It must
 * live until the next one.
 */
void processes__set_services(struct processes *processes, const struct service_set *services);

/* Looks up what Kubernetes calls containers among the kubelet's links (service/kubernetes.h); ""
 * does not. */
void processes__name_pods(struct processes *processes, const char *logs);
bool processes__has_pods(const struct processes *processes); /* of one the name was found */

/* Never NULL: an unknown pid gives a process of the service "unknown". */
const struct process *processes__find(struct processes *processes, uint32_t tgid);
/*
 * The same for one that uses a connection, whose local port it serves (0: it does not, or none).
 * The process may get its name by that.
 */
const struct process *processes__owner(struct processes *processes, uint32_t tgid, uint16_t port);
/* Grows when owners of connections got another service. */
uint32_t processes__renames(const struct processes *processes);
const struct service *processes__service(const struct processes *processes, uint32_t id);
uint32_t processes__service_count(const struct processes *processes);
uint32_t processes__count(const struct processes *processes);
const char *processes__proc(const struct processes *processes); /* NULL: not to be looked at */

/* Bytes have passed a connection of a service. */
void processes__moved(struct processes *processes, uint32_t service, enum direction direction,
		      uint64_t bytes);
/*
 * Calls visit for the living processes of the next `buckets` of the table, until it returns false:
 * the next turn begins with the same bucket then. The cursor goes round. visit may look others up.
 */
void processes__turn(struct processes *processes, uint32_t *cursor, uint32_t buckets,
		     bool (*visit)(void *context, struct process *process), void *context);
#define PROCESSES_BUCKETS 4096 /* of the whole table */

#endif
