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
	uint32_t number; /* the parser's own: keys asked for (MGET), rows ... */
	uint16_t kind;	 /* the parser's own: method, message type, how its reply looks */
	uint8_t flags;	 /* the parser's own */
	bool silent; /* no exchange: only its place in the order matters (Parse, Sync, Describe ...)
		      */
	bool complete; /* the request's last byte was seen */
};

struct pairing {
	struct pending *ring; /* capacity entries; NULL until first used and after a quiet time */
	uint32_t capacity;    /* a power of two */
	uint32_t first;
	uint32_t count;
	uint32_t run_requests; /* entries that the newest request run opened */
	bool pipelined; /* proven: several requests in one run, or answered in order with several in
			   flight */
	bool interleaved; /* proven: sent more while earlier ones were being answered */
	bool desynced;	  /* after a gap: pair nothing until sure again */
	bool answering;	  /* a response run came since the newest request run */
};

void pairing__init(struct pairing *p);
void pairing__clear(struct pairing *p);

/* Opens an entry at the end, zeroed but for start_ns; NULL where memory is exhausted or the cap is
 * reached. */
struct pending *pairing__push(struct pairing *p, uint64_t start_ns);
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

/* Takes the oldest out; shrinks a large ring once it is empty. */
static inline void pairing__pop(struct pairing *p)
{
	if (!p->count)
		return;
	p->first = (p->first + 1) & (p->capacity - 1);
	if (--p->count == 0 && p->capacity > PAIRING_KEPT)
		pairing__shrink(p);
}

#endif
