/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Patterns of Redis keys (docs/configuration.md, Keys): a key is told as the first pattern of the
 * configuration that it fits, else, where that is asked for, as a template (key_template.h), else
 * as `other`. Keys themselves are looked at and forgotten.
 */
#ifndef SONDE_KEY_PATTERNS_H
#define SONDE_KEY_PATTERNS_H

#include <stdbool.h>
#include <stdint.h>
#include "labels.h"
#include "protocol/slice.h"

/* A pattern's number never changes its meaning. */
#define KEY_PATTERNS_NONE  0
#define KEY_PATTERNS_OTHER 1	      /* no pattern fits, or there are too many */
#define KEY_PATTERNS_MIXED UINT16_MAX /* of a command: keys that fit different ones */

#define KEY_PATTERN_MAX 200 /* bytes of a pattern */
#define KEY_BYTES_MAX	512 /* longer keys are `other` */

struct key_patterns;

struct key_options {
	const char *const
		*patterns; /* `*` any bytes, `?` one; NULL-terminated, copied; NULL: none */
	bool automatic;
	uint32_t templates; /* most that are made automatically, default 200 */
};

struct key_patterns *key_patterns__new(struct labels *labels); /* NULL: no memory */
void key_patterns__free(struct key_patterns *patterns);	       /* tolerates NULL */
/* From now on; what was known stays known. Without memory some are `other`. */
void key_patterns__set(struct key_patterns *patterns, const struct key_options *options);
/* Is anything to be told? */
bool key_patterns__wanted(const struct key_patterns *patterns);

uint16_t key_patterns__of(struct key_patterns *patterns, struct slice key);
/* Id of the pattern's text in labels.h. */
uint32_t key_patterns__label(const struct key_patterns *patterns, uint16_t pattern);
/* How often a key was `other` because too many templates were known. */
uint64_t key_patterns__overflowed(const struct key_patterns *patterns);

#endif
