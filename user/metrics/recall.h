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
struct key;
struct metrics;
struct series;

struct recall {
	uint64_t generation; /* of the metrics whose series they are; 0: nothing is recalled */
	uint64_t key[2];     /* of the first one, and its protocol and side */
	struct series *series[RECALL_MAX]; /* not owned; NULL: there is none */
};

/* Of a number of its own: whatever was recalled before is not any more. */
uint64_t recall__generation(void);
/*
 * The exchange's connection's. *known: its series are those of the key, and marked as used. Else
 * the caller looks them up and, when they are in there, calls recall__learn.
 */
struct recall *recall__of(const struct metrics *metrics, const struct exchange *exchange,
			  const struct key *key, bool *known);
void recall__learn(struct recall *recall, const struct metrics *metrics);

#endif
