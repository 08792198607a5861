/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long queries wait within a pooler (pgbouncer, odyssey): a process that asks its own server
 * for the very statement that it was just asked for. The difference of the two beginnings is the
 * wait for a connection.
 */
#ifndef SONDE_POOLER_H
#define SONDE_POOLER_H

#include <stdbool.h>
#include <stdint.h>
#include "exchange.h"

#define POOLERS_MAX  16	 /* processes; the one unused for longest makes room */
#define POOLER_ASKED 256 /* newest answers of the server that were not yet found passed back */

struct asked {
	uint64_t start_ns, end_ns; /* 0: matched, or none */
	uint32_t label;
};

struct pooler {
	uint32_t tgid;
	uint32_t next;
	uint64_t used_ns;
	struct asked asked[POOLER_ASKED];
};

struct poolers {
	struct pooler *pooler[POOLERS_MAX]; /* owned */
};

/*
 * An answered query of a process whose service both serves and asks databases. True: it is a
 * client's, and it lay with the pooler for so long before it was passed on.
 */
bool poolers__wait(struct poolers *poolers, const struct exchange *exchange, uint64_t *wait_ns);
void poolers__clear(struct poolers *poolers);

#endif
