/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory that answers hold for a while: a snapshot's copies, JSON, texts that are being sent. It is
 * counted for the whole process, so that the ceiling (memory_limit.h) tells it from what grows with
 * what is observed. Any thread.
 */
#ifndef SONDE_LENT_H
#define SONDE_LENT_H

#include <stddef.h>
#include <stdint.h>

/* As malloc(3), realloc(3), free(3), for each other only. */
void *lent__alloc(size_t size);
void *lent__realloc(void *memory, size_t size);
void lent__free(void *memory);
void *lent__adopt(void *memory, size_t size); /* of malloc(3), cut to size: not 0 */
uint64_t lent__bytes(void);		      /* that are out now */

#endif
