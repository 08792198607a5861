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

struct redis_command {
	const char *name; /* upper case; "CONFIG GET" for a subcommand */
	uint8_t length;
	bool container; /* its first argument may be a subcommand of the table */
};

/* Index of a command as sent, whatever its case. */
uint32_t redis_command__find(struct slice name);
/* The same with its first argument; the container's own index where that is no known subcommand. */
uint32_t redis_command__find_sub(uint32_t container, struct slice subcommand);
const struct redis_command *redis_command__get(uint32_t index);
uint32_t redis_command__count(void);

#endif
