/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The reader's end of the CPUs' own records (bpf/area.h). */
#ifndef SONDE_AREAS_H
#define SONDE_AREAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>
#include "event.h"

#define AREA_HEADER 128
#define AREA_OWNED  1
/* What a record may run over the end of a lap (BRIEF_MAX), and what is written behind it. */
#define AREA_SLACK (sizeof(struct chunk) + 4096 + 32)

/* struct area of bpf/maps.h */
struct area {
	uint64_t place; /* behind the newest record; AREA_OWNED: one is being written */
	uint64_t pad[7];
	uint64_t consumed;
	uint64_t pad2[7];
	uint8_t data[];
};

struct areas;

/* Bytes that one area takes, its lap being `bytes` (a power of two; also the map's value size). */
size_t area__size(uint32_t bytes);
/* Maps the array map `fd` of `count` areas. 0 or -errno. */
int areas__open(int fd, uint32_t count, uint32_t bytes, struct areas **out);
/* The same over memory of the caller's, `count` times area__size() (for tests). */
int areas__over(void *memory, uint32_t count, uint32_t bytes, struct areas **out);
void areas__close(struct areas *areas); /* tolerates NULL */

/*
 * Where an area's records end. False where one is being written: what it will be is not known, so
 * nothing that is younger than the newest finished one may be told yet.
 */
bool areas__end(const struct areas *areas, uint32_t index, uint64_t *end);
uint64_t areas__consumed(const struct areas *areas, uint32_t index);
/* Where its records are: that of a place is `place & *lap` bytes from there. */
const uint8_t *areas__data(const struct areas *areas, uint32_t index, uint64_t *lap);

/* The place behind a record of `size` bytes: behind one that runs over its lap, the next lap. */
static inline uint64_t areas__behind(uint64_t place, uint32_t size, uint64_t lap)
{
	uint64_t next = place + ((size + 7ul) & ~7ul);

	return (next ^ place) & ~lap ? next & ~lap : next;
}

void areas__consume(struct areas *areas, uint32_t index, uint64_t place);
uint32_t areas__count(const struct areas *areas);
uint64_t areas__fill(const struct areas *areas); /* bytes waiting in all of them */
bool areas__pressed(const struct areas *areas);	 /* one of them is a quarter full */

#endif
