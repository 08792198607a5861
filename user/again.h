/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Exchanges that are as the last ones of their connection were: request and answer say the same
 * (protocol/known.h), each is a chunk of its own, and nothing else is in flight. Behind an answer's
 * chunk there may be others with the rest of a body. They pass without their parser, which would
 * make the same of them and be left as it is.
 *
 * Whatever is otherwise goes the general way: a request that came this way is an entry of the
 * pairing like any other, so nothing has to be made up for. Plain exchanges of another form that go
 * there leave what is known as it is; after anything else there have to be exchanges alike again.
 */
#ifndef SONDE_AGAIN_H
#define SONDE_AGAIN_H

#include <stdbool.h>
#include "connection.h"

enum again_state {
	AGAIN_NONE = 0, /* nothing is known, or what is may mean something else by now */
	AGAIN_UNSURE, /* a run goes the general way; it has to be plain for what is known to hold */
	AGAIN_PAUSED, /* it was: it will hold when nothing is in flight any more */
	AGAIN_READY   /* exchanges may pass */
};

/* For c->again_state == AGAIN_READY. True: it was taken. False: nothing was done with it, it is to
 * go the general way. */
bool again__takes(struct connection *c, const struct chunk *chunk);
/* For c->again_state == AGAIN_READY: the parser gets to know what has passed. */
void again__leave(struct connection *c);

/* A run goes the general way. */
static inline void again__pause(struct connection *c)
{
	if (c->again_state == AGAIN_READY)
		again__leave(c);
	c->again_state = c->again_state >= AGAIN_PAUSED ? AGAIN_UNSURE : AGAIN_NONE;
}

/* What a message means may have changed, or something else than messages has come. */
static inline void again__stop(struct connection *c)
{
	if (c->again_state == AGAIN_READY)
		again__leave(c);
	c->again_state = AGAIN_NONE;
}
/* The last bytes that were being skipped of an answer have passed, and nothing behind them. */
void again__told_rest(struct connection *c);
/* What is told on the general way may be what is to be learned. */
void again__keep_exchange(struct connection *c, const struct exchange *exchange);
void again__free(struct connection *c);
size_t again__bytes(const struct connection *c); /* that it holds for itself */

#endif
