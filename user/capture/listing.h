/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What waits in the ring, by time. Records are nearly in that order already: each took its time
 * when it was reserved, or soon after. They are told one by one, their room is given back in the
 * ring's own order.
 */
#ifndef SONDE_LISTING_H
#define SONDE_LISTING_H

#include <stdbool.h>
#include <stdint.h>
#include "capture/ring.h"

struct listing;

/* A record that waits. */
struct listed {
	uint64_t time_ns;
	unsigned long at; /* in the ring */
	uint32_t size;
	uint32_t number; /* how many were listed before it */
};

/* As much memory as the ring has is set aside, and not touched before it is needed. */
int listing__open(struct ring *ring, struct listing **out);
void listing__close(struct listing *listing); /* tolerates NULL */
/*
 * Lists what is in front of a position of the ring, from where the last call came to. False: a
 * record there is not finished yet; what is in front of that one is listed.
 */
bool listing__extend(struct listing *listing, unsigned long end);
/* The oldest one; NULL: there is none. */
const struct listed *listing__first(const struct listing *listing);
const void *listing__record(struct listing *listing, const struct listed *listed);
/* The oldest one was told. */
void listing__pass(struct listing *listing);
/* Gives back the room of all in front of the first one in the ring that was not told yet. */
void listing__give_back(struct listing *listing);

#endif
