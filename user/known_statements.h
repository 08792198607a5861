/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Statements that came lately and their labels: one is known again at a glance, whatever its
 * numbers are, as long as they have as many digits.
 */
#ifndef SONDE_KNOWN_STATEMENTS_H
#define SONDE_KNOWN_STATEMENTS_H

#include <stdbool.h>
#include <stdint.h>
#include "protocol/slice.h"

struct known_statements;

struct known_statements *known_statements__new(void); /* NULL: no memory */
void known_statements__free(struct known_statements *known);
/* The label's id; 0: it is not known. truncated: there is more of it than that. */
uint32_t known_statements__find(struct known_statements *known, struct slice sql, bool truncated);
void known_statements__learn(struct known_statements *known, struct slice sql, bool truncated,
			     uint32_t id);

#endif
