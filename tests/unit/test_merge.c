/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The CPUs' areas and the ring in one order: by time, nothing twice, nothing too early. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
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

static uint32_t *put_ring(uint64_t time_ns, uint32_t flags)
{
	uint32_t *header = (uint32_t *)(data + (producer & (RING_BYTES - 1)));
	struct event event = {.size = sizeof(event), .time_ns = time_ns};

	*header = (uint32_t)sizeof(event) | flags;
	memcpy((uint8_t *)header + BPF_RINGBUF_HDR_SZ, &event, sizeof(event));
	producer += sizeof(event) + BPF_RINGBUF_HDR_SZ;
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

static int drain(uint32_t max, uint64_t now_ns)
{
	told.count = 0;
	return merge__drain(merge, max, now_ns, take, &told);
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
static void test_holds_back_for_what_is_late_in_the_ring(void **state)
{
	(void)state;
	put_ring(40, 0);
	put_ring(10, 0);
	put_ring(50, 0);
	put_area(0, 20, 40);
	assert_int_equal(drain(0, 100), 4);
	expect(4, (const uint64_t[]){40, 10, 20, 50});
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

/* More than one round lists, all of it older than what an area has. */
static void test_lists_a_long_ring_in_rounds(void **state)
{
	(void)state;
	for (uint64_t t = 1; t <= 2500; t++)
		put_ring(t, 0);
	put_area(0, 1200, 40);
	put_area(1, 3000, 40);
	assert_int_equal(drain(0, 5000), 2502);
	for (uint32_t i = 1; i < 2502; i++)
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

/* Rounds of 1024: one whose last record was discarded has no time of its own, and must go on. */
static void test_goes_on_behind_a_round_that_ends_with_discarded_records(void **state)
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
		drain(0, 5000);
		for (uint32_t k = 0; k < told.count; k++)
			assert_int_equal(told.times[k], next++);
	}
	assert_int_equal(next, 1028);
	assert_int_equal(consumer, producer);
}

static void test_goes_on_behind_a_round_of_discarded_records(void **state)
{
	(void)state;
	for (int i = 0; i < 1030; i++)
		put_ring(7, BPF_RINGBUF_DISCARD_BIT);
	put_ring(8, 0);
	put_area(0, 9, 32);
	for (int i = 0; i < 4 && consumer != producer; i++)
		drain(0, 5000);
	assert_int_equal(consumer, producer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tells_by_time),
		TEST(test_leaves_what_is_younger_than_its_look),
		TEST(test_tells_nothing_while_an_area_is_owned),
		TEST(test_tells_nothing_while_the_ring_has_an_unfinished_record),
		TEST(test_holds_back_for_what_is_late_in_the_ring),
		TEST(test_passes_over_discarded_records),
		TEST(test_takes_no_more_than_asked),
		TEST(test_lists_a_long_ring_in_rounds),
		TEST(test_goes_round),
		TEST(test_goes_on_behind_a_round_that_ends_with_discarded_records),
		TEST(test_goes_on_behind_a_round_of_discarded_records),
	};

	return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
