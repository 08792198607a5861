/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TRAFFIC.md, HTTP/1.1, number by number; each stream also cut everywhere. */
#include "harness.h"

#define COUNT(a)	 (sizeof(a) / sizeof((a)[0]))
#define GET(path)	 "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define REPLY(code, len) "HTTP/1.1 " code " X\r\nContent-Length: " len "\r\n\r\n"

static struct harness h;

static void play(const struct step *script, size_t steps)
{
	harness__every_cut(script, steps);
	harness__every_split(script, steps);
	harness__play(&h, ROLE_SERVER, false, script, steps, 0);
}
#define PLAY(script) play(script, COUNT(script))

static void check(size_t i, const char *path, int status, uint64_t start_us, uint64_t end_us)
{
	assert_true(i < h.count);
	assert_string_equal(harness__label(&h, i), path);
	assert_int_equal(h.exchange[i].http.status, status);
	assert_int_equal(h.exchange[i].outcome, status >= 400 ? OUTCOME_ERROR : OUTCOME_OK);
	assert_int_equal(h.exchange[i].start_ns, start_us * 1000);
	assert_int_equal(h.exchange[i].end_ns, end_us * 1000);
}

static void pipelined_requests_have_their_own_clocks(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, GET("/a") GET("/b"), 0},
		{15, STEP_REQUEST, GET("/c"), 0},
		{20, STEP_RESPONSE, REPLY("200", "2") "ok", 0},
		{30, STEP_RESPONSE, REPLY("404", "0") REPLY("201", "3") "abc", 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 3);
	check(0, "/a", 200, 10, 20);
	check(1, "/b", 404, 10, 30);
	check(2, "/c", 201, 15, 30);
	harness__free(&h);
}

static void interim_answers_belong_to_the_final_one(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST,
		 "POST /u HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n", 0},
		{20, STEP_RESPONSE, "HTTP/1.1 100 Continue\r\n\r\n", 0},
		{30, STEP_REQUEST, "GET ", 0}, /* the body */
		{40, STEP_RESPONSE, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 0},
		{50, STEP_RESPONSE, REPLY("200", "0"), 0},
		{60, STEP_REQUEST, GET("/n"), 0},
		{70, STEP_RESPONSE, REPLY("200", "0"), 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 2);
	check(0, "/u", 200, 10, 50);
	check(1, "/n", 200, 60, 70);
	assert_int_equal(h.exchange[0].http.method, HTTP_POST);
	harness__free(&h);
}

static void a_refused_expectation_leaves_the_body_out(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST,
		 "POST /u HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 400\r\n\r\n", 0},
		{20, STEP_RESPONSE, REPLY("417", "0"), 0},
		{30, STEP_REQUEST, GET("/n"), 0},
		{40, STEP_RESPONSE, REPLY("200", "0"), 0},
	};

	(void)state;
	harness__play(&h, ROLE_SERVER, false, script, COUNT(script), 0);
	assert_int_equal(h.count, 2);
	check(0, "/u", 417, 10, 20);
	check(1, "/n", 200, 30, 40);
	harness__free(&h);
}

static void chunked_ends_after_the_trailers(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST,
		 "POST /c HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
		 "5;a=\"b\"\r\nGET /\r\n10\r\n0123456789abcdef\r\n0\r\nX-T: 1\r\n\r\n",
		 0},
		{20, STEP_RESPONSE,
		 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 0},
		{30, STEP_RESPONSE, "0\r\nTrailer: x\r\n", 0},
		{40, STEP_RESPONSE, "\r\n", 0},
		{50, STEP_REQUEST, GET("/n"), 0},
		{60, STEP_RESPONSE, REPLY("200", "0"), 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 2);
	check(0, "/c", 200, 10, 40);
	check(1, "/n", 200, 50, 60);
	harness__free(&h);
}

static void some_answers_have_no_body(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "HEAD /h HTTP/1.1\r\n\r\n", 0},
		{20, STEP_RESPONSE, REPLY("200", "1000"), 0},
		{30, STEP_REQUEST, GET("/m"), 0},
		{40, STEP_RESPONSE, REPLY("304", "1000"), 0},
		{50, STEP_REQUEST, "DELETE /d HTTP/1.1\r\n\r\n", 0},
		{60, STEP_RESPONSE, "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
		 0},
		{70, STEP_REQUEST, GET("/n"), 0},
		{80, STEP_RESPONSE, REPLY("200", "0"), 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 4);
	check(0, "/h", 200, 10, 20);
	check(1, "/m", 304, 30, 40);
	check(2, "/d", 204, 50, 60);
	check(3, "/n", 200, 70, 80);
	harness__free(&h);
}

static void a_tunnel_is_one_exchange_then_opaque(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "CONNECT db:443 HTTP/1.1\r\nHost: db\r\n\r\n", 0},
		{20, STEP_RESPONSE, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 0},
		{30, STEP_REQUEST, GET("/inside"), 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 1);
	check(0, "{authority}", 200, 10, 20);
	assert_int_equal(h.engine->counters.opaque[PROTOCOL_OPAQUE], 1);
	harness__free(&h);
}

static void an_upgrade_is_one_exchange_then_opaque(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST,
		 "GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 0},
		{20, STEP_RESPONSE, "HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n\x81\x02hi", 0},
		{30, STEP_REQUEST, "\x81\x80\0\0\0\0", 6},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 1);
	check(0, "/ws", 101, 10, 20);
	harness__free(&h);
}

static void h2c_takes_its_status_from_http2(void **state)
{
	static const char settings[] = "\0\0\0\4\0\0\0\0\0", headers[] = "\0\0\1\1\5\0\0\0\1\x8d";
	static const struct step script[] = {
		{10, STEP_REQUEST,
		 "GET /up HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
		 "HTTP2-Settings: AAA\r\n\r\n",
		 0},
		{20, STEP_RESPONSE, "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
		 0},
		{25, STEP_RESPONSE, settings, 9},
		{30, STEP_REQUEST, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0},
		{35, STEP_REQUEST, settings, 9},
		{40, STEP_RESPONSE, headers, 10},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 1);
	check(0, "/up", 404, 10, 40);
	assert_int_equal(h.exchange[0].protocol, PROTOCOL_HTTP2);
	assert_int_equal(h.exchange[0].http.method, HTTP_GET);
	harness__free(&h);
}

static void a_body_until_close_ends_at_fin(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "GET /old HTTP/1.0\r\n\r\n", 0},
		{20, STEP_RESPONSE, "HTTP/1.0 200 OK\r\n\r\nsome", 0},
		{30, STEP_RESPONSE, "thing HTTP/1.1 500 X\r\n\r\n", 0},
		{40, STEP_RESPONSE_END, NULL, 0},
		{50, STEP_CLOSE, NULL, 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 1);
	check(0, "/old", 200, 10, 40);
	assert_false(h.exchange[0].http.truncated);
	assert_int_equal(h.exchange[0].http.version, 10);
	assert_int_equal(h.exchange[0].response_bytes, 19 + 4 + 24);
	harness__free(&h);
}

static void a_reset_cuts_a_body_until_close_short(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "GET /old HTTP/1.0\r\n\r\n", 0},
		{20, STEP_RESPONSE, "HTTP/1.0 200 OK\r\n\r\nsome", 0},
		{30, STEP_RESET, NULL, 0},
	};

	(void)state;
	harness__play(&h, ROLE_CLIENT, false, script, COUNT(script), 0);
	assert_int_equal(h.count, 1);
	assert_true(h.exchange[0].http.truncated);
	harness__free(&h);
}

static void a_body_without_a_buffer_counts_by_its_length(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, GET("/file"), 0},
		{20, STEP_RESPONSE, REPLY("200", "3000000"), 0},
		{30, STEP_BODY_RESPONSE, NULL, 1000000},
		{40, STEP_BODY_RESPONSE, NULL, 2000000},
		{50, STEP_REQUEST, GET("/n"), 0},
		{60, STEP_RESPONSE, REPLY("200", "0"), 0},
	};

	(void)state;
	harness__play(&h, ROLE_SERVER, false, script, COUNT(script), 0);
	assert_int_equal(h.count, 2);
	check(0, "/file", 200, 10, 40);
	assert_int_equal(h.exchange[0].response_bytes, 3000000 + strlen(REPLY("200", "3000000")));
	check(1, "/n", 200, 50, 60);
	assert_int_equal(h.engine->counters.lost_bytes[PROTOCOL_HTTP1][LOSS_NO_BUFFER], 0);
	harness__free(&h);
}

static void one_byte_at_a_time_is_one_exchange(void **state)
{
	(void)state;
	harness__open(&h, ROLE_SERVER, false);
	for (size_t i = 0; i < strlen(GET("/slow")); i++)
		harness__chunk(&h, 10 + i, true, GET("/slow") + i, 1);
	harness__chunk(&h, 100, false, REPLY("200", "0"), strlen(REPLY("200", "0")));
	harness__finish(&h);
	assert_int_equal(h.count, 1);
	check(0, "/slow", 200, 10, 100);
	harness__free(&h);
}

static void unanswered_is_aborted_once(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, GET("/gone"), 0},
		{20, STEP_RESPONSE, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 0},
		{30, STEP_RESET, NULL, 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 1);
	assert_int_equal(h.exchange[0].outcome, OUTCOME_ABORTED);
	assert_int_equal(h.exchange[0].http.status, 0);
	harness__free(&h);
}

static void half_a_head_is_no_exchange_but_unparsable(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "GET /slowloris HTTP/1.1\r\nX-A: 1\r\n", 0},
		{20, STEP_REQUEST, "X-B: 2\r\n", 0},
		{30, STEP_RESPONSE, REPLY("408", "0"), 0},
		{40, STEP_CLOSE, NULL, 0},
	};

	(void)state;
	harness__play(&h, ROLE_SERVER, false, script, COUNT(script), 0);
	assert_int_equal(h.count, 0);
	assert_int_equal(h.engine->counters.unparsable[PROTOCOL_HTTP1], 1);
	harness__free(&h);
}

static void a_request_in_a_body_is_none(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "POST /p HTTP/1.1\r\nContent-Length: 27\r\n\r\n", 0},
		{12, STEP_REQUEST, "GET / HTTP/1.1\r\nHost: b\r\n\r\n", 27},
		{20, STEP_RESPONSE, REPLY("200", "0"), 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 1);
	check(0, "/p", 200, 10, 20);
	harness__free(&h);
}

static void attached_in_mid_body_is_in_step_at_the_next_head(void **state)
{
	static const struct step script[] = {
		{10, STEP_RESPONSE, "rest of a body, GET / HTTP/1.1\r\n\r\n", 0},
		{100000, STEP_REQUEST, GET("/n"), 0},
		{100020, STEP_RESPONSE, REPLY("200", "0"), 0},
	};

	(void)state;
	harness__play(&h, ROLE_SERVER, true, script, COUNT(script), 0);
	assert_int_equal(h.count, 1);
	check(0, "/n", 200, 100000, 100020);
	harness__free(&h);
}

static void a_line_longer_than_any_limit_is_judged_by_its_beginning(void **state)
{
	static char request[20000];
	struct step script[] = {
		{10, STEP_REQUEST, request, 0},
		{20, STEP_RESPONSE, REPLY("414", "0"), 0},
	};

	(void)state;
	memset(request, 'a', sizeof(request) - 1);
	memcpy(request, "GET /l?q=", 9);
	strcpy(request + sizeof(request) - 40, " HTTP/1.1\r\nHost: x\r\n\r\n");
	harness__play(&h, ROLE_SERVER, false, script, COUNT(script), 0);
	assert_int_equal(h.count, 1);
	check(0, "/l", 414, 10, 20);
	harness__free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipelined_requests_have_their_own_clocks),
		cmocka_unit_test(interim_answers_belong_to_the_final_one),
		cmocka_unit_test(a_refused_expectation_leaves_the_body_out),
		cmocka_unit_test(chunked_ends_after_the_trailers),
		cmocka_unit_test(some_answers_have_no_body),
		cmocka_unit_test(a_tunnel_is_one_exchange_then_opaque),
		cmocka_unit_test(an_upgrade_is_one_exchange_then_opaque),
		cmocka_unit_test(h2c_takes_its_status_from_http2),
		cmocka_unit_test(a_body_until_close_ends_at_fin),
		cmocka_unit_test(a_reset_cuts_a_body_until_close_short),
		cmocka_unit_test(a_body_without_a_buffer_counts_by_its_length),
		cmocka_unit_test(one_byte_at_a_time_is_one_exchange),
		cmocka_unit_test(unanswered_is_aborted_once),
		cmocka_unit_test(half_a_head_is_no_exchange_but_unparsable),
		cmocka_unit_test(a_request_in_a_body_is_none),
		cmocka_unit_test(attached_in_mid_body_is_in_step_at_the_next_head),
		cmocka_unit_test(a_line_longer_than_any_limit_is_judged_by_its_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
