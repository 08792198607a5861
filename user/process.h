/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The processes of the node, and the services they belong to. A service is what people call the
 * program: "nginx", "gunicorn shop", "node worker.js"; many processes are one service.
 */
#ifndef SONDE_PROCESS_H
#define SONDE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/types.h>
#include "event.h"

struct processes;

struct service {
	uint32_t id;
	char name[64];
	char container[16]; /* short id, "" outside containers */
	char pod[64];	    /* pod UID from the cgroup path, "" outside Kubernetes */
};

struct process {
	uint32_t tgid;
	uint32_t parent;
	uint64_t start_ns;
	uint32_t service; /* id, index into services */
	bool exited;
	bool own; /* a command of sonde: never observed */
	uint64_t exited_ns;
	char comm[SONDE_COMM_MAX];
	char executable[SONDE_PATH_MAX];
	char container[65];
	char pod[64];
};

struct processes *
processes__new(bool look_in_proc); /* look_in_proc: fill what events lack from /proc */
void processes__free(struct processes *processes);

void processes__seen(struct processes *processes, const struct process_event *event);
void processes__exited(struct processes *processes, uint32_t tgid, uint64_t time_ns);
/* Forgets processes that ended a while ago. */
void processes__expire(struct processes *processes, uint64_t now_ns);

/* Never NULL: an unknown pid gives a process of the service "unknown". */
const struct process *processes__find(struct processes *processes, uint32_t tgid);
const struct service *processes__service(const struct processes *processes, uint32_t id);
uint32_t processes__service_count(const struct processes *processes);
uint32_t processes__count(const struct processes *processes);

/* Pure, for tests: what an event's fields make of service name, container and pod. */
void service__derive(const struct process_event *event, struct service *out);

#endif
