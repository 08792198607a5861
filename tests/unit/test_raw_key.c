/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Texts of one key must have one label: random texts of awkward pieces, compared by what is made of
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "labels.h"
#include "protocol/ranges.h"
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
	uint64_t key;
	char *made, *text;
};

/* Compares with what the same key led to before; that of another one is forgotten. */
static bool check(struct seen *seen, uint64_t key, const char *made, const char *text)
{
	struct seen *s = &seen[key % BUCKET];
	bool known = s->made && s->key == key;

	if (known && strcmp(s->made, made) != 0)
		fail_msg("`%s` is `%s`, but `%s` is `%s`", text, made, s->text, s->made);
	free(s->made);
	free(s->text);
	*s = (struct seen){key, strdup(made), strdup(text)};
	return known;
}

static void forget(struct seen *seen)
{
	for (int i = 0; i < BUCKET; i++) {
		free(seen[i].made);
		free(seen[i].text);
	}
	free(seen);
}

/* Short ones, and such as are looked at in several stretches; some are known by their key. */
static void paths_of_one_key_are_one_route(void **state)
{
	static const char *const pieces[] = {"/",
					     "/",
					     "api",
					     "v#",
					     "####",
					     "##",
					     "#",
					     "2026",
					     "-##",
					     "T##",
					     "####",
					     "abc",
					     "-",
					     "_",
					     "%40",
					     ".",
					     "@",
					     "deadbeef",
					     "order-####",
					     "######",
					     "/3f2504e0-4f89-41d3-9a0c-0305e82c33##",
					     "/ABCDEFab-cdef-abcd-efab-cdefabcdefa#"};
	struct seen *seen = calloc(BUCKET, sizeof(*seen));
	char text[60 * 40] = "/", made[ROUTE_MAX];
	uint32_t known = 0, told = 0;

	(void)state;
	for (int i = 0; i < TEXTS; i++) {
		size_t length = 1 + write_text(text + 1, pieces, sizeof(pieces) / sizeof(*pieces),
					       i % 8 ? 8 : 60);
		uint64_t key;

		route__template(slice__of(text, length), made);
		if (!raw_key__of_target(1, slice__of(text, length), &key))
			continue;
		told++;
		known += check(seen, key, made, text);
	}
	assert_true(told > TEXTS / 2);
	assert_true(known > TEXTS / 50);
	forget(seen);
}

static void statements_of_one_key_are_one_statement(void **state)
{
	static const char *const pieces[] = {
		"SELECT ", "a# ", "t##", ".",	     "##",	    " ",	"#.#",
		",",	   "(",	  ")",	 "IN (",     "= ",	    "-#",	"'#'",
		"'",	   "\"",  "$#",	 "$$",	     "--",	    "\n",	"/*#",
		"*/",	   "#e#", "0x#", "VALUES (", "['a', 'b#']", "= 'x y' ", "[",
		"E'\\#'",  "<##", "::",	 "#..#",     ";",	    "$a#$",	"LIMIT ##"};
	struct seen *seen = calloc(BUCKET, sizeof(*seen));
	char text[512], made[1200], out[1025];
	uint32_t known = 0;
	struct sql sql;

	(void)state;
	for (int i = 0; i < TEXTS; i++) {
		size_t length =
			write_text(text, pieces, sizeof(pieces) / sizeof(*pieces), i % 8 ? 5 : 60);
		bool truncated = random_below(2);
		uint64_t key = raw_key__of_sql(1, slice__of(text, length)) ^ -(uint64_t)truncated;

		sql__normalise(slice__of(text, length), truncated, out, sizeof(out), &sql);
		snprintf(made, sizeof(made), "%s %s %s %lx %d", out, sql.verb, sql.table,
			 (unsigned long)sql.fingerprint, sql.cut);
		known += check(seen, key, made, text);
	}
	assert_true(known > TEXTS / 50);
	forget(seen);
}

/* ---- as it is meant, byte by byte ---- */

/* The text without what is left out: the digits of short paths' segments, else the later ones of
 * long numbers, all of a statement's. */
static size_t plain_key(const char *text, size_t length, bool sql, char *out)
{
	size_t used = 0;

	if (sql && memchr(text, '"', length))
		return (size_t)sprintf(out, "as it is: %.*s", (int)length, text);
	for (size_t i = 0, n; i < length; i += n) {
		n = strspn(text + i, "0123456789");
		if (sql && n && i && strchr(" \n\t,([=<>+-*/.", text[i - 1])) {
			out[used++] = '#';
		} else if (!sql && n && length < MARKED_MAX && text[i - 1] == '/' &&
			   (i + n == length || text[i + n] == '/')) {
			used += (size_t)sprintf(out + used, "<%u>", (unsigned int)n);
		} else if (!sql && n >= 4) {
			used += (size_t)sprintf(out + used, "%c#%u#", text[i], (unsigned int)n);
		} else {
			n = n ? n : 1;
			memcpy(out + used, text + i, n);
			used += n;
		}
	}
	out[used] = '\0';
	return used;
}

/* Wherever a number lies to what is looked at at once: one key for the same plain one. */
static void keys_leave_out_what_is_meant(void **state)
{
	static const char *const pieces[] = {"/",	"abc",	 "#",  "##", "###", "####",
					     "#######", " ",	 "(",  "-",  ".",   "_",
					     "x#y",	"=####", "\"", "##"};
	struct seen *seen = calloc(BUCKET, sizeof(*seen)), *kept = calloc(BUCKET, sizeof(*kept));
	char text[1024] = "/", plain[4096];

	(void)state;
	for (int i = 0; i < TEXTS; i++) {
		bool sql = i & 1;
		size_t length =
			1 + write_text(text + 1, pieces,
				       sizeof(pieces) / sizeof(*pieces) - !sql * 2, i % 8 ? 6 : 90);
		uint64_t key, hash = 5381;

		plain_key(text, length, sql, plain);
		for (const char *c = plain; *c; c++)
			hash = hash * 33 + (uint8_t)*c;
		if (sql)
			key = ~raw_key__of_sql(1, slice__of(text, length));
		else
			assert_true(raw_key__of_target(1, slice__of(text, length), &key));
		check(seen, key, plain, text);
		snprintf(plain, sizeof(plain), "%lx", (unsigned long)key);
		check(kept, hash * 2 + sql, plain, text);
	}
	forget(seen);
	forget(kept);
}

static uint64_t sql_key(const char *text)
{
	return raw_key__of_sql(7, slice__text(text));
}

static uint64_t path_key(const char *target)
{
	uint64_t key;

	assert_true(raw_key__of_target(7, slice__text(target), &key));
	return key;
}

/* Other letters between quotes, among all that may make a quote mean something else. */
static void strings_may_be_others(void **state)
{
	static const char *const pieces[] = {
		"'",  "'",  "'",  "'",	"x", "x",  " x", "\"",
		"\\", "$",  "$",  "--", "-", "/",  "*",	 "/*",
		"*/", "\n", " E", ",",	"=", "''", "#",	 "some longer words of it"};
	char text[512], other[512], out[1025], other_out[1025];
	uint32_t same = 0;
	struct sql a, b;

	(void)state;
	for (int i = 0; i < 4 * TEXTS; i++) {
		size_t length = write_text(text, pieces, sizeof(pieces) / sizeof(*pieces), 12);
		bool quoted = false, changed = false;

		for (size_t at = 0; at <= length; at++) {
			other[at] = quoted && text[at] == 'x' ? 'z' : text[at];
			changed |= other[at] != text[at];
			quoted ^= text[at] == '\'';
		}
		if (!changed || sql_key(text) != sql_key(other))
			continue;
		sql__normalise(slice__of(text, length), false, out, sizeof(out), &a);
		sql__normalise(slice__of(other, length), false, other_out, sizeof(other_out), &b);
		if (strcmp(out, other_out) != 0)
			fail_msg("`%s` is `%s`, but `%s` is `%s`", text, out, other, other_out);
		same++;
	}
	assert_true(same > TEXTS / 50);
}

static void numbers_do_not_matter(void **state)
{
	(void)state;
	assert_true(sql_key("SELECT 1 FROM t1 WHERE a=22 AND b<3.25") ==
		    sql_key("SELECT 777 FROM t1 WHERE a=4 AND b<31.5"));
	assert_true(sql_key("SELECT 1 FROM t1 WHERE a=22 AND b<3.25") !=
		    sql_key("SELECT 1 FROM t2 WHERE a=22 AND b<3.25"));
	assert_true(sql_key("SELECT 1 WHERE a='x 1' AND b = E'y''z' ") ==
		    sql_key("SELECT 2 WHERE a='(b, 2, c)' AND b = E'''t2' "));
	assert_true(sql_key("SELECT 1 WHERE a='x'") != sql_key("SELECT 1 WHERE b='x'"));
	assert_true(sql_key("SELECT '--' , t1") != sql_key("SELECT '--' , t2"));
	assert_true(path_key("/v1/orders/12345") == path_key("/v1/orders/19876"));
	assert_true(path_key("/v1/orders/12345") != path_key("/v2/orders/12345"));
	assert_true(path_key("/v1/orders/12345") != path_key("/v1/orders/123456"));
	assert_true(path_key("/v1/orders/7") == path_key("/v1/orders/8"));
	assert_true(path_key("/v1/7/orders") == path_key("/v1/8/orders"));
	assert_true(path_key("/v1/a7/orders") != path_key("/v1/a8/orders"));
}

#define UUID_A "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
#define UUID_B "ABCDEFab-cdef-abcd-efab-cdefabcdefab"

static void uuids_do_not_matter(void **state)
{
	(void)state;
	assert_true(path_key("/orders/" UUID_A) == path_key("/orders/" UUID_B));
	assert_true(path_key("/orders/" UUID_A "/items?a") ==
		    path_key("/orders/" UUID_B "/items?b"));
	assert_true(path_key("/" UUID_A) == path_key("/" UUID_B));
	assert_true(path_key("/" UUID_A) != path_key("/x/" UUID_A));
	assert_true(path_key("/orders/" UUID_A) != path_key("/others/" UUID_B));
	assert_true(path_key("/orders/" UUID_A) != path_key("/orders/" UUID_B "/items"));
	assert_true(path_key("/orders/" UUID_A "0") != path_key("/orders/" UUID_B "0"));
	assert_true(path_key("/orders/x" UUID_A) != path_key("/orders/x" UUID_B));
	assert_true(path_key("/orders/" UUID_B) !=
		    path_key("/orders/ABCDEFab-cdef-abcd-efab-cdefabcdefag"));
	assert_true(path_key("/orders/" UUID_B) !=
		    path_key("/orders/00000000-0000-0000-0000-00000000000g"));
}

static void a_path_ends_before_its_query(void **state)
{
	static const char *const ends[] = {"?", "#", ";", "?a=%40", ";v=1234?x", "#a?b"};
	char text[256];
	uint64_t key;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		for (int length = 1; length < 140; length++) {
			snprintf(text, sizeof(text), "/%0*d", length - 1, 0);
			text[length] = '\0';
			key = path_key(text);
			strcat(text, ends[i]);
			assert_true(path_key(text) == key);
		}
	assert_false(raw_key__of_target(7, slice__text("/a%40b?c"), &key));
}

/* Whatever its digits become within what they may be, it stays the same route. */
static void digits_may_be_what_is_allowed(void **state)
{
	static const char *const pieces[] = {
		"/",   "api", "v#", "####", "##-##",	  "2026-01-##",	    "#", "-##", "T######",
		"abc", ".",   "_",  "3#3#", "order-####", "1#######T######"};
	char text[256] = "/", made[ROUTE_MAX], again[ROUTE_MAX];
	uint8_t least[256], spread[256];
	uint32_t changed = 0;

	(void)state;
	for (int i = 0; i < TEXTS; i++) {
		size_t length =
			1 + write_text(text + 1, pieces, sizeof(pieces) / sizeof(*pieces), 5);
		struct marked_path path = {.length = length};

		if (length >= MARKED_MAX)
			continue;
		for (size_t at = 0; at < length; at++)
			path.digits |= (uint64_t)(text[at] >= '0' && text[at] <= '9') << at;
		route__template(slice__of(text, length), made);
		ranges__learn(least, spread, slice__of(text, length));
		raw_key__allow((const uint8_t *)text, path, least, spread);
		for (size_t at = 0; at < length; at++) {
			text[at] = (char)(least[at] + random_below(spread[at] + 1u));
			changed += spread[at] != 0;
		}
		route__template(slice__of(text, length), again);
		assert_string_equal(made, again);
	}
	assert_true(changed > TEXTS);
}

/* The same of statements. */
static void numbers_may_be_what_is_allowed(void **state)
{
	static const char *const pieces[] = {
		"SELECT ", "a#", " ",	"##",	 ".",	"(",   ",",  "= ",     "'#'", "\"a#\"",
		"-##.#",   "$#", "--#", "/*#*/", "e##", "t##", "\n", "E'\\#'", "#e#"};
	char text[512], out[1025], other[1025];
	uint8_t least[512], spread[512];
	struct sql made, again;
	uint32_t changed = 0;

	(void)state;
	for (int i = 0; i < TEXTS; i++) {
		size_t length = write_text(text, pieces, sizeof(pieces) / sizeof(*pieces), 12);

		sql__normalise(slice__of(text, length), i & 1, out, sizeof(out), &made);
		ranges__learn(least, spread, slice__of(text, length));
		raw_key__allow_sql(slice__of(text, length), least, spread);
		for (size_t at = 0; at < length; at++) {
			text[at] = (char)(least[at] + random_below(spread[at] + 1u));
			changed += spread[at] != 0;
		}
		sql__normalise(slice__of(text, length), i & 1, other, sizeof(other), &again);
		assert_string_equal(out, other);
		assert_true(made.fingerprint == again.fingerprint);
	}
	assert_true(changed > TEXTS);
}

static void a_known_statement_is_the_same_one(void **state)
{
	struct labels *labels = labels__new(&(struct labels_options){.statements = 1});
	uint32_t id[3];

	(void)state;
	for (int again = 0; again < 3; again++) {
		id[0] = labels__statement(
			labels, slice__text("SELECT a FROM t WHERE some_column = 12345"), false);
		id[1] = labels__statement(
			labels, slice__text("SELECT a FROM t WHERE some_column = 67890"), false);
		id[2] = labels__statement(
			labels, slice__text("SELECT b FROM t WHERE some_column = 67890"), false);
		assert_int_equal(id[0], id[1]);
		assert_int_equal(id[2], LABEL_OTHER);
		assert_int_equal(labels__overflowed(labels, LABEL_STATEMENT), again + 1);
	}
	labels__free(labels);
}

static const char *label(struct labels *labels, uint32_t service, const char *target,
			 struct label_memo *memo)
{
	uint32_t id = labels__route_again(labels, service, slice__text(target), memo);

	assert_int_equal(id, labels__route(labels, service, slice__text(target)));
	return labels__get(labels, id)->text;
}

static void what_is_recalled_is_still_so(void **state)
{
	static const char *const numbers[] = {"/a/1234", NULL}, *const names[] = {"/a/{x}", NULL};
	static const char letters[] = "/a/abcdefab-cdef-abcd-efab-cdefabcdefab";
	static const char *const uuids[] = {letters, NULL};
	struct labels *labels = labels__new(&(struct labels_options){.routes_per_service = 3});
	struct labels *others = labels__new(&(struct labels_options){0});
	struct label_memo memo = {0};

	(void)state;
	assert_string_equal(label(labels, 1, "/a/1234", &memo), "/a/{id}");
	assert_string_equal(label(labels, 1, "/a/1235", &memo), "/a/{id}");
	assert_string_equal(label(labels, 2, "/a/1236", &memo), "/a/{id}");
	labels__set_patterns(labels, numbers);
	assert_string_equal(label(labels, 2, "/a/1234", &memo), "/a/1234");
	assert_string_equal(label(labels, 2, "/a/1235", &memo), "/a/{id}");
	labels__set_patterns(labels, names);
	assert_string_equal(label(labels, 2, "/a/1234", &memo), "/a/{x}");
	assert_string_equal(label(others, 2, "/a/1234", &memo), "/a/{id}");
	labels__set_patterns(labels, uuids);
	assert_string_equal(label(labels, 5, "/a/" UUID_A, &memo), "/a/{uuid}");
	assert_string_equal(label(labels, 5, letters, &memo), letters);
	labels__set_patterns(labels, NULL);
	assert_string_equal(label(labels, 5, letters, &memo), "/a/{uuid}");
	labels__refuse(labels, true);
	assert_string_equal(label(labels, 3, "/a/1234", &memo), "other");
	assert_string_equal(label(labels, 3, "/a/1235", &memo), "other");
	assert_int_equal(labels__overflowed(labels, LABEL_ROUTE), 4);
	labels__refuse(labels, false);
	assert_string_equal(label(labels, 3, "/a/1234", &memo), "/a/{id}");
	labels__free(labels);
	labels__free(others);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_do_not_matter),
		cmocka_unit_test(uuids_do_not_matter),
		cmocka_unit_test(strings_may_be_others),
		cmocka_unit_test(a_path_ends_before_its_query),
		cmocka_unit_test(digits_may_be_what_is_allowed),
		cmocka_unit_test(numbers_may_be_what_is_allowed),
		cmocka_unit_test(a_known_statement_is_the_same_one),
		cmocka_unit_test(what_is_recalled_is_still_so),
		cmocka_unit_test(keys_leave_out_what_is_meant),
		cmocka_unit_test(paths_of_one_key_are_one_route),
		cmocka_unit_test(statements_of_one_key_are_one_statement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
