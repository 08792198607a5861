/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A command that queues follow, and its reply, as they were kept. */
#ifndef SONDE_QUEUES_CALL_H
#define SONDE_QUEUES_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include "exchange.h"
#include "protocol/redis_details.h"
#include "rules/siphash.h"

#define CALL_ARGUMENTS 48 /* that are looked at */

/* What kinds of queues look at; X(name): its name in upper case. */
/* clang-format off */
#define FOLLOWED_COMMANDS(X) \
	X(LPUSH) X(RPUSH) X(LPUSHX) X(RPUSHX) X(LPOP) X(RPOP) X(BLPOP) X(BRPOP) X(LMPOP) \
	X(BLMPOP) X(LMOVE) X(BLMOVE) X(RPOPLPUSH) X(BRPOPLPUSH) X(LREM) X(LTRIM) X(LLEN) \
	X(DEL) X(UNLINK) X(SET) X(SETEX) X(PSETEX) X(HSET) X(HMSET) X(HDEL) X(HGET) \
	X(HINCRBY) X(INCRBY) X(SADD) X(ZADD) X(ZREM) X(XADD) X(EVAL) X(EVALSHA) X(EXEC)
/* clang-format on */

enum followed_command {
	COMMAND_NOT_FOLLOWED = 0,
#define X(name) FOLLOWED_##name,
	FOLLOWED_COMMANDS(X)
#undef X
		FOLLOWED_COUNT
};

struct call {
	enum followed_command command;
	uint32_t count; /* arguments there were, the name included */
	uint32_t kept;	/* of them here */
	struct redis_argument size[CALL_ARGUMENTS];
	struct slice argument[CALL_ARGUMENTS];
	const struct siphash_key *key;
};

/* Where values of a reply are read from. */
struct reply {
	struct slice rest; /* records behind the value itself */
	struct redis_value value;
	struct slice bytes; /* of the value */
	bool known;	    /* else it was not kept: all the fields above are empty */
};

void call__read(struct call *call, enum followed_command command, const struct exchange *exchange,
		const struct siphash_key *key);
/* Empty where it is not there or not whole. */
struct slice call__argument(const struct call *call, uint32_t index);
bool call__is(const struct call *call, uint32_t index, const char *text);
/* Keyed hash of an argument's beginning and length; 0 where it was not kept. */
uint64_t call__hash(const struct call *call, uint32_t index);

/* The same of a part of one. */
uint64_t call__hash_of(const struct call *call, struct slice part);
/* The rest of an argument behind a prefix made of these; false: it does not begin so. */
bool call__behind(const struct call *call, uint32_t index, const char *first, const char *second,
		  const char *third, struct slice *rest);

/* The reply of a command on its own. */
void reply__read(struct reply *reply, const struct exchange *exchange);
/* The next value within an aggregate; false at its end. */
bool reply__next(struct reply *reply, struct reply *out);
bool reply__is_nil(const struct reply *reply);
bool reply__is_array(const struct reply *reply);
bool reply__is_string(const struct reply *reply);
/* An integer reply; false for all else. */
bool reply__integer(const struct reply *reply, int64_t *out);
/* As call__hash() of an argument with the same bytes. */
uint64_t reply__hash(const struct reply *reply, const struct siphash_key *key);
/* The end of a long string; empty where it was not kept. */
struct slice reply__tail(const struct reply *reply);

#endif
