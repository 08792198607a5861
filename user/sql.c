/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One pass over the tokens. The text is for people and bounded; the fingerprint is of the tokens,
 * so that neither spacing nor the room for the text changes it.
 */
#include "sql.h"

#include <stdio.h>
#include "sql_lexer.h"

#define DEPTH_MAX 64

/* What a list in parentheses or brackets becomes. */
enum collapsing { COLLAPSE_NONE, COLLAPSE_LIST, COLLAPSE_ROWS };

struct normaliser {
	struct sql_lexer lexer;
	char *out;
	size_t size, length;
	bool full;
	uint64_t hash;
	struct sql *result;
	enum sql_token kind, before; /* of the token at hand and of the one before it */
	char word[32];		     /* upper case, of a SQL_WORD; else "" */
	char before_word[32];
	bool keyword, before_keyword;
	char before_text[4]; /* the punctuation before */
	uint32_t parameters;
	uint32_t depth;
	uint64_t call_depths; /* bit: the parenthesis of that depth was opened by a call */
	bool wants_table;     /* the next name is the statement's table */
	bool table_done;
	bool by_from;	     /* the table was announced by FROM or JOIN: it may be a function */
	bool maybe_function; /* the table at hand is one only if no parenthesis follows */
	bool table_in_cte;
	uint32_t table_depth; /* where it was named: a query's own FROM goes before one within it */
	bool in_cte;	      /* before the main verb of WITH */
	uint32_t tokens;
};

/* ---- writing ---- */

static void put(struct normaliser *n, const void *bytes, size_t length)
{
	if (n->full || length > n->size - 1 - n->length) {
		n->full = true;
		return;
	}
	for (size_t i = 0; i < length; i++) { /* control bytes within quotes: none goes out */
		uint8_t c = ((const uint8_t *)bytes)[i];

		n->out[n->length++] = (char)(c < ' ' || c == 0x7f ? '?' : c);
	}
}

/* FNV-1a, over tokens with a separator between them. */
static void hash(struct normaliser *n, const void *bytes, size_t length)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < length; i++)
		n->hash = (n->hash ^ p[i]) * 0x100000001b3ull;
	n->hash = (n->hash ^ 0xff) * 0x100000001b3ull;
}

static bool is_before(const struct normaliser *n, const char *text)
{
	return n->before == SQL_PUNCTUATION && strcmp(n->before_text, text) == 0;
}

static bool is_name(enum sql_token kind)
{
	return kind == SQL_WORD || kind == SQL_IDENTIFIER;
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

/* Words that are written in capitals and are no names; one string per first letter. */
static bool is_keyword(const char *word, size_t length)
{
	static const char *const keywords[26] = {
		['A' - 'A'] = "ALL ALTER ANALYZE AND ANY ARRAY AS ASC",
		['B' - 'A'] = "BEGIN BETWEEN BY",
		['C' - 'A'] =
			"CALL CASCADE CASE CAST COMMIT CONFLICT COPY CREATE CROSS CURRENT CURSOR",
		['D' - 'A'] = "DECLARE DEFAULT DELETE DESC DISTINCT DO DROP",
		['E' - 'A'] = "ELSE END EXCEPT EXECUTE EXISTS EXPLAIN",
		['F' - 'A'] = "FALSE FETCH FOR FROM FULL",
		['G' - 'A'] = "GRANT GROUP",
		['H' - 'A'] = "HAVING",
		['I' - 'A'] = "IF ILIKE IN INDEX INNER INSERT INTERSECT INTERVAL INTO IS ISOLATION",
		['J' - 'A'] = "JOIN",
		['L' - 'A'] = "LATERAL LEFT LEVEL LIKE LIMIT LISTEN LOCK",
		['M' - 'A'] = "MERGE",
		['N' - 'A'] = "NOT NOTHING NOTIFY NULL NULLS",
		['O' - 'A'] = "OF OFFSET ON ONLY OR ORDER OUTER OVER",
		['P' - 'A'] = "PARTITION PREPARE PRIMARY",
		['R' - 'A'] = "RECURSIVE REFERENCES RELEASE RETURNING RIGHT ROLLBACK",
		['S' - 'A'] = "SAVEPOINT SELECT SET SHOW SIMILAR SKIP SOME START STDIN STDOUT",
		['T' - 'A'] = "TABLE THEN TO TRANSACTION TRUE TRUNCATE",
		['U' - 'A'] = "UNION UNIQUE UPDATE USING",
		['V' - 'A'] = "VACUUM VALUES",
		['W' - 'A'] = "WHEN WHERE WITH WITHIN",
	};
	const char *at = word[0] >= 'A' && word[0] <= 'Z' ? keywords[word[0] - 'A'] : NULL;

	while (at) {
		const char *end = strchrnul(at, ' ');

		if ((size_t)(end - at) == length && memcmp(at, word, length) == 0)
			return true;
		at = *end ? end + 1 : NULL;
	}
	return false;
}

static bool needs_space(const struct normaliser *n)
{
	struct slice t = n->lexer.token;
	char first = (char)t.data[0];

	if (!n->length || is_before(n, "(") || is_before(n, "[") || is_before(n, ".") ||
	    is_before(n, "::"))
		return false;
	if (n->kind != SQL_PUNCTUATION)
		return true;
	if (first == '(')
		return !(n->before == SQL_IDENTIFIER ||
			 (n->before == SQL_WORD && !n->before_keyword));
	return first != ',' && first != ')' && first != ']' && first != '[' && first != '.' &&
	       first != ';' && first != ':';
}

static void put_word(struct normaliser *n)
{
	struct slice t = n->lexer.token;
	char c;

	if (n->keyword) {
		put(n, n->word, t.length);
		hash(n, n->word, t.length);
		return;
	}
	for (size_t i = 0; i < t.length; i++) {
		c = (char)ascii_lower(t.data[i]);
		put(n, &c, 1);
		n->hash = (n->hash ^ (uint8_t)c) * 0x100000001b3ull;
	}
	hash(n, "", 0);
}

static void put_placeholder(struct normaliser *n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "$%u", ++n->parameters);

	put(n, text, (size_t)length);
	hash(n, "$", 1);
}

static void put_token(struct normaliser *n, bool literal)
{
	struct slice t = n->lexer.token;

	if (needs_space(n))
		put(n, " ", 1);
	if (literal) {
		put_placeholder(n);
	} else if (n->kind == SQL_WORD) {
		put_word(n);
	} else {
		put(n, t.data, t.length);
		hash(n, t.data, t.length);
	}
}

/* ---- reading ---- */

static void remember(struct normaliser *n)
{
	struct slice t = n->lexer.token;
	size_t length =
		t.length < sizeof(n->before_text) - 1 ? t.length : sizeof(n->before_text) - 1;

	n->before = n->kind;
	n->before_keyword = n->keyword;
	memcpy(n->before_word, n->word, sizeof(n->word));
	memcpy(n->before_text, t.data, length);
	n->before_text[length] = '\0';
}

static char ascii_upper(uint8_t c)
{
	return (char)(c >= 'a' && c <= 'z' ? c & ~0x20 : c);
}

static bool next(struct normaliser *n)
{
	struct slice t;

	n->kind = sql_lexer__next(&n->lexer);
	n->word[0] = '\0';
	n->keyword = false;
	t = n->lexer.token;
	if (n->kind == SQL_WORD && t.length < sizeof(n->word)) {
		for (size_t i = 0; i < t.length; i++)
			n->word[i] = ascii_upper(t.data[i]);
		n->word[t.length] = '\0';
		n->keyword = is_keyword(n->word, t.length);
	}
	return n->kind != SQL_END;
}

static bool is(const struct normaliser *n, const char *punctuation)
{
	return n->kind == SQL_PUNCTUATION && slice__equals(n->lexer.token, punctuation);
}

/* NULL, TRUE and FALSE are values, but after IS, NOT and in DDL they are words of the language. */
static bool is_value_word(const struct normaliser *n)
{
	static const char *const values[] = {"NULL", "TRUE", "FALSE", NULL};

	return n->keyword && is_one_of(n->word, values) &&
	       !is_one_of(n->before_word, (const char *const[]){"IS", "NOT", "SET", NULL}) &&
	       !is_before(n, ".");
}

static bool is_value(const struct normaliser *n)
{
	return n->kind == SQL_LITERAL || n->kind == SQL_PARAMETER || is_value_word(n);
}

/* A sign belongs to the number where no operand stands before it. */
static bool is_sign(const struct normaliser *n)
{
	if (!is(n, "-") && !is(n, "+"))
		return false;
	if (n->before == SQL_PUNCTUATION)
		return !is_before(n, ")") && !is_before(n, "]");
	return n->before_keyword;
}

/* ---- collapsing ---- */

/* After the opening bracket: up to its closing one, or the end. */
static void swallow(struct normaliser *n)
{
	for (uint32_t depth = 1; depth && next(n);) {
		if (is(n, "(") || is(n, "["))
			depth++;
		else if (is(n, ")") || is(n, "]"))
			depth--;
	}
}

static void put_collapsed(struct normaliser *n, const char *text)
{
	if (n->before == SQL_WORD && text[0] == '(')
		put(n, " ", 1);
	put(n, text, strlen(text));
	hash(n, text, strlen(text));
}

/* VALUES (..), (..): one row stands for all. Leaves the token behind the last row at hand. */
static bool collapse_rows(struct normaliser *n)
{
	put_collapsed(n, "(...)");
	do {
		swallow(n);
		n->before = SQL_PUNCTUATION;
		strcpy(n->before_text, ")");
		n->before_word[0] = '\0';
		n->before_keyword = false;
		if (!next(n))
			return false;
	} while (is(n, ",") && next(n) && is(n, "("));
	return n->kind != SQL_END;
}

/* ---- verb and table ---- */

static const char *verb_of(const char *word)
{
	static const char *const verbs[] = {
		"SELECT",     "INSERT",	    "UPDATE",	"DELETE",    "MERGE",	"COPY",
		"BEGIN",      "COMMIT",	    "ROLLBACK", "SAVEPOINT", "RELEASE", "SET",
		"SHOW",	      "RESET",	    "CREATE",	"ALTER",     "DROP",	"TRUNCATE",
		"GRANT",      "REVOKE",	    "VACUUM",	"ANALYZE",   "EXPLAIN", "PREPARE",
		"EXECUTE",    "DEALLOCATE", "DECLARE",	"FETCH",     "MOVE",	"CLOSE",
		"LISTEN",     "NOTIFY",	    "UNLISTEN", "LOCK",	     "CALL",	"DO",
		"DISCARD",    "REFRESH",    "REINDEX",	"CLUSTER",   "COMMENT", "VALUES",
		"CHECKPOINT", NULL};
	static const char *const others[][2] = {{"START", "BEGIN"},	{"END", "COMMIT"},
						{"ABORT", "ROLLBACK"},	{"TABLE", "SELECT"},
						{"ANALYSE", "ANALYZE"}, {NULL, NULL}};

	for (const char *const *v = verbs; *v; v++)
		if (strcmp(*v, word) == 0)
			return *v;
	for (size_t i = 0; others[i][0]; i++)
		if (strcmp(others[i][0], word) == 0)
			return others[i][1];
	return "OTHER";
}

static void take_verb(struct normaliser *n)
{
	static const char *const main_verbs[] = {"SELECT", "INSERT", "UPDATE",
						 "DELETE", "MERGE",  NULL};

	if (n->in_cte && !n->depth && is_one_of(n->word, main_verbs)) {
		n->in_cte = false;
		if (strcmp(n->word, "SELECT") != 0) { /* it changes a table of its own */
			n->result->table[0] = '\0';
			n->table_done = false;
		}
	}
	if (n->in_cte || n->result->verb[0] || is(n, "(") || is(n, ";"))
		return;
	if (strcmp(n->word, "WITH") == 0) {
		n->in_cte = true;
		return;
	}
	snprintf(n->result->verb, sizeof(n->result->verb), "%s", verb_of(n->word));
}

/* Without its quotes: "users" and users are one table. */
static void take_table(struct normaliser *n)
{
	struct slice t = n->lexer.token;
	size_t at = strlen(n->result->table);

	if (n->kind == SQL_IDENTIFIER && t.length >= 2 && t.data[0] == '"')
		t = slice__sub(t, 1, t.length - 2);

	for (size_t i = 0; i < t.length && at < sizeof(n->result->table) - 1; i++)
		n->result->table[at++] =
			(char)(n->kind == SQL_WORD ? ascii_lower(t.data[i]) : t.data[i]);
	n->result->table[at] = '\0';
}

/* Does a table's name follow this keyword here? */
static bool announces_table(const struct normaliser *n)
{
	static const char *const always[] = {"INTO", "JOIN", NULL};
	static const char *const as_verb[] = {"UPDATE", "COPY",	   "TRUNCATE", "LOCK",
					      "VACUUM", "ANALYZE", NULL};
	static const char *const no_tables[] = {"FETCH", "MOVE", "GRANT", "REVOKE", NULL};
	/* FOR UPDATE, FOR NO KEY UPDATE, ON CONFLICT DO UPDATE, ON UPDATE CASCADE */
	static const char *const row_locks[] = {"FOR", "KEY", "DO", "ON", NULL};
	bool in_call = n->depth && n->depth < DEPTH_MAX && (n->call_depths >> n->depth & 1);

	if (!n->keyword)
		return false;
	if (strcmp(n->word, "FROM") == 0)
		return !in_call && strcmp(n->before_word, "DISTINCT") != 0 &&
		       !is_one_of(n->result->verb, no_tables);
	if (strcmp(n->word, "TABLE") == 0)
		return true;
	if (strcmp(n->word, "ON") == 0)
		return strcmp(n->result->verb, "CREATE") == 0;
	if (strcmp(n->word, "UPDATE") == 0 && !n->depth)
		return !is_one_of(n->before_word, row_locks);
	if (is_one_of(n->word, as_verb))
		return n->tokens == 1 || is_before(n, "(") || is_before(n, ")");
	return is_one_of(n->word, always);
}

static bool passes_before_table(const char *word)
{
	static const char *const words[] = {"ONLY",    "LATERAL", "IF",	     "NOT",
					    "EXISTS",  "TABLE",	  "VERBOSE", "CONCURRENTLY",
					    "ANALYZE", "FULL",	  "FREEZE",  NULL};

	return is_one_of(word, words);
}

static void name_table(struct normaliser *n)
{
	n->result->table[0] = '\0';
	take_table(n);
	n->wants_table = false;
	n->table_done = true;
	n->maybe_function = true;
	n->table_depth = n->depth;
	n->table_in_cte = n->in_cte;
}

/* SELECT (SELECT a FROM inner), b FROM outer */
static bool shallower(const struct normaliser *n)
{
	return strcmp(n->word, "FROM") == 0 && n->depth < n->table_depth && !n->table_in_cte;
}

/* Called with each token that is written, before it becomes the one before. */
static void look_for_table(struct normaliser *n)
{
	static const char *const with_options[] = {"VACUUM", "ANALYZE", NULL};
	bool dotted = is_before(n, ".");

	if (n->maybe_function && n->by_from && is(n, "(")) { /* FROM generate_series(...) */
		n->result->table[0] = '\0';
		n->table_done = false;
	}
	if (n->table_done && !(is(n, ".") && is_name(n->before)) && !(dotted && is_name(n->kind)))
		n->maybe_function = false;
	if (n->maybe_function && (is(n, ".") || (dotted && is_name(n->kind)))) {
		take_table(n);
		return;
	}
	if (n->wants_table && is_name(n->kind) && passes_before_table(n->word))
		return;
	if (n->wants_table && is_name(n->kind) && !n->keyword) {
		name_table(n);
	} else if (n->kind == SQL_WORD && announces_table(n)) {
		n->by_from = is_one_of(n->word, (const char *const[]){"FROM", "JOIN", NULL});
		n->wants_table = !n->table_done || shallower(n);
	} else if (n->kind != SQL_WORD || n->wants_table) { /* FROM (SELECT, SELECT ... INTO */
		n->wants_table = is(n, ")") && n->depth == 1 && !n->table_done &&
				 is_one_of(n->result->verb, with_options);
	}
}

static void look_at_depth(struct normaliser *n)
{
	if (is(n, "(")) {
		n->depth++;
		if (n->depth < DEPTH_MAX) {
			bool call = n->before == SQL_WORD && !n->before_keyword;

			n->call_depths &= ~(1ull << n->depth);
			n->call_depths |= (uint64_t)call << n->depth;
		}
	} else if (is(n, ")") && n->depth) {
		n->depth--;
	}
}

/* ---- */

static bool opens_list(const struct normaliser *n)
{
	return (is(n, "(") && strcmp(n->before_word, "IN") == 0) ||
	       (is(n, "[") && strcmp(n->before_word, "ARRAY") == 0);
}

/* A list that begins with a value is one of values; of columns or a query it is not. */
static bool begins_with_value(struct normaliser *n)
{
	struct normaliser ahead = *n;

	ahead.before = SQL_PUNCTUATION;
	strcpy(ahead.before_text, "(");
	ahead.before_word[0] = '\0';
	ahead.before_keyword = false;
	if (!next(&ahead))
		return true; /* cut off: it may be anything */
	while (is_sign(&ahead) || is(&ahead, "(")) {
		if (!next(&ahead))
			return true;
	}
	return is_value(&ahead);
}

static void write_list(struct normaliser *n)
{
	bool parenthesis = is(n, "(");

	put_collapsed(n, parenthesis ? "(...)" : "[...]");
	swallow(n);
	n->kind = SQL_PUNCTUATION;
	n->before = SQL_PUNCTUATION;
	strcpy(n->before_text, parenthesis ? ")" : "]");
	n->before_word[0] = '\0';
	n->before_keyword = false;
}

static void write_plain(struct normaliser *n)
{
	bool literal = is_value(n);

	if (is_sign(n)) {
		struct normaliser ahead = *n;

		if (next(&ahead) && ahead.kind == SQL_LITERAL)
			return; /* the number alone is written */
	}
	take_verb(n);
	put_token(n, literal);
	look_for_table(n);
	look_at_depth(n);
	remember(n);
}

static void run(struct normaliser *n)
{
	bool more = next(n);

	while (more) {
		n->tokens++;
		if (opens_list(n) && begins_with_value(n)) {
			write_list(n);
		} else if (is(n, "(") && strcmp(n->before_word, "VALUES") == 0) {
			more = collapse_rows(n);
			continue;	  /* the token behind the rows is at hand already */
		} else if (!is(n, ";")) { /* one at the end says nothing; between, the words do */
			write_plain(n);
		}
		more = next(n);
	}
}

void sql__normalise(struct slice sql, bool truncated, char *out, size_t size, struct sql *result)
{
	struct normaliser n = {.lexer = {.text = sql, .truncated = truncated},
			       .out = out,
			       .size = size,
			       .hash = 0xcbf29ce484222325ull,
			       .result = result,
			       .before = SQL_END};

	*result = (struct sql){0};
	run(&n);
	out[n.length] = '\0';
	result->length = n.length;
	result->fingerprint = n.hash;
	result->cut = n.full || n.lexer.cut || truncated;
	if (!result->verb[0])
		strcpy(result->verb, "OTHER");
}
