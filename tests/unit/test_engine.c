/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Gaps, order, roles and ends: what the middle makes of a stream, whatever the protocol. */
#include "harness.h"

#include <errno.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define OK	  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define NOT_FOUND "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
#define PLAY(role, existing, script)                                                               \
	harness__play(h, role, existing, script, sizeof(script) / sizeof((script)[0]), 0)

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct harness));
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	harness__free(*state);
	free(*state);
	return 0;
}

static void assert_http(const struct harness *h, size_t i, uint16_t status, uint64_t start_us,
			uint64_t end_us)
{
	assert_true(i < h->count);
	assert_int_equal(h->exchange[i].protocol, PROTOCOL_HTTP1);
	assert_int_equal(h->exchange[i].http.status, status);
	assert_int_equal(h->exchange[i].start_ns, start_us * 1000);
	assert_int_equal(h->exchange[i].end_ns, end_us * 1000);
}

static void one_lost_response_shifts_nothing(void **state)
{
	struct harness *h = *state;
	static const struct step script[] = {
		{10, STEP_REQUEST, GET("/a"), 0}, {20, STEP_RESPONSE, OK, 0},
		{30, STEP_REQUEST, GET("/b"), 0}, {40, STEP_LOSE_RESPONSE, OK, 0},
		{50, STEP_REQUEST, GET("/c"), 0}, {60, STEP_RESPONSE, NOT_FOUND, 0},
		{70, STEP_REQUEST, GET("/d"), 0}, {90, STEP_RESPONSE, OK, 0},
	};

	PLAY(ROLE_SERVER, false, script);
	assert_int_equal(h->count, 4);
	assert_http(h, 0, 200, 10, 20);
	assert_int_equal(h->exchange[1].outcome, OUTCOME_LOST);
	assert_int_equal(h->exchange[1].loss, LOSS_RING_FULL);
	assert_string_equal(harness__label(h, 1), "/b");
	assert_http(h, 2, 404, 50, 60);
	assert_string_equal(harness__label(h, 2), "/c");
	assert_http(h, 3, 200, 70, 90);
}

static void one_lost_request_shifts_nothing(void **state)
{
	struct harness *h = *state;
	static const struct step script[] = {
		{10, STEP_REQUEST, GET("/a"), 0},      {20, STEP_RESPONSE, OK, 0},
		{30, STEP_LOSE_REQUEST, GET("/b"), 0}, {40, STEP_RESPONSE, OK, 0},
		{50, STEP_REQUEST, GET("/c"), 0},      {60, STEP_RESPONSE, NOT_FOUND, 0},
	};

	PLAY(ROLE_SERVER, false, script);
	assert_int_equal(h->count, 3);
	assert_http(h, 0, 200, 10, 20);
	assert_int_equal(h->exchange[1].outcome, OUTCOME_LOST);
	assert_http(h, 2, 404, 50, 60);
}

static void a_lost_pair_is_one_lost_exchange(void **state)
{
	struct harness *h = *state;
	static const struct step script[] = {
		{10, STEP_REQUEST, GET("/a"), 0},
		{20, STEP_RESPONSE, OK, 0},
		{30, STEP_LOSE_REQUEST, GET("/b"), 0},
		{40, STEP_LOSE_RESPONSE, OK, 0},
		{50, STEP_REQUEST, GET("/c"), 0},
		{60, STEP_RESPONSE, NOT_FOUND, 0},
		{70, STEP_CLOSE, NULL, 0}, /* proves that no request was lost behind /c */
	};

	PLAY(ROLE_SERVER, false, script);
	assert_int_equal(h->count, 3);
	assert_int_equal(h->exchange[1].outcome, OUTCOME_LOST);
	assert_http(h, 2, 404, 50, 60);
}

/* The response of /b looks like that of /a, until the next request tells that one was lost. */
static void a_lost_response_and_request_are_not_taken_for_each_other(void **state)
{
	struct harness *h = *state;
	static const struct step script[] = {
		{10, STEP_REQUEST, GET("/a"), 0},      {20, STEP_LOSE_RESPONSE, OK, 0},
		{30, STEP_LOSE_REQUEST, GET("/b"), 0}, {40, STEP_RESPONSE, NOT_FOUND, 0},
		{50, STEP_REQUEST, GET("/c"), 0},      {60, STEP_RESPONSE, OK, 0},
	};

	PLAY(ROLE_SERVER, false, script);
	assert_int_equal(h->count, 3);
	assert_int_equal(h->exchange[0].outcome, OUTCOME_LOST);
	assert_int_equal(h->exchange[1].outcome, OUTCOME_LOST);
	assert_http(h, 2, 200, 50, 60);
}

static void a_gap_in_a_pipeline_pairs_nothing_until_sure(void **state)
{
	struct harness *h = *state;
	static const struct step script[] = {
		{10, STEP_REQUEST, GET("/a") GET("/b") GET("/c"), 0},
		{20, STEP_LOSE_RESPONSE, OK, 0},
		{30, STEP_RESPONSE, OK OK, 0},
		{40, STEP_REQUEST, GET("/d") GET("/e"), 0},
		{50, STEP_RESPONSE, NOT_FOUND OK, 0},
	};

	PLAY(ROLE_SERVER, false, script);
	assert_int_equal(h->count, 5);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(h->exchange[i].outcome, OUTCOME_LOST);
	assert_http(h, 3, 404, 40, 50);
	assert_http(h, 4, 200, 40, 50);
}

static void a_response_seen_before_its_request_waits_for_it(void **state)
{
	struct harness *h = *state;
	static const struct step script[] = {
		{10, STEP_REQUEST, GET("/a"), 0},  {20, STEP_RESPONSE, OK, 0},
		{30, STEP_RESPONSE, NOT_FOUND, 0}, {35, STEP_REQUEST, GET("/b"), 0},
		{40, STEP_REQUEST, GET("/c"), 0},  {50, STEP_RESPONSE, OK, 0},
	};

	PLAY(ROLE_CLIENT, false, script);
	assert_int_equal(h->count, 3);
	assert_http(h, 1, 404, 35, 30);
	assert_int_equal(exchange__latency_ns(&h->exchange[1]), 0);
	assert_http(h, 2, 200, 40, 50);
}

static void a_later_call_of_another_thread_waits_for_the_earlier(void **state)
{
	struct harness *h = *state;
	const char *head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", *rest = "\r\nok";
	struct step request = {10, STEP_REQUEST, GET("/a"), 0};
	union {
		struct chunk chunk;
		uint8_t bytes[sizeof(struct chunk) + 64];
	} record = {0};

	harness__open(h, ROLE_SERVER, false);
	harness__step(h, &request, 0);
	harness__chunk(h, 20, false, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	record.chunk = (struct chunk){
		.event = {EVENT_CHUNK, 0, (__u32)(sizeof(struct chunk) + strlen(rest)), 31000},
		.connection = 7,
		.position = 25 + strlen(head),
		.length = (__u32)strlen(rest),
		.head = (__u32)strlen(rest),
		.tgid = 1,
		.tid = 2,
		.direction = DIRECTION_SEND};
	memcpy(record.bytes + sizeof(struct chunk), rest, strlen(rest));
	assert_int_equal(engine__event(h->engine, &record.chunk.event, record.chunk.event.size), 0);
	assert_int_equal(h->count, 0);
	harness__chunk(h, 30, false, head, strlen(head));
	assert_int_equal(h->count, 1);
	assert_http(h, 0, 200, 10, 31);
	harness__check_sums(h);
}

static void closed_or_reset_unanswered_is_aborted_once(void **state)
{
	struct harness *h = *state;
	static const struct step closed[] = {
		{10, STEP_REQUEST, GET("/a"), 0},
		{20, STEP_RESPONSE, "HTTP/1.1 200 OK\r\nContent-Le", 0},
		{30, STEP_RESPONSE_END, NULL, 0},
		{40, STEP_CLOSE, NULL, 0}};
	static const struct step reset[] = {{10, STEP_REQUEST, GET("/a"), 0},
					    {30, STEP_RESET, NULL, 0}};

	PLAY(ROLE_CLIENT, false, closed);
	assert_int_equal(h->count, 1);
	assert_int_equal(h->exchange[0].outcome, OUTCOME_ABORTED);
	assert_int_equal(h->engine->counters.open_connections[PROTOCOL_HTTP1], 0);
	harness__free(h);
	PLAY(ROLE_SERVER, false, reset);
	assert_int_equal(h->count, 1);
	assert_int_equal(h->exchange[0].outcome, OUTCOME_ABORTED);
	assert_int_equal(h->exchange[0].end_ns, 30000);
	assert_int_equal(h->engine->counters.open_connections[PROTOCOL_HTTP1], 0);
}

#define CLIENT_HELLO "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"

static void ciphertext_is_opaque_in_the_end(void **state)
{
	struct harness *h = *state;
	static const struct step script[] = {
		{10, STEP_REQUEST, CLIENT_HELLO, 11},
		{20, STEP_RESPONSE, "\x16\x03\x03\x00\x7a", 5},
		{30, STEP_CLOSE, NULL, 0},
	};

	PLAY(ROLE_SERVER, false, script);
	assert_int_equal(h->count, 0);
	assert_int_equal(h->engine->counters.opaque[PROTOCOL_TLS], 1);
	assert_int_equal(h->engine->counters.open_connections[PROTOCOL_TLS], 0);
}

static void play_tls(struct harness *h, bool late, const struct step *script, size_t steps)
{
	harness__open(h, ROLE_SERVER, false);
	harness__tls(h, 5, late);
	for (size_t i = 0; i < steps; i++)
		harness__step(h, &script[i], SONDE_CHUNK_MAX);
	harness__finish(h);
}

static void plaintext_is_read_in_place_of_ciphertext(void **state)
{
	struct harness *h = *state;
	static const struct step before[] = {{1, STEP_REQUEST, CLIENT_HELLO, 11}};
	static const struct step after[] = {
		{10, STEP_REQUEST, GET("/a"), 0},
		{20, STEP_RESPONSE, OK, 0},
	};

	harness__open(h, ROLE_SERVER, false);
	harness__step(h, &before[0], SONDE_CHUNK_MAX);
	harness__tls(h, 5, false);
	h->tls = false; /* on its way when the session was found: ciphertext */
	harness__step(h, &before[0], SONDE_CHUNK_MAX);
	h->tls = true;
	h->position[0] = h->position[1] = 0;
	harness__step(h, &after[0], SONDE_CHUNK_MAX);
	harness__step(h, &after[1], SONDE_CHUNK_MAX);
	h->position[0] = 4711; /* the socket's own count, at its end */
	harness__end(h, 30, EVENT_CLOSE, true, 0);
	assert_int_equal(h->count, 1);
	assert_int_equal(h->exchange[0].outcome, OUTCOME_OK);
	assert_int_equal(h->engine->counters.tls_connections, 1);
	assert_int_equal(h->engine->counters.opaque[PROTOCOL_TLS], 0);
	harness__check_sums(h);
}

static void a_session_found_late_starts_in_its_middle(void **state)
{
	struct harness *h = *state;
	static const struct step script[] = {
		{10, STEP_RESPONSE, "rest of a body HTTP/1.1 200 OK\r\n", 0},
		{20, STEP_REQUEST, GET("/a"), 0},
		{30, STEP_RESPONSE, OK, 0},
		{40, STEP_CLOSE, NULL, 0},
	};

	play_tls(h, true, script, sizeof(script) / sizeof(script[0]));
	assert_int_equal(h->count, 1);
	assert_int_equal(h->exchange[0].outcome, OUTCOME_OK);
	harness__check_sums(h);
}

static void tls_in_tls_is_opaque(void **state)
{
	struct harness *h = *state;
	static const struct step script[] = {
		{10, STEP_REQUEST, CLIENT_HELLO, 11},
		{20, STEP_CLOSE, NULL, 0},
	};

	play_tls(h, false, script, sizeof(script) / sizeof(script[0]));
	assert_int_equal(h->count, 0);
	assert_int_equal(h->engine->counters.opaque[PROTOCOL_OPAQUE], 1);
}

static void garbage_where_http_is_expected_is_unparsable(void **state)
{
	struct harness *h = *state;
	static const struct step script[] = {
		{10, STEP_REQUEST, "\x01\x02 nonsense / nothing", 0},
		{20, STEP_RESPONSE, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", 0},
		{30, STEP_CLOSE, NULL, 0},
	};

	PLAY(ROLE_SERVER, false, script);
	assert_int_equal(h->count, 0);
	assert_int_equal(h->engine->counters.unparsable[PROTOCOL_HTTP1], 1);
}

static void attached_in_mid_body_makes_no_exchange_of_it(void **state)
{
	struct harness *h = *state;
	static const struct step script[] = {
		{10, STEP_RESPONSE, "body text GET / HTTP/1.1\r\n that goes on", 0},
		{20, STEP_RESPONSE, "and on", 0},
		{30, STEP_REQUEST, GET("/next"), 0},
		{40, STEP_RESPONSE, OK, 0},
	};

	PLAY(ROLE_SERVER, true, script);
	assert_int_equal(h->count, 1);
	assert_http(h, 0, 200, 30, 40);
}

static struct verdict last_verdict;

static void remember_verdict(void *context, uint64_t connection, const struct verdict *verdict)
{
	(void)context;
	assert_int_equal(connection, 7);
	last_verdict = *verdict;
}

static void a_long_body_is_skipped_by_length_and_its_end_is_seen(void **state)
{
	struct harness *h = *state;
	struct step request = {10, STEP_REQUEST, GET("/big"), 0};
	const char *head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
	uint64_t end = strlen(head) + 1000000;

	harness__open(h, ROLE_SERVER, false);
	h->engine->verdict = remember_verdict;
	harness__step(h, &request, 0);
	harness__chunk(h, 20, false, head, strlen(head));
	assert_int_equal(last_verdict.skip_to[DIRECTION_SEND], end - 1);
	h->position[DIRECTION_SEND] = end - 1000; /* bpf/ left out what is in between */
	harness__chunk(h, 900, false, NULL, 1000);
	assert_int_equal(h->count, 1);
	assert_http(h, 0, 200, 10, 900);
	assert_int_equal(h->engine->counters.lost_bytes[PROTOCOL_HTTP1][LOSS_RING_FULL], 0);
	harness__check_sums(h);
}

static void connections_leave_nothing_behind(void **state)
{
	struct harness *h = *state;
	struct open_event open = {.event = {EVENT_OPEN, 0, sizeof(open), 2000},
				  .role = ROLE_SERVER,
				  .local_port = 80};
	struct end_event end = {.event = {EVENT_CLOSE, 0, sizeof(end), 3000}};

	harness__open(h, ROLE_SERVER, false);
	for (uint64_t i = 100; i < 20100; i++) {
		open.connection = end.connection = i;
		assert_int_equal(engine__event(h->engine, &open.event, sizeof(open)), 0);
		assert_int_equal(engine__event(h->engine, &end.event, sizeof(end)), 0);
	}
	assert_int_equal(h->engine->counters.open_connections[PROTOCOL_UNKNOWN], 1);
	assert_int_equal(h->engine->counters.connections_seen, 20001);
}

static void malformed_records_are_refused(void **state)
{
	struct harness *h = *state;
	struct chunk chunk = {.event = {EVENT_CHUNK, 0, sizeof(chunk), 1}};
	struct event unknown = {99, 0, sizeof(unknown), 1};

	harness__open(h, ROLE_SERVER, false);
	assert_int_equal(engine__event(h->engine, &unknown, sizeof(unknown)), -EBADMSG);
	assert_int_equal(engine__event(h->engine, &chunk.event, 20), -EBADMSG);
	chunk.head = chunk.length = 100; /* more than the record holds */
	assert_int_equal(engine__event(h->engine, &chunk.event, sizeof(chunk)), -EBADMSG);
	chunk.head = 0;
	chunk.direction = 7;
	assert_int_equal(engine__event(h->engine, &chunk.event, sizeof(chunk)), -EBADMSG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_lost_response_shifts_nothing),
		TEST(one_lost_request_shifts_nothing),
		TEST(a_lost_pair_is_one_lost_exchange),
		TEST(a_lost_response_and_request_are_not_taken_for_each_other),
		TEST(a_gap_in_a_pipeline_pairs_nothing_until_sure),
		TEST(a_response_seen_before_its_request_waits_for_it),
		TEST(a_later_call_of_another_thread_waits_for_the_earlier),
		TEST(closed_or_reset_unanswered_is_aborted_once),
		TEST(ciphertext_is_opaque_in_the_end),
		TEST(plaintext_is_read_in_place_of_ciphertext),
		TEST(a_session_found_late_starts_in_its_middle),
		TEST(tls_in_tls_is_opaque),
		TEST(garbage_where_http_is_expected_is_unparsable),
		TEST(attached_in_mid_body_makes_no_exchange_of_it),
		TEST(a_long_body_is_skipped_by_length_and_its_end_is_seen),
		TEST(connections_leave_nothing_behind),
		TEST(malformed_records_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
