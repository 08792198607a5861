/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* State, model and size become a picture; keys change the state. No terminal is needed. */
#include <math.h>
#include "view_screen.h"

/* ---- */

static void services_are_sorted_by_rate(void **state)
{
	struct screen *s = *state;

	draw(s, 120, 20);
	assert_starts(s, FIRST_ROW, "busy");
	assert_starts(s, FIRST_ROW + 1, "shop");
	assert_starts(s, FIRST_ROW + 2, "slow");
	assert_true(has(s, "900")); /* a second */
	assert_true(has(s, "RATE/sv"));
	assert_int_equal(s->frame.cell[FIRST_ROW * 120].style, STYLE_SELECTED);
}

static void a_key_sorts_and_the_same_again_turns_round(void **state)
{
	struct screen *s = *state;

	press(s, '9');
	assert_starts(s, FIRST_ROW, "slow");
	press(s, '9');
	assert_starts(s, FIRST_ROW, "busy");
	press(s, 's');
	assert_starts(s, FIRST_ROW, "busy");
	press(s, 's');
	assert_starts(s, FIRST_ROW, "slow");
}

static void columns_are_named_as_their_heads_are(void **state)
{
	struct screen *s = *state;

	assert_true(view__sort(&s->view, "p95"));
	draw(s, 120, 20);
	assert_starts(s, FIRST_ROW, "slow");
	assert_true(view__sort(&s->view, "rate"));
	draw(s, 120, 20);
	assert_starts(s, FIRST_ROW, "busy");
	assert_true(view__sort(&s->view, "r")); /* what it is sorted by already: not turned round */
	draw(s, 120, 20);
	assert_starts(s, FIRST_ROW, "busy");
	assert_false(view__sort(&s->view, "colour"));
	assert_false(view__sort(&s->view, ""));
}

static void losses_are_always_on_the_first_line(void **state)
{
	struct screen *s = *state;

	for (int width = 24; width < 200; width += 11) {
		draw(s, width, 3);
		assert_non_null(strstr(line(s, 0), "lost 0"));
		assert_int_equal(style_of(s, 0, "lost 0"), STYLE_GOOD);
	}
	set_model(s, document(10, SERVICES, "", "", "", LOSS));
	draw(s, 80, 1);
	assert_non_null(strstr(line(s, 0), "LOST 6 of 1000 (0.600%)"));
	assert_int_equal(style_of(s, 0, "LOST"), STYLE_BAD);
	press(s, '5');
	assert_true(has(s, "ring_full"));
}

static void what_is_left_out_is_on_the_first_line(void **state)
{
	struct screen *s = *state;
	json_t *now = document(10, SERVICES, "", "", "", ""),
	       *sonde = json_object_get(now, "sonde");

	draw(s, 120, 3);
	assert_null(strstr(line(s, 0), "SAMPLING")); /* of a daemon that does not say */
	json_object_set_new(sonde, "sampling_rate", json_real(1.0 / 64));
	json_object_set_new(sonde, "memory_tight", json_true());
	set_model(s, now);
	draw(s, 120, 3);
	assert_non_null(strstr(line(s, 0), "SAMPLING 1 connection in 64"));
	assert_int_equal(style_of(s, 0, "SAMPLING"), STYLE_WARN);
	assert_int_equal(style_of(s, 0, "MEMORY LIMIT"), STYLE_BAD);
}

static void enter_opens_what_fits_the_protocol(void **state)
{
	struct screen *s = *state;

	draw(s, 120, 20);
	press(s, VIEW_END); /* slow */
	press(s, VIEW_ENTER);
	assert_int_equal(s->view.page, PAGE_ROUTES);
	assert_starts(s, FIRST_ROW, "/a/{id}");
	assert_false(has(s, "other"));
	assert_true(has(s, "of slow (server)"));
	press(s, VIEW_ENTER);
	assert_true(has(s, "500"));
	assert_true(has(s, "50.0%"));
	assert_true(has(s, "10 in 10.0 s, 1.00/s, 5 errors (50.00%)"));
	press(s, VIEW_ESCAPE);
	press(s, VIEW_ESCAPE);
	assert_int_equal(s->view.page, PAGE_SERVICES);
	assert_int_equal(s->view.selected, 2);
	press(s, VIEW_UP);
	press(s, VIEW_ENTER);
	assert_int_equal(s->view.page, PAGE_STATEMENTS);
	press(s, VIEW_ENTER);
	assert_true(has(s, "0123456789abcdef"));
	assert_true(has(s, "8, 2.00 per statement"));
	press(s, '4');
	assert_true(has(s, "90.0%"));
	press(s, '2');
	assert_true(has(s, "other")); /* of all services again */
}

static void long_statements_are_whole_in_their_details(void **state)
{
	struct screen *s = *state;

	press(s, '3');
	press(s, VIEW_ENTER);
	draw(s, 40, 20);
	assert_true(has(s, "SELECT a FROM users WHERE id = $1 AND"));
	assert_true(has(s, "name = $2 AND place = $3 ORDER BY a"));
}

static void the_filter_is_typed_kept_and_cleared(void **state)
{
	struct screen *s = *state;

	press(s, '/');
	press(s, 'S');
	press(s, 'x');
	press(s, VIEW_BACKSPACE);
	press(s, 'h');
	assert_true(has(s, "/Sh_"));
	assert_starts(s, FIRST_ROW, "shop");
	assert_int_equal(s->view.shown, 1);
	press(s, VIEW_ENTER);
	assert_int_equal(s->view.page, PAGE_SERVICES);
	press(s, VIEW_ESCAPE);
	assert_int_equal(s->view.shown, 3);
	press(s, '/');
	for (int i = 0; i < 200; i++)
		press(s, 'z');
	assert_true(has(s, "no row fits the filter"));
}

/* Esc goes back to the row and the filter that were there. */
static void back_is_where_it_was(void **state)
{
	struct screen *s = *state;

	draw(s, 120, 20);
	press(s, '/');
	press(s, 's'); /* busy: redis; shop; slow */
	press(s, 'o'); /* no longer */
	press(s, VIEW_BACKSPACE);
	press(s, VIEW_BACKSPACE);
	press(s, 'h'); /* shop; slow: http */
	press(s, VIEW_ENTER);
	assert_int_equal(s->view.shown, 2);
	press(s, VIEW_DOWN);
	press(s, VIEW_ENTER);
	assert_true(has(s, "of slow (server)"));
	assert_string_equal(s->view.filter, "");
	press(s, VIEW_ESCAPE);
	assert_true(has(s, "/h"));
	assert_int_equal(s->view.selected, 1);
	press(s, VIEW_ESCAPE);
	assert_int_equal(s->view.shown, 3);
	assert_int_equal(s->view.selected, 2); /* it is still slow */
}

static void the_chosen_row_is_followed(void **state)
{
	struct screen *s = *state;

	draw(s, 120, 20);
	press(s, VIEW_DOWN); /* shop */
	set_model(s, document(11, "{\"service\": \"new\", \"count\": 1000000}," SERVICES, "", "",
			      "", ""));
	draw(s, 120, 20);
	assert_starts(s, FIRST_ROW + 2, "shop");
	assert_int_equal(s->frame.cell[(FIRST_ROW + 2) * 120].style, STYLE_SELECTED);
	set_model(s, document(12, "{\"service\": \"only\", \"count\": 1}", "", "", "", ""));
	draw(s, 120, 20);
	assert_int_equal(s->view.selected, 0);
	set_model(s, document(13, "", "", "", "", ""));
	draw(s, 120, 20);
	press(s, VIEW_ENTER);
	assert_int_equal(s->view.page, PAGE_SERVICES);
}

static void more_rows_than_lines_scroll(void **state)
{
	static char rows[40000];
	struct screen *s = *state;
	size_t n = 0;

	for (int i = 0; i < 200; i++)
		n += (size_t)snprintf(rows + n, sizeof(rows) - n,
				      "%s{\"service\": \"s%03d\", \"count\": %d}", i ? "," : "", i,
				      1000 - i);
	set_model(s, document(1, rows, "", "", "", ""));
	draw(s, 120, 20); /* 15 rows */
	for (int i = 0; i < 20; i++)
		press(s, 'j');
	assert_starts(s, 18, "s020");
	press(s, VIEW_PAGE_DOWN);
	assert_starts(s, 18, "s035");
	press(s, 'G');
	assert_starts(s, 18, "s199");
	assert_true(has(s, "200 of 200"));
	draw(s, 120, 40); /* a larger screen is not left empty */
	assert_starts(s, 38, "s199");
	assert_starts(s, 4, "s165");
	press(s, 'g');
	assert_starts(s, 4, "s000");
}

static void a_recording_and_old_numbers_are_told(void **state)
{
	struct screen *s = *state;
	json_t *json = document(10, SERVICES, "", "", "", "");

	assert_int_equal(json_object_set_new(json, "source", json_string("recording")), 0);
	set_model(s, json);
	draw(s, 120, 20);
	assert_non_null(strstr(line(s, 0), "RECORDING of 2026-01-01T00:00:00Z, not live"));
	assert_int_equal(style_of(s, 0, "RECORDING"), STYLE_WARN);
	strcpy(s->view.trouble, "the daemon is gone");
	press(s, 'p'); /* it stands still as it is */
	assert_null(strstr(line(s, 0), "FROZEN"));
	assert_starts(s, 19, "a recording stands still");
	assert_non_null(strstr(line(s, 0), "OLD NUMBERS: the daemon is gone"));
}

static void before_the_first_numbers_nothing_is_wrong(void **state)
{
	struct screen *s = *state;

	s->view.model = NULL;
	for (int page = '1'; page <= '6'; page++) {
		press(s, page);
		press(s, VIEW_ENTER);
		press(s, VIEW_DOWN);
		assert_true(has(s, "waiting for the first numbers"));
	}
}

/* A terminal obeys what it is sent: nothing but printable characters may be in a cell. */
static void hostile_names_reach_no_terminal(void **state)
{
	struct screen *s = *state;
	static const char row[] =
		"{\"service\": \"\\u001b]0;x\\u0007\\u009b2J\\u202e\\u200b\\u0301\","
		"\"protocol\": \"http\", \"side\": \"server\", \"count\": 1},"
		"{\"service\": \"\\u8336\\u8336\\u8336\\u8336\\u8336\\u8336\\u8336\\u8336\", "
		"\"count\": 5}";

	set_model(s, document(1, row, row, row, row, row));
	for (int width = 1; width < 130; width++) {
		draw(s, width, 12);
		for (int i = 0; i < width * 12; i++) {
			wchar_t c = s->frame.cell[i].character;

			assert_true(c == 0 || (c >= 0x20 && wcwidth(c) >= 1));
			assert_true(c != 0 || i % width != 0);
		}
	}
	s->view.plain = true;
	draw(s, 120, 12);
	for (int i = 0; i < 120 * 12; i++)
		assert_in_range(s->frame.cell[i].character, 0x20, 0x7e);
}

static void every_size_of_every_page_can_be_drawn(void **state)
{
	struct screen *s = *state;

	set_model(s, document(10, SERVICES, ROUTES, STATEMENTS, COMMANDS, LOSS));
	for (int key = '1'; key <= '8'; key++) {
		view__key(&s->view, key == '7' ? '2' : key == '8' ? '?' : key);
		if (key == '7')
			view__key(&s->view, VIEW_ENTER);
		for (int width = 1; width < 260; width += 1 + width / 9)
			for (int height = 1; height < 60; height += 1 + height / 5) {
				draw(s, width, height);
				assert_true(s->view.selected == 0);
			}
	}
}

static void any_keys_in_any_order_do_no_harm(void **state)
{
	struct screen *s = *state;
	uint32_t seed = 7;

	for (int i = 0; i < 20000; i++) {
		seed = seed * 1664525 + 1013904223;
		view__key(&s->view, (seed >> 8) % 3 ? VIEW_UP + (int)((seed >> 12) % 14)
						    : (int)((seed >> 12) % 0x180));
		if (i % 7 == 0)
			draw(s, 20 + i % 100, 2 + i % 30);
		assert_in_range(s->view.page, 0, PAGE_COUNT - 1);
	}
}

static void once_shows_all_rows_and_no_movement(void **state)
{
	struct screen *s = *state;

	s->view.still = true;
	s->view.selected = SIZE_MAX;
	draw(s, 200, view__height(&s->view));
	assert_false(has(s, "TREND"));
	assert_starts(s, FIRST_ROW + 2, "slow");
	for (int i = 0; i < s->frame.width * s->frame.height; i++)
		assert_true(s->frame.cell[i].style != STYLE_SELECTED || i / 200 == 2);
}

static void numbers_have_the_units_of_people(void **state)
{
	static const struct {
		double ms;
		const wchar_t *text;
	} times[] = {{0.0451, L"45µs"}, {0.9999, L"1.00ms"}, {1.234, L"1.23ms"}, {9.994, L"9.99ms"},
		     {45.4, L"45ms"},	{999.4, L"999ms"},   {999.6, L"1.0s"},	 {61000, L"61.0s"}};
	static const struct {
		double value;
		const wchar_t *text;
	} counts[] = {{0, L"0"},       {0.123, L"0.12"},  {9.99, L"9.99"},   {12.34, L"12.3"},
		      {123.4, L"123"}, {99999, L"99999"}, {123456, L"123k"}, {2.5e9, L"2500M"}};
	static const double strange[] = {1e300, -1e300, INFINITY, NAN};
	wchar_t text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		format__ms(times[i].ms, false, text, 32);
		assert_true(wcscmp(text, times[i].text) == 0);
	}
	for (size_t i = 0; i < sizeof(strange) / sizeof(*strange); i++) {
		format__ms(strange[i], false, text, 32);
		assert_true(wcscmp(text, L"-") == 0);
		format__count(strange[i], text, 32);
		assert_true(wcscmp(text, L"-") == 0);
		format__bytes(strange[i], text, 32);
		assert_true(wcscmp(text, L"-") == 0);
	}
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		format__count(counts[i].value, text, 32);
		assert_true(wcscmp(text, counts[i].text) == 0);
	}
}

static void broken_utf8_is_replaced(void **state)
{
	wchar_t out[8];

	(void)state;
	cells__widen("a\xc3\xa9\xc3", out, 8);
	assert_true(wcscmp(out, L"aé\ufffd") == 0);
	cells__widen("\xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf", out, 8);
	for (size_t i = 0; out[i]; i++)
		assert_int_equal(out[i], 0xfffd);
	cells__widen("\xff\xfe", out, 2);
	assert_true(wcscmp(out, L"\ufffd") == 0);
	cells__widen("\xf0\x9f\x98\x80", out, 8);
	assert_true(wcscmp(out, L"\U0001f600") == 0);
}

#define SERVICES_LATER                                                                             \
	"{\"service\": \"busy\", \"protocol\": \"redis\", \"side\": \"client\", \"count\": 9009,"  \
	" \"sketch\": {\"first\": -16, \"counts\": [9009]}, \"max_ms\": 0.25},"                    \
	"{\"service\": \"shop\", \"protocol\": \"postgres\", \"side\": \"client\","                \
	" \"count\": 405, \"sketch\": {\"first\": 16, \"counts\": [405]}, \"max_ms\": 4}"

static void show_route_for(struct screen *s, int counts, const char *sketch, int again)
{
	json_t *older = document(10, SERVICES, "", "", "", ""), *newer;
	char route[300];
	struct model *m;

	snprintf(route, sizeof(route),
		 "{\"service\": \"slow\", \"side\": \"server\", \"method\": \"GET\","
		 " \"route\": \"/a\", \"count\": %d, \"sketch\": %s, \"max_ms\": 9000}",
		 counts, sketch);
	for (int i = 0; i < again; i++) {
		newer = document(11 + i, SERVICES, route, "", "", "");
		m = model__new(newer, older, s->model);
		assert_non_null(m);
		json_decref(newer);
		model__free(s->model);
		s->view.model = s->model = m;
	}
	json_decref(older);
}

/* Buckets of up to 1, 2 and 8 ms. */
static void latencies_over_time_are_a_map(void **state)
{
	struct screen *s = *state;
	int y = 0, x;

	s->view.plain = true;
	press(s, '2');
	show_route_for(s, 1025, "{\"first\": 0, \"counts\": [1024, 0, 0, 0, 0, 0, 0, 0, 1]}", 2);
	show_route_for(s, 1, "{\"first\": 24, \"counts\": [1]}", 1);
	press(s, VIEW_ENTER);
	while (y < s->frame.height && !strstr(line(s, y), "latencies"))
		y++;
	draw(s, 200, 20);
	x = 12 + 2 * 63; /* 200 columns hold intervals of two */
	assert_non_null(strstr(line(s, y), "last 64 intervals"));
	assert_non_null(strstr(line(s, y), "darkest about 1024"));
	assert_starts(s, y + 1, "    8.00ms");
	assert_int_equal((int)strlen(line(s, y + 1)), x + 2);
	assert_string_equal(line(s, y + 1) + x, "..");
	assert_starts(s, y + 2, "    4.00ms");
	assert_int_equal((int)strlen(line(s, y + 2)), 10);
	assert_string_equal(line(s, y + 3) + x - 4, "....");
	assert_string_equal(line(s, y + 4) + x - 4, "@@@@");
	assert_starts(s, y + 5, "      rate");
	assert_string_equal(line(s, y + 5) + x - 4, "##==.."); /* the second is of two seconds */
	draw(s, 30, 15); /* fewer lines than octaves, fewer columns than intervals */
	assert_true(has(s, "latencies"));
	assert_true(has(s, "rate"));
}

/* Enter shows what a service consists of; all that it does is one key away, too. */
static void a_service_has_a_map_of_its_own(void **state)
{
	struct screen *s = *state;
	json_t *older = document(10, SERVICES, "", "", "", "");
	json_t *newer = document(11, SERVICES_LATER, "", "", "", "");
	struct model *m = model__new(newer, older, s->model);

	json_decref(older);
	json_decref(newer);
	model__free(s->model);
	s->view.model = s->model = m;
	draw(s, 120, 20);
	press(s, VIEW_DOWN);
	press(s, 'H');
	assert_starts(s, 3, "all of shop (postgres client)");
	assert_true(has(s, "5 in 1.0 s, 5.00/s"));
	assert_true(has(s, "last 64 intervals"));
	assert_true(has(s, "4.00ms"));
	press(s, VIEW_UP);
	assert_starts(s, 3, "all of busy (redis client)");
	press(s, VIEW_ENTER); /* its commands */
	assert_int_equal(s->view.page, PAGE_COMMANDS);
	assert_false(s->view.detail);
	press(s, VIEW_ESCAPE);
	press(s, '5');
	press(s, 'H'); /* there are no rows */
	assert_false(s->view.detail);
}

static void what_was_before_the_view_is_in_no_map(void **state)
{
	struct screen *s = *state;

	press(s, '2');
	press(s, VIEW_ENTER);
	assert_true(has(s, "exchanges"));
	assert_false(has(s, "latencies"));
}

static void pools_and_queues_are_states(void **state)
{
	struct screen *s = *state;
	json_t *now = document(10, SERVICES, "", "", "", "");

	json_object_set_new(
		now, "pools",
		parse("[{\"service\": \"calm\", \"side\": \"client\", \"database\": \"a\","
		      " \"open\": 3, \"active\": 0, \"idle\": 3, \"peak\": 3, \"max\": null},"
		      " {\"service\": \"full\", \"side\": \"client\", \"database\": \"b\","
		      " \"open\": 5, \"active\": 5, \"idle\": 0, \"peak\": 5, \"max\": 5,"
		      " \"waiting\": 41}]"));
	json_object_set_new(now, "queues",
			    parse("[{\"queue\": \"jobs\", \"kind\": \"rq\", \"depth\": 12.0,"
				  " \"workers\": 2.0, \"utilisation_percent\": 97.5,"
				  " \"mean_seconds\": 1.5, \"failed\": null}]"));
	set_model(s, now);
	press(s, '8');
	assert_starts(s, FIRST_ROW, "full");
	assert_int_equal(style_of(s, FIRST_ROW, "41"), STYLE_SELECTED);
	assert_string_equal(line(s, FIRST_ROW + 1) + strlen(line(s, FIRST_ROW + 1)) - 1, "-");
	press(s, VIEW_DOWN);
	assert_int_equal(style_of(s, FIRST_ROW, "41"), STYLE_BAD);
	press(s, VIEW_ENTER); /* nothing more is known of it */
	assert_false(s->view.detail);
	press(s, 's');
	assert_starts(s, FIRST_ROW, "calm");
	press(s, '0');
	assert_starts(s, FIRST_ROW, "jobs");
	assert_true(has(s, "97.5%"));
	assert_true(has(s, "1.50s") || has(s, "1.5s"));
	press(s, '1');
	assert_int_equal(s->view.page, PAGE_SERVICES);
}

static void the_help_fits_a_small_screen(void **state)
{
	struct screen *s = *state;
	char *wide[24];

	view__key(&s->view, '?');
	draw(s, 200, 24);
	for (int y = 3; y < 23; y++)
		wide[y] = strdup(line(s, y));
	assert_true(has(s, "ERR: HTTP 5xx"));
	draw(s, 80, 24);
	for (int y = 3; y < 23; y++) {
		assert_string_equal(line(s, y), wide[y]);
		free(wide[y]);
	}
}

static void narrow_screens_keep_room_for_what_is_open(void **state)
{
	struct screen *s = *state;

	draw(s, 80, 24);
	assert_non_null(strstr(line(s, 2), "C mem 0 job f tail   1/3"));
	press(s, VIEW_ENTER);
	draw(s, 80, 24);
	assert_non_null(strstr(line(s, 2), "4 cmd"));
	assert_non_null(strstr(line(s, 2), "of busy (client)"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(services_are_sorted_by_rate),
		TEST(a_key_sorts_and_the_same_again_turns_round),
		TEST(columns_are_named_as_their_heads_are),
		TEST(losses_are_always_on_the_first_line),
		TEST(what_is_left_out_is_on_the_first_line),
		TEST(enter_opens_what_fits_the_protocol),
		TEST(long_statements_are_whole_in_their_details),
		TEST(the_filter_is_typed_kept_and_cleared),
		TEST(back_is_where_it_was),
		TEST(the_chosen_row_is_followed),
		TEST(more_rows_than_lines_scroll),
		TEST(a_recording_and_old_numbers_are_told),
		TEST(before_the_first_numbers_nothing_is_wrong),
		TEST(hostile_names_reach_no_terminal),
		TEST(every_size_of_every_page_can_be_drawn),
		TEST(any_keys_in_any_order_do_no_harm),
		TEST(latencies_over_time_are_a_map),
		TEST(a_service_has_a_map_of_its_own),
		TEST(what_was_before_the_view_is_in_no_map),
		TEST(pools_and_queues_are_states),
		TEST(the_help_fits_a_small_screen),
		TEST(narrow_screens_keep_room_for_what_is_open),
		TEST(once_shows_all_rows_and_no_movement),
		cmocka_unit_test(numbers_have_the_units_of_people),
		cmocka_unit_test(broken_utf8_is_replaced),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
