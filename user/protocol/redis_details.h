/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a Redis command and its reply are kept in details (DETAIL_ARGUMENTS, DETAIL_VALUES): records,
 * each with its bytes behind it. Native byte order and no alignment: they never leave the process.
 */
#ifndef SONDE_REDIS_DETAILS_H
#define SONDE_REDIS_DETAILS_H

#include <stdbool.h>
#include <stdint.h>
#include "protocol/slice.h"

#define REDIS_DETAIL_MAX                                                                           \
	1024	       /* bytes of one argument or value that are kept from its beginning          \
			*/
#define REDIS_TAIL 512 /* and from the end of a longer value, on the outer two levels */

struct redis_argument {
	uint32_t length; /* on the wire */
	uint32_t kept;	 /* that follow here */
};

/* A value of a reply, in the order of the wire; those of an aggregate follow it one level deeper.
 */
struct redis_value {
	int64_t number; /* integer; length of a string; values of an aggregate, of a map its pairs;
			   -1: nil */
	uint16_t kept;
	uint8_t depth; /* from 1; the innermost levels count as one */
	uint8_t type;  /* its first byte on the wire; REDIS_TAIL_OF_VALUE: the end of the string
			  before */
};

#define REDIS_TAIL_OF_VALUE 0x01

/*
 * DETAIL_KEYS is the pattern (uint16_t) of each key of a command whose keys do not all fit the same
 * one. DETAIL_FOUND are these, of keys that the elements of its reply told apart; of EXEC's those
 * of its commands.
 */
struct redis_found {
	uint16_t pattern;
	uint16_t hits, misses;
};

/* The next record and its bytes; false at the end. */
bool redis_argument__next(struct slice *rest, struct redis_argument *out, struct slice *bytes);
bool redis_pattern__next(struct slice *rest, uint16_t *out);
bool redis_found__next(struct slice *rest, struct redis_found *out);
bool redis_value__next(struct slice *rest, struct redis_value *out, struct slice *bytes);

#endif
