/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Numbers of a Redis (or Valkey) server that it tells nobody unasked, read from its memory: used
 * memory, its limit, evicted keys. Its file exports where they are; the server is not stopped, runs
 * no instruction more, and gets no command. What cannot be found for sure is not told.
 */
#ifndef SONDE_REDIS_INSIDE_H
#define SONDE_REDIS_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

/* Addresses in the process; 0: not found. */
struct redis_inside {
	uint32_t tgid;
	uint64_t used_memory, limit, evicted;
};

struct redis_numbers {
	uint64_t used_memory, limit, evicted; /* bytes, bytes (0: none is set), keys since start */
	bool used_memory_known, limit_known, evicted_known;
};

/*
 * Some milliseconds. 0; -ENOENT: no Redis, or a file that exports nothing of this; -EPERM: the
 * process may not be looked into (CAP_SYS_PTRACE); or -errno.
 */
int redis_inside__find(const char *proc, uint32_t tgid, struct redis_inside *out);
/* A microsecond. False: the process is gone, or not to be read any more. */
bool redis_inside__read(const struct redis_inside *inside, struct redis_numbers *out);

#endif
