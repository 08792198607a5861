/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The example of docs/adding-a-protocol.md: exchanges, cuts, gaps, and bytes of strangers. */
#include "harness.h"
#include "table.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PUT	 "put 0 0 60 5\r\nhello\r\n"
#define RESERVED "RESERVED 1 5\r\nhello\r\n"

static struct harness h;

static void check(size_t i, enum beanstalk_command command, enum outcome outcome, uint64_t from_us,
		  uint64_t to_us)
{
	const struct exchange *e = &h.exchange[i];

	assert_true(i < h.count);
	assert_int_equal(e->protocol, PROTOCOL_BEANSTALK);
	assert_int_equal(e->redis.command, command);
	assert_int_equal(e->outcome, outcome);
	assert_int_equal(e->start_ns, from_us * 1000);
	assert_int_equal(e->end_ns, to_us * 1000);
}

static const struct step conversation[] = {
	{10, STEP_REQUEST, "use mail\r\n", 0},
	{20, STEP_RESPONSE, "USING mail\r\n", 0},
	{30, STEP_REQUEST, PUT PUT, 0},
	{40, STEP_RESPONSE, "INSERTED 1\r\nINSERTED 2\r\n", 0},
	{50, STEP_REQUEST, "reserve\r\n", 0},
	{60, STEP_RESPONSE, RESERVED, 0},
	{70, STEP_REQUEST, "delete 1\r\ndelete 9\r\nno such\r\n", 0},
	{80, STEP_RESPONSE, "DELETED\r\nNOT_FOUND\r\nUNKNOWN_COMMAND\r\n", 0},
	{90, STEP_REQUEST, "quit\r\n", 0},
	{95, STEP_CLOSE, NULL, 0},
};

static void tells_each_command(void **state)
{
	(void)state;
	harness__play(&h, ROLE_SERVER, false, conversation, COUNT(conversation), 0);
	assert_int_equal(h.count, 7);
	check(0, BEANSTALK_USE, OUTCOME_OK, 10, 20);
	check(1, BEANSTALK_PUT, OUTCOME_OK, 30, 40);
	check(2, BEANSTALK_PUT, OUTCOME_OK, 30, 40);
	check(3, BEANSTALK_RESERVE, OUTCOME_OK, 50, 60);
	check(4, BEANSTALK_DELETE, OUTCOME_OK, 70, 80);
	check(5, BEANSTALK_DELETE, OUTCOME_ERROR, 70, 80);
	check(6, BEANSTALK_UNKNOWN, OUTCOME_ERROR, 70, 80);
	assert_int_equal(h.exchange[1].request_bytes, strlen(PUT));
	assert_int_equal(h.exchange[3].response_bytes, strlen(RESERVED));
	assert_true(h.exchange[3].redis.blocking);
	assert_string_equal(h.exchange[5].redis.error, "NOT_FOUND");
	harness__free(&h);
}

static void takes_any_cut(void **state)
{
	(void)state;
	harness__every_cut(conversation, COUNT(conversation));
	harness__every_split(conversation, COUNT(conversation));
}

/* The newest byte of a reply ends the exchange, not its first line. */
static void waits_for_the_last_byte(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, "reserve\r\n", 0},
		{20, STEP_RESPONSE, "RESERVED 1 100000\r\nbegin", 0},
		{30, STEP_BODY_RESPONSE, NULL, 99995},
		{40, STEP_RESPONSE, "\r\n", 0},
		{50, STEP_REQUEST, "delete 1\r\n", 0},
		{60, STEP_RESPONSE, "DELETED\r\n", 0},
	};

	(void)state;
	harness__play(&h, ROLE_CLIENT, false, script, COUNT(script), 0);
	assert_int_equal(h.count, 2);
	check(0, BEANSTALK_RESERVE, OUTCOME_OK, 10, 40);
	assert_int_equal(h.exchange[0].first_ns, 20000);
	check(1, BEANSTALK_DELETE, OUTCOME_OK, 50, 60);
	harness__free(&h);
}

static void pairs_nothing_across_a_gap(void **state)
{
	static const struct step script[] = {
		{10, STEP_REQUEST, PUT, 0},
		{20, STEP_RESPONSE, "INSERTED 1\r\n", 0},
		{30, STEP_REQUEST, PUT PUT, 0},
		{35, STEP_LOSE_RESPONSE, NULL, 7},
		{40, STEP_RESPONSE, " 2\r\nINSERTED 3\r\n", 0},
		{50, STEP_REQUEST, "reserve\r\n", 0},
		{60, STEP_RESPONSE, RESERVED, 0},
		{70, STEP_REQUEST, "reserve\r\n", 0},
		{80, STEP_RESPONSE, RESERVED, 0},
	};

	(void)state;
	harness__play(&h, ROLE_SERVER, false, script, COUNT(script), 0);
	assert_int_equal(h.count, 5);
	check(0, BEANSTALK_PUT, OUTCOME_OK, 10, 20);
	assert_int_equal(h.exchange[1].outcome, OUTCOME_LOST);
	assert_int_equal(h.exchange[2].outcome, OUTCOME_LOST);
	check(3, BEANSTALK_RESERVE, OUTCOME_OK, 50, 60);
	check(4, BEANSTALK_RESERVE, OUTCOME_OK, 70, 80);
	harness__free(&h);
}

static enum detection detects(const char *text, bool request, bool begun)
{
	return beanstalk_protocol.detect(slice__text(text), request, begun);
}

static void is_sure_or_waits(void **state)
{
	(void)state;
	assert_int_equal(detects(PUT, true, true), DETECT_YES);
	assert_int_equal(detects("reserve\r\n", true, false), DETECT_YES);
	assert_int_equal(detects("put 0 0", true, true), DETECT_MORE);
	assert_int_equal(detects("put it down\r\n", true, true), DETECT_NO);
	assert_int_equal(detects("watch k\r\n", true, true), DETECT_MORE); /* or Redis */
	assert_int_equal(detects("watch k\r\n", true, false), DETECT_NO);
	assert_int_equal(detects("WATCHING 2\r\n", false, true), DETECT_YES);
	assert_int_equal(detects("GET / HTTP/1.1\r\n", true, true), DETECT_NO);
	assert_int_equal(detects("\x16\x03\x01", true, true), DETECT_NO);
}

/* Pieces of the protocol in any order: nothing is read beyond the bytes, the books stay even. */
static void survives_strangers(void **state)
{
	static const char *const pieces[] = {PUT,	  "put 0 0 1 4294967295\r\n",
					     "\r\n",	  "reserve",
					     "\n",	  "RESERVED 1 9999999999\r\n",
					     "DELETED\r", RESERVED,
					     "OK x\r\n",  "\xff\xfe"};
	uint32_t dice = 1;

	(void)state;
	for (int round = 0; round < 300; round++) {
		harness__open(&h, round % 2 ? ROLE_CLIENT : ROLE_SERVER, false);
		harness__chunk(&h, 1, true, PUT, strlen(PUT));
		for (uint64_t at = 2; at < 60; at++) {
			dice = dice * 1103515245 + 12345;
			harness__step(&h,
				      &(struct step){at,
						     dice >> 16 & 1 ? STEP_REQUEST : STEP_RESPONSE,
						     pieces[(dice >> 17) % COUNT(pieces)], 0},
				      dice >> 24 & 3);
			harness__check_sums(&h);
		}
		harness__finish(&h);
		harness__free(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_each_command),	      cmocka_unit_test(takes_any_cut),
		cmocka_unit_test(waits_for_the_last_byte),    cmocka_unit_test(is_sure_or_waits),
		cmocka_unit_test(pairs_nothing_across_a_gap), cmocka_unit_test(survives_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
