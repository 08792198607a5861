/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What counting (queues.c) and telling (queues_copy.c) share; nobody else includes it. */
#ifndef SONDE_QUEUES_INTERNAL_H
#define SONDE_QUEUES_INTERNAL_H

#include "queues/ends.h"
#include "queues/queue_kind.h"
#include "queues/queues.h"
#include "queues/transactions.h"

#define COMMAND_WORDS 16 /* of a bit for each command of redis_commands.h */

struct queues {
	struct queue_settings *settings;
	struct engine *engine;
	struct siphash_key key;
	struct ends ends;
	struct transactions transactions;
	uint8_t command[COMMAND_WORDS * 64]; /* enum followed_command, by index */
	uint64_t followed[COMMAND_WORDS];
	uint64_t unread; /* commands that were not kept, as too many were on their way */
	uint32_t count;
	struct queue queue[];
};

#endif
