// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "capture/merge.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define LISTED_MAX 1024 /* records of the ring in one round */
#define FREED_EACH 64	/* records after which their room is given back */
#define LOOKS	   20	/* at a record that is being written, before it is left to the next round */
#define LOOK_NS	   50000

/* Where a round stands in an area or (index == areas) in the ring. */
struct source {
	uint64_t time_ns; /* of its next record */
	uint64_t at, end; /* of the ring: indices into `listed` */
	uint32_t index;
	uint32_t told; /* records whose room was not given back yet */
};

struct merge {
	struct ring *ring;
	struct areas *areas;
	uint32_t area_count;
	uint64_t *area_end;
	struct ring_record listed[LISTED_MAX];
	uint64_t listed_ns[LISTED_MAX]; /* no later than any behind it */
	uint32_t listed_count;
	struct source *heap; /* the one whose next record is oldest is first */
	uint32_t heap_count;
	void (*take)(void *context, const void *record, uint32_t size);
	void *context;
};

int merge__open(struct ring *ring, struct areas *areas, struct merge **out)
{
	struct merge *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->ring = ring;
	m->areas = areas;
	m->area_count = areas ? areas__count(areas) : 0;
	m->heap = calloc(m->area_count + 1, sizeof(*m->heap));
	m->area_end = calloc(m->area_count + 1, sizeof(*m->area_end));
	if (!m->heap || !m->area_end) {
		merge__close(m);
		return -ENOMEM;
	}
	*out = m;
	return 0;
}

void merge__close(struct merge *m)
{
	if (!m)
		return;
	free(m->heap);
	free(m->area_end);
	free(m);
}

/* ---- what there is ---- */

/* Its writer is on another CPU and done in a moment, or was interrupted. */
static bool patient(uint32_t *looks)
{
	const struct timespec moment = {.tv_nsec = LOOK_NS};

	if (*looks == LOOKS)
		return false;
	*looks += 1;
	nanosleep(&moment, NULL);
	return true;
}

static bool see_areas(struct merge *m)
{
	uint32_t looks = 0;

	for (uint32_t i = 0; i < m->area_count; i++)
		while (!areas__end(m->areas, i, &m->area_end[i]))
			if (!patient(&looks))
				return false;
	return true;
}

static uint64_t record__time(const struct ring_record *r)
{
	return r->record && r->size >= sizeof(struct event)
		       ? ((const struct event *)r->record)->time_ns
		       : UINT64_MAX;
}

static bool see_ring(struct merge *m)
{
	uint32_t looks = 0;
	uint64_t least = UINT64_MAX, time_ns;
	bool unfinished;

	do
		m->listed_count = ring__list(m->ring, m->listed, LISTED_MAX, &unfinished);
	while (unfinished && patient(&looks));
	for (uint32_t i = m->listed_count; i-- > 0;) {
		time_ns = record__time(&m->listed[i]);
		if (time_ns < least)
			least = time_ns;
		m->listed_ns[i] = least == UINT64_MAX ? 0 : least;
	}
	return !unfinished;
}

/* ---- the heap ---- */

static void sift_down(struct merge *m, uint32_t at)
{
	struct source moving = m->heap[at];
	uint32_t child;

	while ((child = 2 * at + 1) < m->heap_count) {
		if (child + 1 < m->heap_count &&
		    m->heap[child + 1].time_ns < m->heap[child].time_ns)
			child++;
		if (moving.time_ns <= m->heap[child].time_ns)
			break;
		m->heap[at] = m->heap[child];
		at = child;
	}
	m->heap[at] = moving;
}

static uint64_t next_time(const struct merge *m, const struct source *s)
{
	uint64_t behind;

	if (s->index == m->area_count)
		return m->listed_ns[s->at];
	return areas__record(m->areas, s->index, s->at, &behind)->time_ns;
}

static void add_source(struct merge *m, uint32_t index, uint64_t at, uint64_t end)
{
	struct source *s = &m->heap[m->heap_count];

	if (at == end)
		return;
	*s = (struct source){.at = at, .end = end, .index = index};
	s->time_ns = next_time(m, s);
	m->heap_count++;
}

static void fill_heap(struct merge *m)
{
	m->heap_count = 0;
	add_source(m, m->area_count, 0, m->listed_count);
	for (uint32_t i = 0; i < m->area_count; i++)
		add_source(m, i, areas__consumed(m->areas, i), m->area_end[i]);
	for (uint32_t i = m->heap_count / 2; i-- > 0;)
		sift_down(m, i);
}

/* ---- telling ---- */

static void give_back(struct merge *m, struct source *s)
{
	if (!s->told)
		return;
	s->told = 0;
	if (s->index == m->area_count)
		ring__let_go(m->ring, m->listed[s->at - 1].end);
	else
		areas__consume(m->areas, s->index, s->at);
}

static void tell(struct merge *m, struct source *s)
{
	const struct ring_record *listed;
	const struct event *event;
	uint64_t behind;

	if (s->index == m->area_count) {
		listed = &m->listed[s->at++];
		if (listed->record)
			m->take(m->context, listed->record, listed->size);
	} else {
		event = areas__record(m->areas, s->index, s->at, &behind);
		m->take(m->context, event, event->size);
		s->at = behind;
	}
	if (++s->told == FREED_EACH)
		give_back(m, s);
}

/* The first source has told its oldest record: it may have another one, which may not be first. */
static void advance(struct merge *m)
{
	struct source *s = &m->heap[0];

	if (s->at == s->end) {
		give_back(m, s);
		*s = m->heap[--m->heap_count];
	} else {
		s->time_ns = next_time(m, s);
	}
	if (m->heap_count > 1)
		sift_down(m, 0);
}

/* What is beyond the listed part of the ring may be as old as the last one in it. */
static uint64_t latest(const struct merge *m, uint64_t now_ns)
{
	uint64_t last;

	if (m->listed_count < LISTED_MAX)
		return now_ns;
	last = m->listed_ns[LISTED_MAX - 1];
	return last < now_ns ? last : now_ns;
}

static int drain_round(struct merge *m, uint32_t max, uint64_t now_ns)
{
	uint64_t until;
	int count = 0;

	if (!see_areas(m) || !see_ring(m))
		return -EAGAIN;
	until = latest(m, now_ns);
	fill_heap(m);
	while (m->heap_count && m->heap[0].time_ns <= until && (!max || (uint32_t)count < max)) {
		tell(m, &m->heap[0]);
		advance(m);
		count++;
	}
	for (uint32_t i = 0; i < m->heap_count; i++)
		give_back(m, &m->heap[i]);
	return count;
}

int merge__drain(struct merge *m, uint32_t max, uint64_t now_ns,
		 void (*take)(void *context, const void *record, uint32_t size), void *context)
{
	int count = 0, told;

	m->take = take;
	m->context = context;
	do {
		told = drain_round(m, max ? max - (uint32_t)count : 0, now_ns);
		if (told < 0)
			return count ? count : told;
		count += told;
	} while (told && m->listed_count == LISTED_MAX && (!max || (uint32_t)count < max));
	return count;
}
