/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tail page: its filter, what it keeps, how it follows, and one exchange with all of it. */
#include "view/export.h"
#include "view/kept.h"
#include "view/tail_filter.h"
#include "view/tail_page.h"
#include "view_screen.h"

#define HTTP                                                                                       \
	"{\"protocol\":\"http\",\"side\":\"server\",\"outcome\":\"%s\",\"start_ns\":1500000,"      \
	"\"duration_ns\":%d,\"ttfb_ns\":1000000,\"queue_ns\":20000,\"request_bytes\":101,"         \
	"\"response_bytes\":2048,\"method\":\"GET\",\"route\":\"/orders/%d\",\"status\":%d,"       \
	"\"version\":\"1.1\",\"service\":\"nginx\",\"comm\":\"ng\",\"pid\":7,\"connection\":99,"   \
	"\"remote_address\":\"::1\",\"remote_port\":4711,\"local_port\":80}"
#define SQL                                                                                        \
	"{\"protocol\":\"postgres\",\"side\":\"client\",\"outcome\":\"error\",\"start_ns\":1,"     \
	"\"duration_ns\":5000,\"verb\":\"SELECT\",\"table\":\"users\",\"statement\":"              \
	"\"SELECT a FROM users WHERE \\u001b[31m\",\"fingerprint\":\"ab\",\"rows\":3,"             \
	"\"sqlstate\":\"42P01\",\"database\":\"shop\",\"service\":\"web\",\"path\":\"/tmp/s\"}"
#define MILLISECOND 1000000

static struct kept kept;

static json_t *http(int number, int milliseconds, int status)
{
	char text[1024];

	snprintf(text, sizeof(text), HTTP, status >= 400 ? "error" : "ok",
		 milliseconds * MILLISECOND, number, status);
	return json_loads(text, 0, NULL);
}

static void add(struct screen *s, json_t *exchange)
{
	assert_non_null(exchange);
	kept__add(&kept, exchange, 0);
	s->view.tail = &kept;
}

static void add_many(struct screen *s, int from, int count)
{
	for (int i = from; i < from + count; i++)
		add(s, http(i, 2, 200));
}

static int begin_tail(void **state)
{
	begin(state);
	kept__clear(&kept);
	((struct screen *)*state)->view.tail = &kept;
	((struct screen *)*state)->view.plain = true;
	press(*state, 'f');
	return 0;
}

static int end_tail(void **state)
{
	kept__clear(&kept);
	return end(state);
}

/* ---- the filter ---- */

static bool admits(const char *text, const char *exchange)
{
	json_t *e = json_loads(exchange, 0, NULL);
	struct tail_filter filter;
	bool admitted;

	assert_non_null(e);
	tail_filter__parse(&filter, text);
	admitted = tail_filter__admits(&filter, e);
	json_decref(e);
	return admitted;
}

static const char *problem(const char *text)
{
	static struct tail_filter filter;

	tail_filter__parse(&filter, text);
	return filter.problem;
}

static void test_filter_takes_the_options_of_sonde_tail(void **state)
{
	static const char slow[] =
		"{\"protocol\":\"http\",\"side\":\"server\",\"outcome\":\"error\",\"method\":"
		"\"GET\",\"route\":\"/orders/{id}\",\"status\":503,\"service\":\"nginx\","
		"\"duration_ns\":100000000}";

	(void)state;
	assert_true(admits("", slow));
	assert_true(admits("slower 100ms status 5xx service nginx", slow));
	assert_true(admits("--slower 100ms --status=503 service=ng*", slow));
	assert_true(admits("protocol http side server route /orders/*", slow));
	assert_false(admits("slower 101ms", slow));
	assert_false(admits("status 4xx", slow));
	assert_false(admits("service ngin", slow));
	assert_false(admits("protocol redis", slow));
	assert_false(admits("side client", slow));
	assert_false(admits("route /carts", slow));
}

static void test_other_words_stand_anywhere_and_all_of_them(void **state)
{
	(void)state;
	assert_true(admits("USERS 42p01", SQL));
	assert_true(admits("web client", SQL));
	assert_false(admits("users nginx", SQL));
	assert_false(admits("users slower 1s", SQL));
}

static void test_wrong_values_are_told_and_hold_nothing_back(void **state)
{
	(void)state;
	assert_string_equal(problem("slower"), "slower needs a time: 250us, 100ms, 2s");
	assert_string_equal(problem("slower fast"), "slower needs a time: 250us, 100ms, 2s");
	assert_string_equal(problem("protocol smtp"), "protocol needs http, postgres or redis");
	assert_string_equal(problem("side=left"), "side needs server or client");
	assert_string_equal(problem("web status"), "status needs a value behind it");
	assert_string_equal(problem("status 5xx a=b"), "");
	assert_true(admits("slower fast", SQL));
	assert_true(admits("web status", SQL));
	/* As many words as there may be. */
	assert_false(
		admits("a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f", SQL));
}

/* ---- what is kept ---- */

static void test_the_newest_are_kept(void **state)
{
	struct kept *copy = calloc(1, sizeof(*copy)), *more = calloc(1, sizeof(*more));

	(void)state;
	kept__clear(&kept);
	for (int i = 1; i <= KEPT_MAX + 5; i++)
		kept__add(&kept, http(i, 1, 200), i);
	assert_int_equal(kept.count, KEPT_MAX);
	assert_int_equal(kept.added, KEPT_MAX + 5);
	assert_int_equal(kept__get(&kept, 0)->id, 6);
	assert_int_equal(kept__get(&kept, KEPT_MAX - 1)->id, KEPT_MAX + 5);
	kept__copy(copy, &kept);
	for (int i = 0; i < KEPT_MAX + 2; i++)
		kept__add(more, http(i, 1, 200), -i);
	more->missed = 3;
	kept__move(&kept, more);
	assert_int_equal(more->count, 0);
	assert_int_equal(kept.added, 2 * KEPT_MAX + 7);
	assert_int_equal(kept.missed, 3);
	assert_int_equal(kept__get(&kept, KEPT_MAX - 1)->id, 2 * KEPT_MAX + 7);
	assert_int_equal(kept__get(&kept, KEPT_MAX - 1)->offset_ns, -KEPT_MAX - 1);
	assert_int_equal(kept__get(copy, 0)->id, 6);
	assert_int_equal(
		json_integer_value(json_object_get(kept__get(copy, 0)->exchange, "status")), 200);
	kept__clear(copy);
	kept__clear(&kept);
	free(copy);
	free(more);
}

/* ---- the page ---- */

static void test_the_newest_is_at_the_bottom_and_followed(void **state)
{
	struct screen *s = *state;

	add_many(s, 1, 30);
	draw(s, 80, 24);
	assert_non_null(strstr(line(s, 21), "GET /orders/30 "));
	assert_int_equal(style_of(s, 21, "GET"), STYLE_SELECTED);
	assert_non_null(strstr(line(s, 21), " 200  2.00ms"));
	assert_starts(s, 22, "following the newest, missed 0, 30 kept");
	assert_non_null(strstr(line(s, 23), "q quit"));
	add_many(s, 31, 1);
	draw(s, 80, 24);
	assert_non_null(strstr(line(s, 21), "GET /orders/31 "));
}

static void test_who_goes_up_stays_there(void **state)
{
	struct screen *s = *state;

	add_many(s, 1, 30);
	draw(s, 80, 24);
	view__key(&s->view, VIEW_UP);
	add_many(s, 31, 5); /* before it is drawn, and after */
	draw(s, 80, 24);
	assert_int_equal(s->view.selected, 28);
	assert_true(has(s, "stopped; G follows the newest again"));
	add_many(s, 36, KEPT_MAX - 36);
	draw(s, 80, 24);
	assert_int_equal(s->view.selected, 28);
	add_many(s, KEPT_MAX, 11); /* it is pushed on, and stays chosen */
	draw(s, 80, 24);
	assert_int_equal(s->view.selected, 18);
	assert_non_null(strstr(line(s, 4 + (int)(s->view.selected - s->view.top)), "/orders/29 "));
	add_many(s, 5000, 500); /* it is gone: the oldest of those that are left */
	draw(s, 80, 24);
	assert_int_equal(s->view.selected, 0);
	assert_true(has(s, "older ones gone"));
	view__key(&s->view, 'G');
	draw(s, 80, 24);
	assert_true(has(s, "following the newest"));
	assert_true(has(s, "/orders/5499 "));
}

static void test_one_exchange_stays_while_others_come(void **state)
{
	struct screen *s = *state;

	add(s, http(1, 250, 503));
	draw(s, 80, 24);
	view__key(&s->view, VIEW_ENTER);
	add_many(s, 2, 3);
	draw(s, 80, 24);
	assert_starts(s, 3, "one exchange of nginx (http server)");
	assert_starts(s, 4, "GET /orders/1");
	assert_true(has(s, "took        250ms, to the first byte 1.00ms, before it was read 20us"));
	assert_true(has(s, "ended       error, 503"));
	assert_true(has(s, "bytes       101 asked, 2048 answered"));
	assert_true(has(s, "answered by nginx (process 7, ng)"));
	assert_true(has(s, "asked from  [::1]:4711"));
	assert_true(has(s, "connection  99, own port 80"));
	view__key(&s->view, VIEW_ESCAPE);
	draw(s, 80, 24);
	assert_int_equal(s->view.selected, 0);
	assert_true(has(s, "stopped"));
}

static void test_a_statement_is_shown_without_what_moves_a_terminal(void **state)
{
	struct screen *s = *state;

	add(s, json_loads(SQL, 0, NULL));
	draw(s, 120, 24);
	assert_non_null(strstr(line(s, 4), "SELECT a FROM users WHERE ?[31m"));
	assert_int_equal(s->frame.cell[4 * 120].style, STYLE_SELECTED);
	view__key(&s->view, VIEW_ENTER);
	draw(s, 120, 24);
	assert_true(has(s, "ended       error, 42P01"));
	assert_true(has(s, "rows        3"));
	assert_true(has(s, "answered at unix:/tmp/s"));
}

static void type(struct screen *s, const char *text)
{
	view__key(&s->view, '/');
	for (; *text; text++)
		view__key(&s->view, *text);
	view__key(&s->view, VIEW_ENTER);
	draw(s, 80, 24);
}

static void test_its_filter_is_its_own(void **state)
{
	struct screen *s = *state;

	add_many(s, 1, 3);
	add(s, http(4, 150, 500));
	type(s, "slower 100ms status 5xx");
	assert_int_equal(s->view.shown, 1);
	assert_true(has(s, "/slower 100ms status 5xx"));
	press(s, '1');
	assert_string_equal(s->view.filter, "");
	assert_int_equal(s->view.shown, 3);
	type(s, "busy");
	press(s, VIEW_TAB);
	assert_string_equal(s->view.filter, "busy");
	press(s, 'f');
	assert_string_equal(s->view.filter, "slower 100ms status 5xx");
	press(s, VIEW_ESCAPE);
	assert_int_equal(s->view.shown, 4);
	press(s, VIEW_ESCAPE);
	assert_int_equal(s->view.page, PAGE_SERVICES);
	assert_string_equal(s->view.filter, "busy");
}

static void test_a_wrong_filter_is_told(void **state)
{
	struct screen *s = *state;

	add_many(s, 1, 3);
	type(s, "slower fast");
	assert_int_equal(s->view.shown, 3);
	assert_true(has(s, "the filter's slower needs a time: 250us, 100ms, 2s"));
	view__key(&s->view, VIEW_ESCAPE);
	type(s, "nobody");
	assert_true(has(s, "no exchange fits the filter yet; Esc clears it"));
}

static void test_from_a_service_to_its_tail(void **state)
{
	struct screen *s = *state;

	press(s, '1');
	press(s, 'G');
	press(s, VIEW_ENTER);
	assert_string_equal(s->view.service, "slow");
	press(s, 'f');
	assert_string_equal(s->view.filter, "service slow side server");
	assert_string_equal(s->view.service, "");
}

static void test_what_was_missed_and_why_nothing_comes(void **state)
{
	struct screen *s = *state;

	add_many(s, 1, 1);
	kept.missed = 12;
	draw(s, 80, 24);
	assert_int_equal(style_of(s, 22, "missed 12"), STYLE_BAD);
	strcpy(s->view.tail_trouble, "the daemon does not answer");
	draw(s, 80, 24);
	assert_int_equal(style_of(s, 22, "the daemon does not"), STYLE_BAD);
}

static void test_files_have_the_same_keys_in_every_row(void **state)
{
	struct screen *s = *state;
	struct buffer text = {0};
	size_t rows = 0;
	json_t *document;

	add_many(s, 1, 1);
	add(s, json_loads(SQL, 0, NULL));
	draw(s, 80, 24);
	assert_true(export__text(&s->view, EXPORT_CSV, &text, &rows));
	assert_int_equal(rows, 2);
	assert_true(strncmp(text.data, "begun,what,status,latency_ms,", 29) == 0);
	assert_non_null(strstr(text.data, ",/orders/1,200,2,1,0.02,nginx,server,http,GET,ok,"));
	assert_null(strchr(text.data, 27));
	buffer__clear(&text);
	view__key(&s->view, VIEW_ENTER);
	draw(s, 80, 24);
	document = export__document(&s->view);
	assert_int_equal(json_array_size(json_object_get(document, "rows")), 1);
	assert_string_equal(json_string_value(json_object_get(document, "page")), "tail");
	json_decref(document);
}

static void test_every_size_is_drawn(void **state)
{
	struct screen *s = *state;

	add_many(s, 1, 50);
	add(s, json_loads(SQL, 0, NULL));
	for (int width = 1; width < 210; width += 7)
		for (int height = 1; height < 40; height += 3)
			draw(s, width, height);
	view__key(&s->view, VIEW_ENTER);
	for (int width = 1; width < 210; width += 7)
		for (int height = 1; height < 40; height += 3)
			draw(s, width, height);
	draw(s, 200, 40);
	assert_true(has(s, "one exchange of web"));
}

#define TAIL_TEST(test) cmocka_unit_test_setup_teardown(test, begin_tail, end_tail)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter_takes_the_options_of_sonde_tail),
		cmocka_unit_test(test_other_words_stand_anywhere_and_all_of_them),
		cmocka_unit_test(test_wrong_values_are_told_and_hold_nothing_back),
		cmocka_unit_test(test_the_newest_are_kept),
		TAIL_TEST(test_the_newest_is_at_the_bottom_and_followed),
		TAIL_TEST(test_who_goes_up_stays_there),
		TAIL_TEST(test_one_exchange_stays_while_others_come),
		TAIL_TEST(test_a_statement_is_shown_without_what_moves_a_terminal),
		TAIL_TEST(test_its_filter_is_its_own),
		TAIL_TEST(test_a_wrong_filter_is_told),
		TAIL_TEST(test_from_a_service_to_its_tail),
		TAIL_TEST(test_what_was_missed_and_why_nothing_comes),
		TAIL_TEST(test_files_have_the_same_keys_in_every_row),
		TAIL_TEST(test_every_size_is_drawn),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
