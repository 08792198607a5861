/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a process has used so far, as /proc/PID/stat and /proc/PID/io tell it (proc(5)). */
#ifndef SONDE_READING_H
#define SONDE_READING_H

#include <stdbool.h>
#include <stdint.h>

struct reading {
	char comm[16];
	bool zombie; /* ended; its numbers are the last ones */
	uint32_t parent;
	uint64_t start_ticks; /* since boot; with the pid, names a process for ever */
	uint64_t cpu_ticks;   /* user and system, of all its threads, living or not */
	uint64_t memory_bytes;
	bool disk_known;			      /* false: its io file may not be read */
	uint64_t disk_read_bytes, disk_written_bytes; /* storage, not the page cache */
};

/* 0, -ESRCH where there is no such process, -EBADMSG. Some tens of microseconds for both. */
int reading__stat(const char *proc, uint32_t tgid, struct reading *out);
void reading__io(const char *proc, uint32_t tgid, struct reading *out);

#endif
