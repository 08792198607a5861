/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* HTTP/2: an exchange per stream, in any order, cut anywhere, with gaps, attached late. */
#include "wire.h"

static void assert_stream(const struct harness *h, size_t i, const char *path, uint16_t status,
			  uint64_t start_us, uint64_t end_us)
{
	assert_int_equal(h->exchange[i].protocol, PROTOCOL_HTTP2);
	assert_string_equal(harness__label(h, i), path);
	assert_int_equal(h->exchange[i].http.status, status);
	assert_int_equal(h->exchange[i].start_ns, start_us * 1000);
	assert_int_equal(h->exchange[i].end_ns, end_us * 1000);
}

static struct harness harness;

static void streams_answered_out_of_order_have_their_own_latency(void **state)
{
	struct harness *h = &harness;
	struct wire c, s;
	struct step script[6];

	(void)state;
	wire__open(&c);
	wire__open(&s);
	preface(&c);
	request(&c, 1, "GET", "/one", true);
	request(&c, 3, "POST", "/two", false);
	script[0] = take(&c, 10, STEP_REQUEST);
	frame(&s, 4, 0, 0, "", 0);
	response(&s, 3, "404", false);
	script[1] = take(&s, 20, STEP_RESPONSE);
	frame(&c, 0, 1, 3, "body", 4);
	request(&c, 5, "GET", "/three", true);
	script[2] = take(&c, 25, STEP_REQUEST);
	response(&s, 5, "200", true);
	frame(&s, 0, 8, 3, "\x02xyzpp", 6);
	script[3] = take(&s, 30, STEP_RESPONSE);
	frame(&s, 0, 1, 3, "end", 3);
	script[4] = take(&s, 40, STEP_RESPONSE);
	response(&s, 1, "503", true);
	script[5] = take(&s, 50, STEP_RESPONSE);

	harness__play(h, ROLE_SERVER, false, script, COUNT(script), 0);
	assert_int_equal(h->count, 3);
	assert_stream(h, 0, "/three", 200, 25, 30);
	assert_stream(h, 1, "/two", 404, 10, 40);
	assert_int_equal(h->exchange[1].http.method, HTTP_POST);
	assert_int_equal(h->exchange[1].first_ns, 20000);
	assert_stream(h, 2, "/one", 503, 10, 50);
	harness__free(h);
	harness__every_split(script, COUNT(script));
	harness__every_cut(script, COUNT(script));
	done(&c, &s, script, COUNT(script));
}

static void reset_and_goaway_abort_once(void **state)
{
	struct harness *h = &harness;
	struct wire c, s;
	struct step script[4];

	(void)state;
	wire__open(&c);
	wire__open(&s);
	preface(&c);
	for (uint32_t id = 1; id <= 7; id += 2)
		request(&c, id, "GET", "/x", true);
	script[0] = take(&c, 10, STEP_REQUEST);
	frame(&c, 3, 0, 1, "\0\0\0\x08", 4);
	script[1] = take(&c, 20, STEP_REQUEST);
	frame(&s, 3, 0, 1, "\0\0\0\x08", 4);
	frame(&s, 7, 0, 0, "\0\0\0\x03\0\0\0\0", 8);
	response(&s, 3, "200", true);
	script[2] = take(&s, 30, STEP_RESPONSE);
	script[3] = (struct step){40, STEP_CLOSE, NULL, 0};

	harness__play(h, ROLE_CLIENT, false, script, COUNT(script), 0);
	assert_int_equal(h->count, 4);
	assert_int_equal(h->exchange[0].outcome, OUTCOME_ABORTED);
	assert_int_equal(h->exchange[0].end_ns, 20000);
	assert_int_equal(h->exchange[1].outcome, OUTCOME_ABORTED);
	assert_int_equal(h->exchange[2].outcome, OUTCOME_ABORTED);
	assert_stream(h, 3, "/x", 200, 10, 30);
	harness__free(h);
	done(&c, &s, script, COUNT(script));
}

static void attached_late_a_route_is_unknown_or_right(void **state)
{
	struct harness *h = &harness;
	struct wire c, s;
	struct step script[4], early[2];

	(void)state;
	wire__open(&c);
	wire__open(&s);
	preface(&c);
	frame(&c, 1, 5, 1, "\x82\x86\x44\x05/seen",
	      9); /* :path goes into the table (RFC 7541, 6.2.1) */
	early[0] = take(&c, 1, STEP_REQUEST);
	response(&s, 1, "299", true);
	early[1] = take(&s, 1, STEP_RESPONSE);
	frame(&c, 1, 5, 3, "\x82\x86\xbe", 3); /* its first entry: never seen by us */
	script[0] = take(&c, 10, STEP_REQUEST);
	response(&s, 3, "200", true);
	script[1] = take(&s, 20, STEP_RESPONSE);
	request(&c, 5, "GET", "/new", true);
	request(&c, 7, "GET", "/new", true);
	script[2] = take(&c, 30, STEP_REQUEST);
	response(&s, 7, "404", true);
	response(&s, 5, "200", true);
	script[3] = take(&s, 40, STEP_RESPONSE);

	harness__play(h, ROLE_SERVER, true, script, COUNT(script), 0);
	assert_int_equal(h->count, 3);
	assert_stream(h, 0, "?", 200, 10, 20);
	assert_stream(h, 1, "/new", 404, 30, 40);
	assert_stream(h, 2, "/new", 200, 30, 40);
	harness__free(h);
	done(&c, &s, script, COUNT(script));
	for (size_t i = 0; i < COUNT(early); i++)
		free((void *)(uintptr_t)early[i].data);
}

static void lost_responses_lose_what_was_in_flight_and_no_more(void **state)
{
	struct harness *h = &harness;
	struct wire c, s;
	struct step script[5];

	(void)state;
	wire__open(&c);
	wire__open(&s);
	preface(&c);
	request(&c, 1, "GET", "/a", true);
	request(&c, 3, "GET", "/b", true);
	script[0] = take(&c, 10, STEP_REQUEST);
	frame(&s, 4, 0, 0, "", 0);
	response(&s, 1, "200", true);
	script[1] = take(&s, 20, STEP_RESPONSE);
	response(&s, 3, "200", true);
	script[2] = take(&s, 30, STEP_LOSE_RESPONSE);
	request(&c, 5, "GET", "/c", true);
	script[3] = take(&c, 40, STEP_REQUEST);
	response(&s, 5, "500", true);
	script[4] = take(&s, 50, STEP_RESPONSE);

	harness__play(h, ROLE_SERVER, false, script, COUNT(script), 0);
	assert_stream(h, 0, "/a", 200, 10, 20);
	assert_true(h->count >= 3);
	for (size_t i = 1; i < h->count; i++)
		if (h->exchange[i].outcome != OUTCOME_LOST)
			assert_stream(h, i, "/c", 500, 40, 50);
	harness__free(h);
	done(&c, &s, script, COUNT(script));
}

static void garbage_never_breaks_out(void **state)
{
	struct harness *h = &harness;
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 300; round++) {
		uint8_t bytes[400];
		struct step script[3] = {{10, STEP_REQUEST, PREFACE, 24},
					 {20, STEP_REQUEST, bytes, sizeof(bytes)},
					 {30, STEP_RESPONSE, bytes, sizeof(bytes)}};

		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = i % 9 < 2 ? 0 : (uint8_t)(seed >> 24 & (i % 3 ? 0xff : 0x0f));
		}
		harness__play(h, round % 2 ? ROLE_SERVER : ROLE_CLIENT, false, script,
			      COUNT(script), 0);
		harness__free(h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_answered_out_of_order_have_their_own_latency),
		cmocka_unit_test(reset_and_goaway_abort_once),
		cmocka_unit_test(attached_late_a_route_is_unknown_or_right),
		cmocka_unit_test(lost_responses_lose_what_was_in_flight_and_no_more),
		cmocka_unit_test(garbage_never_breaks_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
