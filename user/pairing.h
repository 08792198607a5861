/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which response belongs to which request: the FIFO of a connection's requests in flight. Lives
 * here once, for every protocol that answers in order.
 *
 * Sure before complete: after a gap nothing is paired until it is certain again which response
 * belongs to which request; what cannot be told is reported as lost, so that seen = reported + in
 * flight.
 */
#ifndef SONDE_PAIRING_H
#define SONDE_PAIRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Most requests in flight on one connection; the next one loses the oldest (LOSS_CAP). */
#define PAIRING_MAX 65536

struct details;

/* One request in flight. The parser fills what it knows when it sees the request. */
struct pending {
	uint64_t start_ns;
	uint64_t first_ns; /* first byte of its response; 0 until then */
	uint64_t queue_ns;
	uint64_t request_bytes;
	uint64_t response_bytes;
	struct details *details; /* what rules asked for (details.h); NULL mostly */
	uint32_t label;
	uint32_t tgid;
	uint32_t tid;
	uint32_t number;  /* the parser's own: keys asked for (MGET), rows ... */
	uint16_t kind;	  /* the parser's own: method, message type, how its reply looks */
	uint16_t times;	  /* requests that it stands for, one behind the other and alike in all that
			     is said of them; what is said of a response is the oldest one's */
	uint16_t pattern; /* Redis: of its keys (keys/patterns.h); 0: none */
	uint8_t flags;	  /* the parser's own */
	bool silent : 1;  /* no exchange: only its place in the order matters (Parse, Sync, Describe
			   * ...)
			   */
	bool complete : 1; /* the request's last byte was seen */
	bool again : 1;	   /* it came the way of again.h */
};

_Static_assert(sizeof(struct pending) == 72, "there are many of them");

struct pairing {
	struct pending *ring; /* capacity entries; NULL until first used and after a quiet time */
	uint32_t capacity;    /* a power of two */
	uint32_t first;
	uint32_t count;	       /* of entries */
	uint32_t run_requests; /* that the newest request run opened */
	bool pipelined; /* proven: several requests in one run, or answered in order with several in
			   flight */
	bool interleaved; /* proven: sent more while earlier ones were being answered */
	bool desynced;	  /* after a gap: pair nothing until sure again */
	bool answering;	  /* a response run came since the newest request run */
};

void pairing__init(struct pairing *p);
void pairing__clear(struct pairing *p);

/* Room for one more entry; false where memory is exhausted or the cap is reached. */
bool pairing__grow(struct pairing *p);

/* Opens an entry at the end, which is yet to be filled; NULL where there is no room for it. */
static inline struct pending *pairing__open(struct pairing *p)
{
	if (p->count == p->capacity && !pairing__grow(p))
		return NULL;
	return &p->ring[(p->first + p->count++) & (p->capacity - 1)];
}

#define PENDING_LINE 64 /* compilers have slow ways for what is larger than a line of the cache */

/* The same for one request, zeroed else. */
static inline struct pending *pairing__push(struct pairing *p)
{
	struct pending *new = pairing__open(p);

	if (!new)
		return NULL;
	memset(new, 0, PENDING_LINE);
	memset((char *)new + PENDING_LINE, 0, sizeof(*new) - PENDING_LINE);
	new->times = 1;
	return new;
}

/* The oldest, the newest, the i-th from the oldest; NULL where there is none. */
static inline struct pending *pairing__at(const struct pairing *p, uint32_t index)
{
	return index < p->count ? &p->ring[(p->first + index) & (p->capacity - 1)] : NULL;
}

static inline struct pending *pairing__front(const struct pairing *p)
{
	return pairing__at(p, 0);
}

static inline struct pending *pairing__back(const struct pairing *p)
{
	return pairing__at(p, p->count - 1);
}

#define PAIRING_KEPT 128 /* larger rings are given back once they are empty */
void pairing__shrink(struct pairing *p);

/* Takes the oldest `times` requests of the oldest entry out; shrinks a large ring once it is empty.
 */
static inline void pairing__pop_many(struct pairing *p, uint32_t times)
{
	struct pending *front = pairing__front(p);

	if (!front)
		return;
	if (front->times > times) {
		front->times = (uint16_t)(front->times - times);
		front->first_ns = 0;
		front->response_bytes = 0;
		front->details = NULL;
		return;
	}
	p->first = (p->first + 1) & (p->capacity - 1);
	if (--p->count)
		return;
	p->first = 0; /* one at a time, it is always the same place */
	if (p->capacity > PAIRING_KEPT)
		pairing__shrink(p);
}

/* No entry is left of those that went the way of again.h; none is in flight. */
static inline void pairing__forget(struct pairing *p)
{
	if (p->ring)
		p->ring[0].again = false;
}

/* Takes the oldest request out. */
static inline void pairing__pop(struct pairing *p)
{
	pairing__pop_many(p, 1);
}

#endif
