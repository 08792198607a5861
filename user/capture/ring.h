/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The reader's end of a BPF ring buffer (kernel/bpf/ringbuf.c), its data pages mapped once. */
#ifndef SONDE_RING_H
#define SONDE_RING_H

#include <stdbool.h>
#include <stdint.h>

struct ring;

/* Maps the ring buffer map `fd` of `bytes` bytes. 0 or -errno. */
int ring__open(int fd, uint32_t bytes, struct ring **out);
/* The same over memory of the caller's: two position pages and the data (for tests). */
int ring__over(unsigned long *consumer, unsigned long *producer, void *data, uint32_t bytes,
	       struct ring **out);
void ring__close(struct ring *ring);

/* What is at a position where a record begins. */
enum ring_state {
	RING_RECORD,
	RING_UNFINISHED, /* it is still being written */
	RING_DISCARDED,	 /* nothing is to be handed over */
};

/* Where the record behind one of `size` bytes at `at` begins. */
unsigned long ring__behind(unsigned long at, uint32_t size);
uint32_t ring__bytes(const struct ring *ring);
unsigned long ring__begin(const struct ring *ring); /* the oldest record that waits */
unsigned long ring__end(const struct ring *ring);   /* behind the newest one */
enum ring_state ring__look(const struct ring *ring, unsigned long at, uint32_t *size);
/*
 * Its bytes in one piece, until the next call or until its room is given back; NULL where memory is
 * short.
 */
const void *ring__record(struct ring *ring, unsigned long at, uint32_t size);
/* A 64-bit word of a record, `offset` (a multiple of 8) bytes behind its beginning. */
uint64_t ring__word(const struct ring *ring, unsigned long at, uint32_t offset);
/* Gives back the room in front of a position. */
void ring__let_go(struct ring *ring, unsigned long position);
uint64_t ring__fill(const struct ring *ring); /* bytes waiting */

#endif
