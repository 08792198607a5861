/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lent.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

static _Atomic uint64_t out;

void *lent__alloc(size_t size)
{
	return lent__realloc(NULL, size);
}

void *lent__realloc(void *memory, size_t size)
{
	size_t before = malloc_usable_size(memory);
	void *moved = realloc(memory, size);

	if (moved)
		atomic_fetch_add(&out, malloc_usable_size(moved) - before);
	return moved;
}

void *lent__adopt(void *memory, size_t size)
{
	void *cut = realloc(memory, size);

	if (cut)
		memory = cut;
	atomic_fetch_add(&out, malloc_usable_size(memory));
	return memory;
}

void lent__free(void *memory)
{
	atomic_fetch_sub(&out, malloc_usable_size(memory));
	free(memory);
}

uint64_t lent__bytes(void)
{
	return out;
}
