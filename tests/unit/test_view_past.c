/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A recording's parts: each exchange is in the part that it ended in, whatever the gaps are. */
#include <math.h>
#include "view_screen.h"
#include "view/past.h"
#include "view/picture.h"

#define FIRST (5 * SECOND)
#define WIDTH SECOND /* of a part */
#define LAST  (FIRST + HEAT_INTERVALS * WIDTH)

/* What is known at a moment: so many exchanges of 1 ms and of 8 ms. */
struct told {
	long long fast, slow;
	int asked;
	bool fails;
};

static json_t *tell(void *context)
{
	struct told *t = context;
	char row[300];
	json_t *json;

	t->asked++;
	if (t->fails)
		return NULL;
	snprintf(
		row, sizeof(row),
		"{\"service\": \"a\", \"protocol\": \"http\", \"side\": \"server\", \"count\": "
		"%lld,"
		" \"sketch\": {\"first\": 0, \"counts\": [%lld, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,"
		" 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, %lld]}, \"max_ms\": 8}",
		t->fast + t->slow, t->fast, t->slow);
	json = document(100, row, "", "", "", "");
	json_object_set_new(json, "source", json_string("recording"));
	return json;
}

static struct past past_of(struct told *told)
{
	return (struct past){.first_ns = FIRST, .last_ns = LAST, .document = tell, .context = told};
}

static int octave(double ms)
{
	return (int)log2(ms) - HEAT_FIRST;
}

static const struct model_row *row_of(const struct past *p)
{
	assert_non_null(p->model);
	assert_int_equal(p->model->row_count[PAGE_SERVICES], 1);
	return &p->model->rows[PAGE_SERVICES][0];
}

static void each_part_has_its_own(void **state)
{
	struct told told = {0};
	struct past p = past_of(&told);
	const struct model_row *row;

	(void)state;
	for (int i = 0; i < HEAT_INTERVALS; i++) {
		past__before(&p, (uint64_t)(FIRST + i * WIDTH + WIDTH / 2));
		told.fast += i + 1;
		told.slow += i % 4 == 3;
	}
	past__finish(&p);
	assert_int_equal(told.asked, HEAT_INTERVALS);
	row = row_of(&p);
	for (int i = 0; i < HEAT_INTERVALS; i++) {
		assert_float_equal(row->history[i], (float)(i + 1 + (i % 4 == 3)), 0.01F);
		assert_int_not_equal(row->heat.level[i][octave(1)], 0);
		assert_int_equal(row->heat.level[i][octave(8)] != 0, i % 4 == 3);
	}
	past__clear(&p);
}

/* An event at the very end of a part belongs to it; long silence makes empty parts. */
static void edges_and_gaps(void **state)
{
	struct told told = {0};
	struct past p = past_of(&told);
	const struct model_row *row;

	(void)state;
	past__before(&p, FIRST);
	told.fast = 1;
	past__before(&p, FIRST + WIDTH);
	told.fast = 3;
	past__before(&p, FIRST + 40 * WIDTH + 1); /* in part 40 */
	told.fast = 7;
	past__before(&p, LAST);
	told.fast = 15;
	past__before(&p, LAST + 9 * SECOND); /* a clock that is not in order */
	past__finish(&p);
	row = row_of(&p);
	for (int i = 0; i < HEAT_INTERVALS; i++)
		assert_float_equal(row->history[i],
				   i == 0    ? 3
				   : i == 40 ? 4
				   : i == 63 ? 8
					     : 0,
				   0.01F);
	past__clear(&p);
}

static void an_empty_recording_has_no_past(void **state)
{
	struct told told = {.fails = true};
	struct past p = past_of(&told);

	(void)state;
	p.last_ns = p.first_ns; /* one event */
	past__before(&p, FIRST);
	past__finish(&p);
	assert_null(p.model);
	past__clear(&p);
}

/* The whole recording's model takes it over, and shows all of it at any width. */
static void the_whole_is_shown_with_it(void **state)
{
	struct told told = {0};
	struct past p = past_of(&told);
	struct screen *s = *state;
	struct picture picture = {0};

	for (int i = 0; i < HEAT_INTERVALS; i++) {
		past__before(&p, (uint64_t)(FIRST + i * WIDTH + WIDTH / 2));
		told.fast++;
		told.slow += i == 0;
	}
	past__finish(&p);
	picture.past = p.model;
	assert_int_equal(picture__take(&picture, tell(&told), false), 0);
	s->view.model = picture.shown;
	assert_int_equal(picture.shown->rows[PAGE_SERVICES][0].count, HEAT_INTERVALS + 1);
	s->view.plain = true;
	draw(s, 200, 24);
	assert_true(strstr(line(s, FIRST_ROW), "%%%%%%%%%%%%") ||
		    strstr(line(s, FIRST_ROW), "############")); /* the trend */
	press(s, 'H');
	assert_true(has(s, "all of it in 64 parts"));
	for (int width = 20; width < 220; width += 9) {
		int y = 0;

		draw(s, width, 24);
		while (!strstr(line(s, y), "8.00ms") || strstr(line(s, y), "p50"))
			y++;
		assert_int_not_equal(line(s, y)[12], ' '); /* the first part is always there */
	}
	s->view.model = s->model;
	picture__clear(&picture);
	past__clear(&p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_part_has_its_own),
		cmocka_unit_test(edges_and_gaps),
		cmocka_unit_test(an_empty_recording_has_no_past),
		TEST(the_whole_is_shown_with_it),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
