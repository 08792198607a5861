/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is seen is what is saved: rows, order, scope; as CSV and as JSON. */
#include <time.h>
#include "view_screen.h"
#include "view/export.h"

static json_t *row(json_t *document, size_t i)
{
	return json_array_get(json_object_get(document, "rows"), i);
}

static const char *text(json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	assert_non_null(value);
	return value;
}

static void rows_are_those_that_are_seen(void **state)
{
	struct screen *s = *state;
	json_t *all, *one;

	press(s, '9');
	all = export__document(&s->view);
	assert_int_equal(json_array_size(json_object_get(all, "rows")), 3);
	assert_string_equal(text(all, "page"), "services");
	assert_string_equal(text(all, "sort"), "p95");
	assert_string_equal(text(row(all, 0), "service"), "slow");
	assert_string_equal(text(row(all, 2), "service"), "busy");
	assert_int_equal(json_integer_value(json_object_get(row(all, 0), "count")), 10);
	assert_float_equal(json_real_value(json_object_get(row(all, 0), "error_percent")), 50, 0);
	assert_float_equal(json_real_value(json_object_get(row(all, 2), "rate_per_second")), 900,
			   0);
	json_decref(all);
	press(s, '9');
	strcpy(s->view.filter, "s");
	draw(s, 120, 20);
	one = export__document(&s->view);
	assert_int_equal(json_array_size(json_object_get(one, "rows")), 3); /* "redis" */
	assert_string_equal(text(row(one, 0), "service"), "busy");
	assert_string_equal(text(one, "filter"), "s");
	assert_true(json_is_true(json_object_get(one, "reversed")));
	json_decref(one);
}

static void scope_and_details_are_heeded(void **state)
{
	struct screen *s = *state;
	json_t *out;

	draw(s, 120, 20);
	press(s, VIEW_END);
	press(s, VIEW_ENTER); /* slow's routes */
	out = export__document(&s->view);
	assert_string_equal(text(out, "service"), "slow");
	assert_int_equal(json_array_size(json_object_get(out, "rows")), 1);
	assert_string_equal(text(row(out, 0), "route"), "/a/{id}");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(row(out, 0), "status"), "500")),
		5);
	json_decref(out);
	press(s, '2');
	press(s, VIEW_DOWN);
	press(s, VIEW_ENTER); /* one of both */
	out = export__document(&s->view);
	assert_int_equal(json_array_size(json_object_get(out, "rows")), 1);
	assert_string_equal(text(row(out, 0), "route"), "/b");
	json_decref(out);
}

static void every_page_has_something(void **state)
{
	struct screen *s = *state;

	set_model(s, document(10, SERVICES, ROUTES, STATEMENTS, COMMANDS, LOSS));
	for (int page = 0; page < PAGE_COUNT; page++) {
		struct buffer csv = {0}, json = {0};
		size_t rows, again;
		json_t *read;

		s->view.page = (enum page)page;
		draw(s, 120, 20);
		assert_true(export__text(&s->view, EXPORT_JSON, &json, &rows));
		read = json_loads(json.data, 0, NULL);
		assert_string_equal(text(read, "page"), page__title((enum page)page));
		assert_int_equal(json_integer_value(json_object_get(read, "lost")), 6);
		assert_int_equal(json_array_size(json_object_get(read, "rows")), rows);
		json_decref(read);
		assert_true(export__text(&s->view, EXPORT_CSV, &csv, &again));
		assert_int_equal(rows, again);
		assert_int_equal(rows > 0, csv.length > 0);
		if (page <= PAGE_SONDE && page != PAGE_KEYS)
			assert_true(rows > 0);
		buffer__clear(&csv);
		buffer__clear(&json);
	}
}

static void assert_csv(const char *rows, const char *wanted)
{
	json_t *document = json_pack("{s:o}", "rows", parse(rows));
	struct buffer out = {0};

	export__csv(document, &out);
	assert_string_equal(out.data, wanted);
	buffer__clear(&out);
	json_decref(document);
}

static void csv_is_as_rfc_4180_has_it(void **state)
{
	(void)state;
	assert_csv(
		"[{\"a\": 1, \"b\": \"x\", \"c\": true}, {\"a\": 2.5, \"b\": null, \"c\": false}]",
		"a,b,c\r\n1,x,true\r\n2.5,,false\r\n");
	assert_csv("[{\"a\": \"x,y\", \"b\": \"say \\\"no\\\"\", \"c\": \"two\\nlines\"}]",
		   "a,b,c\r\n\"x,y\",\"say \"\"no\"\"\",\"two\nlines\"\r\n");
	assert_csv("[{\"a\": {\"200\": 7, \"503\": 1}, \"b\": [1, 2], \"c\": {}}]",
		   "a,c\r\n200=7 503=1,\r\n");
	assert_csv("[{\"a\": \"\", \"b\": -0.125, \"c\": 0.1}]", "a,b,c\r\n,-0.125,0.1\r\n");
}

/* A route is what a stranger sent; a spreadsheet must not take it for a formula. */
static void no_cell_is_a_formula(void **state)
{
	(void)state;
	assert_csv("[{\"a\": \"=HYPERLINK(1)\", \"b\": \"+1\", \"c\": \"-1\", \"d\": \"@x\","
		   " \"e\": \"\\t=1\", \"f\": -1}]",
		   "a,b,c,d,e,f\r\n'=HYPERLINK(1),'+1,'-1,'@x,'\t=1,-1\r\n");
}

static void what_is_not_known_is_null(void **state)
{
	struct screen *s = *state;
	json_t *out;

	set_model(s, document(10, "{\"service\": \"none\", \"count\": 0, \"unanswered\": 3}", "",
			      "", "", ""));
	draw(s, 120, 20);
	out = export__document(&s->view);
	assert_true(json_is_null(json_object_get(row(out, 0), "p95_ms")));
	assert_true(json_is_null(json_object_get(row(out, 0), "error_percent")));
	json_decref(out);
}

static void names_of_files(void **state)
{
	struct screen *s = *state;
	char name[64];

	assert_int_equal(export__form("a.csv"), EXPORT_CSV);
	assert_int_equal(export__form("/x/a.b.JSON"), EXPORT_JSON);
	assert_int_equal(export__form("a.txt"), EXPORT_NONE);
	assert_int_equal(export__form("csv"), EXPORT_NONE);
	assert_int_equal(export__form(".csv"), EXPORT_NONE);
	assert_int_equal(export__form("/x/.csv"), EXPORT_NONE);
	assert_int_equal(export__form(""), EXPORT_NONE);
	setenv("TZ", "UTC-2", 1); /* east */
	tzset();
	s->view.page = PAGE_ROUTES;
	export__default_name(&s->view, name, sizeof(name));
	assert_string_equal(name, "sonde-routes-20260101-020000.csv");
}

/* ---- the keys ---- */

static void type(struct screen *s, const char *name)
{
	press(s, 'u' & 0x1f);
	for (; *name; name++)
		press(s, *name);
	press(s, VIEW_ENTER);
}

static void w_asks_for_a_name(void **state)
{
	struct screen *s = *state;

	draw(s, 120, 20);
	press(s, 'w');
	assert_starts(s, 19, "save as: sonde-services-20260101-");
	assert_starts(s, 18, "Enter saves");
	assert_false(s->view.save);
	type(s, "x.txt");
	assert_false(s->view.save);
	assert_starts(s, 18, "the name must end in .csv or .json");
	assert_int_equal(s->frame.cell[18 * 120].style, STYLE_BAD);
	type(s, "qQ1?.json"); /* keys are text here */
	assert_true(s->view.save);
	assert_int_equal(s->view.page, PAGE_SERVICES);
	view__saved(&s->view, "not saved: it was the moon", 0);
	draw(s, 120, 20);
	assert_starts(s, 18, "not saved: it was the moon");
	assert_starts(s, 19, "save as: qQ1?.json");
	press(s, VIEW_ENTER);
	view__saved(&s->view, NULL, 3);
	draw(s, 120, 20);
	assert_starts(s, 19, "3 rows in qQ1?.json");
	press(s, 'w');
	press(s, VIEW_ESCAPE);
	assert_starts(s, 19, "nothing was saved");
	assert_false(s->view.save);
	strcpy(s->view.filter, "nobody");
	draw(s, 120, 20);
	press(s, 'w');
	assert_starts(s, 19, "there is nothing to save yet");
	assert_false(s->view.saving);
}

/* The cursor is seen however long the name and however narrow the screen is. */
static void the_cursor_stays_in_sight(void **state)
{
	struct screen *s = *state;

	draw(s, 120, 20);
	press(s, 'w');
	for (int i = 0; i < 300; i++)
		view__key(&s->view, i % 2 ? 0x8336 : 'x');
	for (int width = 13; width < 100; width++) {
		int seen = 0;

		draw(s, width, 5);
		for (int x = 9; x < width; x++)
			seen += s->frame.cell[4 * width + x].style == STYLE_PLAIN;
		assert_int_equal(seen, 1);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_are_those_that_are_seen),
		TEST(scope_and_details_are_heeded),
		TEST(every_page_has_something),
		TEST(csv_is_as_rfc_4180_has_it),
		TEST(no_cell_is_a_formula),
		TEST(what_is_not_known_is_null),
		TEST(names_of_files),
		TEST(w_asks_for_a_name),
		TEST(the_cursor_stays_in_sight),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
