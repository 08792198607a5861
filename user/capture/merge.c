// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "capture/merge.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

#define LISTED_MAX 1024 /* records of the ring in one round */
#define FREED_EACH 64	/* records after which their room is given back */
#define LOOKS	   20	/* at a record that is being written, before it is left to the next round */
#define LOOK_NS	   50000

/* Where a round stands in an area or (index == areas) in the ring. */
struct source {
	uint64_t time_ns; /* of its next record */
	const void *next; /* NULL: it is not to be handed over */
	uint32_t size;
	uint32_t index;
	uint64_t at, behind, end; /* of the ring: indices into `listed` */
	uint32_t told;		  /* records whose room was not given back yet */
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

/* What comes next, where there is something. */
static void look(const struct merge *m, struct source *s)
{
	const struct event *event;

	if (s->index == m->area_count) {
		s->time_ns = m->listed_ns[s->at];
		s->next = m->listed[s->at].record;
		s->size = m->listed[s->at].size;
		s->behind = s->at + 1;
		return;
	}
	event = areas__record(m->areas, s->index, s->at, &s->behind);
	s->time_ns = event->time_ns;
	s->next = event;
	s->size = event->size;
}

static void add_source(struct merge *m, uint32_t index, uint64_t at, uint64_t end)
{
	struct source *s = &m->heap[m->heap_count];

	if (at == end)
		return;
	*s = (struct source){.at = at, .end = end, .index = index};
	look(m, s);
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

/* Tells of the first source what is not younger than `until`, at most `max`. Returns how many. */
static uint32_t tell(struct merge *m, uint64_t until, uint32_t max)
{
	struct source *s = &m->heap[0];
	uint32_t count = 0;

	do {
		if (s->next)
			m->take(m->context, s->next, s->size);
		s->at = s->behind;
		if (++s->told == FREED_EACH)
			give_back(m, s);
		count++;
		if (s->at == s->end)
			break;
		look(m, s);
	} while (s->time_ns <= until && count < max);
	return count;
}

/* The first source has told what was its turn: it may have more, which may not be first. */
static void advance(struct merge *m)
{
	struct source *s = &m->heap[0];

	if (s->at == s->end) {
		give_back(m, s);
		*s = m->heap[--m->heap_count];
	}
	if (m->heap_count > 1)
		sift_down(m, 0);
}

/* Until when it is the first source's turn. */
static uint64_t turn(const struct merge *m, uint64_t until)
{
	for (uint32_t i = 1; i < 3 && i < m->heap_count; i++)
		if (m->heap[i].time_ns < until)
			until = m->heap[i].time_ns;
	return until;
}

/* What is beyond the listed part of the ring may be as old as the last one in it. */
static uint64_t latest(const struct merge *m, uint64_t now_ns)
{
	if (m->listed_count < LISTED_MAX)
		return now_ns;
	for (uint32_t i = LISTED_MAX; i-- > 0;)
		if (m->listed[i].record) /* what was discarded has no time */
			return m->listed_ns[i] < now_ns ? m->listed_ns[i] : now_ns;
	return 0;
}

static int drain_round(struct merge *m, uint32_t max, uint64_t now_ns)
{
	uint32_t count = 0;
	uint64_t until;

	if (!see_areas(m) || !see_ring(m))
		return -EAGAIN;
	until = latest(m, now_ns);
	fill_heap(m);
	while (m->heap_count && m->heap[0].time_ns <= until && count < max) {
		count += tell(m, turn(m, until), max - count);
		advance(m);
	}
	for (uint32_t i = 0; i < m->heap_count; i++)
		give_back(m, &m->heap[i]);
	return (int)count;
}

int merge__drain(struct merge *m, uint32_t max, uint64_t now_ns,
		 void (*take)(void *context, const void *record, uint32_t size), void *context)
{
	int count = 0, told;

	m->take = take;
	m->context = context;
	do {
		told = drain_round(m, (max ? max : INT_MAX) - (uint32_t)count, now_ns);
		if (told < 0)
			return count ? count : told;
		count += told;
	} while (told && m->listed_count == LISTED_MAX && (!max || (uint32_t)count < max));
	return count;
}
