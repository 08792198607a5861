/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Series that connections recall: gone, beyond the cap, of two metrics, and of changing keys. */
#include <math.h>
#include "harness.h"
#include "metrics/internal.h"
#include "metrics/metrics.h"

#define SECOND_US 1000000ull

static struct harness harness;
static uint64_t now_us;

static struct metrics *begin(const struct metrics_options *options)
{
	now_us = 1000;
	harness__open(&harness, ROLE_SERVER, false);
	return metrics__new(options, harness.engine);
}

static void play(const char *request, const char *response)
{
	harness__step(&harness, &(struct step){now_us, STEP_REQUEST, request, 0}, 0);
	harness__step(&harness, &(struct step){now_us + 30, STEP_RESPONSE, response, 0}, 0);
	now_us += 100;
}

static void get(void)
{
	play("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "$1\r\nv\r\n");
}

static void set(void)
{
	play("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n", "+OK\r\n");
}

static double sum(struct metrics *metrics, const char *name)
{
	struct self self = {.version = "", .capture_way = "", .source = "live"};
	struct snapshot *snapshot = metrics__snapshot(metrics, &self);
	double value = snapshot__sum(snapshot, name);

	snapshot__free(snapshot);
	return isnan(value) ? 0 : value;
}

static double commands(struct metrics *metrics)
{
	return sum(metrics, "cache_server_operation_duration_ms_count");
}

static void over(struct metrics *metrics)
{
	harness__finish(&harness);
	engine__remove_sink(harness.engine, metrics);
	metrics__free(metrics);
	harness__free(&harness);
}

static void counted_again_after_expiry(void **state)
{
	struct metrics *m = begin(&(struct metrics_options){.idle_seconds = 60});

	(void)state;
	for (int i = 0; i < 5; i++)
		get();
	assert_int_equal(commands(m), 5);
	now_us += 100 * SECOND_US;
	engine__tick(harness.engine, now_us * 1000);
	metrics__tick(m, now_us * 1000);
	metrics__tick(m, now_us * 1000);
	assert_int_equal(metrics__series_count(m),
			 1); /* of the service, whose connection is open */
	get();
	get();
	assert_int_equal(commands(m), 2);
	over(m);
}

/* Each exchange beyond the cap is counted as such. */
static void other_is_not_recalled(void **state)
{
	struct metrics *m = begin(&(struct metrics_options){.series_max = 1});

	(void)state;
	get();
	for (int i = 0; i < 4; i++)
		set();
	get();
	assert_int_equal(commands(m), 6);
	assert_int_equal(sum(m, "sonde_series_overflow_total"), 4);
	over(m);
}

static void two_metrics_count_each(void **state)
{
	struct metrics *m = begin(&(struct metrics_options){0});
	struct metrics *later = metrics__new(&(struct metrics_options){0}, harness.engine);

	(void)state;
	for (int i = 0; i < 3; i++)
		get();
	set();
	assert_int_equal(commands(m), 4);
	assert_int_equal(commands(later), 4);
	engine__remove_sink(harness.engine, later);
	metrics__free(later);
	get();
	assert_int_equal(commands(m), 5);
	over(m);
}

static void keys_take_turns(void **state)
{
	struct metrics *m = begin(&(struct metrics_options){0});

	(void)state;
	for (int i = 0; i < 10; i++) {
		get();
		set();
	}
	assert_int_equal(commands(m), 20);
	assert_int_equal(sum(m, "cache_server_hits_total"), 10);
	assert_int_equal(metrics__series_count(m), 3); /* GET, SET, the service */
	over(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counted_again_after_expiry),
		cmocka_unit_test(other_is_not_recalled),
		cmocka_unit_test(two_metrics_count_each),
		cmocka_unit_test(keys_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
