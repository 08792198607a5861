/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this process itself uses. */
#ifndef SONDE_PROCESS_STATS_H
#define SONDE_PROCESS_STATS_H

#include <stdbool.h>
#include <stdint.h>

struct process_stats {
	bool known; /* false: /proc could not be read, the rest is 0 */
	double cpu_seconds;
	uint64_t resident_bytes;
	uint64_t virtual_bytes;
	uint64_t open_fds;
	uint64_t max_fds;
	double start_seconds; /* since the epoch */
};

/* Some tens of microseconds. */
void process_stats__read(struct process_stats *out);

#endif
