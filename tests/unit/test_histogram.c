/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "metrics/histogram.h"

static const char *const text[] = {"0.05", "1", "10"};
static const double value[] = {0.05, 1, 10};
static const struct bounds bounds = {text, value, 3, true};
static const struct bounds plain = {text, value, 3, false};

static void a_value_equal_to_a_bound_belongs_below_it(void **state)
{
	struct histogram *h = histogram__new(&bounds);

	(void)state;
	histogram__observe(h, 50000 / 1e6); /* 50 us as the sinks compute it */
	histogram__observe(h, 50001 / 1e6);
	histogram__observe(h, 1);
	histogram__observe(h, nextafter(1, 2));
	histogram__observe(h, 10);
	histogram__observe(h, 10.000001);
	assert_int_equal(h->bucket[0], 1);
	assert_int_equal(h->bucket[1], 2);
	assert_int_equal(h->bucket[2], 2);
	assert_int_equal(h->bucket[3], 1);
	assert_int_equal(h->count, 6);
	assert_true(h->max == 10.000001);
	histogram__free(h);
}

static void every_sketch_bound_is_in_its_own_bucket(void **state)
{
	(void)state;
	for (int k = SKETCH_MIN; k < SKETCH_MAX; k++) {
		assert_int_equal(sketch__index(sketch__bound(k)), k);
		assert_int_equal(sketch__index(nextafter(sketch__bound(k), INFINITY)), k + 1);
		assert_true(fabs(sketch__bound(k) / exp2(k / 8.0) - 1) < 1e-12);
	}
}

static void values_outside_go_to_the_ends(void **state)
{
	(void)state;
	assert_int_equal(sketch__index(0), SKETCH_MIN);
	assert_int_equal(sketch__index(-1), SKETCH_MIN);
	assert_int_equal(sketch__index(NAN), SKETCH_MIN);
	assert_int_equal(sketch__index(5e-324), SKETCH_MIN);
	assert_int_equal(sketch__index(1e300), SKETCH_MAX);
	assert_int_equal(sketch__index(INFINITY), SKETCH_MAX);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* A log-normal latency with a heavy tail, from a fixed seed. */
static double sample(unsigned short seed[3])
{
	double u = 1 - erand48(seed), v = erand48(seed);

	return exp(-1 + 1.2 * sqrt(-2 * log(u)) * cos(2 * M_PI * v));
}

static void quantiles_are_within_five_percent(void **state)
{
	static const double q[] = {0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999};
	enum { N = 20000 };
	struct histogram *h = histogram__new(&bounds);
	double *all = malloc(N * sizeof(*all));
	unsigned short seed[3] = {1, 2, 3};

	(void)state;
	for (int i = 0; i < N; i++)
		histogram__observe(h, all[i] = sample(seed));
	qsort(all, N, sizeof(*all), ascending);
	for (size_t i = 0; i < sizeof(q) / sizeof(*q); i++) {
		double is = sketch__quantile(h->sketch, h->sketch_first, h->sketch_length, q[i]);
		double exact = all[(size_t)(q[i] * N)];

		assert_true(fabs(is / exact - 1) < 0.05);
	}
	free(all);
	histogram__free(h);
}

static void quantiles_of_nothing_and_of_one(void **state)
{
	uint64_t none[3] = {0}, one[3] = {0, 1, 0};

	(void)state;
	assert_true(isnan(sketch__quantile(none, 0, 3, 0.5)));
	assert_true(isnan(sketch__quantile(NULL, 0, 0, 0.5)));
	assert_true(sketch__quantile(one, 0, 3, 0) >= sketch__bound(0));
	assert_true(sketch__quantile(one, 0, 3, 1) <= sketch__bound(1) * 1.0000001);
	assert_true(sketch__quantile(one, 0, 3, 7) <= sketch__bound(1) * 1.0000001);
}

static uint64_t sketched(const struct histogram *h)
{
	uint64_t sum = 0;

	for (int i = 0; i < h->sketch_length; i++)
		sum += h->sketch[i];
	return sum;
}

static void the_sketch_grows_both_ways_and_holds_everything(void **state)
{
	static const double v[] = {1, 100, 0.01, 1e9, 0, 3};
	struct histogram *h = histogram__new(&bounds);

	(void)state;
	assert_int_equal(h->sketch_length, 0);
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		histogram__observe(h, v[i]);
		assert_int_equal(sketched(h), i + 1);
		assert_true(h->sketch[sketch__index(v[i]) - h->sketch_first] > 0);
	}
	assert_int_equal(h->sketch_first, SKETCH_MIN);
	assert_int_equal(h->sketch_length, SKETCH_COUNT);
	histogram__free(h);
}

static void one_octave_is_held_for_one_value(void **state)
{
	struct histogram *h = histogram__new(&bounds);

	(void)state;
	histogram__observe(h, 1.5);
	assert_int_equal(h->sketch_length, 8);
	histogram__free(h);
}

static void without_a_sketch_none_is_held(void **state)
{
	struct histogram *h = histogram__new(&plain);

	(void)state;
	histogram__observe(h, 1);
	assert_null(h->sketch);
	assert_int_equal(h->count, 1);
	histogram__free(h);
}

static void adding_sums_both_parts(void **state)
{
	struct histogram *a = histogram__new(&bounds), *b = histogram__new(&bounds);

	(void)state;
	histogram__observe(a, 1);
	histogram__observe(b, 20);
	histogram__observe(b, 0.001);
	histogram__add(a, b);
	assert_int_equal(a->count, 3);
	assert_int_equal(sketched(a), 3);
	assert_int_equal(a->bucket[0], 1);
	assert_int_equal(a->bucket[1], 1);
	assert_int_equal(a->bucket[3], 1);
	assert_true(a->max == 20);
	assert_true(fabs(a->sum - 21.001) < 1e-9);
	histogram__free(a);
	histogram__free(b);
	histogram__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_equal_to_a_bound_belongs_below_it),
		cmocka_unit_test(every_sketch_bound_is_in_its_own_bucket),
		cmocka_unit_test(values_outside_go_to_the_ends),
		cmocka_unit_test(quantiles_are_within_five_percent),
		cmocka_unit_test(quantiles_of_nothing_and_of_one),
		cmocka_unit_test(the_sketch_grows_both_ways_and_holds_everything),
		cmocka_unit_test(one_octave_is_held_for_one_value),
		cmocka_unit_test(without_a_sketch_none_is_held),
		cmocka_unit_test(adding_sums_both_parts),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
