/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TRAFFIC.md, Redis, number by number; each stream also cut everywhere. */
#include "harness.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define CMD1(a)	 "*1\r\n$" a
#define PING	 "*1\r\n$4\r\nPING\r\n"
#define GET_K	 "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"

static struct harness h;

static void play(const struct step *script, size_t steps)
{
	harness__every_cut(script, steps);
	harness__every_split(script, steps);
	harness__play(&h, ROLE_SERVER, false, script, steps, 0);
}
#define PLAY(script) play(script, COUNT(script))

static void check(size_t i, const char *command, const char *error, uint64_t start_us,
		  uint64_t end_us)
{
	assert_true(i < h.count);
	assert_string_equal(harness__label(&h, i), command);
	assert_string_equal(h.exchange[i].redis.error, error);
	assert_int_equal(h.exchange[i].outcome, error[0] ? OUTCOME_ERROR : OUTCOME_OK);
	assert_int_equal(h.exchange[i].start_ns, start_us * 1000);
	assert_int_equal(h.exchange[i].end_ns, end_us * 1000);
}

static void a_pipeline_is_answered_in_order(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, PING GET_K, 0},
		{15, STEP_REQUEST, "*3\r\n$3\r\nset\r\n$1\r\nk\r\n$6\r\n\r\n*3\r\n\r\n", 0},
		{20, STEP_RESPONSE, "+PONG\r\n$-1\r\n", 0},
		{30, STEP_RESPONSE, "-OOM command not allowed\r\n", 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 3);
	check(0, "PING", "", 10, 20);
	check(1, "GET", "", 10, 20);
	check(2, "SET", "OOM", 15, 30);
	assert_int_equal(h.exchange[1].redis.misses, 1);
	harness__free(&h);
}

static void ten_thousand_in_flight(void **state)
{
	(void)state;
	harness__open(&h, ROLE_SERVER, false);
	for (int i = 0; i < 4000; i++)
		harness__chunk(&h, 10, true, GET_K, strlen(GET_K));
	for (int i = 0; i < 4000; i++)
		harness__chunk(&h, 20, false, "$2\r\nok\r\n", 8);
	harness__finish(&h);
	assert_int_equal(h.count, 4000);
	check(3999, "GET", "", 10, 20);
	harness__free(&h);
}

static void a_transaction_is_its_commands(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "*1\r\n$5\r\nMULTI\r\n" GET_K, 0},
		{11, STEP_REQUEST, "*3\r\n$5\r\nBLPOP\r\n$1\r\nk\r\n$1\r\n0\r\n", 0},
		{12, STEP_REQUEST, "*1\r\n$4\r\nEXEC\r\n", 0},
		{20, STEP_RESPONSE, "+OK\r\n+QUEUED\r\n+QUEUED\r\n", 0},
		{30, STEP_RESPONSE, "*2\r\n$1\r\nv\r\n-WRONGTYPE x\r\n", 0},
		{40, STEP_REQUEST, "*1\r\n$4\r\nEXEC\r\n", 0},
		{50, STEP_RESPONSE, "*-1\r\n", 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 5);
	check(0, "MULTI", "", 10, 20);
	check(1, "GET", "", 10, 20);
	check(2, "BLPOP", "", 11, 20);
	assert_false(h.exchange[2].redis.blocking);
	check(3, "EXEC", "", 12, 30);
	assert_int_equal(h.exchange[1].redis.hits, 0);
	assert_int_equal(h.exchange[3].redis.hits, 1);
	check(4, "EXEC", "", 40, 50);
	harness__free(&h);
}

static void blocking_commands_are_told_apart(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "*3\r\n$5\r\nBLPOP\r\n$1\r\nk\r\n$1\r\n0\r\n", 0},
		{20, STEP_RESPONSE, "*-1\r\n", 0},
		{30, STEP_REQUEST,
		 "*6\r\n$5\r\nXREAD\r\n$5\r\nblock\r\n$1\r\n0\r\n$7\r\nSTREAMS\r\n$1\r\ns\r\n$"
		 "1\r\n$\r\n",
		 0},
		{40, STEP_RESPONSE, "*-1\r\n", 0},
		{50, STEP_REQUEST, "*4\r\n$5\r\nXREAD\r\n$7\r\nSTREAMS\r\n$1\r\ns\r\n$1\r\n0\r\n",
		 0},
		{60, STEP_RESPONSE, "*-1\r\n", 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 3);
	assert_true(h.exchange[0].redis.blocking);
	assert_true(h.exchange[1].redis.blocking);
	assert_false(h.exchange[2].redis.blocking);
	harness__free(&h);
}

static void confirmations_and_messages_answer_nothing_else(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "*3\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n$1\r\nb\r\n", 0},
		{20, STEP_RESPONSE, "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", 0},
		{25, STEP_RESPONSE, "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n", 0},
		{30, STEP_RESPONSE, "*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n", 0},
		{40, STEP_RESPONSE, "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n", 0},
		{50, STEP_REQUEST, "*1\r\n$11\r\nUNSUBSCRIBE\r\n", 0},
		{60, STEP_RESPONSE, "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n", 0},
		{70, STEP_RESPONSE, "*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:0\r\n", 0},
		{80, STEP_REQUEST, PING, 0},
		{90, STEP_RESPONSE, "+PONG\r\n", 0},
	};

	(void)state;
	harness__play(&h, ROLE_SERVER, false, script, COUNT(script), 0);
	assert_int_equal(h.count, 3);
	check(0, "SUBSCRIBE", "", 10, 30);
	check(1, "UNSUBSCRIBE", "", 50, 70);
	check(2, "PING", "", 80, 90);
	harness__free(&h);
}

static void resp3_pushes_and_attributes(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n", 0},
		{20, STEP_RESPONSE, "%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n+proto\r\n:3\r\n", 0},
		{30, STEP_REQUEST, GET_K GET_K, 0},
		{35, STEP_RESPONSE, ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n", 0},
		{40, STEP_RESPONSE, "|1\r\n+ttl\r\n:3600\r\n$?\r\n;2\r\nab\r\n;1\r\nc\r\n;0\r\n",
		 0},
		{50, STEP_RESPONSE, "!21\r\nSYNTAX invalid syntax\r\n", 0},
		{60, STEP_REQUEST, PING PING PING, 0},
		{70, STEP_RESPONSE, "_\r\n=15\r\ntxt:Some string\r\n(12345678901234567890123\r\n",
		 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 6);
	check(0, "HELLO", "", 10, 20);
	check(1, "GET", "", 30, 40);
	check(2, "GET", "SYNTAX", 30, 50);
	check(5, "PING", "", 60, 70);
	harness__free(&h);
}

static void no_reply_is_counted_without_latency(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n" GET_K, 0},
		{20, STEP_REQUEST, "*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$2\r\nON\r\n", 0},
		{30, STEP_RESPONSE, "+OK\r\n", 0},
		{40, STEP_REQUEST, "*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$4\r\nSKIP\r\n" GET_K PING,
		 0},
		{50, STEP_RESPONSE, "+PONG\r\n", 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 6);
	assert_true(h.exchange[0].redis.unmeasured);
	assert_true(h.exchange[1].redis.unmeasured);
	check(2, "CLIENT REPLY", "", 20, 30);
	assert_true(h.exchange[3].redis.unmeasured);
	assert_true(h.exchange[4].redis.unmeasured);
	check(5, "PING", "", 40, 50);
	harness__free(&h);
}

static void inline_commands_and_empty_lines(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "PING\r\n\r\n*0\r\nset k \"a b\\\"c\"\r\n", 0},
		{20, STEP_RESPONSE, "+PONG\r\n+OK\r\n", 0},
		{30, STEP_REQUEST, "nonsense a b\r\n", 0},
		{40, STEP_RESPONSE, "-ERR unknown command 'nonsense'\r\n", 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 3);
	check(0, "PING", "", 10, 20);
	check(1, "SET", "", 10, 20);
	check(2, "unknown", "ERR", 30, 40);
	harness__free(&h);
}

static void hits_and_misses_are_the_replies(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "*4\r\n$4\r\nMGET\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n", 0},
		{20, STEP_RESPONSE, "*3\r\n$1\r\nx\r\n$-1\r\n$-1\r\n", 0},
		{30, STEP_REQUEST, "*3\r\n$6\r\nEXISTS\r\n$1\r\na\r\n$1\r\nb\r\n", 0},
		{40, STEP_RESPONSE, ":1\r\n", 0},
		{50, STEP_REQUEST, "*2\r\n$7\r\nHGETALL\r\n$1\r\na\r\n", 0},
		{60, STEP_RESPONSE, "*0\r\n", 0},
		{70, STEP_REQUEST, "*2\r\n$3\r\nTTL\r\n$1\r\na\r\n*2\r\n$4\r\nTYPE\r\n$1\r\na\r\n",
		 0},
		{80, STEP_RESPONSE, ":-2\r\n+none\r\n", 0},
		{90, STEP_REQUEST, GET_K, 0},
		{99, STEP_RESPONSE, "-WRONGTYPE Operation against\r\n", 0},
	};
	static const uint32_t hits[] = {1, 1, 0, 0, 0, 1}, misses[] = {2, 1, 1, 1, 1, 0};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(h.exchange[i].redis.hits, hits[i]);
		assert_int_equal(h.exchange[i].redis.misses, misses[i]);
	}
	harness__free(&h);
}

static void a_long_value_is_passed_by_its_length(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$300000\r\nab", 0},
		{11, STEP_BODY_REQUEST, NULL, 299998},
		{12, STEP_REQUEST, "\r\n" GET_K, 0},
		{20, STEP_RESPONSE, "+OK\r\n$300000\r\n*3\r\n", 0},
		{25, STEP_BODY_RESPONSE, NULL, 299996},
		{30, STEP_RESPONSE, "\r\n", 0},
	};

	(void)state;
	harness__play(&h, ROLE_SERVER, false, script, COUNT(script), 0);
	assert_int_equal(h.count, 2);
	check(0, "SET", "", 10, 20);
	check(1, "GET", "", 12, 30);
	harness__free(&h);
}

static void monitor_is_endless(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "*1\r\n$7\r\nMONITOR\r\n", 0},
		{20, STEP_RESPONSE,
		 "+OK\r\n+1339518083.107412 [0 127.0.0.1:60866] \"keys\" \"*\"\r\n", 0},
		{30, STEP_RESPONSE, "+more\r\n", 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 1);
	check(0, "MONITOR", "", 10, 20);
	harness__free(&h);
}

static void attached_late_begins_with_the_next_command(void **state)
{
	static const struct step script[] = {
		{10, STEP_RESPONSE, "$3\r\nold\r\n", 0},
		{100000, STEP_REQUEST, GET_K, 0},
		{100020, STEP_RESPONSE, "$1\r\nv\r\n", 0},
	};

	(void)state;
	harness__play(&h, ROLE_SERVER, true, script, COUNT(script), 0);
	assert_int_equal(h.count, 1);
	check(0, "GET", "", 100000, 100020);
	harness__free(&h);
}

static void garbage_ends_it(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, PING "*1\r\n$-5\r\nX", 0},
		{20, STEP_RESPONSE, "+PONG\r\n*99999999999999999999\r\n", 0},
		{30, STEP_REQUEST, PING, 0},
		{40, STEP_RESPONSE, "?\r\n", 0},
	};

	(void)state;
	harness__play(&h, ROLE_SERVER, false, script, COUNT(script), 0);
	harness__free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipeline_is_answered_in_order),
		cmocka_unit_test(ten_thousand_in_flight),
		cmocka_unit_test(a_transaction_is_its_commands),
		cmocka_unit_test(blocking_commands_are_told_apart),
		cmocka_unit_test(confirmations_and_messages_answer_nothing_else),
		cmocka_unit_test(resp3_pushes_and_attributes),
		cmocka_unit_test(no_reply_is_counted_without_latency),
		cmocka_unit_test(inline_commands_and_empty_lines),
		cmocka_unit_test(hits_and_misses_are_the_replies),
		cmocka_unit_test(a_long_value_is_passed_by_its_length),
		cmocka_unit_test(monitor_is_endless),
		cmocka_unit_test(attached_late_begins_with_the_next_command),
		cmocka_unit_test(garbage_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
