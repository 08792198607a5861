/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The reader's end of a BPF ring buffer (kernel/bpf/ringbuf.c), its data pages mapped once. */
#ifndef SONDE_RING_H
#define SONDE_RING_H

#include <stdint.h>

struct ring;

/* Maps the ring buffer map `fd` of `bytes` bytes. 0 or -errno. */
int ring__open(int fd, uint32_t bytes, struct ring **out);
/* The same over memory of the caller's: two position pages and the data (for tests). */
int ring__over(unsigned long *consumer, unsigned long *producer, void *data, uint32_t bytes,
	       struct ring **out);
void ring__close(struct ring *ring);
/* Hands over at most `max` records (0: all that are there now); returns how many. */
int ring__drain(struct ring *ring, uint32_t max,
		void (*take)(void *context, const void *record, uint32_t size), void *context);
uint64_t ring__fill(const struct ring *ring); /* bytes waiting */

#endif
