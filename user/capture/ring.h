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
/* A record that waits. */
struct ring_record {
	const void *record; /* valid until it is consumed; NULL: nothing to be handed over */
	uint32_t size;
	unsigned long end; /* position behind it */
};

/*
 * Lists at most `max` records that wait, from the oldest on. *unfinished: behind the listed ones is
 * one that is still being written, and what may come behind that cannot be seen yet.
 */
uint32_t ring__list(struct ring *ring, struct ring_record *out, uint32_t max, bool *unfinished);
/* Gives back the room up to the end of a listed record. */
void ring__let_go(struct ring *ring, unsigned long end);
uint64_t ring__fill(const struct ring *ring); /* bytes waiting */

#endif
