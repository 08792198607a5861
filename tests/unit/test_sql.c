/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The normaliser over tests/data/queries.sql, with PostgreSQL's own parser (libpg_query) as the
 * judge of what is the same statement. In that file every string literal's text holds "zz" and
 * every number "99", and no name does: neither may ever come out.
 */
#include <ctype.h>
#include <pg_query.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include "sql.h"

#define QUERIES	 "tests/data/queries.sql"
#define MANY	 1000
#define VARIANTS 8
#define OUT	 8192

struct entry {
	char verb[16];
	char table[64];
	char *text[VARIANTS];
	int variants;
};

static struct entry entries[MANY];
static size_t entry_count;
static char *corpus;

/* ---- the file ---- */

static char *read_corpus(void)
{
	FILE *f = fopen(QUERIES, "r");
	char *text = calloc(1, 1 << 20);
	size_t n;

	if (!f || !text)
		return NULL;
	n = fread(text, 1, (1 << 20) - 1, f);
	fclose(f);
	text[n] = '\0';
	return text;
}

/* Cuts text at each line that is exactly `line`; NULL when there is no more. */
static char *next_part(char **rest, const char *line)
{
	char *part = *rest, *end = part ? strstr(part, line) : NULL;

	*rest = end ? end + strlen(line) : NULL;
	if (end)
		*end = '\0';
	return part;
}

static int set_up(void **state)
{
	char *rest, *part, *variants, *sql;

	(void)state;
	corpus = rest = read_corpus();
	while (rest && (part = next_part(&rest, "\n----\n"))) {
		struct entry *e = &entries[entry_count++];

		if (entry_count == MANY || sscanf(part, "--> %15s ", e->verb) != 1)
			return -1;
		variants = strchr(part, '\n');
		snprintf(e->table, sizeof(e->table), "%.*s",
			 (int)(variants - part - 5 - (long)strlen(e->verb)),
			 part + 5 + strlen(e->verb));
		if (strcmp(e->table, "-") == 0)
			e->table[0] = '\0';
		variants++;
		while (variants && (sql = next_part(&variants, "\n====\n")))
			if (e->variants < VARIANTS)
				e->text[e->variants++] = sql;
	}
	return entry_count > 200 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	free(corpus);
	return 0;
}

/* ---- the judges ---- */

static uint64_t theirs(const char *sql)
{
	PgQueryFingerprintResult r = pg_query_fingerprint(sql);
	uint64_t fingerprint = r.error ? 0 : r.fingerprint;

	pg_query_free_fingerprint_result(r);
	return fingerprint;
}

static struct sql ours(const char *sql, char *out, size_t size)
{
	struct sql result;

	sql__normalise(slice__text(sql), false, out, size, &result);
	return result;
}

static uint64_t our_fingerprint(const char *sql)
{
	char out[OUT];

	return ours(sql, out, sizeof(out)).fingerprint;
}

static void assert_private(const char *out, const char *sql)
{
	if (strstr(out, "zz") || strstr(out, "99"))
		fail_msg("a literal of\n%s\nis in\n%s", sql, out);
}

/* ---- */

static void verbs_and_tables_are_told(void **state)
{
	char out[OUT];

	(void)state;
	for (size_t i = 0; i < entry_count; i++)
		for (int v = 0; v < entries[i].variants; v++) {
			struct sql r = ours(entries[i].text[v], out, sizeof(out));

			if (strcmp(r.verb, entries[i].verb) != 0 ||
			    strcmp(r.table, entries[i].table) != 0)
				fail_msg("%s: <%s> <%s>, not <%s> <%s>", entries[i].text[v], r.verb,
					 r.table, entries[i].verb, entries[i].table);
		}
}

static void no_literal_comes_out(void **state)
{
	char out[OUT];

	(void)state;
	for (size_t i = 0; i < entry_count; i++)
		for (int v = 0; v < entries[i].variants; v++) {
			struct sql r = ours(entries[i].text[v], out, sizeof(out));

			assert_private(out, entries[i].text[v]);
			assert_int_equal(r.length, strlen(out));
			assert_false(r.cut && !strstr(entries[i].text[v], "\\'"));
		}
}

/* The text ends at a guard page, wherever it was cut; whatever was cut open is a literal. */
static void text_cut_anywhere_is_private(void **state)
{
	uint8_t *page =
		mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char out[OUT];
	struct sql r;

	(void)state;
	assert_ptr_not_equal(page, MAP_FAILED);
	mprotect(page + 2 * 4096, 4096, PROT_NONE);
	for (size_t i = 0; i < entry_count; i++) {
		const char *sql = entries[i].text[0];

		for (size_t n = 0; n < strlen(sql) && n < 2 * 4096; n++) {
			uint8_t *at = page + 2 * 4096 - n;

			memcpy(at, sql, n);
			for (int told = 0; told < 2; told++) {
				sql__normalise(slice__of(at, n), told, out, sizeof(out), &r);
				assert_private(out, sql);
				assert_true(r.cut || !told);
			}
		}
	}
	munmap(page, 3 * 4096);
}

static void a_small_room_changes_no_fingerprint(void **state)
{
	char out[OUT], small[40];

	(void)state;
	for (size_t i = 0; i < entry_count; i++) {
		struct sql whole = ours(entries[i].text[0], out, sizeof(out));
		struct sql cut = ours(entries[i].text[0], small, sizeof(small));

		assert_int_equal(whole.fingerprint, cut.fingerprint);
		assert_memory_equal(out, small, cut.length);
		assert_true(cut.cut || whole.length < sizeof(small));
	}
}

static void variants_have_one_fingerprint(void **state)
{
	(void)state;
	for (size_t i = 0; i < entry_count; i++)
		for (int v = 1; v < entries[i].variants; v++) {
			const char *a = entries[i].text[0], *b = entries[i].text[v];

			if (our_fingerprint(a) != our_fingerprint(b))
				fail_msg("two fingerprints:\n%s\n%s", a, b);
		}
}

/* ---- variations made by rule: where PostgreSQL's parser sees the same statement, so do we ---- */

static bool in_quotes(const char *sql, size_t at)
{
	bool inside = false;

	for (size_t i = 0; i < at; i++)
		inside ^= sql[i] == '\'' || sql[i] == '"';
	return inside || strchr(sql, '$') || strstr(sql, "/*") || strstr(sql, "--");
}

static void replaced(const char *sql, const char *what, const char *with, char *out)
{
	size_t n = strlen(what);

	while (*sql) {
		if (strncmp(sql, what, n) == 0) {
			out += sprintf(out, "%s", with);
			sql += n;
		} else {
			*out++ = *sql++;
		}
	}
	*out = '\0';
}

static void spaced(const char *sql, char *out)
{
	for (size_t i = 0; sql[i]; i++) {
		if (sql[i] == ' ' && !in_quotes(sql, i))
			out += sprintf(out, "\t/* zz 99 ' */\n -- \"zz\n ");
		else
			*out++ = sql[i];
	}
	*out = '\0';
}

static void shouted(const char *sql, char *out)
{
	for (size_t i = 0; sql[i]; i++)
		*out++ = in_quotes(sql, i) ? sql[i] : (char)toupper(sql[i]);
	*out = '\0';
}

static void vary(const char *sql, int how, char *out)
{
	switch (how) {
	case 0:
		replaced(sql, "99", "1234567", out);
		break;
	case 1:
		replaced(sql, "zz", "it''s $1 -- /* ", out);
		break;
	case 2:
		replaced(sql, "(99, 99)", "(99)", out);
		break;
	case 3:
		replaced(sql, "('zz', 'zz')", "('zz', E'\\'zz', $zz$zz')$zz$)", out);
		break;
	case 4:
		replaced(sql, "$1", "$7", out);
		break;
	case 5:
		replaced(sql, "99", "'zz'", out);
		break;
	case 6:
		spaced(sql, out);
		break;
	default:
		shouted(sql, out);
		break;
	}
}
#define WAYS 8

static void what_postgres_takes_for_the_same_is_the_same(void **state)
{
	static char varied[64 * 1024];
	size_t compared = 0;

	(void)state;
	for (size_t i = 0; i < entry_count; i++) {
		const char *sql = entries[i].text[0];

		for (int how = 0; how < WAYS; how++) {
			vary(sql, how, varied);
			if (strcmp(sql, varied) == 0 || !theirs(sql) ||
			    theirs(sql) != theirs(varied))
				continue;
			compared++;
			if (our_fingerprint(sql) != our_fingerprint(varied))
				fail_msg("two fingerprints:\n%s\n%s", sql, varied);
		}
	}
	assert_true(compared > 400);
}

static void different_statements_are_different(void **state)
{
	(void)state;
	for (size_t i = 0; i < entry_count; i++)
		for (size_t k = 0; k < i; k++) {
			const char *a = entries[i].text[0], *b = entries[k].text[0];

			if (our_fingerprint(a) == our_fingerprint(b) && theirs(a) != theirs(b))
				fail_msg("one fingerprint:\n%s\n%s", a, b);
		}
}

/* But for a few that only look like it: a server answers those with an error. */
static void the_file_is_sql(void **state)
{
	size_t refused = 0;

	(void)state;
	for (size_t i = 0; i < entry_count; i++)
		for (int v = 0; v < entries[i].variants; v++)
			if (!theirs(entries[i].text[v])) {
				refused++;
				printf("refused: %s\n", entries[i].text[v]);
			}
	assert_true(refused <= 8);
}

static void texts_read_well(void **state)
{
	static const char *const texts[][2] = {
		{"select  a,b from t where c=1 and d in(1,2) -- x",
		 "SELECT a, b FROM t WHERE c = $1 AND d IN (...)"},
		{"INSERT INTO t(a,b)VALUES(1,'x'),(2,'y')", "INSERT INTO t(a, b) VALUES (...)"},
		{"SELECT \"A b\".c::int[] FROM \"A b\"", "SELECT \"A b\".c::int[] FROM \"A b\""},
		{"SELECT count(*) FROM t", "SELECT count(*) FROM t"},
		{"BEGIN;", "BEGIN"},
		{"", ""},
		{" ; ", ""},
		{"-- nothing", ""},
	};
	char out[OUT];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ours(texts[i][0], out, sizeof(out));
		assert_string_equal(out, texts[i][1]);
	}
}

/* standard_conforming_strings off, a quote without its end, a comment without its end. */
static void doubt_is_a_literal(void **state)
{
	static const char *const texts[] = {
		"SELECT 'a\\' zz', b FROM t WHERE c = ' zz '",
		"SELECT 'a zz",
		"SELECT \"a zz",
		"SELECT E'a\\' zz'",
		"SELECT a /* zz 'x'",
		"SELECT $a$ zz $b$ zz",
		"SELECT $zz",
		"SELECT 99zz",
		"SELECT 0x99zz, 0b99, 1_000_99",
		"SELECT U&\"zz",
		"SELECT e'zz\\",
	};
	char out[OUT];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ours(texts[i], out, sizeof(out));
		assert_private(out, texts[i]);
	}
}

/* Found by fuzz_sql: a NUL within a quoted identifier ended the text early. */
static void control_bytes_do_not_come_out(void **state)
{
	static const char text[] = "SELECT \"a\0b\x1b[2J\" FROM t";
	struct sql result;
	char out[128];

	(void)state;
	sql__normalise(slice__of(text, sizeof(text) - 1), false, out, sizeof(out), &result);
	assert_int_equal(strlen(out), result.length);
	for (size_t k = 0; k < result.length; k++)
		assert_true(out[k] >= ' ' && out[k] != 0x7f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_bytes_do_not_come_out),
		cmocka_unit_test(the_file_is_sql),
		cmocka_unit_test(verbs_and_tables_are_told),
		cmocka_unit_test(no_literal_comes_out),
		cmocka_unit_test(text_cut_anywhere_is_private),
		cmocka_unit_test(a_small_room_changes_no_fingerprint),
		cmocka_unit_test(variants_have_one_fingerprint),
		cmocka_unit_test(what_postgres_takes_for_the_same_is_the_same),
		cmocka_unit_test(different_statements_are_different),
		cmocka_unit_test(texts_read_well),
		cmocka_unit_test(doubt_is_a_literal),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
