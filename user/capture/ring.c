// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libbpf maps the data pages twice in a row so that a record that wraps is in one piece; each
 * mapping is charged to our resident memory. Here they are mapped once, and the one record in
 * thousands that wraps is put together in a buffer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/bpf.h>
#include "capture/ring.h"

struct ring {
	unsigned long *consumer;
	const unsigned long *producer;
	const uint8_t *data;
	uint32_t bytes;
	uint32_t page; /* 0: the memory is the caller's */
	uint8_t *whole;
	uint32_t whole_size;
};

int ring__over(unsigned long *consumer, unsigned long *producer, void *data, uint32_t bytes,
	       struct ring **out)
{
	struct ring *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	ring->consumer = consumer;
	ring->producer = producer;
	ring->data = data;
	ring->bytes = bytes;
	*out = ring;
	return 0;
}

int ring__open(int fd, uint32_t bytes, struct ring **out)
{
	uint32_t page = sysconf(_SC_PAGESIZE);
	void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *producer;
	int err;

	if (consumer == MAP_FAILED)
		return -errno;
	producer = mmap(NULL, page + bytes, PROT_READ, MAP_SHARED, fd, page);
	if (producer == MAP_FAILED) {
		err = -errno;
		munmap(consumer, page);
		return err;
	}
	err = ring__over(consumer, producer, (uint8_t *)producer + page, bytes, out);
	if (err) {
		munmap(producer, page + bytes);
		munmap(consumer, page);
		return err;
	}
	(*out)->page = page;
	return 0;
}

void ring__close(struct ring *ring)
{
	if (!ring)
		return;
	if (ring->page) {
		munmap((void *)ring->producer, ring->page + ring->bytes);
		munmap(ring->consumer, ring->page);
	}
	free(ring->whole);
	free(ring);
}

/* kernel/bpf/ringbuf.c: a length with two flags, a page offset, the record, all of it 8 aligned. */
unsigned long ring__behind(unsigned long at, uint32_t size)
{
	return at + ((size + BPF_RINGBUF_HDR_SZ + 7) & ~7UL);
}

uint32_t ring__bytes(const struct ring *ring)
{
	return ring->bytes;
}

unsigned long ring__begin(const struct ring *ring)
{
	return *ring->consumer;
}

unsigned long ring__end(const struct ring *ring)
{
	return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
}

enum ring_state ring__look(const struct ring *ring, unsigned long at, uint32_t *size)
{
	const uint8_t *header = ring->data + (at & (ring->bytes - 1));
	uint32_t length = __atomic_load_n((const uint32_t *)header, __ATOMIC_ACQUIRE);

	*size = length & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
	if (length & BPF_RINGBUF_BUSY_BIT)
		return RING_UNFINISHED;
	return length & BPF_RINGBUF_DISCARD_BIT ? RING_DISCARDED : RING_RECORD;
}

/* Of one that goes over the end of the ring, in a buffer. */
static const void *linear(struct ring *ring, uint32_t at, uint32_t size)
{
	uint32_t first = ring->bytes - at;

	if (size > ring->whole_size) {
		uint8_t *grown = realloc(ring->whole, size);

		if (!grown)
			return NULL;
		ring->whole = grown;
		ring->whole_size = size;
	}
	/* The data is mapped or the caller's, never NULL.
	 * NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
	memcpy(ring->whole, ring->data + at, first);
	memcpy(ring->whole + first, ring->data, size - first);
	return ring->whole;
}

const void *ring__record(struct ring *ring, unsigned long at, uint32_t size)
{
	uint32_t place = (at + BPF_RINGBUF_HDR_SZ) & (ring->bytes - 1);

	return size <= ring->bytes - place ? ring->data + place : linear(ring, place, size);
}

uint64_t ring__word(const struct ring *ring, unsigned long at, uint32_t offset)
{
	unsigned long place = at + BPF_RINGBUF_HDR_SZ + offset;

	return *(const uint64_t *)(ring->data + (place & (ring->bytes - 1)));
}

void ring__let_go(struct ring *ring, unsigned long position)
{
	__atomic_store_n(ring->consumer, position, __ATOMIC_RELEASE);
}

uint64_t ring__fill(const struct ring *ring)
{
	return ring__end(ring) - *ring->consumer;
}
