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

/* A header block in `pieces` frames: PADDED and PRIORITY in the first, CONTINUATION after it. */
static void in_pieces(struct wire *w, uint8_t type, uint32_t stream, const uint8_t *out, size_t n,
		      size_t pieces, bool end)
{
	uint8_t first[4200] = {3, 0x80, 0, 0, 1, 200}; /* padding; depends on 1, weight 201 */
	size_t lead = type == 1 ? 6 : 5, part = n / pieces;

	if (type == 5)
		memcpy(first + 1, "\0\0\0\2", 4); /* the stream promised */
	memcpy(first + lead, out, part);
	memset(first + lead + part, 0, 3);
	frame(w, type,
	      (uint8_t)(8 | (type == 1 ? 0x20 : 0) | (end ? 1 : 0) | (pieces == 1 ? 4 : 0)), stream,
	      first, lead + part + 3);
	for (size_t i = 1; i < pieces; i++) {
		size_t length = i + 1 < pieces ? part : n - part * (pieces - 1);

		frame(w, 9, i + 1 < pieces ? 0 : 4, stream, out + part * i, length);
	}
}

static void padding_priority_continuation_and_pushes_are_seen_through(void **state)
{
	nghttp2_nv ask[] = {NV(":method", "PUT"), NV(":scheme", "http"), NV(":path", "/long"),
			    NV("x-session", "constant")};
	nghttp2_nv push[] = {NV(":method", "GET"), NV(":scheme", "http"), NV(":path", "/pushed"),
			     NV("x-push", "kept in the table")};
	nghttp2_nv say[] = {NV(":status", "201"), NV("x-push", "kept in the table")};
	struct harness *h = &harness;
	struct step script[4];
	struct wire c, s;
	uint8_t out[4096];

	(void)state;
	wire__open(&c);
	wire__open(&s);
	preface(&c);
	frame(&c, 2, 0, 3, "\0\0\0\0\1", 5);
	in_pieces(&c, 1, 1, out, block(&c, ask, COUNT(ask), out), 3, true);
	frame(&c, 0xbe, 7, 9, "of no known type", 16);
	request(&c, 3, "GET", "/after", true);
	script[0] = take(&c, 10, STEP_REQUEST);
	frame(&s, 4, 0, 0, "", 0);
	in_pieces(&s, 5, 1, out, block(&s, push, COUNT(push), out), 2, false);
	in_pieces(&s, 1, 1, out, block(&s, say, COUNT(say), out), 2, false);
	response(&s, 2, "200", false);
	frame(&s, 0, 1, 2, "pushed", 6);
	script[1] = take(&s, 20, STEP_RESPONSE);
	frame(&s, 8, 0, 0, "\0\0\1\0", 4);
	frame(&s, 0, 9, 1, "\3a\0\0\0", 5);
	script[2] = take(&s, 30, STEP_RESPONSE);
	response(&s, 3, "200", true);
	script[3] = take(&s, 40, STEP_RESPONSE);

	harness__play(h, ROLE_SERVER, false, script, COUNT(script), 0);
	assert_int_equal(h->count, 2);
	assert_stream(h, 0, "/long", 201, 10, 30);
	assert_int_equal(h->exchange[0].http.method, HTTP_PUT);
	assert_int_equal(h->exchange[0].first_ns, 20000);
	assert_stream(h, 1, "/after", 200, 10, 40);
	harness__free(h);
	harness__every_split(script, COUNT(script));
	harness__every_cut(script, COUNT(script));
	done(&c, &s, script, COUNT(script));
}

/* An encoder may shrink and grow its table at any block (RFC 7541 section 4.2). */
static void tables_change_their_size_in_mid_connection(void **state)
{
	static const size_t sizes[] = {4096, 0, 60, 4096, 200, 1, 4096};
	struct harness *h = &harness;
	struct step script[2 * COUNT(sizes)];
	struct wire c, s;
	char path[32];

	(void)state;
	wire__open(&c);
	wire__open(&s);
	preface(&c);
	for (uint32_t i = 0; i < COUNT(sizes); i++) {
		nghttp2_hd_deflate_change_table_size(c.deflater, sizes[i]);
		nghttp2_hd_deflate_change_table_size(s.deflater, sizes[COUNT(sizes) - 1 - i]);
		snprintf(path, sizeof(path), "/size/%c", (char)('a' + i));
		request(&c, 1 + 4 * i, "GET", path, true);
		request(&c, 3 + 4 * i, "GET", "/again", true);
		script[2 * i] = take(&c, 10 + 10 * i, STEP_REQUEST);
		response(&s, 1 + 4 * i, "418", true);
		response(&s, 3 + 4 * i, "418", true);
		script[2 * i + 1] = take(&s, 15 + 10 * i, STEP_RESPONSE);
	}
	harness__play(h, ROLE_CLIENT, false, script, COUNT(script), 0);
	assert_int_equal(h->count, 2 * COUNT(sizes));
	for (uint32_t i = 0; i < COUNT(sizes); i++) {
		snprintf(path, sizeof(path), "/size/%c", (char)('a' + i));
		assert_stream(h, 2 * i, path, 418, 10 + 10 * i, 15 + 10 * i);
		assert_stream(h, 2 * i + 1, "/again", 418, 10 + 10 * i, 15 + 10 * i);
	}
	harness__free(h);
	done(&c, &s, script, COUNT(script));
}

/* TRAFFIC 6: the frame's header is written, its payload never passes a buffer. */
static void a_file_sent_within_data_frames_counts_by_its_length(void **state)
{
	struct harness *h = &harness;
	struct wire c, s;
	struct step script[8];

	(void)state;
	wire__open(&c);
	wire__open(&s);
	preface(&c);
	request(&c, 1, "GET", "/file", true);
	request(&c, 3, "GET", "/next", true);
	script[0] = take(&c, 10, STEP_REQUEST);
	response(&s, 1, "200", false);
	memcpy(s.bytes + s.length, "\0\x40\0\0\0\0\0\0\1", 9);
	s.length += 9;
	script[1] = take(&s, 20, STEP_RESPONSE);
	script[2] = (struct step){25, STEP_BODY_RESPONSE, NULL, 16000};
	script[3] = (struct step){30, STEP_BODY_RESPONSE, NULL, 384};
	memcpy(s.bytes, "\0\3\xe8\0\1\0\0\0\1", 9);
	s.length = 9;
	script[4] = take(&s, 35, STEP_RESPONSE);
	script[5] = (struct step){40, STEP_BODY_RESPONSE, NULL, 999};
	script[6] = (struct step){45, STEP_BODY_RESPONSE, NULL, 1};
	response(&s, 3, "304", true);
	script[7] = take(&s, 50, STEP_RESPONSE);

	harness__play(h, ROLE_SERVER, false, script, COUNT(script), 0);
	assert_int_equal(h->count, 2);
	assert_stream(h, 0, "/file", 200, 10, 45);
	assert_true(h->exchange[0].response_bytes > 17384);
	assert_stream(h, 1, "/next", 304, 10, 50);
	harness__free(h);
	done(&c, &s, script, COUNT(script));
}

/* RFC 9113 section 8.5, and RFC 8441 for WebSocket: what follows is no part of the exchange. */
static void a_tunnel_in_a_stream_ends_with_its_beginning(void **state)
{
	static const char tunnelled[] = "GET /inside HTTP/1.1\r\n\r\n";
	struct harness *h = &harness;
	struct wire c, s;
	struct step script[5];

	(void)state;
	wire__open(&c);
	wire__open(&s);
	preface(&c);
	request(&c, 1, "CONNECT", "/chat", false);
	request(&c, 3, "CONNECT", "/refused", false);
	script[0] = take(&c, 10, STEP_REQUEST);
	response(&s, 1, "200", false);
	response(&s, 3, "403", false);
	script[1] = take(&s, 20, STEP_RESPONSE);
	frame(&c, 0, 0, 1, tunnelled, sizeof(tunnelled) - 1);
	script[2] = take(&c, 30, STEP_REQUEST);
	frame(&s, 0, 0, 1, tunnelled, sizeof(tunnelled) - 1);
	frame(&s, 0, 1, 3, "no", 2);
	script[3] = take(&s, 40, STEP_RESPONSE);
	frame(&s, 0, 1, 1, "", 0);
	script[4] = take(&s, 50, STEP_RESPONSE);

	harness__play(h, ROLE_SERVER, false, script, COUNT(script), 0);
	assert_int_equal(h->count, 2);
	assert_stream(h, 0, "/chat", 200, 10, 20);
	assert_int_equal(h->exchange[0].http.method, HTTP_CONNECT);
	assert_stream(h, 1, "/refused", 403, 10, 40);
	harness__free(h);
	harness__every_split(script, COUNT(script));
	harness__every_cut(script, COUNT(script));
	done(&c, &s, script, COUNT(script));
}

/* Status and method from entries that are older than the observation. */
static void attached_late_a_status_that_cannot_be_read_is_lost(void **state)
{
	struct harness *h = &harness;
	struct wire c, s;
	struct step early[2], script[4];

	(void)state;
	wire__open(&c);
	wire__open(&s);
	preface(&c);
	request(&c, 1, "PATCH", "/a", true);
	early[0] = take(&c, 1, STEP_REQUEST);
	response(&s, 1, "503", true);
	early[1] = take(&s, 1, STEP_RESPONSE);
	request(&c, 3, "PATCH", "/b", true);
	script[0] = take(&c, 10, STEP_REQUEST);
	response(&s, 3, "503", true);
	script[1] = take(&s, 20, STEP_RESPONSE);
	request(&c, 5, "PATCH", "/c", true);
	script[2] = take(&c, 30, STEP_REQUEST);
	response(&s, 5, "404", true);
	script[3] = take(&s, 40, STEP_RESPONSE);

	harness__play(h, ROLE_SERVER, true, script, COUNT(script), 0);
	assert_int_equal(h->count, 2);
	assert_int_equal(h->exchange[0].outcome, OUTCOME_LOST);
	assert_int_equal(h->exchange[0].loss, LOSS_ATTACHED);
	assert_string_equal(harness__label(h, 0), "/b");
	assert_string_equal(http_method__name(h->exchange[0].http.method), "?");
	assert_stream(h, 1, "/c", 404, 30, 40);
	assert_string_equal(http_method__name(h->exchange[1].http.method), "?");
	harness__free(h);
	done(&c, &s, script, COUNT(script));
	for (size_t i = 0; i < COUNT(early); i++)
		free((void *)(uintptr_t)early[i].data);
}

/* Bytes that are no frames may have held any answer: what is in flight is lost and not aborted. */
static void nonsense_among_answers_loses_what_was_in_flight(void **state)
{
	struct harness *h = &harness;
	struct wire c, s;
	struct step script[5];

	(void)state;
	wire__open(&c);
	wire__open(&s);
	preface(&c);
	request(&c, 1, "GET", "/a", true);
	script[0] = take(&c, 10, STEP_REQUEST);
	frame(&s, 4, 0, 0, "", 0);
	script[1] = take(&s, 20, STEP_RESPONSE);
	frame(&s, 6, 0, 1, "12345678", 8); /* PING in a stream */
	script[2] = take(&s, 30, STEP_RESPONSE);
	request(&c, 3, "GET", "/b", true);
	script[3] = take(&c, 40, STEP_REQUEST);
	response(&s, 3, "200", true);
	script[4] = take(&s, 50, STEP_RESPONSE);

	harness__play(h, ROLE_SERVER, false, script, COUNT(script), 0);
	assert_int_equal(h->count, 2);
	assert_int_equal(h->exchange[0].outcome, OUTCOME_LOST);
	assert_int_equal(h->exchange[0].loss, LOSS_PARSER);
	assert_stream(h, 1, "/b", 200, 40, 50);
	harness__free(h);
	done(&c, &s, script, COUNT(script));
}

/* Who takes exchanges is gone before the engine: what is in flight then is told to nobody. */
static void streams_in_flight_at_the_end_stay_in_flight(void **state)
{
	struct harness *h = &harness;
	struct wire c, s;
	struct step script[3];

	(void)state;
	wire__open(&c);
	wire__open(&s);
	preface(&c);
	request(&c, 1, "GET", "/a", true);
	script[0] = take(&c, 10, STEP_REQUEST);
	frame(&s, 4, 0, 0, "", 0);
	script[1] = take(&s, 20, STEP_RESPONSE);
	response(&s, 3, "200", false);
	script[2] = take(&s, 30, STEP_RESPONSE);
	harness__play(h, ROLE_SERVER, false, script, COUNT(script), 0);
	assert_int_equal(h->engine->counters.in_flight[PROTOCOL_HTTP2][SIDE_SERVER], 1);
	harness__free(h);
	assert_int_equal(h->count, 0);
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
		cmocka_unit_test(padding_priority_continuation_and_pushes_are_seen_through),
		cmocka_unit_test(tables_change_their_size_in_mid_connection),
		cmocka_unit_test(a_file_sent_within_data_frames_counts_by_its_length),
		cmocka_unit_test(a_tunnel_in_a_stream_ends_with_its_beginning),
		cmocka_unit_test(attached_late_a_status_that_cannot_be_read_is_lost),
		cmocka_unit_test(nonsense_among_answers_loses_what_was_in_flight),
		cmocka_unit_test(streams_in_flight_at_the_end_stay_in_flight),
		cmocka_unit_test(garbage_never_breaks_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
