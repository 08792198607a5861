/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "memory_limit.h"

#include <fcntl.h>
#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>
#include "capture/capture.h"
#include "connection.h"
#include "engine.h"
#include "lent.h"
#include "log.h"
#include "metrics/metrics.h"

#define MIB	      (1ull << 20)
#define SECOND_NS     1000000000ull
#define ROOM_MIN      (8 * MIB)
#define RESERVE_MIN   (4 * MIB)
#define RESERVE_MAX   (64 * MIB)
#define EVENT_COST    4096 /* what an event may make us allocate: a connection and its parser */
#define BYTE_COST     4	   /* what a byte of it may: copies that are carried over, with room */
#define LOOK_COST     (MIB / 2) /* looked at again when that much may have been allocated */
#define SERIES_COST   4096	/* a series' copy and its text, while it is scraped */
#define SERIES_HELD   1024
#define SCRAPE_COST   (MIB / 2) /* the rest of a scrape */
#define SOCKET_COST   32	/* of the node's sockets, while they are listed (sockets.c) */
#define HEAVY_AT_ONCE 256
#define PART	      16    /* of the heap's connections go at once */
#define HEAVY	      16384 /* bytes held by a connection that goes first */

struct memory_limit {
	struct memory_state state;
	struct capture *capture;
	struct engine *engine;
	struct metrics *metrics;
	uint64_t base;	   /* resident at the start */
	uint64_t may_have; /* been allocated since the last look */
	uint64_t trimmed_ns, said_ns, now_ns;
	uint64_t outside;  /* of the heap, resident at the start: code, the ring */
	uint64_t reusable; /* free and resident, half of it: between what is in use */
	uint64_t lent;	   /* of what is resident: what answers hold */
	uint64_t page;
	int statm;
	bool full; /* of series */
};

static uint64_t less(uint64_t from, uint64_t by)
{
	return from > by ? from - by : 0;
}

/* Bytes allocated (mallinfo(3)). */
static uint64_t in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* proc(5), /proc/pid/statm: size and resident, in pages. 0 where it cannot be read. */
static uint64_t look(struct memory_limit *m)
{
	char text[128], *at = text;
	ssize_t length;

	m->may_have = 0;
	m->lent = lent__bytes(); /* before: what comes meanwhile must not count as theirs */
	length = pread(m->statm, text, sizeof(text) - 1, 0);
	if (length <= 0)
		return m->state.resident;
	text[length] = '\0';
	strtoull(at, &at, 10);
	m->state.resident = strtoull(at, NULL, 10) * m->page;
	return m->state.resident;
}

/* Threads that take turns need no heap each (mallopt(3)). */
struct memory_limit *memory_limit__new(uint64_t limit, struct capture *capture,
				       struct engine *engine, struct metrics *metrics)
{
	struct memory_limit *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	m->page = (uint64_t)sysconf(_SC_PAGESIZE);
	m->state.limit = limit;
	m->capture = capture;
	m->engine = engine;
	m->metrics = metrics;
	m->base = m->statm < 0 ? 0 : look(m);
	m->outside = less(m->base, in_use());
	if (!m->base) {
		memory_limit__free(m);
		return NULL;
	}
	mallopt(M_ARENA_MAX, 1);
	json_set_alloc_funcs(lent__alloc, lent__free); /* JSON is made for answers alone */
	return m;
}

uint64_t memory_limit__least(const struct memory_limit *m)
{
	return m->base + ROOM_MIN;
}

void memory_limit__free(struct memory_limit *m)
{
	if (!m)
		return;
	if (m->statm >= 0)
		close(m->statm);
	free(m);
}

/* ---- how near ---- */

static uint64_t room(const struct memory_limit *m)
{
	return m->state.limit > m->base ? m->state.limit - m->base : 0;
}

static uint64_t reserve(const struct memory_limit *m)
{
	uint64_t quarter = room(m) / 4;

	quarter = quarter < RESERVE_MIN ? RESERVE_MIN : quarter;
	quarter = quarter > RESERVE_MAX ? RESERVE_MAX : quarter;
	return quarter + capture__sockets(m->capture) * SOCKET_COST;
}

static uint64_t scrape_cost(const struct memory_limit *m)
{
	return SCRAPE_COST + metrics__series_count(m->metrics) * SERIES_COST;
}

/* What is resident but for answers, as far as they stay within what is kept free for one scrape. */
static uint64_t own(const struct memory_limit *m)
{
	uint64_t most = scrape_cost(m);

	return less(m->state.resident, m->lent < most ? m->lent : most);
}

/* Beyond it nothing new is taken in; a scrape must always be possible. */
static bool is_tight(const struct memory_limit *m, uint64_t margin)
{
	return less(own(m), m->reusable) + margin >
	       less(m->state.limit, reserve(m) + scrape_cost(m));
}

/* Beyond it connections are let go. */
static bool is_over(const struct memory_limit *m)
{
	return own(m) > less(m->state.limit, reserve(m) / 2 + scrape_cost(m));
}

/* One more answer: with others that are not sent yet within one scrape's part, or where half is
 * free. */
static bool has_room_for_answer(const struct memory_limit *m)
{
	if (m->lent > scrape_cost(m) && m->state.resident > m->base + room(m) / 2)
		return false;
	return m->state.resident <= less(m->state.limit, scrape_cost(m));
}

/* ---- what is done ---- */

/* Gives back what is held for later only. */
static void slim(struct memory_limit *m)
{
	m->trimmed_ns = m->now_ns;
	connections__slim(m->engine->connections);
	metrics__free_spare(m->metrics);
	malloc_trim(0);
	look(m);
	m->reusable = less(m->state.resident, m->outside + in_use()) / 2;
	if (m->reusable > reserve(m) / 2)
		m->reusable = reserve(m) / 2;
}

static void close_doors(struct memory_limit *m, bool tight)
{
	m->state.tight = tight;
	engine__refuse(m->engine, tight);
	metrics__refuse(m->metrics, tight || m->full);
}

static bool is_heavy(void *context, const struct connection *c)
{
	(void)context;
	return connection__held_bytes(c) >= HEAVY;
}

struct addresses {
	uintptr_t low, high;
};

static void reach(void *context, const struct connection *c)
{
	struct addresses *a = context;

	if (!a->high || (uintptr_t)c < a->low)
		a->low = (uintptr_t)c;
	if ((uintptr_t)c > a->high)
		a->high = (uintptr_t)c;
}

static bool is_high(void *context, const struct connection *c)
{
	const struct addresses *a = context;

	return (uintptr_t)c >= a->high - (a->high - a->low) / PART;
}

/*
 * Who holds much goes first. Then those at one end of the heap: only pages that are free as a whole
 * go back to the system.
 */
static bool let_go(struct memory_limit *m)
{
	struct connections *connections = m->engine->connections;
	struct addresses addresses = {0};
	uint32_t count =
		connections__let_go(connections, is_heavy, NULL, HEAVY_AT_ONCE, LOSS_MEMORY);

	if (!count) {
		connections__each(connections, reach, &addresses);
		count = connections__let_go(connections, is_high, &addresses, UINT32_MAX,
					    LOSS_MEMORY);
	}
	m->state.let_go += count;
	return count;
}

static void shed(struct memory_limit *m)
{
	do
		slim(m);
	while (is_over(m) && let_go(m));
}

/* It does not wait for others' texts to be sent: who would have to send them waits for this. */
enum memory_answer memory_limit__snapshot(struct memory_limit *m)
{
	if (!m)
		return MEMORY_YES;
	if (metrics__snapshots_out(m->metrics))
		return MEMORY_LATER;
	look(m);
	if (!has_room_for_answer(m))
		shed(m);
	return has_room_for_answer(m) ? MEMORY_YES : MEMORY_NO;
}

/* A third of what there is may go to series. */
static void watch_series(struct memory_limit *m)
{
	bool full = metrics__series_count(m->metrics) * (SERIES_COST + SERIES_HELD) > room(m) / 3;

	if (full == m->full)
		return;
	m->full = full;
	metrics__refuse(m->metrics, m->state.tight || full);
}

static void check(struct memory_limit *m)
{
	look(m);
	watch_series(m);
	if (!m->state.tight && is_tight(m, 0)) {
		if (m->now_ns - m->trimmed_ns >= SECOND_NS)
			slim(m);
		if (is_tight(m, 0))
			close_doors(m, true);
	}
	if (is_over(m))
		shed(m);
}

void memory_limit__took(struct memory_limit *m, uint32_t size)
{
	m->may_have += EVENT_COST + (uint64_t)size * BYTE_COST;
	if (m->may_have >= LOOK_COST)
		check(m);
}

static void say(struct memory_limit *m)
{
	if (!m->state.tight || (m->said_ns && m->now_ns - m->said_ns < 60 * SECOND_NS))
		return;
	m->said_ns = m->now_ns;
	log__write(
		LOG_WARN, "memory",
		"%llu of at most %llu MiB are resident: no new connections, series and names are "
		"taken in, and %llu connections were let go so far",
		(unsigned long long)(m->state.resident / MIB),
		(unsigned long long)(m->state.limit / MIB), (unsigned long long)m->state.let_go);
}

static void try_to_open(struct memory_limit *m)
{
	slim(m);
	if (is_tight(m, reserve(m) / 8))
		return;
	close_doors(m, false);
	log__write(LOG_INFO, "memory", "%llu MiB are resident: everything is taken in again",
		   (unsigned long long)(m->state.resident / MIB));
	m->said_ns = 0;
}

void memory_limit__tick(struct memory_limit *m, uint64_t now_ns)
{
	m->now_ns = now_ns;
	check(m);
	if (m->state.tight && now_ns - m->trimmed_ns >= SECOND_NS)
		try_to_open(m);
	say(m);
}

struct memory_state memory_limit__state(const struct memory_limit *m)
{
	return m ? m->state : (struct memory_state){0};
}
