/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The controller against made loads, and the notation of sizes and shares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <errno.h>
#include <cmocka.h>
#include "budget.h"
#include "quantity.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* What a load costs: something whatever is observed, and the rest by what is. */
static double cost(const struct budget *b, double fixed, double load)
{
	return fixed + load * budget__rate(b);
}

static int run(struct budget *b, int seconds, double fixed, double load)
{
	int changes = 0;

	for (int i = 0; i < seconds; i++)
		changes += budget__step(b, cost(b, fixed, load));
	return changes;
}

static void nothing_happens_below_the_budget(void **state)
{
	struct budget b;

	(void)state;
	budget__init(&b, 0.02);
	assert_int_equal(run(&b, 10000, 0.005, 0.0149), 0);
	assert_true(budget__rate(&b) == 1.0);
}

static void any_load_comes_within_the_budget_in_seconds(void **state)
{
	static const double loads[] = {0.021, 0.05, 0.3, 1, 4, 15};

	(void)state;
	for (size_t i = 0; i < COUNT(loads); i++) {
		struct budget b;

		budget__init(&b, 0.02);
		run(&b, 30, 0.004, loads[i]);
		if (cost(&b, 0.004, loads[i]) > 0.02)
			fail_msg("load %g: %g is used at level %u", loads[i],
				 cost(&b, 0.004, loads[i]), b.level);
	}
}

static void one_noisy_second_is_forgiven_when_small(void **state)
{
	struct budget b;

	(void)state;
	budget__init(&b, 0.02);
	run(&b, 20, 0, 0.008);
	assert_int_equal(budget__step(&b, 0.03), 0);
	assert_int_equal(run(&b, 20, 0, 0.008), 0);
}

static void it_ends_at_a_thousandth_and_stays_there(void **state)
{
	struct budget b;

	(void)state;
	budget__init(&b, 0.01);
	run(&b, 100, 0.02, 10);
	assert_int_equal(b.level, BUDGET_LEVELS - 1);
	assert_true(budget__rate(&b) == 1.0 / 1024);
	assert_int_equal(run(&b, 1000, 0.02, 10), 0);
}

static void it_climbs_back_when_the_load_ends(void **state)
{
	struct budget b;
	int seconds = 0;

	(void)state;
	budget__init(&b, 0.02);
	run(&b, 1000, 0.004, 8);
	assert_true(b.level > 5);
	for (unsigned level = b.level; b.level; seconds++) {
		budget__step(&b, cost(&b, 0.004, 0.0001));
		assert_true(b.level == level || b.level == level - 1); /* a step at a time */
		level = b.level;
		assert_true(seconds < 100);
	}
	assert_true(seconds > 30);
}

/* One level fits and the next one does not: it must not swing between the two. */
static void a_steady_load_is_tried_ever_less_often(void **state)
{
	struct budget b;
	int over = 0, changes;

	(void)state;
	budget__init(&b, 0.02);
	run(&b, 2000, 0, 0.026);
	changes = run(&b, 10000, 0, 0.026);
	assert_true(changes > 0 && changes <= 2 * 10000 / 300);
	for (int i = 0; i < 10000; i++) {
		over += cost(&b, 0, 0.026) > 0.02;
		budget__step(&b, cost(&b, 0, 0.026));
	}
	assert_true(over < 10000 / 50);
	assert_true(run(&b, 40, 0, 0.001) > 0 && b.level == 0); /* patience is for tries alone */
}

static void a_fixed_cost_near_the_budget_does_not_keep_it_down(void **state)
{
	struct budget b;

	(void)state;
	budget__init(&b, 0.01);
	run(&b, 60, 0.006, 0.5);
	assert_true(b.level >= 6);
	run(&b, 1200, 0.006, 0);
	assert_int_equal(b.level, 0);
}

static void sizes_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {{"0", 0},
		    {"67108864", 64 << 20},
		    {"64M", 64 << 20},
		    {"64MiB", 64 << 20},
		    {"3K", 3072},
		    {"3KiB", 3072},
		    {"2G", 2ull << 30},
		    {"2GiB", 2ull << 30},
		    {"18446744073709551615", UINT64_MAX}};
	static const char *const bad[] = {"",	  " 64M",	  "64 M",
					  "64m",  "64MB",	  "64Mi",
					  "-1M",  "+1M",	  "M",
					  "6.4M", "0x40",	  "64MM",
					  "inf",  "17179869184G", "18446744073709551616"};
	uint64_t bytes = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(quantity__size(good[i].text, &bytes), 0);
		assert_true(bytes == good[i].bytes);
	}
	bytes = 7;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (quantity__size(bad[i], &bytes) != -EINVAL || bytes != 7)
			fail_msg("`%s` was taken", bad[i]);
}

static void shares_are_read(void **state)
{
	static const struct {
		const char *text;
		uint32_t millionths;
	} good[] = {{"2%", 20000},     {"0.02", 20000}, {"1.5%", 15000},
		    {"1", 1000000},    {".5", 500000},	{"100%", 1000000},
		    {"250%", 2500000}, {"0.0001%", 1},	{"10000%", 100000000}};
	static const char *const bad[] = {"",	 "%",	"2",   "2 %",  " 2%",	 "2%%",	    "-2%",
					  "0",	 "0%",	".",   "1.2.", "0,02",	 "1e-2",    "nan",
					  "inf", "0x1", "+1%", "1.01", "10001%", "0.00001%"};
	uint32_t millionths = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(quantity__share(good[i].text, &millionths), 0);
		assert_int_equal(millionths, good[i].millionths);
	}
	millionths = 7;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (quantity__share(bad[i], &millionths) != -EINVAL || millionths != 7)
			fail_msg("`%s` was taken", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_happens_below_the_budget),
		cmocka_unit_test(any_load_comes_within_the_budget_in_seconds),
		cmocka_unit_test(one_noisy_second_is_forgiven_when_small),
		cmocka_unit_test(it_ends_at_a_thousandth_and_stays_there),
		cmocka_unit_test(it_climbs_back_when_the_load_ends),
		cmocka_unit_test(a_steady_load_is_tried_ever_less_often),
		cmocka_unit_test(a_fixed_cost_near_the_budget_does_not_keep_it_down),
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(shares_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
