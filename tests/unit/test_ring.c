/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The reader's end of the ring: records in order, unfinished and discarded ones, and the wrap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <linux/bpf.h>
#include "capture/ring.h"

#define BYTES 4096u

static unsigned long consumer, producer;
static uint8_t *data; /* of its very size on the heap, so that the sanitiser sees a step beyond */
static struct ring *ring;

static int set_up(void **state)
{
	(void)state;
	consumer = producer = 0;
	data = calloc(1, BYTES);
	return data ? ring__over(&consumer, &producer, data, BYTES, &ring) : -1;
}

static int tear_down(void **state)
{
	(void)state;
	ring__close(ring);
	free(data);
	return 0;
}

/* As kernel/bpf/ringbuf.c writes: a length with two flags, a page offset, the record, 8 aligned. */
static uint32_t *put(uint32_t size, uint8_t fill, uint32_t flags)
{
	uint32_t *header = (uint32_t *)(data + (producer & (BYTES - 1)));

	*header = size | flags;
	for (uint32_t i = 0; i < size; i++)
		data[(producer + BPF_RINGBUF_HDR_SZ + i) & (BYTES - 1)] = (uint8_t)(fill + i);
	producer += (size + BPF_RINGBUF_HDR_SZ + 7) & ~7ul;
	return header;
}

struct taken {
	int count;
	uint32_t sizes[8];
	uint8_t fills[8];
};

static void take(struct taken *taken, const void *record, uint32_t size)
{
	const uint8_t *bytes = record;

	assert_true(taken->count < 8);
	for (uint32_t i = 0; i < size; i++)
		assert_int_equal(bytes[i], (uint8_t)(bytes[0] + i));
	taken->sizes[taken->count] = size;
	taken->fills[taken->count++] = bytes[0];
}

/* Hands over at most `max` (0: all there are), gives their room back. Returns how many. */
static int drain(int max, struct taken *taken)
{
	unsigned long at = ring__begin(ring), end = ring__end(ring);
	enum ring_state state = RING_RECORD;
	uint32_t size;
	int told = 0;

	while (at < end && (!max || told < max)) {
		state = ring__look(ring, at, &size);
		if (state == RING_UNFINISHED)
			break;
		if (state == RING_RECORD) {
			take(taken, ring__record(ring, at, size), size);
			told++;
		}
		at = ring__behind(at, size);
	}
	ring__let_go(ring, at);
	return told;
}

static void test_hands_records_over_in_order(void **state)
{
	struct taken taken = {0};

	(void)state;
	put(24, 1, 0);
	put(17, 2, 0);
	put(100, 3, 0);
	assert_int_equal(ring__fill(ring), producer);
	assert_int_equal(drain(0, &taken), 3);
	assert_int_equal(taken.count, 3);
	assert_int_equal(taken.sizes[1], 17);
	assert_int_equal(taken.fills[2], 3);
	assert_int_equal(ring__fill(ring), 0);
	assert_int_equal(drain(0, &taken), 0);
}

static void test_stops_at_a_record_that_is_being_written(void **state)
{
	struct taken taken = {0};
	uint32_t *busy, size;

	(void)state;
	put(16, 1, 0);
	busy = put(16, 2, BPF_RINGBUF_BUSY_BIT);
	put(16, 3, 0);
	assert_int_equal(drain(0, &taken), 1);
	assert_int_equal(ring__look(ring, ring__begin(ring), &size), RING_UNFINISHED);
	assert_int_equal(size, 16); /* known already */
	*busy &= ~BPF_RINGBUF_BUSY_BIT;
	assert_int_equal(drain(0, &taken), 2);
	assert_int_equal(taken.fills[1], 2);
}

static void test_passes_over_discarded_records(void **state)
{
	struct taken taken = {0};

	(void)state;
	put(16, 1, BPF_RINGBUF_DISCARD_BIT);
	put(16, 2, 0);
	assert_int_equal(drain(0, &taken), 1);
	assert_int_equal(taken.fills[0], 2);
	assert_int_equal(ring__fill(ring), 0);
}

static void test_takes_no_more_than_asked(void **state)
{
	struct taken taken = {0};

	(void)state;
	for (uint8_t i = 0; i < 5; i++)
		put(16, i, 0);
	assert_int_equal(drain(2, &taken), 2);
	assert_int_equal(drain(2, &taken), 2);
	assert_int_equal(drain(2, &taken), 1);
	assert_int_equal(taken.fills[4], 4);
}

static void test_puts_a_wrapping_record_together(void **state)
{
	(void)state;
	for (uint32_t start = 8; start <= 512; start += 8) {
		struct taken taken = {0};

		consumer = producer = BYTES - start;
		put(400, (uint8_t)start, 0);
		put(32, 7, 0);
		assert_int_equal(drain(0, &taken), 2);
		assert_int_equal(taken.sizes[0], 400);
		assert_int_equal(taken.fills[0], (uint8_t)start);
		assert_int_equal(taken.fills[1], 7);
	}
}

/* Each of a record's words is in one piece, wherever the ring ends. */
static void test_reads_words_of_a_wrapping_record(void **state)
{
	uint64_t words[4] = {1, 2ull << 40, 3, 4}, size = sizeof(words);

	(void)state;
	for (uint32_t start = 8; start <= 48; start += 8) {
		consumer = producer = BYTES - start;
		put((uint32_t)size, 0, 0);
		for (uint32_t i = 0; i < size; i++)
			data[(consumer + BPF_RINGBUF_HDR_SZ + i) & (BYTES - 1)] =
				((const uint8_t *)words)[i];
		for (uint32_t i = 0; i < 4; i++)
			assert_int_equal(ring__word(ring, consumer, 8 * i), words[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hands_records_over_in_order, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_stops_at_a_record_that_is_being_written,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_passes_over_discarded_records, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_takes_no_more_than_asked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_puts_a_wrapping_record_together, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_reads_words_of_a_wrapping_record, set_up,
						tear_down),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
