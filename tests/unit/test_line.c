/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exchanges as lines, and which of them are wanted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "view/line.h"

#define HTTP                                                                                       \
	"{\"protocol\":\"http\",\"side\":\"server\",\"outcome\":\"error\",\"start_ns\":1000,"      \
	"\"duration_ns\":1230000,\"method\":\"GET\",\"route\":\"/orders/{id}\",\"status\":503,"    \
	"\"service\":\"shop\"}"
#define SQL                                                                                        \
	"{\"protocol\":\"postgres\",\"side\":\"client\",\"outcome\":\"error\",\"start_ns\":0,"     \
	"\"duration_ns\":250000,\"statement\":\"SELECT ?\",\"sqlstate\":\"23505\",\"rows\":2,"     \
	"\"service\":\"shop\"}"
#define LOST                                                                                       \
	"{\"protocol\":\"redis\",\"side\":\"client\",\"outcome\":\"lost\",\"lost\":\"ring_full\"," \
	"\"start_ns\":0,\"duration_ns\":0,\"command\":\"GET\",\"service\":\"a\\u001b[2Jb\"}"

#define KEYED                                                                                      \
	"{\"protocol\":\"redis\",\"side\":\"client\",\"outcome\":\"ok\",\"start_ns\":0,"           \
	"\"duration_ns\":250000,\"command\":\"GET\",\"key_pattern\":\"user:*\",\"service\":"       \
	"\"shop\"}"

static bool admits(const char *text, struct line_filter filter)
{
	json_error_t problem;
	json_t *e = json_loads(text, 0, &problem);
	bool admitted = line_filter__admits(&filter, e);

	assert_non_null(e);
	json_decref(e);
	return admitted;
}

static void filters_look_at_what_they_name(void **state)
{
	(void)state;
	assert_true(admits(HTTP, (struct line_filter){0}));
	assert_true(admits(HTTP, (struct line_filter){.service = "sh*", .route = "/orders/*"}));
	assert_false(admits(HTTP, (struct line_filter){.service = "sh"}));
	assert_false(admits(HTTP, (struct line_filter){.route = "/orders"}));
	assert_true(admits(HTTP, (struct line_filter){.status = "5xx"}));
	assert_true(admits(HTTP, (struct line_filter){.status = "503"}));
	assert_true(admits(HTTP, (struct line_filter){.status = "error"}));
	assert_false(admits(HTTP, (struct line_filter){.status = "4xx"}));
	assert_false(admits(HTTP, (struct line_filter){.status = "50"}));
	assert_false(admits(SQL, (struct line_filter){.status = "5xx"}));
	assert_true(admits(SQL, (struct line_filter){.status = "23505"}));
	assert_true(admits(SQL, (struct line_filter){.protocol = "postgres", .side = "client"}));
	assert_false(admits(SQL, (struct line_filter){.protocol = "http"}));
	assert_false(admits(SQL, (struct line_filter){.side = "server"}));
	assert_true(admits(LOST, (struct line_filter){.status = "lost"}));
	assert_true(admits(KEYED, (struct line_filter){.route = "GET"}));
	assert_true(admits(KEYED, (struct line_filter){.route = "user:[*]"}));
	assert_false(admits(KEYED, (struct line_filter){.route = ""}));
	assert_false(admits(LOST, (struct line_filter){.route = ""}));
	assert_true(admits(HTTP, (struct line_filter){.slower_ns = 1230000}));
	assert_false(admits(HTTP, (struct line_filter){.slower_ns = 1230001}));
}

static void assert_line(const char *text, const char *wanted)
{
	json_error_t problem;
	json_t *e = json_loads(text, 0, &problem);
	struct buffer out = {0};

	line__print(e, 0, &out);
	assert_string_equal(out.data, wanted);
	buffer__clear(&out);
	json_decref(e);
}

static void lines_tell_what_when_and_how_long(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	assert_line(HTTP, "00:00:00.000001 server shop http GET /orders/{id} 503 1.23ms\n");
	assert_line(SQL, "00:00:00.000000 client shop postgres SELECT ? 23505 250us 2 rows\n");
	assert_line(KEYED, "00:00:00.000000 client shop redis GET user:* ok 250us\n");
	/* A service's name is chosen by strangers: no escape sequence reaches the terminal. */
	assert_line(LOST, "00:00:00.000000 client a [2Jb redis GET lost (ring_full) 0us\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_look_at_what_they_name),
		cmocka_unit_test(lines_tell_what_when_and_how_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
