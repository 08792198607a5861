/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who calls a statement: the names in its row, and each with its numbers in its details. */
#include "view_screen.h"

#define STATEMENT(service, side, fingerprint, count, rows)                                         \
	"{\"service\": \"" service "\", \"side\": \"" side "\", \"fingerprint\": \"" fingerprint   \
	"\", \"verb\": \"SELECT\", \"table\": \"t\", \"statement\": \"SELECT " fingerprint         \
	" FROM t\", \"count\": " #count ", \"rows\": " #rows                                       \
	", \"sum_ms\": 1, \"max_ms\": 2, \"sketch\": {\"first\": 8, \"counts\": [" #count "]}}"

/* clang-format off */
static const char statements[] =
	STATEMENT("postgres", "server", "aa", 50, 150) ","
	STATEMENT("web", "client", "aa", 10, 30) ","
	STATEMENT("jobs", "client", "aa", 40, 120) ","
	STATEMENT("web", "client", "bb", 9, 9) ","
	STATEMENT("postgres", "server", "cc", 7, 7) ","
	"{\"service\": \"web\", \"side\": \"client\", \"statement\": \"?\", \"count\": 3}";
/* clang-format on */

static int begin_statements(void **state)
{
	struct screen *s;

	begin(state);
	s = *state;
	set_model(s, document(10, SERVICES, ROUTES, statements, COMMANDS, ""));
	press(s, '3');
	return 0;
}

static const char *callers_of(const struct screen *s, const char *service, const char *fingerprint)
{
	for (size_t i = 0; i < s->model->row_count[PAGE_STATEMENTS]; i++) {
		const struct model_row *r = &s->model->rows[PAGE_STATEMENTS][i];

		if (strcmp(r->service, service) == 0 && strcmp(r->fingerprint, fingerprint) == 0)
			return r->callers;
	}
	fail_msg("there is no row %s of %s", fingerprint, service);
	return NULL;
}

static void test_callers_are_the_clients_with_the_same_statement(void **state)
{
	assert_string_equal(callers_of(*state, "postgres", "aa"), "jobs, web");
	assert_string_equal(callers_of(*state, "web", "aa"), "jobs, web");
	assert_string_equal(callers_of(*state, "web", "bb"), "web");
	assert_string_equal(callers_of(*state, "postgres", "cc"), "");
	assert_string_equal(callers_of(*state, "web", ""), "");
}

static void test_wide_screens_have_a_column_of_them(void **state)
{
	struct screen *s = *state;

	draw(s, 200, 24);
	assert_non_null(strstr(line(s, 3), "CALLERS"));
	assert_starts(s, FIRST_ROW, "SELECT aa FROM t");
	assert_non_null(strstr(line(s, FIRST_ROW), " jobs, web"));
	draw(s, 160, 24); /* the statement matters more */
	assert_null(strstr(line(s, 3), "CALLERS"));
	press(s, 'b');
	draw(s, 200, 24);
	assert_non_null(strstr(line(s, 3), "CALLERSv"));
}

static void test_details_have_each_with_its_numbers(void **state)
{
	struct screen *s = *state;

	draw(s, 80, 24);
	press(s, VIEW_ENTER);
	draw(s, 80, 24);
	assert_starts(s, 3, "statement of postgres (server)");
	for (int y = 4; y < 20; y++)
		if (strncmp(line(s, y), "CALLED BY", 9) == 0) {
			assert_starts(s, y + 1,
				      "jobs                         4.00   0.00%  1.99ms");
			assert_starts(s, y + 2,
				      "web                          1.00   0.00%  1.99ms");
			assert_non_null(strstr(line(s, y + 1), "     120       40"));
			assert_non_null(strstr(line(s, y + 2), "      30       10"));
			return;
		}
	fail_msg("no callers are shown");
}

static void test_whom_nobody_of_this_node_calls(void **state)
{
	struct screen *s = *state;

	draw(s, 80, 24);
	for (int i = 0; i < 3; i++)
		press(s, VIEW_DOWN);
	while (strcmp(view__selected(&s->view)->fingerprint, "cc") != 0)
		press(s, VIEW_DOWN);
	press(s, VIEW_ENTER);
	draw(s, 80, 24);
	assert_true(has(s, "none of this node is seen; the tail (f) tells where it is asked from"));
}

static void test_many_callers_end_with_how_many_there_are(void **state)
{
	struct screen *s = *state;
	char text[8192] = STATEMENT("postgres", "server", "aa", 1000, 0);
	size_t used = strlen(text);

	for (int i = 0; i < 30; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 ",{\"service\": \"client-%02d\", \"side\": \"client\","
					 " \"fingerprint\": \"aa\", \"statement\": \"x\","
					 " \"count\": %d}",
					 i, i + 1);
	set_model(s, document(10, SERVICES, ROUTES, text, COMMANDS, ""));
	assert_string_equal(callers_of(s, "postgres", "aa"),
			    "client-29, client-28, client-27, client-26, client-25, client-24, "
			    "client-23, client-22 +22");
	press(s, VIEW_ENTER);
	for (int width = 1; width < 200; width += 9)
		for (int height = 1; height < 60; height++)
			draw(s, width, height);
	draw(s, 80, 24);
	assert_true(has(s, "client-29 "));
	assert_true(has(s, " more"));
}

#define STATEMENTS_TEST(test) cmocka_unit_test_setup_teardown(test, begin_statements, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATEMENTS_TEST(test_callers_are_the_clients_with_the_same_statement),
		STATEMENTS_TEST(test_wide_screens_have_a_column_of_them),
		STATEMENTS_TEST(test_details_have_each_with_its_numbers),
		STATEMENTS_TEST(test_whom_nobody_of_this_node_calls),
		STATEMENTS_TEST(test_many_callers_end_with_how_many_there_are),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
