/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The commands of Redis 7, Redis Stack and Valkey, by name. A name that is not in this table is one
 * a stranger made up: it never becomes a label.
 */
#ifndef SONDE_REDIS_COMMANDS_H
#define SONDE_REDIS_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>
#include "protocol/slice.h"

/* Entry 0 stands for every command that is not in the table. */
#define REDIS_COMMAND_UNKNOWN 0
#define REDIS_COMMAND_MAX     1024
/* Longest name, "SENTINEL GET-MASTER-ADDR-BY-NAME" and the like, without a NUL. */
#define REDIS_COMMAND_NAME_MAX 40

/* How a reading command's reply tells whether its keys were there. */
enum redis_reading {
	READ_NONE = 0,
	READ_NIL,     /* nil: miss */
	READ_EACH,    /* an array: nil elements are misses */
	READ_ANY,     /* an array of nils: one miss */
	READ_ZERO,    /* 0: miss */
	READ_COUNTED, /* the number of keys that were there */
	READ_TTL,     /* -2: miss */
	READ_TYPE,    /* "none": miss */
	READ_EMPTY,   /* nothing in it: miss */
	READ_BLANK,   /* an empty string: miss */
	READ_ONE_KEY, /* 0: miss; of several keys it cannot be told */
	READING_LAST = READ_ONE_KEY
};

/* Commands that change what the connection does, or how long an answer may take. */
enum redis_kind {
	COMMAND_PLAIN = 0,
	COMMAND_BLOCKING,
	COMMAND_BLOCK_OPTION, /* blocks where BLOCK is among its options */
	COMMAND_GET_OPTION,   /* reads the old value where GET is among its options */
	COMMAND_PING,
	COMMAND_HELLO,
	COMMAND_SUBSCRIBE,
	COMMAND_UNSUBSCRIBE,
	COMMAND_MULTI,
	COMMAND_EXEC,
	COMMAND_DISCARD,
	COMMAND_RESET,
	COMMAND_ENDLESS,
	COMMAND_CLIENT_REPLY,
};

/* Where among the arguments keys are; redis_keys.c finds them. Argument 0 is the name. */
enum redis_key_places {
	KEYS_NONE = 0,
	KEYS_ONE,	      /* the first */
	KEYS_TWO,	      /* the first two */
	KEYS_ALL,	      /* all of them */
	KEYS_BUT_LAST,	      /* all but the last, a time-out or a path */
	KEYS_PAIRS,	      /* key value key value ... */
	KEYS_TRIPLES,	      /* key path value ... */
	KEYS_SECOND,	      /* behind a subcommand */
	KEYS_FROM_SECOND,     /* BITOP */
	KEYS_COUNTED,	      /* their number, then they */
	KEYS_COUNTED_SECOND,  /* the same from the second argument on: EVAL, BLMPOP */
	KEYS_ONE_AND_COUNTED, /* the first, and the same: ZUNIONSTORE */
	KEYS_COUNTED_PAIRS,   /* their number, then key value ...: MSETEX */
	KEYS_STREAMS,	      /* the first half of what is behind STREAMS */
	KEYS_HOW_COUNT
};

struct redis_command {
	const char *name; /* upper case; "CONFIG GET" for a subcommand */
	uint8_t length;
	bool container;	 /* its first argument may be a subcommand of the table */
	uint8_t reading; /* enum redis_reading */
	uint8_t kind;	 /* enum redis_kind */
	uint8_t keys;	 /* enum redis_key_places */
};

/* Index of a command as sent, whatever its case. */
uint32_t redis_command__find(struct slice name);
/* The same with its first argument; the container's own index where that is no known subcommand. */
uint32_t redis_command__find_sub(uint32_t container, struct slice subcommand);
const struct redis_command *redis_command__get(uint32_t index);
uint32_t redis_command__count(void);

#endif
