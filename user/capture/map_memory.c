/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory that the kernel holds for our maps: no part of the process's, so it is told apart. States
 * that hang on sockets and tasks are not in it before Linux 6.4.
 */
#include <stdio.h>
#include <string.h>
#include "capture/capture_internal.h"

/* Documentation/bpf and kernel/bpf/syscall.c (bpf_map_show_fdinfo): a line "memlock:\tBYTES". */
static uint64_t bytes_of(int fd)
{
	char path[40], line[128];
	unsigned long long bytes = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fd >= 0 ? fopen(path, "re") : NULL;
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	fclose(file);
	return bytes;
}

uint64_t maps__bytes(const struct sonde_bpf *bpf)
{
	const struct bpf_map *map;
	uint64_t sum = 0;

	bpf_object__for_each_map(map, bpf->obj) sum += bytes_of(bpf_map__fd(map));
	return sum;
}
