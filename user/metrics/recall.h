/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The series that a connection's last exchange was counted in: the next one is mostly counted in
 * the same, and then none is looked up.
 */
#ifndef SONDE_RECALL_H
#define SONDE_RECALL_H

#include <stdbool.h>
#include <stdint.h>

#define RECALL_MAX 3

struct exchange;
struct metrics;
struct series;

/* The label values of an exchange's first series, as numbers, and its protocol and side. */
struct recall_key {
	uint64_t service_and_label, rest;
};

struct recall {
	uint64_t generation; /* of the metrics whose series they are; 0: nothing is recalled */
	struct recall_key key;
	struct series *series[RECALL_MAX]; /* not owned; NULL: there is none */
	bool pooler;			   /* the service serves and asks databases */
};

/* Of a number of its own: whatever was recalled before is not any more. */
uint64_t recall__generation(void);

static inline bool recall__is_of(const struct recall *r, const struct recall_key *key)
{
	return r->key.service_and_label == key->service_and_label && r->key.rest == key->rest;
}

/*
 * Series that were looked up, the first one of them under this key. What goes to `other` is not
 * recalled, since it is counted as that each time it is looked up.
 */
void recall__learn(struct recall *recall, uint64_t generation, const struct recall_key *key,
		   struct series *const series[RECALL_MAX]);

#endif
