/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The CPUs' areas and the ring in one order: by time, nothing twice, nothing too early. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include <linux/bpf.h>
#include "capture/merge.h"

#define RING_BYTES 65536u
#define AREA_BYTES 4096u
#define AREAS	   3u

static unsigned long consumer, producer;
static uint8_t *data, *memory;
static struct ring *ring;
static struct areas *areas;
static struct merge *merge;

static int set_up(void **state)
{
	(void)state;
	consumer = producer = 0;
	data = calloc(1, RING_BYTES);
	memory = calloc(AREAS, (area__size(AREA_BYTES) + 7) & ~7ul);
	if (!data || !memory || ring__over(&consumer, &producer, data, RING_BYTES, &ring) ||
	    areas__over(memory, AREAS, AREA_BYTES, &areas))
		return -1;
	return merge__open(ring, areas, &merge);
}

static int tear_down(void **state)
{
	(void)state;
	merge__close(merge);
	areas__close(areas);
	ring__close(ring);
	free(memory);
	free(data);
	return 0;
}

static struct area *area(uint32_t index)
{
	return (struct area *)(memory + index * ((area__size(AREA_BYTES) + 7) & ~7ul));
}

/* As bpf/area.h writes; false where it is full. */
static bool put_area(uint32_t index, uint64_t time_ns, uint32_t size)
{
	struct area *a = area(index);
	struct event event = {.size = size, .time_ns = time_ns};
	uint64_t lap = AREA_BYTES - 1, padded = (size + 7u) & ~7u, next = a->place + padded;

	if (next - a->consumed > AREA_BYTES)
		return false;
	memcpy(a->data + (a->place & lap), &event, sizeof(event));
	memset(a->data + (a->place & lap) + sizeof(event), (uint8_t)time_ns, size - sizeof(event));
	a->place = (next ^ a->place) & ~lap ? next & ~lap : next;
	return true;
}

/* With its header it divides the ring, and so never goes over its end. */
#define RING_RECORD_BYTES 24u
#define RING_PLACE	  (RING_RECORD_BYTES + BPF_RINGBUF_HDR_SZ)

static uint32_t *put_ring(uint64_t time_ns, uint32_t flags)
{
	uint32_t *header = (uint32_t *)(data + (producer & (RING_BYTES - 1)));
	uint8_t *record = (uint8_t *)header + BPF_RINGBUF_HDR_SZ;
	struct event event = {.size = RING_RECORD_BYTES, .time_ns = time_ns};

	*header = RING_RECORD_BYTES | flags;
	memset(record, (uint8_t)time_ns, RING_RECORD_BYTES);
	memcpy(record, &event, sizeof(event));
	producer += RING_PLACE;
	return header;
}

struct told {
	uint32_t count;
	uint64_t times[4096];
};

static void take(void *context, const void *record, uint32_t size)
{
	const struct event *event = record;
	struct told *told = context;

	assert_true(told->count < 4096);
	for (uint32_t i = sizeof(*event); i < size; i++)
		assert_int_equal(((const uint8_t *)record)[i], (uint8_t)event->time_ns);
	told->times[told->count++] = event->time_ns;
}

static struct told told;

static int drain_of(struct merge *m, uint32_t max, uint64_t now_ns,
		    void (*tell)(void *context, const void *record, uint32_t size))
{
	const struct event *event;
	struct merge_run run;
	int err = merge__begin(m, max, now_ns, &run);

	told.count = 0;
	if (err)
		return err;
	while ((event = merge__next(&run)))
		tell(&told, event, event->size);
	return merge__told(m);
}

static int drain(uint32_t max, uint64_t now_ns)
{
	return drain_of(merge, max, now_ns, take);
}

static void expect(uint32_t count, const uint64_t *times)
{
	assert_int_equal(told.count, count);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(told.times[i], times[i]);
}

static void test_tells_by_time(void **state)
{
	(void)state;
	put_area(0, 10, 40);
	put_area(0, 40, 16);
	put_area(1, 20, 17);
	put_area(2, 5, 90);
	put_area(2, 50, 24);
	put_ring(30, 0);
	put_ring(60, 0);
	assert_int_equal(drain(0, 100), 7);
	expect(7, (const uint64_t[]){5, 10, 20, 30, 40, 50, 60});
	assert_int_equal(drain(0, 100), 0);
	assert_int_equal(areas__fill(areas) + ring__fill(ring), 0);
}

/* What may be older than that could still be on its way. */
static void test_leaves_what_is_younger_than_its_look(void **state)
{
	(void)state;
	put_area(0, 10, 40);
	put_area(0, 30, 40);
	put_ring(25, 0);
	assert_int_equal(drain(0, 20), 1);
	expect(1, (const uint64_t[]){10});
	put_area(1, 22, 40);
	assert_int_equal(drain(0, 40), 3);
	expect(3, (const uint64_t[]){22, 25, 30});
}

static void test_tells_nothing_while_an_area_is_owned(void **state)
{
	(void)state;
	put_area(0, 10, 40);
	area(1)->place |= AREA_OWNED;
	assert_int_equal(drain(0, 100), -EAGAIN);
	area(1)->place &= ~(uint64_t)AREA_OWNED;
	assert_int_equal(drain(0, 100), 1);
}

static void test_tells_nothing_while_the_ring_has_an_unfinished_record(void **state)
{
	uint32_t *header;

	(void)state;
	put_area(0, 10, 40);
	header = put_ring(5, BPF_RINGBUF_BUSY_BIT);
	put_ring(8, 0);
	assert_int_equal(drain(0, 100), -EAGAIN);
	*header &= ~BPF_RINGBUF_BUSY_BIT;
	assert_int_equal(drain(0, 100), 3);
	expect(3, (const uint64_t[]){5, 8, 10});
}

/* Of two CPUs' records in the ring the second one may have taken its time first. */
static void test_tells_the_ring_by_time_too(void **state)
{
	(void)state;
	put_ring(40, 0);
	put_ring(10, 0);
	put_ring(50, 0);
	put_area(0, 20, 40);
	assert_int_equal(drain(0, 100), 4);
	expect(4, (const uint64_t[]){10, 20, 40, 50});
	assert_int_equal(ring__fill(ring), 0);
}

/* A further record of a long call has its first one's time, however late its place was reserved. */
static void test_tells_an_answer_behind_its_request(void **state)
{
	const uint64_t long_call = 10, request = 20, answer = 30;

	(void)state;
	put_ring(long_call, 0);
	put_ring(answer, 0);
	put_ring(long_call, 0);
	put_area(0, request, 40);
	assert_int_equal(drain(0, 100), 4);
	expect(4, (const uint64_t[]){long_call, long_call, request, answer});
}

/* Younger than the look, and in front of what is not. */
static void test_tells_nothing_twice_that_was_told_ahead(void **state)
{
	(void)state;
	put_ring(50, 0);
	put_ring(10, 0);
	assert_int_equal(drain(0, 20), 1);
	expect(1, (const uint64_t[]){10});
	assert_int_equal(consumer, 0); /* the first one is still there */
	put_ring(70, 0);
	assert_int_equal(drain(0, 60), 1);
	expect(1, (const uint64_t[]){50});
	assert_int_equal(ring__fill(ring), RING_PLACE);
	assert_int_equal(drain(0, 100), 1);
	expect(1, (const uint64_t[]){70});
	assert_int_equal(ring__fill(ring), 0);
}

/* One that was told is not told again when another one is waited for. */
static void test_goes_on_behind_an_unfinished_record(void **state)
{
	uint32_t *header;

	(void)state;
	put_ring(10, 0);
	header = put_ring(20, BPF_RINGBUF_BUSY_BIT);
	put_ring(30, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(drain(0, 100), -EAGAIN);
	*header &= ~BPF_RINGBUF_BUSY_BIT;
	assert_int_equal(drain(1, 100), 1);
	expect(1, (const uint64_t[]){10});
	assert_int_equal(drain(0, 100), 2);
	expect(2, (const uint64_t[]){20, 30});
}

/* Alone the ring is in order as it is: what is finished is told. */
static void test_waits_for_nothing_without_areas(void **state)
{
	struct merge *alone;

	(void)state;
	assert_int_equal(merge__open(ring, NULL, &alone), 0);
	put_ring(10, 0);
	put_ring(20, BPF_RINGBUF_BUSY_BIT);
	put_ring(15, 0);
	assert_int_equal(drain_of(alone, 0, 100, take), 1);
	expect(1, (const uint64_t[]){10});
	merge__close(alone);
}

static void test_passes_over_discarded_records(void **state)
{
	(void)state;
	put_ring(7, BPF_RINGBUF_DISCARD_BIT);
	put_area(0, 10, 40);
	put_ring(20, 0);
	put_ring(7, BPF_RINGBUF_DISCARD_BIT);
	drain(0, 100);
	expect(2, (const uint64_t[]){10, 20});
	assert_int_equal(ring__fill(ring), 0);
}

static void test_takes_no_more_than_asked(void **state)
{
	(void)state;
	for (uint64_t t = 1; t <= 9; t++)
		put_area(t % AREAS, t, 40);
	assert_int_equal(drain(4, 100), 4);
	expect(4, (const uint64_t[]){1, 2, 3, 4});
	assert_int_equal(drain(4, 100), 4);
	assert_int_equal(drain(4, 100), 1);
	expect(1, (const uint64_t[]){9});
}

/* All of it older than what an area has; it goes round several times. */
static void test_lists_a_long_ring(void **state)
{
	(void)state;
	for (uint64_t t = 1; t <= 2000; t++)
		put_ring(t, 0);
	put_area(0, 1200, 40);
	put_area(1, 3000, 40);
	assert_int_equal(drain(0, 5000), 2002);
	for (uint32_t i = 1; i < 2002; i++)
		assert_true(told.times[i] >= told.times[i - 1]);
}

/* Laps of an area with records of every size: each comes once, whole, in turn; full is noticed. */
static void test_goes_round(void **state)
{
	uint64_t time_ns = 1, next = 1;
	uint32_t full = 0, random = 1;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		for (int i = 0; i < 6; i++) {
			random = random * 1103515245u + 12345u;
			if (put_area(1, time_ns, 16 + (random >> 16) % 1500))
				time_ns++;
			else
				full++;
		}
		drain(round % 3 ? 0 : 2, UINT64_MAX - 1);
		for (uint32_t i = 0; i < told.count; i++)
			assert_int_equal(told.times[i], next++);
	}
	drain(0, UINT64_MAX - 1);
	assert_int_equal(next + told.count, time_ns);
	assert_true(full > 0 && time_ns > 5000);
}

static void test_goes_on_behind_discarded_records(void **state)
{
	uint64_t next = 1;

	(void)state;
	for (int i = 0; i < 1020; i++)
		put_ring(i + 1, 0);
	for (int i = 0; i < 4; i++)
		put_ring(7, BPF_RINGBUF_DISCARD_BIT);
	for (int i = 0; i < 6; i++)
		put_ring(1021 + i, 0);
	put_area(1, 1027, 32);
	for (int i = 0; i < 4; i++) {
		drain(400, 5000);
		for (uint32_t k = 0; k < told.count; k++)
			assert_int_equal(told.times[k], next++);
	}
	assert_int_equal(next, 1028);
	assert_int_equal(consumer, producer);
}

static void test_gives_the_room_of_discarded_records_back(void **state)
{
	(void)state;
	for (int i = 0; i < 1030; i++)
		put_ring(7, BPF_RINGBUF_DISCARD_BIT);
	assert_int_equal(drain(0, 5000), 0);
	assert_int_equal(consumer, producer);
}

/* Some wait at every look, so that the list never empties: it must not wander through its memory.
 */
static void test_lists_for_ever(void **state)
{
	uint64_t time_ns = 1, next = 1;

	(void)state;
	for (int round = 0; round < 5000; round++) {
		for (int i = 0; i < 7; i++)
			put_ring(time_ns++, 0);
		drain(0, time_ns - 3);
		for (uint32_t i = 0; i < told.count; i++)
			assert_int_equal(told.times[i], next++);
	}
	assert_true(time_ns - next < 7);
}

/* ---- writers at work ---- */

#define WRITERS 4
#define RECORDS 20000
#define MOMENTS 64
#define SLOT	64u /* of the ring: what divides its size never goes over its end */

/* One call of a writer: how many of each writer's had ended before it began. */
struct call_record {
	struct event event;
	uint16_t writer, ended[WRITERS];
	uint16_t number;
};

static struct writers {
	pthread_mutex_t ring_lock;
	_Atomic uint16_t ended[WRITERS];
	uint16_t told[WRITERS];
	atomic_int running;
	uint32_t in_ring, in_area;
} writers;

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static void dawdle(uint32_t *random)
{
	*random = *random * 1103515245u + 12345u;
	for (volatile uint32_t i = 0; i < (*random >> 16) % MOMENTS; i++)
		;
	if ((*random >> 16) % 1024 == 0)
		sched_yield();
}

/* The time, before or after bpf_ringbuf_reserve(); bpf_ringbuf_submit(). False: the ring is full.
 */
static bool write_ring(struct call_record *r, uint32_t *random)
{
	unsigned long at;
	uint8_t *header;

	r->event.time_ns = *random & 0x10000 ? clock_ns() : 0;
	dawdle(random);
	pthread_mutex_lock(&writers.ring_lock);
	at = producer;
	if (at + SLOT - __atomic_load_n(&consumer, __ATOMIC_ACQUIRE) > RING_BYTES) {
		pthread_mutex_unlock(&writers.ring_lock);
		return false;
	}
	header = data + (at & (RING_BYTES - 1));
	__atomic_store_n((uint32_t *)header, (SLOT - BPF_RINGBUF_HDR_SZ) | BPF_RINGBUF_BUSY_BIT,
			 __ATOMIC_RELAXED);
	__atomic_store_n(&producer, at + SLOT, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&writers.ring_lock);
	dawdle(random);
	if (!r->event.time_ns)
		r->event.time_ns = clock_ns();
	r->event.size = SLOT - BPF_RINGBUF_HDR_SZ;
	dawdle(random);
	memcpy(header + BPF_RINGBUF_HDR_SZ, r, sizeof(*r));
	__atomic_exchange_n((uint32_t *)header, SLOT - BPF_RINGBUF_HDR_SZ, __ATOMIC_SEQ_CST);
	return true;
}

/* As bpf/area.h. False where it is owned or full. */
static bool write_area(struct call_record *r, uint32_t *random)
{
	struct area *a = area(r->writer % AREAS);
	uint64_t lap = AREA_BYTES - 1, next;
	uint64_t place = __atomic_load_n(&a->place, __ATOMIC_RELAXED);

	next = place + sizeof(*r);
	if (place & AREA_OWNED ||
	    next - __atomic_load_n(&a->consumed, __ATOMIC_ACQUIRE) > AREA_BYTES ||
	    !__atomic_compare_exchange_n(&a->place, &place, place | AREA_OWNED, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return false;
	dawdle(random);
	r->event.time_ns = clock_ns();
	r->event.size = sizeof(*r);
	dawdle(random);
	memcpy(a->data + (place & lap), r, sizeof(*r));
	next = (next ^ place) & ~lap ? next & ~lap : next;
	__atomic_exchange_n(&a->place, next, __ATOMIC_SEQ_CST);
	return true;
}

static void *write_calls(void *context)
{
	const uint16_t self = (uint16_t)(uintptr_t)context;
	uint32_t random = self + 1u;

	for (uint16_t number = 0; number < RECORDS; number++) {
		struct call_record r = {.writer = self, .number = number};

		for (uint32_t i = 0; i < WRITERS; i++)
			r.ended[i] = atomic_load(&writers.ended[i]);
		dawdle(&random);
		while (((random >> 20) % 3 == 0 || !write_area(&r, &random)) &&
		       !write_ring(&r, &random))
			sched_yield();
		atomic_store(&writers.ended[self], number + 1);
	}
	writers.running--;
	return NULL;
}

static void take_call(void *context, const void *record, uint32_t size)
{
	const struct call_record *r = record;

	(void)context;
	assert_true(size >= sizeof(*r));
	assert_int_equal(r->number, writers.told[r->writer]);
	for (uint32_t i = 0; i < WRITERS; i++)
		assert_true(writers.told[i] >= r->ended[i]);
	writers.told[r->writer]++;
	*(size == sizeof(*r) ? &writers.in_area : &writers.in_ring) += 1;
}

/* Whatever ended before another call began is told before it. */
static void test_keeps_the_order_of_calls(void **state)
{
	pthread_t thread[WRITERS];
	bool over;

	(void)state;
	writers = (struct writers){.running = WRITERS};
	pthread_mutex_init(&writers.ring_lock, NULL);
	for (uint32_t i = 0; i < WRITERS; i++)
		pthread_create(&thread[i], NULL, write_calls, (void *)(uintptr_t)i);
	do {
		over = !writers.running;
		drain_of(merge, 100, clock_ns(), take_call);
	} while (!over);
	drain_of(merge, 0, clock_ns(), take_call);
	for (uint32_t i = 0; i < WRITERS; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(writers.told[i], RECORDS);
	}
	assert_true(writers.in_area > RECORDS / 4 && writers.in_ring > RECORDS / 4);
	pthread_mutex_destroy(&writers.ring_lock);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tells_by_time),
		TEST(test_leaves_what_is_younger_than_its_look),
		TEST(test_tells_nothing_while_an_area_is_owned),
		TEST(test_tells_nothing_while_the_ring_has_an_unfinished_record),
		TEST(test_tells_the_ring_by_time_too),
		TEST(test_tells_an_answer_behind_its_request),
		TEST(test_tells_nothing_twice_that_was_told_ahead),
		TEST(test_goes_on_behind_an_unfinished_record),
		TEST(test_waits_for_nothing_without_areas),
		TEST(test_passes_over_discarded_records),
		TEST(test_takes_no_more_than_asked),
		TEST(test_lists_a_long_ring),
		TEST(test_goes_round),
		TEST(test_goes_on_behind_discarded_records),
		TEST(test_gives_the_room_of_discarded_records_back),
		TEST(test_lists_for_ever),
		TEST(test_keeps_the_order_of_calls),
	};

	return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
