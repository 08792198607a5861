/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "capture/timing.h"

#define SECOND 1000000000ull

struct run {
	struct timing timing;
	uint64_t now_ns, records;
	unsigned int begun, ended, looked;
	uint64_t timed_ns, begun_ns;
};

/* A hundred steps a second. */
static void pass(struct run *r, unsigned int seconds, uint64_t records_a_second)
{
	for (unsigned int i = 0; i < seconds * 100; i++) {
		r->now_ns += SECOND / 100;
		r->records += records_a_second / 100;
		switch (timing__step(&r->timing, r->now_ns, r->records)) {
		case TIMING_BEGIN:
			r->begun++;
			r->begun_ns = r->now_ns;
			break;
		case TIMING_END:
			r->ended++;
			r->timed_ns += r->now_ns - r->begun_ns;
			break;
		case TIMING_LOOK:
			r->looked++;
			break;
		case TIMING_REST:
			break;
		}
	}
}

static struct run start(bool closely)
{
	struct run r = {.now_ns = 5 * SECOND};

	timing__init(&r.timing, closely);
	return r;
}

static void the_first_second_is_timed(void **state)
{
	struct run r = start(false);

	(void)state;
	pass(&r, 2, 5000);
	assert_int_equal(r.begun, 1);
	assert_int_equal(r.ended, 1);
	assert_int_equal(r.timed_ns, SECOND);
}

static void many_records_take_less_of_it(void **state)
{
	struct run r = start(false), faster = start(false);

	(void)state;
	pass(&r, 2, 50000);
	assert_int_equal(r.ended, 1);
	assert_int_equal(r.timed_ns, TIMING_ENOUGH * SECOND / 50000);
	pass(&faster, 2, 1000000);
	assert_int_equal(faster.ended, 1);
	assert_int_equal(faster.timed_ns, SECOND / 4);
}

static void then_a_second_in_a_minute(void **state)
{
	struct run r = start(false);

	(void)state;
	pass(&r, 600, 5000);
	assert_int_equal(r.begun, 10);
	assert_int_equal(r.ended, 10);
	assert_int_equal(r.timed_ns, 10 * SECOND);
	assert_true(r.looked >= 40);
}

static void more_or_fewer_records_are_timed_anew(void **state)
{
	struct run r = start(false);

	(void)state;
	pass(&r, 15, 50000);
	assert_int_equal(r.begun, 1);
	pass(&r, 20, 150000);
	assert_in_range(r.begun, 2, 3);
	pass(&r, 20, 150000);
	assert_in_range(r.begun, 2, 3);
	r.begun = 0;
	pass(&r, 25, 0);
	assert_in_range(r.begun, 1, 2);
}

static void a_handful_is_as_good_as_none(void **state)
{
	struct run r = start(false);

	(void)state;
	pass(&r, 20, 0);
	pass(&r, 35, 100);
	assert_int_equal(r.begun, 1);
}

static void a_budget_has_a_tenth_of_each_second(void **state)
{
	struct run r = start(true);

	(void)state;
	pass(&r, 30, 50000);
	assert_int_equal(r.begun, 30);
	assert_int_equal(r.timed_ns, 3 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_second_is_timed),
		cmocka_unit_test(many_records_take_less_of_it),
		cmocka_unit_test(then_a_second_in_a_minute),
		cmocka_unit_test(more_or_fewer_records_are_timed_anew),
		cmocka_unit_test(a_handful_is_as_good_as_none),
		cmocka_unit_test(a_budget_has_a_tenth_of_each_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
