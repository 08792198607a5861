/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Texts of one key must have one label: random texts of awkward pieces, compared by what is made of
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "raw_key.h"
#include "route.h"
#include "sql.h"

#define TEXTS  60000
#define BUCKET 65536

static uint64_t seed = 7;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % n;
}

static size_t write_text(char *out, const char *const *pieces, uint32_t count, uint32_t most)
{
	size_t used = 0;

	for (uint32_t n = 1 + random_below(most); n; n--) {
		const char *piece = pieces[random_below(count)];

		for (; *piece; piece++)
			out[used++] = *piece == '#' ? (char)('0' + random_below(10)) : *piece;
	}
	out[used] = '\0';
	return used;
}

struct seen {
	char *key, *made, *text;
};

/* Compares with what the same key led to before. */
static void check(struct seen *seen, struct slice key, const char *made, const char *text)
{
	uint32_t hash = 5381;
	struct seen *s;

	for (size_t i = 0; i < key.length; i++)
		hash = hash * 33 + key.data[i];
	s = &seen[hash % BUCKET];
	if (s->key && strlen(s->key) == key.length && !memcmp(s->key, key.data, key.length)) {
		if (strcmp(s->made, made) != 0)
			fail_msg("`%s` is `%s`, but `%s` is `%s`", text, made, s->text, s->made);
		return;
	}
	free(s->key);
	free(s->made);
	free(s->text);
	*s = (struct seen){strndup((const char *)key.data, key.length), strdup(made), strdup(text)};
}

static void forget(struct seen *seen)
{
	for (int i = 0; i < BUCKET; i++) {
		free(seen[i].key);
		free(seen[i].made);
		free(seen[i].text);
	}
	free(seen);
}

static void paths_of_one_key_are_one_route(void **state)
{
	static const char *const pieces[] = {
		"/",	"/",   "api", "v#", "####", "##", "#", "2026",	   "-##",	 "T##",
		"####", "abc", "-",   "_",  "%40",  ".",  "@", "deadbeef", "order-####", "######"};
	struct seen *seen = calloc(BUCKET, sizeof(*seen));
	char text[512] = "/", made[ROUTE_MAX];
	uint8_t room[RAW_KEY_MAX];

	(void)state;
	for (int i = 0; i < TEXTS; i++) {
		size_t length =
			1 + write_text(text + 1, pieces, sizeof(pieces) / sizeof(*pieces), 8);
		struct slice path = slice__of(text, length);

		route__template(path, made);
		check(seen, raw_key__of_path(path, room), made, text);
	}
	forget(seen);
}

static void statements_of_one_key_are_one_statement(void **state)
{
	static const char *const pieces[] = {
		"SELECT ", "a# ",  "t##",  ".",	 "##",	 " ",	    "#.#",	",",  "(",
		")",	   "IN (", "= ",   "-#", "'#'",	 "'",	    "\"",	"$#", "$$",
		"--",	   "\n",   "/*#",  "*/", "#e#",	 "0x#",	    "VALUES (", "[",  "E'\\#'",
		"<##",	   "::",   "#..#", ";",	 "$a#$", "LIMIT ##"};
	struct seen *seen = calloc(BUCKET, sizeof(*seen));
	char text[512], made[1200], out[1025];
	uint8_t room[RAW_KEY_MAX];
	struct sql sql;

	(void)state;
	for (int i = 0; i < TEXTS; i++) {
		size_t length = write_text(text, pieces, sizeof(pieces) / sizeof(*pieces), 7);
		bool truncated = random_below(2);
		struct slice key = raw_key__of_sql(slice__of(text, length), room);
		char *tagged = malloc(key.length + 2);

		sql__normalise(slice__of(text, length), truncated, out, sizeof(out), &sql);
		snprintf(made, sizeof(made), "%s %s %s %lx %d", out, sql.verb, sql.table,
			 (unsigned long)sql.fingerprint, sql.cut);
		tagged[0] = truncated ? 't' : 'w';
		memcpy(tagged + 1, key.data, key.length);
		check(seen, slice__of(tagged, key.length + 1), made, text);
		free(tagged);
	}
	forget(seen);
}

static void numbers_do_not_matter(void **state)
{
	uint8_t a[RAW_KEY_MAX], b[RAW_KEY_MAX];
	struct slice x, y;

	(void)state;
	x = raw_key__of_sql(slice__text("SELECT 1 FROM t1 WHERE a=22 AND b<3.25"), a);
	y = raw_key__of_sql(slice__text("SELECT 777 FROM t1 WHERE a=4 AND b<31.5"), b);
	assert_int_equal(x.length, y.length);
	assert_memory_equal(x.data, y.data, x.length);
	y = raw_key__of_sql(slice__text("SELECT 1 FROM t2 WHERE a=22 AND b<3.25"), b);
	assert_memory_not_equal(x.data, y.data, x.length);
	x = raw_key__of_path(slice__text("/v1/orders/12345"), a);
	y = raw_key__of_path(slice__text("/v1/orders/19876"), b);
	assert_memory_equal(x.data, y.data, x.length);
	y = raw_key__of_path(slice__text("/v2/orders/12345"), b);
	assert_memory_not_equal(x.data, y.data, x.length);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_do_not_matter),
		cmocka_unit_test(paths_of_one_key_are_one_route),
		cmocka_unit_test(statements_of_one_key_are_one_statement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
