/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Clicks and the wheel, at places of the screen as it was drawn. */
#include <stdlib.h>
#include "view_screen.h"
#include "view/mouse.h"

static void at(struct screen *s, int x, int y, enum mouse_act act)
{
	view__mouse(&s->view, x, y, act);
	draw(s, s->frame.width, s->frame.height);
}

/* The middle of a text of line y. */
static void click(struct screen *s, int y, const char *text)
{
	const char *found = strstr(line(s, y), text);

	assert_non_null(found);
	at(s, (int)(found - line(s, y)) + (int)strlen(text) / 2, y, MOUSE_PRESS);
}

static void titles_sort_and_turn_round(void **state)
{
	struct screen *s = *state;

	draw(s, 120, 20);
	click(s, 3, "p95");
	assert_starts(s, FIRST_ROW, "slow");
	assert_non_null(strstr(line(s, 3), "p95v"));
	click(s, 3, "p95");
	assert_starts(s, FIRST_ROW, "busy");
	assert_non_null(strstr(line(s, 3), "p95^"));
	click(s, 3, "SERVICE");
	assert_starts(s, FIRST_ROW, "busy");
	draw(s, 200, 20);
	click(s, 3, "ERRORS"); /* which has no key */
	assert_starts(s, FIRST_ROW, "slow");
	assert_int_equal(s->view.page, PAGE_SERVICES);
}

/* Every title of every width sorts by the column it stands over. */
static void titles_are_where_they_are_seen(void **state)
{
	struct screen *s = *state;

	for (int width = 30; width < 260; width += 7) {
		draw(s, width, 20);
		for (int i = 0; i < s->view.hits.count; i++) {
			struct hit hit = s->view.hits.hit[i];
			const char *title;

			if (hit.is_tab)
				continue;
			title = columns__of(PAGE_SERVICES)[hit.index].title;
			at(s, hit.begin, hit.y, MOUSE_PRESS);
			assert_int_equal(s->view.sort[PAGE_SERVICES], hit.index);
			if (hit.end <= width && hit.end - hit.begin > (int)strlen(title) + 1)
				assert_non_null(strstr(line(s, 3), title));
		}
	}
}

static void rows_are_chosen_and_opened(void **state)
{
	struct screen *s = *state;

	draw(s, 120, 20);
	at(s, 50, FIRST_ROW + 2, MOUSE_PRESS); /* slow */
	assert_int_equal(s->view.selected, 2);
	assert_int_equal(s->view.page, PAGE_SERVICES);
	at(s, 3, FIRST_ROW + 2, MOUSE_PRESS); /* it is chosen already */
	assert_int_equal(s->view.page, PAGE_ROUTES);
	assert_true(has(s, "of slow (server)"));
	at(s, 0, 9, MOUSE_BACK);
	assert_int_equal(s->view.page, PAGE_SERVICES);
	at(s, 50, 10, MOUSE_PRESS); /* where there is none */
	assert_int_equal(s->view.page, PAGE_SERVICES);
	at(s, 50, 19, MOUSE_PRESS); /* the keys */
	assert_int_equal(s->view.page, PAGE_SERVICES);
}

static void a_double_click_opens_what_the_first_one_chose(void **state)
{
	struct screen *s = *state;

	draw(s, 120, 20);
	at(s, 3, FIRST_ROW + 1, MOUSE_PRESS); /* shop */
	set_model(s, document(11, "{\"service\": \"new\", \"count\": 1000000}," SERVICES, ROUTES,
			      STATEMENTS, COMMANDS, ""));
	draw(s, 120, 20); /* another one stands there now */
	at(s, 3, FIRST_ROW + 1, MOUSE_DOUBLE);
	assert_true(has(s, "of shop (client)"));
	assert_int_equal(s->view.page, PAGE_STATEMENTS);
	assert_false(s->view.detail);
}

/* The first press on the chosen row drills down; the second must not go on doing so. */
static void a_double_click_goes_one_step(void **state)
{
	struct screen *s = *state;

	draw(s, 120, 20);
	at(s, 3, FIRST_ROW, MOUSE_PRESS);
	assert_int_equal(s->view.page, PAGE_COMMANDS);
	at(s, 3, FIRST_ROW, MOUSE_DOUBLE);
	assert_false(s->view.detail);
	at(s, 3, FIRST_ROW, MOUSE_PRESS);
	assert_true(s->view.detail);
	at(s, 3, FIRST_ROW, MOUSE_PRESS);
	assert_true(s->view.detail);
	at(s, 3, FIRST_ROW, MOUSE_BACK);
	assert_false(s->view.detail);
}

static void tabs_open_their_pages(void **state)
{
	struct screen *s = *state;

	for (int width = 80; width <= 200; width += 120) {
		draw(s, width, 20);
		click(s, 2, "4");
		assert_int_equal(s->view.page, PAGE_COMMANDS);
		click(s, 2, "5 los");
		assert_int_equal(s->view.page, PAGE_LOSSES);
		at(s, 3, FIRST_ROW, MOUSE_PRESS); /* nothing to choose here */
		assert_int_equal(s->view.page, PAGE_LOSSES);
		click(s, 2, "slow");
		assert_int_equal(s->view.page, PAGE_SLOW);
		click(s, 2, "1");
		assert_int_equal(s->view.page, PAGE_SERVICES);
	}
}

static void the_wheel_scrolls(void **state)
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
	at(s, 0, 9, MOUSE_WHEEL_DOWN);
	assert_starts(s, FIRST_ROW, "s003");
	assert_int_equal(s->view.selected, 3); /* comes along */
	at(s, 0, FIRST_ROW + 14, MOUSE_PRESS);
	assert_int_equal(s->view.selected, 17);
	at(s, 0, 9, MOUSE_WHEEL_DOWN);
	assert_int_equal(s->view.selected, 17);
	at(s, 0, 9, MOUSE_WHEEL_UP);
	at(s, 0, 9, MOUSE_WHEEL_UP);
	assert_starts(s, FIRST_ROW, "s000");
	assert_int_equal(s->view.selected, 14);
	for (int i = 0; i < 100; i++)
		at(s, 0, 9, MOUSE_WHEEL_DOWN);
	assert_starts(s, FIRST_ROW + 14, "s199");
	for (int i = 0; i < 100; i++)
		at(s, 0, 9, MOUSE_WHEEL_UP);
	assert_starts(s, FIRST_ROW, "s000");
}

static void prompts_and_help_come_first(void **state)
{
	struct screen *s = *state;

	draw(s, 120, 20);
	press(s, '?');
	at(s, 3, FIRST_ROW + 1, MOUSE_WHEEL_DOWN);
	assert_true(s->view.help);
	at(s, 3, FIRST_ROW + 1, MOUSE_PRESS);
	assert_false(s->view.help);
	assert_int_equal(s->view.selected, 0);
	press(s, 'w');
	at(s, 3, FIRST_ROW + 1, MOUSE_PRESS);
	assert_true(s->view.saving);
	assert_int_equal(s->view.selected, 0);
	press(s, VIEW_ESCAPE);
	press(s, '/');
	press(s, 's');
	at(s, 3, FIRST_ROW + 1, MOUSE_PRESS);
	assert_false(s->view.typing);
	assert_string_equal(s->view.filter, "s");
	assert_int_equal(s->view.selected, 1);
}

static void any_clicks_do_no_harm(void **state)
{
	struct screen *s = *state;
	uint32_t seed = 11;

	draw(s, 80, 24);
	for (int i = 0; i < 30000; i++) {
		seed = seed * 1664525 + 1013904223;
		view__mouse(&s->view, (int)(seed >> 8) % 130 - 5, (int)(seed >> 16) % 40 - 5,
			    (enum mouse_act)((seed >> 24) % 5));
		if (i % 5 == 0)
			view__key(&s->view, VIEW_UP + (int)((seed >> 12) % 16));
		if (i % 7 == 0)
			draw(s, 20 + i % 100, 2 + i % 30);
		assert_in_range(s->view.page, 0, PAGE_COUNT - 1);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(titles_sort_and_turn_round),
		TEST(titles_are_where_they_are_seen),
		TEST(rows_are_chosen_and_opened),
		TEST(a_double_click_opens_what_the_first_one_chose),
		TEST(a_double_click_goes_one_step),
		TEST(tabs_open_their_pages),
		TEST(the_wheel_scrolls),
		TEST(prompts_and_help_come_first),
		TEST(any_clicks_do_no_harm),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
