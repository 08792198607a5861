// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "capture/areas.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct areas {
	uint8_t *memory;
	size_t mapped; /* 0: the memory is the caller's */
	size_t stride;
	uint32_t count;
	uint32_t bytes;
};

_Static_assert(sizeof(struct area) == AREA_HEADER, "area");

size_t area__size(uint32_t bytes)
{
	return AREA_HEADER + bytes + AREA_SLACK;
}

int areas__over(void *memory, uint32_t count, uint32_t bytes, struct areas **out)
{
	struct areas *areas = calloc(1, sizeof(*areas));

	if (!areas)
		return -ENOMEM;
	areas->memory = memory;
	areas->count = count;
	areas->bytes = bytes;
	areas->stride = (area__size(bytes) + 7) & ~7ul; /* kernel/bpf/arraymap.c */
	*out = areas;
	return 0;
}

int areas__open(int fd, uint32_t count, uint32_t bytes, struct areas **out)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = ((area__size(bytes) + 7) & ~7ul) * count;
	void *memory;
	int err;

	size = (size + page - 1) & ~(page - 1);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	err = areas__over(memory, count, bytes, out);
	if (err)
		munmap(memory, size);
	else
		(*out)->mapped = size;
	return err;
}

void areas__close(struct areas *areas)
{
	if (!areas)
		return;
	if (areas->mapped)
		munmap(areas->memory, areas->mapped);
	free(areas);
}

static struct area *at_index(const struct areas *areas, uint32_t index)
{
	return (struct area *)(areas->memory + index * areas->stride);
}

bool areas__end(const struct areas *areas, uint32_t index, uint64_t *end)
{
	uint64_t place = __atomic_load_n(&at_index(areas, index)->place, __ATOMIC_ACQUIRE);

	*end = place & ~(uint64_t)AREA_OWNED;
	return !(place & AREA_OWNED);
}

uint64_t areas__consumed(const struct areas *areas, uint32_t index)
{
	return at_index(areas, index)->consumed;
}

const uint8_t *areas__data(const struct areas *areas, uint32_t index, uint64_t *lap)
{
	*lap = areas->bytes - 1;
	return at_index(areas, index)->data;
}

void areas__consume(struct areas *areas, uint32_t index, uint64_t place)
{
	__atomic_store_n(&at_index(areas, index)->consumed, place, __ATOMIC_RELEASE);
}

uint32_t areas__count(const struct areas *areas)
{
	return areas->count;
}

uint64_t areas__fill(const struct areas *areas)
{
	uint64_t fill = 0, end;

	for (uint32_t i = 0; i < areas->count; i++) {
		areas__end(areas, i, &end);
		fill += end - areas__consumed(areas, i);
	}
	return fill;
}

bool areas__pressed(const struct areas *areas)
{
	uint64_t end;

	for (uint32_t i = 0; i < areas->count; i++) {
		areas__end(areas, i, &end);
		if (end - areas__consumed(areas, i) > areas->bytes / 4)
			return true;
	}
	return false;
}
