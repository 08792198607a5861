// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "capture/listing.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <linux/bpf.h>
#include <linux/types.h>
#include "event.h"

#define KEPT 65536 /* bytes of the list that stay when it has emptied: a multiple of any page */

struct listing {
	struct ring *ring;
	struct listed *listed; /* from `first` on `count` of them, by time */
	size_t capacity, first, count;
	size_t reached;	    /* of them were in use, since the last ones were given back */
	unsigned long seen; /* what is in front of it is listed, or was */
	unsigned long told; /* and in front of that all was told */
	uint32_t numbers;
	uint32_t passed;  /* how many were told, in whatever order */
	uint32_t highest; /* 1 + the highest number among them */
	unsigned long highest_end;
};

/* Not of the heap, which is told by what is in use of it (user/memory_limit.c). */
int listing__open(struct ring *ring, struct listing **out)
{
	struct listing *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->ring = ring;
	l->seen = l->told = ring__begin(ring);
	l->capacity = ring__bytes(ring) / (BPF_RINGBUF_HDR_SZ + sizeof(struct event));
	l->listed = mmap(NULL, l->capacity * sizeof(*l->listed), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (l->listed == MAP_FAILED) {
		free(l);
		return -ENOMEM;
	}
	*out = l;
	return 0;
}

void listing__close(struct listing *l)
{
	if (!l)
		return;
	munmap(l->listed, l->capacity * sizeof(*l->listed));
	free(l);
}

/* Behind those of the same time: what is of one call keeps its order. */
static void insert(struct listing *l, const struct listed *new)
{
	struct listed *begin = l->listed + l->first, *place = begin + l->count++;

	if (l->first + l->count > l->reached)
		l->reached = l->first + l->count;
	for (; place > begin && place[-1].time_ns > new->time_ns; place--)
		*place = place[-1];
	*place = *new;
}

static void move_to_front(struct listing *l)
{
	memmove(l->listed, l->listed + l->first, l->count * sizeof(*l->listed));
	l->first = 0;
}

/* There is room for as many as the ring has room for. */
bool listing__extend(struct listing *l, unsigned long end)
{
	enum ring_state state;
	struct listed new;

	if (l->first >= l->count)
		move_to_front(l);
	for (; l->seen < end; l->seen = ring__behind(l->seen, new.size)) {
		state = ring__look(l->ring, l->seen, &new.size);
		if (state == RING_UNFINISHED)
			return false;
		if (state == RING_DISCARDED || new.size < sizeof(struct event))
			continue;
		if (l->first + l->count == l->capacity)
			move_to_front(l);
		new.at = l->seen;
		new.time_ns = ring__word(l->ring, new.at, offsetof(struct event, time_ns));
		new.number = l->numbers++;
		insert(l, &new);
	}
	return true;
}

const struct listed *listing__first(const struct listing *l)
{
	return l->count ? &l->listed[l->first] : NULL;
}

const void *listing__record(struct listing *l, const struct listed *listed)
{
	return ring__record(l->ring, listed->at, listed->size);
}

/* As many were told as the highest number says: so all up to that one were. */
void listing__pass(struct listing *l)
{
	const struct listed *gone = &l->listed[l->first++];

	l->count--;
	l->passed++;
	if ((int32_t)(gone->number + 1 - l->highest) > 0) {
		l->highest = gone->number + 1;
		l->highest_end = ring__behind(gone->at, gone->size);
	}
	if (l->passed == l->highest)
		l->told = l->highest_end;
}

static void shrink(struct listing *l)
{
	size_t bytes = l->reached * sizeof(*l->listed);

	l->first = l->reached = 0;
	if (bytes > KEPT)
		madvise((uint8_t *)l->listed + KEPT, bytes - KEPT, MADV_DONTNEED);
}

void listing__give_back(struct listing *l)
{
	if (!l->count) {
		l->told = l->seen; /* what was discarded behind the last one, too */
		shrink(l);
	}
	if (l->told != ring__begin(l->ring))
		ring__let_go(l->ring, l->told);
}
