/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TRAFFIC.md, Redis, number by number; each stream also cut everywhere. */
#include "harness.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PING	 "*1\r\n$4\r\nPING\r\n"
#define GET_K	 "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"

#define MULTI  "*1\r\n$5\r\nMULTI\r\n"
#define EXEC   "*1\r\n$4\r\nEXEC\r\n"
#define LRANGE "*4\r\n$6\r\nLRANGE\r\n$1\r\nk\r\n$1\r\n0\r\n$2\r\n-1\r\n"
#define SET_K  "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$"
/* the same with one more argument to come */
#define SET_K_MORE "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n$"

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

static void readings_within_a_transaction(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, MULTI GET_K "*3\r\n$4\r\nMGET\r\n$1\r\na\r\n$1\r\nb\r\n", 0},
		{11, STEP_REQUEST, "*3\r\n$6\r\nEXISTS\r\n$1\r\na\r\n$1\r\nb\r\n", 0},
		{12, STEP_REQUEST, "*2\r\n$4\r\nTYPE\r\n$1\r\na\r\n" GET_K, 0},
		{13, STEP_REQUEST, "*3\r\n$5\r\nHMGET\r\n$1\r\na\r\n$1\r\nb\r\n" EXEC, 0},
		{20, STEP_RESPONSE,
		 "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n", 0},
		{30, STEP_RESPONSE,
		 "*6\r\n$1\r\nv\r\n*2\r\n$1\r\nv\r\n$-1\r\n:1\r\n+none\r\n-WRONGTYPE x\r\n"
		 "*1\r\n$-1\r\n",
		 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 8);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(h.exchange[i].redis.hits + h.exchange[i].redis.misses, 0);
	assert_int_equal(h.exchange[7].redis.hits, 4);	 /* GET, one of MGET, EXISTS, WRONGTYPE */
	assert_int_equal(h.exchange[7].redis.misses, 4); /* MGET, EXISTS, TYPE, HMGET */
	harness__free(&h);
}

static void nothing_is_read_off_a_transaction_half_seen(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, MULTI, 0}, {20, STEP_RESPONSE, "+OK\r\n", 0},
		{30, STEP_REQUEST, PING, 0},  {40, STEP_LOSE_RESPONSE, "+QUEUED\r\n", 0},
		{50, STEP_REQUEST, GET_K, 0}, {60, STEP_RESPONSE, "+QUEUED\r\n", 0},
		{70, STEP_REQUEST, EXEC, 0},  {80, STEP_RESPONSE, "*2\r\n+PONG\r\n$-1\r\n", 0},
		{90, STEP_REQUEST, GET_K, 0}, {99, STEP_RESPONSE, "$-1\r\n", 0},
	};

	(void)state;
	harness__play(&h, ROLE_SERVER, false, script, COUNT(script), 0);
	assert_int_equal(h.count, 5);
	check(3, "EXEC", "", 70, 80);
	assert_int_equal(h.exchange[3].redis.misses, 0);
	assert_int_equal(h.exchange[4].redis.misses, 1);
	harness__free(&h);
}

static void set_with_get_reads(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, SET_K "3\r\nGET\r\n" SET_K_MORE "3\r\nget\r\n", 0},
		{20, STEP_RESPONSE, "+OK\r\n$-1\r\n", 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 2);
	assert_int_equal(h.exchange[0].redis.misses, 0); /* GET is the value */
	assert_int_equal(h.exchange[1].redis.misses, 1);
	harness__free(&h);
}

static void one_member_may_be_empty(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "*2\r\n$11\r\nSRANDMEMBER\r\n$1\r\na\r\n", 0},
		{20, STEP_RESPONSE, "$0\r\n\r\n", 0},
		{30, STEP_REQUEST, "*3\r\n$11\r\nSRANDMEMBER\r\n$1\r\na\r\n$1\r\n1\r\n", 0},
		{40, STEP_RESPONSE, "*0\r\n", 0},
		{50, STEP_REQUEST,
		 "*2\r\n$7\r\nPFCOUNT\r\n$1\r\na\r\n*3\r\n$7\r\nPFCOUNT\r\n$1\r\na\r\n$1\r\nb\r\n",
		 0},
		{60, STEP_RESPONSE, ":0\r\n:0\r\n", 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.exchange[0].redis.hits, 1);
	assert_int_equal(h.exchange[1].redis.misses, 1);
	assert_int_equal(h.exchange[2].redis.misses, 1);
	assert_int_equal(h.exchange[3].redis.hits + h.exchange[3].redis.misses, 0);
	harness__free(&h);
}

/* In RESP3 any command may be sent between SUBSCRIBE and UNSUBSCRIBE, and be answered by anything.
 */
static void resp3_arrays_are_no_messages(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n", 0},
		{20, STEP_RESPONSE, "%1\r\n$5\r\nproto\r\n:3\r\n", 0},
		{30, STEP_REQUEST, "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n", 0},
		{40, STEP_RESPONSE, ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", 0},
		{50, STEP_REQUEST, LRANGE, 0},
		{55, STEP_RESPONSE, ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n", 0},
		{60, STEP_RESPONSE, "*1\r\n$7\r\nmessage\r\n", 0},
		{70, STEP_REQUEST, "*1\r\n$5\r\nRESET\r\n" PING, 0},
		{80, STEP_RESPONSE, "+RESET\r\n+PONG\r\n", 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 5);
	check(1, "SUBSCRIBE", "", 30, 40);
	check(2, "LRANGE", "", 50, 60);
	check(3, "RESET", "", 70, 80);
	check(4, "PING", "", 70, 80);
	harness__free(&h);
}

static void a_list_may_begin_with_message(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, LRANGE, 0},
		{20, STEP_RESPONSE, "*2\r\n$7\r\nmessage\r\n$1\r\na\r\n", 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 1);
	check(0, "LRANGE", "", 10, 20);
	assert_int_equal(h.exchange[0].redis.hits, 1);
	harness__free(&h);
}

static void messages_of_an_older_subscription_are_no_loss(void **state)
{
	static const struct step script[] = {
		{100000, STEP_REQUEST, PING, 0},
		{100010, STEP_RESPONSE, "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n", 0},
		{100020, STEP_RESPONSE, "*2\r\n$4\r\npong\r\n$0\r\n\r\n", 0},
		{100030, STEP_RESPONSE, "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n", 0},
	};

	(void)state;
	harness__play(&h, ROLE_SERVER, true, script, COUNT(script), 0);
	assert_int_equal(h.count, 1);
	check(0, "PING", "", 100000, 100020);
	harness__free(&h);
}

static void three_kinds_of_subscription(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST,
		 "*2\r\n$10\r\nPSUBSCRIBE\r\n$1\r\np\r\n*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n"
		 "*2\r\n$10\r\nSSUBSCRIBE\r\n$1\r\ns\r\n",
		 0},
		{20, STEP_RESPONSE, "*3\r\n$10\r\npsubscribe\r\n$1\r\np\r\n:1\r\n", 0},
		{30, STEP_RESPONSE, "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:2\r\n", 0},
		{40, STEP_RESPONSE, "*3\r\n$10\r\nssubscribe\r\n$1\r\ns\r\n:1\r\n", 0},
		{50, STEP_REQUEST, "*1\r\n$11\r\nUNSUBSCRIBE\r\n*1\r\n$12\r\nSUNSUBSCRIBE\r\n", 0},
		{60, STEP_RESPONSE, "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n", 0},
		{70, STEP_RESPONSE, "*3\r\n$12\r\nsunsubscribe\r\n$1\r\ns\r\n:0\r\n", 0},
		{80, STEP_REQUEST, "*1\r\n$11\r\nUNSUBSCRIBE\r\n", 0},
		{85, STEP_RESPONSE, "*4\r\n$8\r\npmessage\r\n$1\r\np\r\n$1\r\nx\r\n$1\r\ny\r\n", 0},
		{90, STEP_RESPONSE, "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:1\r\n", 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 6);
	check(0, "PSUBSCRIBE", "", 10, 20);
	check(1, "SUBSCRIBE", "", 10, 30);
	check(2, "SSUBSCRIBE", "", 10, 40);
	check(3, "UNSUBSCRIBE", "", 50, 60);
	check(4, "SUNSUBSCRIBE", "", 50, 70);
	check(5, "UNSUBSCRIBE", "", 80, 90);
	harness__free(&h);
}

/* What a script answers is its author's text: it becomes no label. */
static void prefixes_of_errors_are_a_closed_set(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, PING PING PING PING PING, 0},
		{20, STEP_RESPONSE,
		 "-MOVED 1 127.0.0.1:1\r\n-ALICE was here\r\n-\r\n-NOAUTH\r\n-err lower case\r\n",
		 0},
	};
	static const char *const errors[] = {"MOVED", "OTHER", "OTHER", "NOAUTH", "OTHER"};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 5);
	for (size_t i = 0; i < 5; i++)
		check(i, "PING", errors[i], 10, 20);
	harness__free(&h);
}

static void the_options_of_xread_end_with_streams(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST,
		 "*4\r\n$5\r\nXREAD\r\n$7\r\nstreams\r\n$5\r\nblock\r\n$1\r\n0\r\n", 0},
		{20, STEP_RESPONSE, "*-1\r\n", 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 1);
	assert_false(h.exchange[0].redis.blocking);
	harness__free(&h);
}

static void replication_is_endless(void **state)
{
	static const struct step psync[] = {
		{10, STEP_REQUEST, "*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n", 0},
		{15, STEP_RESPONSE, "\n", 0},
		{20, STEP_RESPONSE, "+FULLRESYNC 0123 0\r\n", 0},
		{30, STEP_RESPONSE, "$EOF:0123\r\nREDIS0010", 0},
	};
	static const struct step sync[] = {
		{10, STEP_REQUEST, "SYNC\r\n", 0},
		{20, STEP_RESPONSE, "\n\n$EOF:0123\r\n", 0},
		{30, STEP_RESPONSE, "REDIS0010", 0},
	};

	(void)state;
	PLAY(psync);
	assert_int_equal(h.count, 1);
	check(0, "PSYNC", "", 10, 20);
	harness__free(&h);
	harness__play(&h, ROLE_SERVER, false, sync, COUNT(sync), 0);
	harness__free(&h);
}

/* The first command names the protocol, even if no server knows it. */
static void a_first_command_may_be_unknown(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "*1\r\n$6\r\nFOOBAR\r\n" PING, 0},
		{20, STEP_RESPONSE, "-ERR unknown command\r\n+PONG\r\n", 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 2);
	check(0, "unknown", "ERR", 10, 20);
	harness__free(&h);
}

static void memcached_is_not_redis(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "get k\r\n", 0},
		{20, STEP_RESPONSE, "VALUE k 0 1\r\nv\r\nEND\r\n", 0},
		{30, STEP_REQUEST, "set k 0 0 1\r\nv\r\n", 0},
		{40, STEP_RESPONSE, "STORED\r\n", 0},
	};

	(void)state;
	PLAY(script);
	assert_int_equal(h.count, 0);
	assert_int_equal(h.engine->counters.seen[PROTOCOL_REDIS][SIDE_SERVER], 0);
	assert_int_equal(h.engine->counters.unparsable[PROTOCOL_REDIS], 0);
	harness__free(&h);
}

/* A pipeline of inline lines that is not answered before it has grown long. */
static void many_inline_lines_are_sure(void **state)
{
	(void)state;
	harness__open(&h, ROLE_SERVER, false);
	for (int i = 0; i < 100; i++)
		harness__chunk(&h, 10, true, "PING\r\nPING\r\nPING\r\nPING\r\nPING\r\n", 30);
	for (int i = 0; i < 500; i++)
		harness__chunk(&h, 20, false, "+PONG\r\n", 7);
	harness__finish(&h);
	assert_int_equal(h.count, 500);
	check(499, "PING", "", 10, 20);
	harness__free(&h);
}

/* CLIENT REPLY ON passed unseen: the first reply that nobody waits for tells. */
static void silence_ends_with_a_reply(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, PING, 0},
		{15, STEP_RESPONSE, "+PONG\r\n", 0},
		{20, STEP_REQUEST, "*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n", 0},
		{30, STEP_LOSE_REQUEST, "*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$2\r\nON\r\n", 0},
		{40, STEP_RESPONSE, "+OK\r\n", 0},
		{50, STEP_REQUEST, PING, 0},
		{60, STEP_RESPONSE, "+PONG\r\n", 0},
		{70, STEP_REQUEST, PING, 0},
		{80, STEP_RESPONSE, "+PONG\r\n", 0},
	};

	(void)state;
	harness__play(&h, ROLE_SERVER, false, script, COUNT(script), 0);
	check(h.count - 1, "PING", "", 70, 80);
	assert_false(h.exchange[h.count - 1].redis.unmeasured);
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
		cmocka_unit_test(readings_within_a_transaction),
		cmocka_unit_test(nothing_is_read_off_a_transaction_half_seen),
		cmocka_unit_test(set_with_get_reads),
		cmocka_unit_test(one_member_may_be_empty),
		cmocka_unit_test(resp3_arrays_are_no_messages),
		cmocka_unit_test(a_list_may_begin_with_message),
		cmocka_unit_test(messages_of_an_older_subscription_are_no_loss),
		cmocka_unit_test(three_kinds_of_subscription),
		cmocka_unit_test(prefixes_of_errors_are_a_closed_set),
		cmocka_unit_test(the_options_of_xread_end_with_streams),
		cmocka_unit_test(replication_is_endless),
		cmocka_unit_test(a_first_command_may_be_unknown),
		cmocka_unit_test(memcached_is_not_redis),
		cmocka_unit_test(many_inline_lines_are_sure),
		cmocka_unit_test(silence_ends_with_a_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
