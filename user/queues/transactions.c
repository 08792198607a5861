/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "queues/transactions.h"

#include <stdlib.h>

void transactions__clear(struct transactions *t)
{
	for (uint32_t i = 0; t->at && i < TRANSACTIONS_MAX; i++)
		free(t->at[i].deed);
	free(t->at);
	*t = (struct transactions){0};
}

struct transaction *transactions__find(struct transactions *t, uint64_t connection)
{
	for (uint32_t i = 0, left = t->open; left && i < TRANSACTIONS_MAX; i++) {
		left -= t->at[i].connection != 0;
		if (t->at[i].connection == connection)
			return &t->at[i];
	}
	return NULL;
}

void transactions__end(struct transactions *t, struct transaction *transaction)
{
	transaction->connection = 0;
	transaction->count = 0;
	transaction->cut = false;
	t->open--;
}

static struct transaction *begin(struct transactions *t, uint64_t connection, uint64_t now_ns)
{
	struct transaction *oldest;
	uint32_t i;

	if (!t->at)
		t->at = calloc(TRANSACTIONS_MAX, sizeof(*t->at));
	if (!t->at)
		return NULL;
	oldest = t->at;
	for (i = 0; i < TRANSACTIONS_MAX && t->at[i].connection; i++)
		if (t->at[i].since_ns < oldest->since_ns)
			oldest = &t->at[i];
	if (i == TRANSACTIONS_MAX) {
		t->cut++;
		transactions__end(t, oldest);
	} else {
		oldest = &t->at[i];
	}
	t->open++;
	oldest->connection = connection;
	oldest->since_ns = now_ns;
	return oldest;
}

static bool joins(struct queued_deed *last, const struct queued_deed *next)
{
	if (last->queue != next->queue || !last->kind->same ||
	    !last->kind->same(&last->deed, &next->deed))
		return false;
	last->deed.count += next->deed.count;
	last->place = next->place;
	return true;
}

static bool widen(struct transaction *one)
{
	uint32_t capacity = one->capacity ? one->capacity * 2 : 8;
	struct queued_deed *deed;

	if (one->count < one->capacity)
		return true;
	deed = capacity <= TRANSACTION_MAX ? realloc(one->deed, capacity * sizeof(*deed)) : NULL;
	if (!deed)
		return false;
	one->deed = deed;
	one->capacity = capacity;
	return true;
}

void transactions__queue(struct transactions *t, uint64_t connection, uint64_t now_ns,
			 const struct queued_deed *deed)
{
	struct transaction *one = transactions__find(t, connection);

	if (!one)
		one = begin(t, connection, now_ns);
	if (!one || (one->count && joins(&one->deed[one->count - 1], deed)))
		return;
	if (!widen(one)) {
		t->cut += !one->cut;
		one->cut = true;
		return;
	}
	one->deed[one->count++] = *deed;
}
