/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "sql_lexer.h"

#include <ctype.h>

static int byte_at(const struct sql_lexer *l, size_t at)
{
	return at < l->text.length ? l->text.data[at] : -1;
}

static bool begins_word(int c)
{
	return c == '_' || c >= 0x80 || (c > 0 && isalpha(c));
}

static bool continues_word(int c)
{
	return begins_word(c) || c == '$' || (c > 0 && isdigit(c));
}

static bool is_operator(int c)
{
	return c > 0 && strchr("+-*/<>=~!@#%^&|`?", c);
}

/* The rest of the text belongs to something without an end: nothing after it can be trusted. */
static void run_out(struct sql_lexer *l)
{
	l->at = l->text.length;
	l->cut = true;
}

/* ---- white space and comments ---- */

/* Comments nest (section 4.1.5). */
static void pass_comment(struct sql_lexer *l)
{
	size_t depth = 1;

	for (l->at += 2; depth && l->at < l->text.length; l->at++) {
		int c = byte_at(l, l->at), next = byte_at(l, l->at + 1);

		if (c == '/' && next == '*') {
			depth++;
			l->at++;
		} else if (c == '*' && next == '/') {
			depth--;
			l->at++;
		}
	}
	if (depth)
		run_out(l);
}

static bool pass_blank(struct sql_lexer *l)
{
	int c = byte_at(l, l->at);

	if (c == 0 || (c > 0 && isspace(c))) {
		l->at++;
		return true;
	}
	if (c == '-' && byte_at(l, l->at + 1) == '-') {
		while (l->at < l->text.length && byte_at(l, l->at) != '\n')
			l->at++;
		return true;
	}
	if (c == '/' && byte_at(l, l->at + 1) == '*') {
		pass_comment(l);
		return true;
	}
	return false;
}

/* ---- quotes ---- */

/* Behind the opening quote; a doubled one stands for itself. False: no end. */
static bool pass_quoted(struct sql_lexer *l, int quote, bool backslash)
{
	for (; l->at < l->text.length; l->at++) {
		int c = byte_at(l, l->at);

		if (c == '\\' && backslash) {
			l->at++;
		} else if (c == quote && byte_at(l, l->at + 1) == quote) {
			l->at++;
		} else if (c == quote) {
			l->at++;
			return true;
		}
	}
	run_out(l);
	return false;
}

/*
 * A backslash before the closing quote of a plain string: with standard_conforming_strings off the
 * string goes on. That setting cannot be seen, so all that follows is taken for the literal.
 */
static void pass_string(struct sql_lexer *l)
{
	size_t first = l->at;

	if (pass_quoted(l, '\'', false) && l->at >= first + 2 && byte_at(l, l->at - 2) == '\\')
		run_out(l);
}

/* $tag$ ... $tag$ (section 4.1.2.4); false: it is no dollar quote. */
static bool pass_dollar_quote(struct sql_lexer *l)
{
	size_t tag_end = l->at + 1, tag;

	if (begins_word(byte_at(l, tag_end)))
		while (continues_word(byte_at(l, tag_end)) && byte_at(l, tag_end) != '$')
			tag_end++;
	if (tag_end == l->text.length) { /* cut within the tag, or a dollar that means nothing */
		run_out(l);
		return true;
	}
	if (byte_at(l, tag_end) != '$')
		return false;
	tag = tag_end + 1 - l->at;
	for (size_t i = tag_end + 1; i + tag <= l->text.length; i++)
		if (memcmp(l->text.data + i, l->text.data + l->at, tag) == 0) {
			l->at = i + tag;
			return true;
		}
	run_out(l);
	return true;
}

/* ---- the rest ---- */

static void pass_number(struct sql_lexer *l)
{
	for (int c; (c = byte_at(l, l->at)) >= 0; l->at++) {
		int before = l->at ? byte_at(l, l->at - 1) : -1;
		bool exponent = (before == 'e' || before == 'E') && (c == '-' || c == '+');

		if (!isalnum(c) && c != '.' && c != '_' && !exponent)
			return;
		if (c == '.' && byte_at(l, l->at + 1) == '.')
			return;
	}
}

/* E'..' B'..' X'..' N'..' U&'..' U&".." : the quote behind the prefix decides. */
static bool pass_prefixed(struct sql_lexer *l, enum sql_token *kind)
{
	int c = byte_at(l, l->at) | 0x20;
	size_t quote = l->at + (c == 'u' && byte_at(l, l->at + 1) == '&' ? 2 : 1);
	int q = byte_at(l, quote);

	if (q == '"' && quote == l->at + 2) {
		l->at = quote + 1;
		*kind = pass_quoted(l, '"', false) ? SQL_IDENTIFIER : SQL_LITERAL;
		return true;
	}
	if (q != '\'' || !strchr("ebxnu", c) || (c == 'u' && quote == l->at + 1))
		return false;
	l->at = quote + 1;
	if (c == 'e')
		pass_quoted(l, '\'', true);
	else
		pass_string(l);
	*kind = SQL_LITERAL;
	return true;
}

static enum sql_token word(struct sql_lexer *l)
{
	enum sql_token kind = SQL_WORD;

	if (pass_prefixed(l, &kind))
		return kind;
	while (continues_word(byte_at(l, l->at)))
		l->at++;
	return kind;
}

static enum sql_token dollar(struct sql_lexer *l)
{
	if (byte_at(l, l->at + 1) >= 0 && isdigit(byte_at(l, l->at + 1))) {
		for (l->at++; byte_at(l, l->at) >= 0 && isalnum(byte_at(l, l->at));)
			l->at++;
		return SQL_PARAMETER;
	}
	if (pass_dollar_quote(l))
		return SQL_LITERAL;
	l->at++;
	return SQL_PUNCTUATION;
}

/* "::", ":=" and runs of operator bytes are one token; a comment ends an operator (section 4.1.3).
 */
static enum sql_token punctuation(struct sql_lexer *l)
{
	int c = byte_at(l, l->at), next = byte_at(l, l->at + 1);

	if (c == ':' && (next == ':' || next == '=')) {
		l->at += 2;
		return SQL_PUNCTUATION;
	}
	l->at++;
	while (is_operator(c) && is_operator(byte_at(l, l->at))) {
		int a = byte_at(l, l->at), b = byte_at(l, l->at + 1);

		if ((a == '-' && b == '-') || (a == '/' && b == '*'))
			break;
		/* "=-1": a sign, not part of the operator, which may end in + or - only after
		 * one of ~ ! @ # % ^ & | ` ? */
		if ((a == '-' || a == '+') && strchr("+-*/<>=", c))
			break;
		l->at++;
	}
	return SQL_PUNCTUATION;
}

static enum sql_token scan(struct sql_lexer *l)
{
	int c = byte_at(l, l->at);

	if (begins_word(c))
		return word(l);
	if (isdigit(c) ||
	    (c == '.' && byte_at(l, l->at + 1) > 0 && isdigit(byte_at(l, l->at + 1)))) {
		pass_number(l);
		return SQL_LITERAL;
	}
	if (c == '\'') {
		l->at++;
		pass_string(l);
		return SQL_LITERAL;
	}
	if (c == '"') {
		l->at++;
		/* A quoted identifier without its end may be anything. */
		return pass_quoted(l, '"', false) ? SQL_IDENTIFIER : SQL_LITERAL;
	}
	return c == '$' ? dollar(l) : punctuation(l);
}

enum sql_token sql_lexer__next(struct sql_lexer *l)
{
	enum sql_token kind;
	size_t first;

	while (pass_blank(l))
		;
	if (l->at >= l->text.length)
		return SQL_END;
	first = l->at;
	kind = scan(l);
	if (l->at > l->text.length)
		l->at = l->text.length; /* a backslash was the last byte */
	l->token = slice__sub(l->text, first, l->at - first);
	return kind;
}
