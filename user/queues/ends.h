/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Of a connection between two processes of this node both ends are observed. Which end's exchanges
 * count: the client's, as it knows who asked; the server's where the client is elsewhere, or cannot
 * be read.
 */
#ifndef SONDE_QUEUES_ENDS_H
#define SONDE_QUEUES_ENDS_H

#include <stdbool.h>
#include <stdint.h>
#include "connection.h"

#define ENDS_MAX 8192 /* connections whose end is remembered; of others it is decided again */

struct ends {
	uint64_t *chosen; /* keys of ends that count; NULL until first used */
};

void ends__clear(struct ends *ends);
/* Do the exchanges of this end count? The other end's then do not, as long as it is remembered. */
bool ends__count(struct ends *ends, struct connections *connections, const struct connection *c);

#endif
