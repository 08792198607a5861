/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SQL as a lexer sees it: literals become $n placeholders, IN lists and VALUES rows collapse,
 * comments go, white space and keyword case are normalised. Survives text that was cut anywhere. No
 * literal ever reaches the output: where it is in doubt, it is a literal.
 */
#ifndef SONDE_SQL_H
#define SONDE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "protocol/slice.h"

struct sql {
	uint64_t
		fingerprint; /* of the whole normalised text, also where out was too small for it */
	size_t length;	     /* of what was written to out */
	bool cut;	     /* out was too small, or the text was truncated */
	char verb[16];	/* SELECT INSERT UPDATE DELETE COPY BEGIN COMMIT ROLLBACK ... else OTHER */
	char table[64]; /* first table named, with its schema where written, unquoted; "" where none
			 */
};

/* Normalises sql into out (NUL-terminated, at most size - 1 bytes). */
void sql__normalise(struct slice sql, bool truncated, char *out, size_t size, struct sql *result);

#endif
