/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a rule takes a value from: the `from:` of the configuration. */
#ifndef SONDE_VALUE_H
#define SONDE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "details.h"
#include "engine.h"
#include "exchange.h"

enum source {
	SOURCE_NONE = 0,
	SOURCE_FIXED,  /* the name itself */
	SOURCE_METHOD, /* from here to SOURCE_LATENCY: of the exchange, nothing captured */
	SOURCE_ROUTE,
	SOURCE_STATUS,
	SOURCE_OUTCOME,
	SOURCE_SERVICE,
	SOURCE_SQL_VERB,
	SOURCE_SQL_TABLE,
	SOURCE_COMMAND,
	SOURCE_LATENCY,		/* in milliseconds */
	SOURCE_ROUTE_PARAMETER, /* "user" of /api/users/{user} */
	SOURCE_QUERY_PARAMETER,
	SOURCE_REQUEST_HEADER,
	SOURCE_RESPONSE_HEADER,
	SOURCE_COOKIE,
	SOURCE_JWT_CLAIM,    /* of the Authorization header, or of a cookie */
	SOURCE_REQUEST_JSON, /* a path of names and indices joined by dots */
	SOURCE_RESPONSE_JSON,
	SOURCE_SQL_PARAMETER,  /* bound by the extended protocol, from 1 */
	SOURCE_REDIS_KEY,      /* the first argument that is a key */
	SOURCE_REDIS_KEY_PART, /* between separators, from 1 */
	SOURCE_REDIS_ARGUMENT, /* from 1, after the command's name */
	SOURCE_REDIS_REPLY,    /* a number or string; with a name: that line of an INFO reply */
	SOURCE_COUNT
};

#define VALUE_MAX 256 /* longer ones are cut */

struct value_spec {
	uint8_t source; /* enum source */
	char separator; /* of key parts */
	uint16_t index;
	char *name;   /* owned; NULL where the source needs none */
	char *cookie; /* of a JWT; NULL: the Authorization header */
	char *route;  /* pattern that names the route parameters; owned */
};

struct value {
	size_t length;
	char text[VALUE_MAX];
};

/* What the configuration calls it, and what it needs. */
struct source_info {
	const char *name;
	enum protocol_id protocol; /* PROTOCOL_UNKNOWN: any */
	bool needs_name;
	bool needs_index;
	bool bounded;	 /* by itself: a label of it needs no list of values */
	uint32_t wanted; /* DETAIL_BIT()s */
};
extern const struct source_info sources[SOURCE_COUNT];

/* False where the exchange does not hold it; out is NUL-terminated, control bytes replaced. */
bool value__extract(const struct value_spec *spec, const struct exchange *exchange,
		    const struct engine *engine, struct value *out);
/* A whole decimal number; false for everything else. */
bool value__number(const struct value *value, double *out);
void value_spec__clear(struct value_spec *spec);

/* Of a Redis command's captured arguments (0 is its name); false where it is not there. */
bool redis__argument(const struct details *details, uint32_t index, struct slice *out);
/* The first key that the command names; of commands without keys the first argument. */
bool redis__key(const struct details *details, struct slice *out);

/* Parts of messages; pure, for tests and fuzzing. */
bool http__header(struct slice head, const char *lower_name, struct slice *out);
bool http__cookie(struct slice head, const char *name, struct slice *out);
bool http__query(struct slice head, const char *name, struct slice *out);
bool http__route_parameter(struct slice head, const char *pattern, const char *name,
			   struct slice *out);
bool jwt__claim(struct slice token, const char *path, struct value *out);
/* Text parameters as they are, binary integers and booleans as numbers (PostgreSQL 55.7, Bind). */
bool postgres__parameter(struct slice parameters, uint32_t index, struct value *out);

#endif
