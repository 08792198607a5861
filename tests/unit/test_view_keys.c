/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The pages of keys and of caches. */
#include "view_screen.h"
#include "view/export.h"

#define KEYS(user, cart)                                                                           \
	"[{\"service\": \"busy\", \"side\": \"client\", \"pattern\": \"user:*:session\","          \
	" \"count\": " user ", \"hits\": 90, \"misses\": 10, \"request_bytes\": 2048,"             \
	" \"response_bytes\": 1024, \"commands\": {\"SET\": 100, \"GET\": 800},"                   \
	" \"sketch\": {\"first\": 16, \"counts\": [900]}, \"max_ms\": 4},"                         \
	" {\"service\": \"cold\", \"side\": \"client\", \"pattern\": \"cart:*\","                  \
	" \"count\": " cart ", \"hits\": 0, \"misses\": 0, \"request_bytes\": 5242880,"            \
	" \"response_bytes\": 0, \"commands\": {\"SET\": 10}}]"
#define CACHES                                                                                     \
	"[{\"service\": \"redis-server\", \"side\": \"server\", \"address\": \"127.0.0.1:6379\","  \
	" \"used\": 943718400, \"limit\": 1073741824, \"source\": \"maxmemory\","                  \
	" \"percent\": 87.9, \"evicted\": 12, \"eviction_rate\": 1.5,"                             \
	" \"hit_rate_percent\": 61.5, \"keys\": 1234, \"connections\": 7},"                        \
	" {\"service\": \"shop\", \"side\": \"client\", \"address\": \"10.0.0.9:6379\","           \
	" \"used\": null, \"limit\": null, \"source\": null, \"percent\": null, \"evicted\": 0,"   \
	" \"eviction_rate\": null, \"hit_rate_percent\": null, \"keys\": null,"                    \
	" \"connections\": null}]"

static void show(struct screen *s, const char *list, const char *text)
{
	json_t *now = document(10, SERVICES, ROUTES, STATEMENTS, COMMANDS, "");

	json_object_set_new(now, list, parse(text));
	set_model(s, now);
}

static void patterns_are_rows_like_commands(void **state)
{
	struct screen *s = *state;

	show(s, "keys", KEYS("900", "10"));
	press(s, 'K');
	assert_int_equal(s->view.page, PAGE_KEYS);
	assert_starts(s, FIRST_ROW, "user:*:session");
	assert_starts(s, FIRST_ROW + 1, "cart:*");
	assert_non_null(strstr(line(s, FIRST_ROW), "90.0%"));
	assert_non_null(strstr(line(s, FIRST_ROW + 1), " - "));
	press(s, 'z'); /* by bytes */
	assert_starts(s, FIRST_ROW, "cart:*");
	press(s, 'i'); /* by hits */
	assert_starts(s, FIRST_ROW, "user:*:session");
	press(s, '/');
	press(s, 'c');
	press(s, 'a');
	press(s, VIEW_ENTER);
	assert_int_equal(s->view.shown, 1);
	assert_starts(s, FIRST_ROW, "cart:*");
}

static void a_patterns_details_have_its_commands(void **state)
{
	struct screen *s = *state;

	show(s, "keys", KEYS("900", "10"));
	press(s, 'K');
	press(s, VIEW_ENTER);
	assert_true(has(s, "keys of busy (client)"));
	assert_true(has(s, "user:*:session"));
	assert_true(has(s, "90 found, 10 not (90.0% hits)"));
	assert_true(has(s, "2.0 KiB asked, 1.0 KiB answered"));
	assert_true(has(s, "commands    GET"));
	for (int y = 0; y < s->frame.height; y++) /* the most frequent first */
		if (strstr(line(s, y), "commands    GET"))
			assert_starts(s, y + 1, "            SET");
	press(s, VIEW_DOWN);
	assert_true(has(s, "cart:*"));
}

static void many_commands_are_those_that_matter(void **state)
{
	struct screen *s = *state;
	char text[2000] = "[{\"service\": \"busy\", \"side\": \"client\", \"pattern\": \"a\","
			  " \"count\": 1, \"commands\": {";
	size_t n = strlen(text);

	for (int i = 0; i < 30; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "\"C%02d\": %d, ", i,
				      i * 7 % 30 + 1);
	snprintf(text + n, sizeof(text) - n, "\"NEVER\": 0}}]");
	show(s, "keys", text);
	assert_int_equal(s->model->rows[PAGE_KEYS][0].status_count, MODEL_STATUS);
	for (size_t i = 0; i < MODEL_STATUS; i++)
		assert_int_equal(s->model->rows[PAGE_KEYS][0].status[i].count, 30 - i);
}

static void a_service_has_its_own_keys(void **state)
{
	struct screen *s = *state;

	show(s, "keys", KEYS("900", "10"));
	draw(s, 120, 20);
	press(s, VIEW_ENTER); /* busy, of Redis */
	assert_int_equal(s->view.page, PAGE_COMMANDS);
	press(s, VIEW_TAB);
	assert_int_equal(s->view.page, PAGE_KEYS);
	assert_int_equal(s->view.shown, 1);
	assert_true(has(s, "of busy (client)"));
}

static void without_patterns_it_says_how_to_get_them(void **state)
{
	struct screen *s = *state;

	press(s, 'K');
	assert_true(has(s, "`keys` of the configuration asks for them"));
}

static void caches_are_states(void **state)
{
	struct screen *s = *state;

	show(s, "caches", CACHES);
	view__key(&s->view, 'C');
	draw(s, 160, 20);
	assert_int_equal(s->view.page, PAGE_CACHES);
	assert_starts(s, FIRST_ROW, "redis-server");
	for (size_t i = 0; i < 9; i++) {
		static const char *const told[] = {"127.0.0.1:6379", "900 MiB",	  "1.0 GiB",
						   "87.9%",	     "maxmemory", "12",
						   "1.50",	     "61.5%",	  "1234"};

		assert_non_null(strstr(line(s, FIRST_ROW), told[i]));
	}
	assert_starts(s, FIRST_ROW + 1, "shop");
	assert_null(strstr(line(s, FIRST_ROW + 1), "nan"));
	view__key(&s->view, VIEW_DOWN);
	draw(s, 160, 20);
	assert_int_equal(style_of(s, FIRST_ROW, "87.9%"), STYLE_BAD);
	assert_int_equal(style_of(s, FIRST_ROW, "61.5%"), STYLE_WARN);
	draw(s, 80, 20); /* what matters most fits a small one */
	assert_non_null(strstr(line(s, FIRST_ROW), "900 MiB"));
	assert_non_null(strstr(line(s, FIRST_ROW), "87.9%"));
	assert_non_null(strstr(line(s, FIRST_ROW), "61.5%"));
}

static void every_size_can_be_drawn(void **state)
{
	static const int keys[] = {'K', VIEW_ENTER, 'C', VIEW_ENTER};
	struct screen *s = *state;

	show(s, "keys", KEYS("900", "10"));
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (i == 2)
			show(s, "caches", CACHES);
		view__key(&s->view, keys[i]);
		for (int width = 1; width < 260; width += 1 + width / 9)
			for (int height = 1; height < 60; height += 1 + height / 5)
				draw(s, width, height);
		assert_int_equal(s->view.page, i < 2 ? PAGE_KEYS : PAGE_CACHES);
	}
}

static json_t *saved(struct screen *s, size_t index)
{
	json_t *out = export__document(&s->view);
	json_t *row = json_incref(json_array_get(json_object_get(out, "rows"), index));

	json_decref(out);
	assert_non_null(row);
	return row;
}

static double number_of(const json_t *row, const char *key)
{
	return json_number_value(json_object_get(row, key));
}

static void both_can_be_saved(void **state)
{
	struct screen *s = *state;
	json_t *row;

	show(s, "keys", KEYS("900", "10"));
	press(s, 'K');
	row = saved(s, 0);
	assert_string_equal(json_string_value(json_object_get(row, "pattern")), "user:*:session");
	assert_int_equal(number_of(row, "count"), 900);
	assert_int_equal(number_of(row, "hits"), 90);
	assert_int_equal(number_of(row, "request_bytes"), 2048);
	assert_int_equal(number_of(json_object_get(row, "commands"), "GET"), 800);
	json_decref(row);
	show(s, "caches", CACHES);
	press(s, 'C');
	row = saved(s, 0);
	assert_string_equal(json_string_value(json_object_get(row, "address")), "127.0.0.1:6379");
	assert_string_equal(json_string_value(json_object_get(row, "source")), "maxmemory");
	assert_int_equal(number_of(row, "used"), 943718400);
	assert_int_equal(number_of(row, "connections"), 7);
	json_decref(row);
	row = saved(s, 1);
	assert_true(json_is_null(json_object_get(row, "used")));
	json_decref(row);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(patterns_are_rows_like_commands),
		TEST(a_patterns_details_have_its_commands),
		TEST(many_commands_are_those_that_matter),
		TEST(a_service_has_its_own_keys),
		TEST(without_patterns_it_says_how_to_get_them),
		TEST(caches_are_states),
		TEST(every_size_can_be_drawn),
		TEST(both_can_be_saved),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
