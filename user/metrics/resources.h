/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What services use: CPU, memory and disk of their processes as /proc has them, bytes of their
 * observed connections. Processes are read one by one, each every few seconds, never many at once;
 * what one used until its last reading stays counted when it ends.
 */
#ifndef SONDE_RESOURCES_H
#define SONDE_RESOURCES_H

#include <stdbool.h>
#include <stdint.h>
#include "process.h"

struct metrics;
struct snapshot;
struct writer;

/* Of one service, all processes together; it only grows. */
struct used {
	uint64_t cpu_ticks;
	uint64_t disk_bytes[DIRECTION_COUNT]; /* read, written */
	bool disk_known;
	bool known;	   /* a process was read */
	uint64_t alive_ns; /* when one was last read alive */
};

struct resources {
	struct used *used; /* by service id */
	uint32_t count;
	uint32_t cursor;
	uint32_t left; /* readings that this turn still has */
	uint64_t now_ns, boot_ticks;
	struct processes *processes;
};

/* In a snapshot. */
struct usage {
	const char *service;
	struct used used;
	uint64_t network_bytes[DIRECTION_COUNT];
	uint32_t processes;    /* living ones */
	uint32_t unread;       /* living ones that were not read yet */
	double cpu_percent;    /* of one CPU, between the last two readings */
	uint64_t memory_bytes; /* resident; shared pages count in each */
	uint64_t first_ticks;  /* start of the oldest living one since boot; 0: none lives */
	double uptime_seconds; /* its age */
};

void resources__init(struct resources *resources, struct processes *processes);
void resources__clear(struct resources *resources);
/* Reads some processes that are due: at most RESOURCES_AT_ONCE. `boot_ns`: since boot. */
#define RESOURCES_AT_ONCE 8
void resources__turn(struct resources *resources, uint64_t now_ns, uint64_t boot_ns);

/* Into the snapshot; false: no memory. The engine's thread. */
bool resources__copy(struct snapshot *snapshot, struct metrics *metrics, uint64_t boot_ns);
void resources__expose(struct writer *writer, const struct snapshot *snapshot);
bool resources__is_known(const char *name); /* of one of its metrics */

#endif
