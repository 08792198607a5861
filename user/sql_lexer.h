/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tokens of SQL as PostgreSQL's scanner makes them (manual, section 4.1, Lexical Structure). */
#ifndef SONDE_SQL_LEXER_H
#define SONDE_SQL_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include "protocol/slice.h"

enum sql_token {
	SQL_END,
	SQL_WORD,	/* unquoted identifier or keyword */
	SQL_IDENTIFIER, /* "quoted" */
	SQL_LITERAL,	/* string, bit string, dollar quote, number */
	SQL_PARAMETER,	/* $1 */
	SQL_PUNCTUATION /* one operator or separator */
};

struct sql_lexer {
	struct slice text;
	size_t at;
	bool truncated; /* the text goes on beyond its end */
	bool cut;	/* a literal, comment or identifier had no end; nothing follows it */
	struct slice token;
};

/* Next token, into lexer->token; comments and white space are passed over. */
enum sql_token sql_lexer__next(struct sql_lexer *lexer);

#endif
