/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which are kept: held against a plain list of all that passed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "metrics/slowest.h"

static bool is_kept(const struct slowest *s, uint64_t kind, uint64_t length_ns)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (s->one[i].kind == kind && s->one[i].length_ns == length_ns)
			return true;
	return false;
}

static void take(struct slowest *s, uint64_t kind, uint64_t end_ns, uint64_t length_ns)
{
	int place = slowest__place(s, &(struct slowest_one){kind, end_ns, length_ns});

	assert_true(place >= -1 && place < (int)s->max);
	assert_true(s->count <= s->max);
	if (place >= 0)
		assert_true(s->one[place].length_ns == length_ns);
}

static void test_slowest_of_each(void **state)
{
	struct slowest s = {.max = 64};

	(void)state;
	for (uint64_t length = 1; length <= 100; length++) /* rising and falling */
		for (uint64_t kind = 1; kind <= 10; kind++)
			take(&s, kind, length, kind % 2 ? length : 101 - length);
	assert_int_equal(s.count, 40);
	for (uint64_t kind = 1; kind <= 10; kind++)
		for (uint64_t length = 97; length <= 100; length++)
			assert_true(is_kept(&s, kind, length));
}

static void test_room(void **state)
{
	struct slowest s = {.max = SLOWEST_MAX};

	(void)state;
	for (uint64_t kind = 1; kind <= 1000; kind++)
		take(&s, kind, kind, kind * 7919 % 1000 + 1);
	assert_int_equal(s.count, SLOWEST_MAX);
	for (uint32_t i = 0; i < s.count; i++)
		assert_true(s.one[i].length_ns > 1000 - SLOWEST_MAX);
}

/* A slow one of long ago makes room for whatever comes, though faster ones were refused before. */
static void test_old_ones(void **state)
{
	struct slowest s = {.max = 64};

	(void)state;
	for (uint64_t i = 0; i < 4; i++)
		take(&s, 1, 1000 + i, 500);
	take(&s, 1, 2000, 5);
	assert_false(is_kept(&s, 1, 5));
	assert_false(slowest__is_over(&s, 0, 1000 + SLOWEST_KEPT_NS));
	assert_true(slowest__is_over(&s, 0, 1001 + SLOWEST_KEPT_NS));
	take(&s, 1, 1001 + SLOWEST_KEPT_NS, 5);
	assert_true(is_kept(&s, 1, 5));
	assert_int_equal(s.count, 4);
}

static void test_none(void **state)
{
	struct slowest s = {0};

	(void)state;
	assert_int_equal(slowest__place(&s, &(struct slowest_one){1, 1, 1}), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slowest_of_each),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_old_ones),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
