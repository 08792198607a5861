/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rules at work: exchanges in, series out. The engine's thread counts; a copy of the numbers is for
 * any thread. */
#ifndef SONDE_RULES_H
#define SONDE_RULES_H

#include "buffer.h"
#include "engine.h"
#include "rules/rule_set.h"

struct rules;
struct rules_copy;
struct writer;

/* Adds its sink, and asks the engine for the details it wants. Holds the set. NULL: no memory. */
struct rules *rules__new(struct rule_set *set, struct engine *engine);
void rules__free(struct rules *rules); /* tolerates NULL */
/* They count no more, and want no details; copies of them are still good. */
void rules__retire(struct rules *rules);
uint64_t rules__fingerprint(const struct rules *rules); /* 0 for NULL */

/* The engine's thread; NULL where there are no rules, or no memory. Free it before the rules. */
struct rules_copy *rules__copy(struct rules *rules, uint64_t now_ns);
void rules_copy__free(struct rules_copy *copy); /* tolerates NULL */
void rules_copy__expose(const struct rules_copy *copy, struct writer *writer);

/* For each rule what it has matched, and what kept exchanges of its protocol from matching. */
void rules__explain(const struct rules *rules, struct buffer *out);

#endif
