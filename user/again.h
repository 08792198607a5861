/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Exchanges that are as the last ones of their connection were: request and answer say the same
 * (protocol/known.h), each is a chunk of its own, and nothing else is in flight. They pass without
 * their parser, which would make the same of them and be left as it is.
 *
 * Whatever is otherwise goes the general way, and the connection with it until there were exchanges
 * alike again: a request that came this way is an entry of the pairing like any other, so nothing
 * has to be made up for.
 */
#ifndef SONDE_AGAIN_H
#define SONDE_AGAIN_H

#include <stdbool.h>
#include "connection.h"

/* True: it was taken. False: nothing was done, it is to go the general way. */
bool again__takes(struct connection *c, const struct chunk *chunk);
/* The general way is gone, or what a message means may have changed. */
static inline void again__stop(struct connection *c)
{
	c->again_ready = false;
}
/* What is told on the general way may be what is to be learned. */
void again__keep_exchange(struct connection *c, const struct exchange *exchange);
void again__free(struct connection *c);
size_t again__bytes(const struct connection *c); /* that it holds for itself */

#endif
