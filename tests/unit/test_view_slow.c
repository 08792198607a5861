/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The page of the slowest requests: read from a document, listed, and one drawn as a waterfall. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "view/slow.h"
#include "view/view.h"

#define HEAD                                                                                       \
	"{\"version\": 1, \"source\": \"live\", \"time_ns\": 20000000000, \"started_ns\": 1,"      \
	" \"sonde\": {\"version\": \"1\", \"capture\": \"x\"}, \"slow\": ["
#define FIRST                                                                                      \
	"{\"service\": \"shop\", \"method\": \"GET\", \"route\": \"/orders/{id}\","                \
	" \"status\": 200, \"end_ns\": 15000000000, \"ms\": 90.0, \"calls\": 5,"                   \
	" \"shares_ms\": {\"queue\": 10.0, \"self\": 20.0, \"postgres\": 50.0, \"redis\": 10.0,"   \
	" \"unattributed\": 10.0}, \"spans\": ["                                                   \
	"{\"where\": \"postgres\", \"certain\": true, \"start_ms\": 10.0, \"ms\": 50.0,"           \
	" \"name\": \"SELECT a FROM b\"},"                                                         \
	"{\"where\": \"redis\", \"certain\": true, \"start_ms\": 60.0, \"ms\": 10.0,"              \
	" \"name\": \"GET\\u001b[31m\"},"                                                          \
	"{\"where\": \"http\", \"certain\": false, \"start_ms\": 80.0, \"ms\": 10.0,"              \
	" \"name\": \"/stock/{id}\"}]}"
#define SECOND                                                                                     \
	"{\"service\": \"cart\", \"method\": \"POST\", \"route\": \"/carts\", \"status\": 503,"    \
	" \"end_ns\": 19000000000, \"ms\": 5.0, \"calls\": 0, \"shares_ms\": {\"self\": 5.0},"     \
	" \"spans\": []}"
#define THIRD                                                                                      \
	"{\"service\": \"cart\", \"method\": \"GET\", \"route\": \"/\", \"status\": 200,"          \
	" \"end_ns\": 20000000000, \"ms\": 70.0, \"calls\": 0, \"shares_ms\": {\"self\": 70.0},"   \
	" \"spans\": []}"

struct screen {
	struct view view;
	struct frame frame;
	struct model *model;
};

static void set_document(struct screen *s, const char *text)
{
	json_t *document = json_loads(text, 0, NULL);

	assert_non_null(document);
	model__free(s->model);
	s->model = model__new(document, NULL, NULL);
	assert_non_null(s->model);
	s->view.model = s->model;
	json_decref(document);
}

static int begin(void **state)
{
	struct screen *s = calloc(1, sizeof(*s));

	view__init(&s->view);
	s->view.plain = true;
	set_document(s, HEAD FIRST "," SECOND "]}");
	view__key(&s->view, '7');
	*state = s;
	return 0;
}

static int end(void **state)
{
	struct screen *s = *state;

	frame__free(&s->frame);
	model__free(s->model);
	free(s);
	return 0;
}

static void draw(struct screen *s, int width, int height)
{
	assert_true(frame__size(&s->frame, width, height));
	view__draw(&s->view, &s->frame);
}

static void press(struct screen *s, int key)
{
	view__key(&s->view, key);
	draw(s, 100, 24);
}

static const char *line(const struct screen *s, int y)
{
	static char text[1024];
	size_t n = 0;

	for (int x = 0; x < s->frame.width && n < sizeof(text) - 8; x++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%lc",
				      (wint_t)s->frame.cell[y * s->frame.width + x].character);
	while (n && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
	return text;
}

/* The line that holds the text; -1: none. */
static int find(const struct screen *s, const char *text)
{
	for (int y = 3; y < s->frame.height; y++) /* below the tabs */
		if (strstr(line(s, y), text))
			return y;
	return -1;
}

static void test_list(void **state)
{
	struct screen *s = *state;

	draw(s, 100, 24);
	assert_non_null(strstr(line(s, 4), "/orders/{id}"));
	assert_non_null(strstr(line(s, 4), "5s"));
	assert_non_null(strstr(line(s, 4), "100ms"));
	assert_non_null(strstr(line(s, 4), "shop"));
	assert_non_null(strstr(line(s, 4), "qq....PPPPPPPPPPRR??"));
	assert_non_null(strstr(line(s, 5), "503 POST"));
	assert_non_null(strstr(line(s, 5), "...................."));
	assert_non_null(strstr(line(s, 2), "1 of 2"));
}

static void test_waterfall(void **state)
{
	struct screen *s = *state;
	int request, postgres, redis, http;

	draw(s, 100, 24);
	press(s, VIEW_ENTER);
	assert_true(find(s, "GET of shop: 200 in 100ms, 5s ago") == 3);
	assert_non_null(strstr(line(s, find(s, "postgres")), "50ms  50.0%"));
	request = find(s, "request");
	postgres = find(s, "SELECT a FROM b");
	redis = find(s, "GET [31m"); /* no control character gets through */
	http = find(s, "/stock/{id}");
	assert_true(0 < request && request < postgres && postgres < redis && redis < http);
	assert_non_null(strstr(line(s, postgres), "10ms     50ms postgres"));
	assert_non_null(strstr(line(s, postgres), "PPPPP"));
	/* begins where the one before ended, on the same scale as the request */
	assert_int_equal(strstr(line(s, redis) + 29, "RR") - line(s, redis),
			 29 + (int)(42 * 70.0 / 100));
	assert_non_null(strstr(line(s, http), "???"));
	assert_null(strstr(line(s, http), "HH"));
	assert_true(find(s, "and 2 calls more") > http);
	press(s, VIEW_DOWN);
	assert_true(find(s, "POST of cart: 503") == 3);
	press(s, VIEW_ESCAPE);
	assert_true(find(s, "ROUTE") == 3);
}

#define STATEMENT                                                                                  \
	"{\"protocol\": \"postgres\", \"side\": \"client\", \"outcome\": \"error\","               \
	" \"start_ns\": 17750000000, \"duration_ns\": 250000000, \"queue_ns\": 0,"                 \
	" \"statement\": \"SELECT pg_sleep($1)\", \"rows\": 7, \"sqlstate\": \"57014\","           \
	" \"service\": \"report\", \"comm\": \"python3\", \"connection\": 3, \"simple\": true}"
#define COMMAND                                                                                    \
	"{\"protocol\": \"redis\", \"side\": \"server\", \"outcome\": \"ok\","                     \
	" \"start_ns\": 1000000000, \"duration_ns\": 40000000, \"queue_ns\": 10000000,"            \
	" \"command\": \"EVAL\", \"service\": \"redis\"}"
#define METHOD                                                                                     \
	"{\"protocol\": \"http\", \"side\": \"client\", \"outcome\": \"ok\", \"status\": 200,"     \
	" \"start_ns\": 2000000000, \"duration_ns\": 2000000, \"method\": \"POST\","               \
	" \"route\": \"/a.B/Get\", \"rpc_type\": \"unary\", \"service\": \"asker\"}"

/* Exchanges stand among the requests by how long they took, and tell all that is known of them. */
static void test_exchanges(void **state)
{
	struct screen *s = *state;

	set_document(s,
		     HEAD FIRST "], \"slow_exchanges\": [" STATEMENT "," COMMAND "," METHOD "]}");
	draw(s, 100, 24);
	assert_non_null(strstr(line(s, 4), "250ms  err SQL     SELECT pg_sleep($1)"));
	assert_non_null(strstr(line(s, 4), "asked, 7 rows"));
	assert_non_null(strstr(line(s, 5), "/orders/{id}"));
	assert_non_null(strstr(line(s, 6), "50ms   ok Redis   EVAL"));
	assert_non_null(strstr(line(s, 6), "answered"));
	assert_non_null(strstr(line(s, 7), "200 gRPC    /a.B/Get"));
	press(s, VIEW_ENTER);
	assert_true(find(s, "SQL asked by report in 250ms, 2 s ago") == 3);
	assert_non_null(strstr(line(s, find(s, "duration")), "250.000 ms"));
	assert_non_null(strstr(line(s, find(s, "sqlstate")), "57014"));
	assert_non_null(strstr(line(s, find(s, "simple")), "yes"));
	assert_non_null(strstr(line(s, find(s, "comm")), "python3"));
	press(s, VIEW_DOWN);
	assert_true(find(s, "GET of shop") == 3);
}

static void test_strange_exchanges(void **state)
{
	struct screen *s = *state;

	set_document(s, HEAD "], \"slow_exchanges\": [1, null, [], {}, {\"start_ns\": -1e300,"
			     " \"duration_ns\": 1e300, \"rows\": -1, \"connection\": \"x\","
			     " \"_ns\": 3, \"a_name_longer_than_any_that_there_is\": 5}]}");
	assert_int_equal(s->model->slow_count, 5);
	for (int i = 0; i < 5; i++) {
		press(s, VIEW_ENTER);
		press(s, VIEW_DOWN);
	}
}

/* New ones come above: who is looked at stays. */
static void test_followed(void **state)
{
	struct screen *s = *state;

	draw(s, 100, 24);
	press(s, VIEW_DOWN);
	press(s, VIEW_ENTER);
	set_document(s, HEAD FIRST "," THIRD "," SECOND "]}");
	draw(s, 100, 24);
	assert_true(find(s, "POST of cart: 503") == 3);
}

static void test_filter(void **state)
{
	struct screen *s = *state;

	press(s, '/');
	press(s, 'c');
	press(s, 'a');
	press(s, VIEW_ENTER);
	assert_int_equal(find(s, "/orders"), -1);
	assert_true(find(s, "/carts") == 4);
	press(s, 'x');
	press(s, '/');
	press(s, 'z');
	assert_true(find(s, "nothing slow fits") == 4);
}

static void test_none(void **state)
{
	struct screen *s = *state;

	set_document(s, HEAD "]}");
	draw(s, 100, 24);
	assert_true(find(s, "nothing took a millisecond yet") == 4);
	press(s, VIEW_ENTER);
	press(s, VIEW_DOWN);
	s->view.model = NULL;
	draw(s, 100, 24);
}

/* What a document may hold that is none of ours. */
static void test_strange_documents(void **state)
{
	struct screen *s = *state;

	set_document(s, HEAD "1, {}, {\"spans\": 3, \"shares_ms\": [], \"ms\": -5,"
			     " \"status\": \"x\", \"end_ns\": -1}, {\"spans\": [7, {\"where\":"
			     " \"moon\", \"start_ms\": 1e300, \"ms\": -1e300}], \"shares_ms\":"
			     " {\"moon\": 5, \"self\": -3}}]}");
	assert_int_equal(s->model->slow_count, 4);
	assert_true(s->model->slow[3].share[WHERE_UNATTRIBUTED] == 5);
	for (int i = 0; i < 4; i++) {
		press(s, VIEW_ENTER);
		press(s, VIEW_DOWN);
	}
}

static void test_every_size(void **state)
{
	struct screen *s = *state;

	for (int detail = 0; detail < 2; detail++) {
		for (int width = 1; width < 130; width += 3)
			for (int height = 1; height < 30; height++)
				draw(s, width, height);
		press(s, VIEW_ENTER);
		assert_true(s->view.detail);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_list, begin, end),
		cmocka_unit_test_setup_teardown(test_waterfall, begin, end),
		cmocka_unit_test_setup_teardown(test_followed, begin, end),
		cmocka_unit_test_setup_teardown(test_exchanges, begin, end),
		cmocka_unit_test_setup_teardown(test_strange_exchanges, begin, end),
		cmocka_unit_test_setup_teardown(test_filter, begin, end),
		cmocka_unit_test_setup_teardown(test_none, begin, end),
		cmocka_unit_test_setup_teardown(test_strange_documents, begin, end),
		cmocka_unit_test_setup_teardown(test_every_size, begin, end),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
