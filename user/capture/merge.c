// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "capture/merge.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include "capture/listing.h"

#define FREED_EACH 64  /* records after which their room is given back */
#define SPINS	   200 /* at a record that is being written: its writer is done in a moment */
#define LOOKS	   220 /* before it is left to the next drain: the writer was interrupted */
#define LOOK_NS	   50000

/* Where a drain stands in an area or (index == area_count) in the ring. */
struct source {
	uint64_t time_ns; /* of its next record */
	const uint8_t *data;
	uint64_t at, end, lap; /* of an area */
	uint32_t index;
	uint32_t told; /* records whose room was not given back yet */
};

struct merge {
	struct ring *ring;
	struct listing *listing;
	struct areas *areas;
	uint32_t area_count;
	uint64_t *area_end;
	struct source *heap; /* the one whose next record is oldest is first */
	uint32_t heap_count;
	/* of a drain */
	uint32_t count, most;
	uint32_t granted; /* records, to the run of the first source */
	uint64_t now_ns;
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
	if (!m->heap || !m->area_end || listing__open(ring, &m->listing)) {
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
	listing__close(m->listing);
	free(m->heap);
	free(m->area_end);
	free(m);
}

/* ---- what there is ---- */

static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static bool patient(uint32_t *looks)
{
	const struct timespec moment = {.tv_nsec = LOOK_NS};

	if (*looks == LOOKS)
		return false;
	*looks += 1;
	if (*looks <= SPINS)
		relax();
	else
		nanosleep(&moment, NULL);
	return true;
}

/* What is being written at the first look must be finished, but no record behind that. */
static bool see_area(struct merge *m, uint32_t index, uint32_t *looks)
{
	uint64_t *end = &m->area_end[index], first;

	if (areas__end(m->areas, index, end))
		return true;
	first = *end;
	do {
		if (!patient(looks))
			return false;
	} while (!areas__end(m->areas, index, end) && *end == first);
	return true;
}

static bool see(struct merge *m)
{
	unsigned long end;
	uint32_t looks = 0;

	for (uint32_t i = 0; i < m->area_count; i++)
		if (!see_area(m, i, &looks))
			return false;
	end = ring__end(m->ring);
	while (!listing__extend(m->listing, end))
		if (!m->area_count || !patient(&looks))
			return !m->area_count; /* alone it is in order as it is */
	return true;
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

/* What comes next. False: nothing, as far as the drain goes. */
static bool look(struct merge *m, struct source *s)
{
	const struct listed *listed;

	if (s->index < m->area_count) {
		if (s->at == s->end)
			return false;
		s->time_ns = ((const struct event *)(s->data + (s->at & s->lap)))->time_ns;
		return true;
	}
	listed = listing__first(m->listing);
	if (listed)
		s->time_ns = listed->time_ns;
	return listed;
}

static void add_source(struct merge *m, uint32_t index, uint64_t at, uint64_t end)
{
	struct source *s = &m->heap[m->heap_count];

	*s = (struct source){.at = at, .end = end, .index = index};
	if (index < m->area_count)
		s->data = areas__data(m->areas, index, &s->lap);
	m->heap_count += look(m, s);
}

static void fill_heap(struct merge *m)
{
	m->heap_count = 0;
	add_source(m, m->area_count, 0, 0);
	for (uint32_t i = 0; i < m->area_count; i++)
		add_source(m, i, areas__consumed(m->areas, i), m->area_end[i]);
	for (uint32_t i = m->heap_count / 2; i-- > 0;)
		sift_down(m, i);
}

/* ---- telling ---- */

static void give_back(struct merge *m, struct source *s)
{
	if (s->told && s->index < m->area_count)
		areas__consume(m->areas, s->index, s->at);
	else if (s->told)
		listing__give_back(m->listing);
	s->told = 0;
}

/* The first source has told what was its turn. */
static void end_turn(struct merge *m, const struct merge_run *run)
{
	struct source *s = &m->heap[0];
	uint32_t told = m->granted - run->left;

	m->granted = 0;
	m->count += told;
	s->told += told;
	if (s->index == m->area_count)
		listing__pass(m->listing);
	else
		s->at = run->at;
	if (s->told >= FREED_EACH)
		give_back(m, s);
	if (!look(m, s)) {
		give_back(m, s);
		*s = m->heap[--m->heap_count];
	}
	if (m->heap_count > 1)
		sift_down(m, 0);
}

/* Until when it is the first source's turn. */
static uint64_t turn(const struct merge *m)
{
	uint64_t until = m->now_ns;

	for (uint32_t i = 1; i < 3 && i < m->heap_count; i++)
		if (m->heap[i].time_ns < until)
			until = m->heap[i].time_ns;
	return until;
}

static const struct event *begin_turn(struct merge *m, struct merge_run *run)
{
	const struct source *s = &m->heap[0];
	uint32_t left = m->most - m->count;

	m->granted = left < FREED_EACH ? left : FREED_EACH;
	run->data = s->data;
	run->at = s->at;
	run->end = s->end;
	run->lap = s->lap;
	run->until = turn(m);
	run->left = m->granted;
	return merge__next(run);
}

/* NULL: it says more than there is of it, or there is no memory to put it together. */
static const struct event *of_ring(struct merge *m, struct merge_run *run)
{
	const struct listed *listed = listing__first(m->listing);
	const struct event *event = listing__record(m->listing, listed);

	m->granted = 1;
	run->left = 0;
	return event && event->size >= sizeof(*event) && event->size <= listed->size ? event : NULL;
}

static void end(struct merge *m)
{
	for (uint32_t i = 0; i < m->heap_count; i++)
		give_back(m, &m->heap[i]);
	listing__give_back(m->listing); /* where it had but discarded ones */
}

const struct event *merge__turn(struct merge_run *run)
{
	struct merge *m = run->merge;
	const struct event *event;

	if (m->granted)
		end_turn(m, run);
	while (m->heap_count && m->heap[0].time_ns <= m->now_ns && m->count < m->most) {
		if (m->heap[0].index < m->area_count)
			return begin_turn(m, run);
		event = of_ring(m, run);
		if (event)
			return event;
		end_turn(m, run);
	}
	end(m);
	return NULL;
}

int merge__begin(struct merge *m, uint32_t max, uint64_t now_ns, struct merge_run *run)
{
	m->count = m->granted = 0;
	m->most = max ? max : INT_MAX;
	m->now_ns = now_ns;
	*run = (struct merge_run){.merge = m};
	if (!see(m))
		return -EAGAIN;
	fill_heap(m);
	return 0;
}

int merge__told(const struct merge *m)
{
	return (int)m->count;
}
