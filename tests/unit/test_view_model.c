/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two documents become the numbers of the time between them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "metrics/histogram.h"
#include "model_documents.h"
#include "view/model.h"

static json_t *with_service(long long seconds, const char *row)
{
	return document(seconds, row, "", "", "", "");
}

static struct model *model_of(json_t *newer, json_t *older, const struct model *before)
{
	struct model *m = model__new(newer, older, before);

	assert_non_null(m);
	json_decref(newer);
	json_decref(older);
	return m;
}

#define NGINX "\"service\": \"nginx\", \"protocol\": \"http\", \"side\": \"server\""

static void rates_are_of_the_interval(void **state)
{
	json_t *older =
		with_service(10, "{" NGINX ", \"count\": 1000, \"errors\": 10, \"unanswered\": 3,"
				 " \"sum_ms\": 5000, \"max_ms\": 64, \"connections\": 4,"
				 " \"sketch\": {\"first\": 0, \"counts\": [1000]}}");
	json_t *newer = with_service(
		12, "{" NGINX ", \"count\": 1500, \"errors\": 15, \"unanswered\": 3,"
		    " \"sum_ms\": 6000, \"max_ms\": 64, \"connections\": 5,"
		    " \"sketch\": {\"first\": 0, \"counts\": [1000, 0, 0, 0, 0, 0, 0, 0, 500]}}");
	struct model *m = model_of(newer, older, NULL);
	const struct model_row *r = &m->rows[PAGE_SERVICES][0];

	(void)state;
	assert_int_equal(m->row_count[PAGE_SERVICES], 1);
	assert_true(m->interval == 2.0);
	assert_int_equal(r->count, 500);
	assert_int_equal(r->errors, 5);
	assert_int_equal(r->unanswered, 0);
	assert_int_equal(r->connections, 5);
	assert_true(r->rate == 250.0);
	assert_true(r->mean == 2.0);
	assert_true(r->error_share == 0.01);
	/* Only the bucket of the new ones, (2^(7/8), 2] ms; the maximum is not theirs. */
	assert_true(r->p50 > 1.83 && r->p50 <= 2.0);
	assert_true(r->p99 <= r->max && r->max <= sketch__bound(8));
	assert_true(m->events_rate == 100.0 && m->bytes_rate == 2048.0);
	assert_true(m->cpu_share == 1.0);
	model__free(m);
}

static void the_first_document_is_about_all_the_time(void **state)
{
	struct model *m = model_of(with_service(10, "{" NGINX ", \"count\": 1000}"), NULL, NULL);

	(void)state;
	assert_true(m->interval == 10.0);
	assert_true(m->rows[PAGE_SERVICES][0].rate == 100.0);
	assert_true(isnan(m->rows[PAGE_SERVICES][0].p50));
	assert_true(isnan(m->rows[PAGE_SERVICES][0].max));
	model__free(m);
}

static void a_new_maximum_is_told_exactly(void **state)
{
	json_t *older = with_service(1, "{" NGINX ", \"count\": 1, \"max_ms\": 3.0,"
					" \"sketch\": {\"first\": 13, \"counts\": [1]}}");
	json_t *newer =
		with_service(2, "{" NGINX ", \"count\": 2, \"max_ms\": 900.5,"
				" \"sketch\": {\"first\": 13, \"counts\": [1, 0, 0, 0, 0, 0,"
				" 0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
				" 0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1]}}");
	struct model *m = model_of(newer, older, NULL);

	(void)state;
	assert_true(m->rows[PAGE_SERVICES][0].max == 900.5);
	assert_true(m->rows[PAGE_SERVICES][0].p99 <= 900.5);
	model__free(m);
}

static void a_daemon_started_anew_begins_anew(void **state)
{
	json_t *older = with_service(500, "{" NGINX ", \"count\": 100000}");
	json_t *newer = with_service(10, "{" NGINX ", \"count\": 20}");
	struct model *m;

	(void)state;
	json_object_set_new(newer, "started_ns", json_integer(9 * SECOND));
	m = model_of(newer, older, NULL);
	assert_true(m->interval == 2.0);
	assert_true(m->rows[PAGE_SERVICES][0].rate == 10.0);
	model__free(m);
}

static void a_series_that_began_anew_is_never_negative(void **state)
{
	json_t *older = with_service(10, "{" NGINX ", \"count\": 1000, \"errors\": 5,"
					 " \"sketch\": {\"first\": 0, \"counts\": [1000]}}");
	json_t *newer = with_service(11, "{" NGINX ", \"count\": 4, \"errors\": 0,"
					 " \"sketch\": {\"first\": 0, \"counts\": [4]}}");
	struct model *m = model_of(newer, older, NULL);

	(void)state;
	assert_int_equal(m->rows[PAGE_SERVICES][0].count, 0);
	assert_int_equal(m->rows[PAGE_SERVICES][0].errors, 0);
	model__free(m);
}

static void histories_go_on_whatever_the_order_is(void **state)
{
	const char *a = "{\"service\": \"a\", \"count\": %d}, {\"service\": \"b\", \"count\": %d}";
	const char *b = "{\"service\": \"new\", \"count\": 1}, {\"service\": \"b\", \"count\": %d},"
			"{\"service\": \"a\", \"count\": %d}";
	char one[200], two[200], three[300];
	struct model *first, *second;
	const struct model_row *r;

	(void)state;
	snprintf(one, sizeof(one), a, 0, 0);
	snprintf(two, sizeof(two), a, 5, 50);
	snprintf(three, sizeof(three), b, 120, 12);
	first = model_of(with_service(2, two), with_service(1, one), NULL);
	second = model_of(with_service(3, three), with_service(2, two), first);
	r = second->rows[PAGE_SERVICES];
	assert_true(r[0].history[MODEL_HISTORY - 2] == 0);
	assert_true(r[1].history[MODEL_HISTORY - 2] == 50 && r[1].history[MODEL_HISTORY - 1] == 70);
	assert_true(r[2].history[MODEL_HISTORY - 2] == 5 && r[2].history[MODEL_HISTORY - 1] == 7);
	model__free(first);
	model__free(second);
}

static void statuses_are_of_the_interval_and_in_order(void **state)
{
	json_t *older = document(1, "",
				 "{\"service\": \"a\", \"side\": \"server\", \"method\":"
				 "\"GET\", \"route\": \"/\", \"count\": 10,"
				 "\"status\": {\"404\": 1, \"200\": 9}}",
				 "", "", "");
	json_t *newer = document(2, "",
				 "{\"service\": \"a\", \"side\": \"server\", \"method\":"
				 "\"GET\", \"route\": \"/\", \"count\": 17, \"status\":"
				 "{\"503\": 2, \"404\": 1, \"200\": 12, \"301\": 2}}",
				 "", "", "");
	struct model *m = model_of(newer, older, NULL);
	const struct model_row *r = m->rows[PAGE_ROUTES];

	(void)state;
	assert_int_equal(r->status_count, 3); /* no 404 was new */
	assert_int_equal(r->status[0].code, 200);
	assert_int_equal(r->status[0].count, 3);
	assert_int_equal(r->status[1].code, 301);
	assert_int_equal(r->status[2].code, 503);
	assert_int_equal(r->status[2].count, 2);
	model__free(m);
}

static void control_bytes_are_taken_out_and_long_names_cut_between_characters(void **state)
{
	char row[2000] = "{\"service\": \"\\u001b[2J\\u0007\\u007fx\", \"route\": \"";
	struct model *m;
	const struct model_row *r;

	(void)state;
	for (int i = 0; i < 400; i++)
		strcat(row, "\u00e9");
	strcat(row, "\"}");
	m = model_of(document(1, "", row, "", "", ""), NULL, NULL);
	r = m->rows[PAGE_ROUTES];
	assert_string_equal(r->service, " [2J  x");
	assert_int_equal(strlen(r->name), MODEL_NAME_MAX - 2); /* two bytes each */
	assert_int_equal((unsigned char)r->name[strlen(r->name) - 1], 0xa9);
	model__free(m);
}

static void losses_are_counted_and_what_began_before_is_told_apart(void **state)
{
	struct model *m = model_of(
		document(1, "", "", "", "",
			 "{\"protocol\": \"http\", \"reason\": \"ring_full\", \"exchanges\": 4,"
			 "\"bytes\": 7}, {\"protocol\": \"http\", \"reason\": \"attached\","
			 "\"exchanges\": 2, \"bytes\": 0}"),
		NULL, NULL);

	(void)state;
	assert_int_equal(m->loss_count, 2);
	assert_int_equal(m->lost, 4);
	assert_int_equal(m->attached, 2);
	assert_int_equal(m->seen, 1000);
	model__free(m);
}

/* Whoever listens at the daemon's address may answer anything. */
static void hostile_documents_do_no_harm(void **state)
{
	static const char *const rows[] = {
		"null",
		"[]",
		"{}",
		"\"x\"",
		"{\"count\": -5}",
		"{\"count\": 9223372036854775807}",
		"{\"sketch\": {\"first\": 9223372036854775807, \"counts\": [1, 2]}}",
		"{\"sketch\": {\"first\": -9223372036854775807, \"counts\": [1, 2]}}",
		"{\"sketch\": {\"first\": 160, \"counts\": [-1, 1e300, 3, \"x\"]}, \"max_ms\": "
		"1e308}",
		"{\"sketch\": {\"counts\": 5}, \"max_ms\": -1e308, \"sum_ms\": 1e308}",
		"{\"status\": {\"\": 1, \"99999999999999999999\": 2, \"-1\": 3}}",
		"{\"status\": [1], \"service\": 7, \"side\": {}, \"blocking\": 4}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *row = rows[i];

		model__free(model_of(document(2, row, row, row, row, row), NULL, NULL));
	}
}

static void what_is_no_document_is_refused(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		json_t *json = parse(i == 0 ? "[]" : i == 1 ? "{\"version\": 2}" : "{}");

		assert_null(model__new(json, NULL, NULL));
		json_decref(json);
	}
	model__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_are_of_the_interval),
		cmocka_unit_test(the_first_document_is_about_all_the_time),
		cmocka_unit_test(a_new_maximum_is_told_exactly),
		cmocka_unit_test(a_daemon_started_anew_begins_anew),
		cmocka_unit_test(a_series_that_began_anew_is_never_negative),
		cmocka_unit_test(histories_go_on_whatever_the_order_is),
		cmocka_unit_test(statuses_are_of_the_interval_and_in_order),
		cmocka_unit_test(control_bytes_are_taken_out_and_long_names_cut_between_characters),
		cmocka_unit_test(losses_are_counted_and_what_began_before_is_told_apart),
		cmocka_unit_test(hostile_documents_do_no_harm),
		cmocka_unit_test(what_is_no_document_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
