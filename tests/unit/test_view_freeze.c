/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A held picture stays while time goes on, is all there, and leaves no hole behind. */
#include <errno.h>
#include <time.h>
#include "view_screen.h"
#include "view/picture.h"

#define BUSY(count)                                                                                \
	"{\"service\": \"busy\", \"protocol\": \"http\", \"side\": \"server\", \"count\": " #count \
	", \"sketch\": {\"first\": 0, \"counts\": [" #count "]}, \"max_ms\": 1}"
#define ROUTE(count)                                                                               \
	"{\"service\": \"busy\", \"side\": \"server\", \"method\": \"GET\", \"route\": \"/r\","    \
	" \"count\": " #count ", \"status\": {\"200\": " #count "}}"

static void take(struct picture *p, json_t *document)
{
	assert_int_equal(picture__take(p, document, true), 0);
}

static uint64_t count_of(const struct model *m, enum page page)
{
	assert_int_equal(m->row_count[page], 1);
	return m->rows[page][0].count;
}

static void a_held_picture_stays_whole(void **state)
{
	struct picture p = {0};

	(void)state;
	take(&p, document(1, BUSY(10), ROUTE(10), "", "", ""));
	take(&p, document(2, BUSY(13), ROUTE(13), "", "", ""));
	assert_int_equal(count_of(p.shown, PAGE_SERVICES), 3);
	assert_false(picture__hold(&p, true));
	take(&p, document(3, BUSY(18), ROUTE(18), "", "", LOSS));
	take(&p, document(4, BUSY(25), ROUTE(25), "", "", LOSS));
	assert_int_equal(count_of(p.shown, PAGE_SERVICES), 3);
	assert_int_equal(count_of(p.shown, PAGE_ROUTES), 3);
	assert_int_equal(p.shown->lost, 0);
	assert_true(picture__hold(&p, false));
	assert_int_equal(count_of(p.shown, PAGE_SERVICES), 7); /* of the last interval alone */
	assert_int_equal(p.shown->lost, 6);
	assert_float_equal(p.shown->interval, 1, 1e-9);
	assert_false(picture__hold(&p, false));
	picture__clear(&p);
}

static void what_was_held_leaves_no_hole(void **state)
{
	struct picture p = {0};
	const struct model_row *row;

	(void)state;
	take(&p, document(1, BUSY(10), "", "", "", ""));
	take(&p, document(2, BUSY(11), "", "", "", ""));
	picture__hold(&p, true);
	take(&p, document(3, BUSY(13), "", "", "", ""));
	take(&p, document(4, BUSY(17), "", "", "", ""));
	picture__hold(&p, false);
	take(&p, document(5, BUSY(25), "", "", "", ""));
	row = &p.shown->rows[PAGE_SERVICES][0];
	for (int i = 0; i < 4; i++) {
		assert_float_equal(row->history[MODEL_HISTORY - 4 + i], (float)(1 << i), 1e-6F);
		assert_int_not_equal(row->heat.level[HEAT_INTERVALS - 4 + i][-HEAT_FIRST], 0);
	}
	picture__clear(&p);
}

/* There is nothing to hold before the first one. */
static void the_first_picture_is_shown_in_any_case(void **state)
{
	struct picture p = {0};

	(void)state;
	picture__hold(&p, true);
	take(&p, document(1, BUSY(10), "", "", "", ""));
	assert_non_null(p.shown);
	take(&p, document(2, BUSY(11), "", "", "", ""));
	assert_int_equal(count_of(p.shown, PAGE_SERVICES), 10);
	picture__clear(&p);
}

static void what_is_no_document_changes_nothing(void **state)
{
	struct picture p = {0};
	const struct model *shown;

	(void)state;
	take(&p, document(1, BUSY(10), "", "", "", ""));
	shown = p.shown;
	assert_int_equal(picture__take(&p, parse("{\"version\": 99}"), true), -EPROTO);
	assert_ptr_equal(p.shown, shown);
	picture__clear(&p);
}

/* ---- what is seen of it ---- */

static void p_freezes_and_says_so(void **state)
{
	struct screen *s = *state;

	setenv("TZ", "UTC-3", 1);
	tzset();
	draw(s, 120, 20);
	press(s, 'p');
	assert_true(s->view.frozen);
	for (int width = 60; width < 200; width += 20) {
		draw(s, width, 20);
		assert_non_null(strstr(line(s, 0), "lost 0  FROZEN since 03:00:00"));
		assert_int_equal(style_of(s, 0, "FROZEN"), STYLE_WARN);
	}
	strcpy(s->view.trouble, "the daemon is gone"); /* which is nothing of that moment */
	press(s, '2');
	assert_null(strstr(line(s, 0), "OLD NUMBERS"));
	assert_non_null(strstr(line(s, 0), "FROZEN"));
	press(s, ' ');
	assert_false(s->view.frozen);
	assert_non_null(strstr(line(s, 0), "OLD NUMBERS"));
	s->view.model = NULL;
	press(s, 'p');
	assert_false(s->view.frozen);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_held_picture_stays_whole),
		cmocka_unit_test(what_was_held_leaves_no_hole),
		cmocka_unit_test(the_first_picture_is_shown_in_any_case),
		cmocka_unit_test(what_is_no_document_changes_nothing),
		TEST(p_freezes_and_says_so),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
