/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's word of every file whose code a process maps (perf_event_open(2),
 * PERF_RECORD_MMAP2): a program that starts, a library that is loaded, in whatever container.
 */
#ifndef SONDE_TLS_MAPPED_H
#define SONDE_TLS_MAPPED_H

#include <stdbool.h>
#include <stdint.h>

struct mapped;

struct mapped_file {
	uint32_t tgid;
	uint64_t device; /* as struct mapping has it */
	uint64_t inode;
	const char *path; /* as the process names it */
};

/* NULL: not permitted (CAP_PERFMON) or no memory; errno says which. */
struct mapped *mapped__open(void);
void mapped__close(struct mapped *mapped); /* tolerates NULL */
/*
 * What was mapped since the last time; never blocks. False: some of it was lost, since it was read
 * too seldom.
 */
bool mapped__read(struct mapped *mapped,
		  void (*visit)(void *context, const struct mapped_file *file), void *context);

#endif
