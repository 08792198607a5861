/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What was queued by MULTI and waits for EXEC, by connection. */
#ifndef SONDE_QUEUES_TRANSACTIONS_H
#define SONDE_QUEUES_TRANSACTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include "queues/queue_kind.h"

#define TRANSACTIONS_MAX 1024 /* at once; a further one takes the place of the oldest */
#define TRANSACTION_MAX	 1024 /* deeds of one that are kept */

struct queued_deed {
	struct deed deed;
	struct queue *queue;
	const struct queue_kind *kind;
	uint32_t place; /* in the transaction, from 1 */
};

struct transaction {
	uint64_t connection; /* 0: not in use */
	uint64_t since_ns;
	uint32_t count, capacity;
	bool cut; /* there were more than are kept */
	struct queued_deed *deed;
};

struct transactions {
	struct transaction *at; /* NULL until first used */
	uint32_t open;
	uint64_t cut; /* how often deeds were dropped, by either bound */
};

void transactions__clear(struct transactions *transactions);
void transactions__queue(struct transactions *transactions, uint64_t connection, uint64_t now_ns,
			 const struct queued_deed *deed);
/* NULL: nothing of this connection's was queued. */
struct transaction *transactions__find(struct transactions *transactions, uint64_t connection);
/* It was carried out, or will never be. */
void transactions__end(struct transactions *transactions, struct transaction *transaction);

#endif
