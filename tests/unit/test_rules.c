/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What rules are made of: values out of messages, windows, times between, and what a configuration
 * must say. */
#include "harness.h"

#include "config.h"
#include "details.h"
#include "protocol/redis_details.h"
#include "rules/between.h"
#include "rules/distinct.h"
#include "rules/glob.h"
#include "rules/json_find.h"
#include "rules/siphash.h"
#include "rules/value.h"

#define SECOND 1000000000ull

static void json_is_found_also_in_a_cut_text(void **state)
{
	static const char text[] = "{\"a\": {\"b\": [1, {\"c\": \"x\\\"y\"}, true]}, \"tier\" : "
				   "\"PRO\", \"n\": -1.5e3}";
	static const struct {
		const char *path, *value;
	} found[] = {{"a.b.0", "1"},  {"a.b.1.c", "x\\\"y"}, {"a.b.2", "true"},
		     {"tier", "PRO"}, {"n", "-1.5e3"},	     {"a", NULL},
		     {"a.b.7", NULL}, {"nothing", NULL},     {"a.b.x", NULL}};
	struct slice out;

	(void)state;
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
		bool there = json__find(slice__text(text), found[i].path, &out);

		assert_int_equal(there, found[i].value != NULL);
		if (there)
			assert_true(slice__equals(out, found[i].value));
	}
	/* cut anywhere: what is found is right, and what is not whole is not found */
	for (size_t length = 0; length < strlen(text); length++)
		if (json__find(slice__of(text, length), "tier", &out))
			assert_true(slice__equals(out, "PRO"));
}

static void values_come_out_of_heads(void **state)
{
	struct slice head = slice__text("POST /users/42/x?tier=PRO&b=&c=1#f HTTP/1.1\r\n"
					"X-Tier:  gold \r\nCookie: a=1; session=abc; z=\r\n");
	struct slice out;

	(void)state;
	assert_true(http__header(head, "x-tier", &out) && slice__equals(out, "gold"));
	assert_false(http__header(head, "x-tie", &out));
	assert_true(http__cookie(head, "session", &out) && slice__equals(out, "abc"));
	assert_false(http__cookie(head, "sess", &out));
	assert_true(http__query(head, "tier", &out) && slice__equals(out, "PRO"));
	assert_true(http__query(head, "c", &out) && slice__equals(out, "1"));
	assert_false(http__query(head, "d", &out));
	assert_true(http__route_parameter(head, "/users/{user}/x", "user", &out) &&
		    slice__equals(out, "42"));
	assert_false(http__route_parameter(head, "/users/{user}/x", "nobody", &out));
}

static void a_claim_comes_out_of_a_token(void **state)
{
	struct value value;

	(void)state; /* {"sub":"7","tier":"PRO"} */
	assert_true(
		jwt__claim(slice__text("eyJhbGciOiJub25lIn0.eyJzdWIiOiI3IiwidGllciI6IlBSTyJ9.x"),
			   "sub", &value));
	assert_string_equal(value.text, "7");
	assert_false(jwt__claim(slice__text("no.token"), "sub", &value));
	assert_false(jwt__claim(slice__text(""), "sub", &value));
}

static void parameters_are_text_or_binary(void **state)
{
	static const uint8_t text[] = "\0\0\0\3\0\0\0\1a\xff\xff\xff\xff\0\0\0\3PRO";
	static const uint8_t binary[] =
		"\0\1\0\1\0\2\0\0\0\4\xff\xff\xff\xfe\0\0\0\10\0\0\0\0\0\0\1\0";
	struct value value;
	double number;

	(void)state;
	assert_true(postgres__parameter(slice__of(text, sizeof(text) - 1), 3, &value));
	assert_string_equal(value.text, "PRO");
	assert_false(postgres__parameter(slice__of(text, sizeof(text) - 1), 2, &value)); /* NULL */
	assert_false(postgres__parameter(slice__of(text, sizeof(text) - 1), 4, &value));
	assert_true(postgres__parameter(slice__of(binary, sizeof(binary) - 1), 1, &value));
	assert_true(value__number(&value, &number) && number == -2);
	assert_true(postgres__parameter(slice__of(binary, sizeof(binary) - 1), 2, &value));
	assert_true(value__number(&value, &number) && number == 256);
	for (size_t length = 0; length < sizeof(text) - 1; length++)
		assert_false(postgres__parameter(slice__of(text, length), 3, &value));
}

static void distinct_values_leave_the_window(void **state)
{
	struct distinct d;

	(void)state;
	distinct__init(&d, 300 * SECOND);
	for (uint64_t i = 0; i < 1000; i++)
		distinct__see(&d, i % 100 * 7919, SECOND + i * SECOND / 10);
	assert_int_equal(distinct__count(&d, 101 * SECOND), 100);
	assert_int_equal(distinct__count(&d, 396 * SECOND), 49);
	distinct__forget(&d, 99 * 7919);
	assert_int_equal(distinct__count(&d, 396 * SECOND), 48);
	assert_int_equal(distinct__count(&d, 500 * SECOND), 0);
	distinct__clear(&d);
}

static void shares_are_of_the_window(void **state)
{
	struct share s;

	(void)state;
	share__init(&s, 60 * SECOND);
	assert_true(share__percent(&s, SECOND) < 0);
	for (int i = 0; i < 100; i++)
		share__add(&s, i < 5, 10 * SECOND);
	assert_true(share__percent(&s, 11 * SECOND) == 5);
	assert_true(share__percent(&s, 69 * SECOND) == 5);
	assert_true(share__percent(&s, 71 * SECOND) < 0);
}

static void times_between_are_those_of_the_same_key(void **state)
{
	struct between b = {0};
	uint64_t since;

	(void)state;
	for (uint64_t i = 1; i <= BETWEEN_MAX; i++)
		between__begin(&b, i, i, 1000 * SECOND);
	between__begin(&b, BETWEEN_MAX + 1, SECOND, 1000 * SECOND);
	assert_int_equal(b.refused, 1);
	for (uint64_t i = BETWEEN_MAX; i > 0; i--) {
		assert_true(between__end(&b, i, &since));
		assert_int_equal(since, i);
		assert_false(between__end(&b, i, &since));
	}
	assert_int_equal(b.count, 0);
	between__clear(&b);
}

static void patterns_and_hashes(void **state)
{
	struct siphash_key key = {{0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull}};
	uint8_t bytes[15];

	(void)state;
	assert_true(glob__fits("user:*:name", slice__text("user:42:name")));
	assert_false(glob__fits("user:*:name", slice__text("user:42:nam")));
	assert_true(glob__fits("*", slice__text("")));
	assert_true(glob__fits_nocase("GE?", slice__text("get")));
	for (uint8_t i = 0; i < 15; i++)
		bytes[i] = i;
	/* the example of the paper, appendix A */
	assert_true(siphash__of(&key, bytes, 15) == 0xa129ca6149be45e5ull);
}

#define RULE(rest) "rules:\n  - metric: x_total\n    type: counter\n    on: {protocol: http}\n" rest

static void a_bad_rule_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text, *line, *says;
	} bad[] = {
		{"rules:\n  - metric: x_total\n", ":2:", "`type` is missing"},
		{"rules:\n  - metric: x\n    type: counter\n    on: {protocol: http}\n",
		 ":2:", "_total"},
		{"rules:\n  - metric: http_requests_total\n    type: counter\n    on: {protocol: "
		 "http}\n",
		 ":2:", "sonde's own"},
		{"rules:\n  - metric: x_total\n    type: counter\n    on: {protocol: http, color: "
		 "red}\n",
		 ":4:", "no key `color`"},
		{"rules:\n  - metric: x_total\n    type: counter\n    on: {protocol: http, "
		 "command: GET}\n",
		 ":4:", "another protocol"},
		{"rules:\n  - metric: x_total\n    type: counter\n    on: {protocol: http, status: "
		 "7}\n",
		 ":4:", "2xx"},
		{RULE("    labels:\n      a: {from: cookie, name: c}\n"), ":6:", "no bound"},
		{RULE("    labels:\n      a: {from: cookie}\n"), ":6:", "`name` is missing"},
		{RULE("    labels:\n      a: {from: redis_key, limit: 3}\n"), ":2:", "not of http"},
		{RULE("    labels:\n      a: {from: route_parameter, name: u, limit: 3}\n"),
		 ":2:", "{u}"},
		{RULE("  - metric: x_total\n    type: counter\n    on: {protocol: http}\n"),
		 ":5:", "already"},
		{"rules:\n  - metric: g\n    type: gauge\n    on: {protocol: redis}\n",
		 ":2:", "`of` is missing"},
		{"rules:\n  - metric: h\n    type: histogram\n    on: {protocol: redis}\n    "
		 "buckets: [2, 1]\n",
		 ":5:", "larger"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct config config;
		char error[512] = "";

		config__defaults(&config);
		assert_true(config__parse("f", bad[i].text, strlen(bad[i].text), &config, error,
					  sizeof(error)) < 0);
		if (!strstr(error, bad[i].line) || !strstr(error, bad[i].says))
			fail_msg("%zu: `%s` lacks `%s` or `%s`", i, error, bad[i].line,
				 bad[i].says);
		config__clear(&config);
	}
}

/* "BITOP AND d a" -> "d" */
static void assert_key(const char *command, const char *expected)
{
	struct details_pool *pool = details_pool__new();
	struct details *details = details__new(pool);
	char words[200], *save = NULL;
	struct slice key = {0};
	bool found;

	snprintf(words, sizeof(words), "%s", command);
	for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		struct redis_argument record = {(uint32_t)strlen(word), (uint32_t)strlen(word)};

		details__append(details, DETAIL_ARGUMENTS, slice__of(&record, sizeof(record)));
		details__append(details, DETAIL_ARGUMENTS, slice__text(word));
	}
	found = redis__key(details, &key);
	if (found != (expected != NULL) || (found && !slice__equals(key, expected)))
		fail_msg("%s: `%.*s`, not `%s`", command, (int)key.length, (const char *)key.data,
			 expected ? expected : "none");
	details__free(details);
	details_pool__free(pool);
}

static void the_first_key_of_a_command(void **state)
{
	(void)state;
	assert_key("get k", "k");
	assert_key("MGET a b", "a");
	assert_key("BITOP AND d a", "d");
	assert_key("OBJECT ENCODING k", "k");
	assert_key("EVAL script 2 a b", "a");
	assert_key("EVAL script 0 x", NULL);
	assert_key("XREADGROUP GROUP g c STREAMS s >", "s");
	assert_key("ZUNIONSTORE d 1 a", "d");
	assert_key("ZUNION 1 a", "a");
	assert_key("PUBLISH channel x", "channel"); /* it has none: what stands first */
	assert_key("MODULE.OF.ANYONE k", "k");
	assert_key("PING", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_key_of_a_command),
		cmocka_unit_test(json_is_found_also_in_a_cut_text),
		cmocka_unit_test(values_come_out_of_heads),
		cmocka_unit_test(a_claim_comes_out_of_a_token),
		cmocka_unit_test(parameters_are_text_or_binary),
		cmocka_unit_test(distinct_values_leave_the_window),
		cmocka_unit_test(shares_are_of_the_window),
		cmocka_unit_test(times_between_are_those_of_the_same_key),
		cmocka_unit_test(patterns_and_hashes),
		cmocka_unit_test(a_bad_rule_is_refused_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
