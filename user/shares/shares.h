/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the time of HTTP requests went: which calls (PostgreSQL, Redis, HTTP) a process made for
 * which of the requests that it was serving, where that is certain (docs/time-shares.md). Pure:
 * beginnings, ends and calls in, in any order within some milliseconds; shares out. Bounded.
 */
#ifndef SONDE_SHARES_H
#define SONDE_SHARES_H

#include <stdbool.h>
#include <stdint.h>
#include "exchange.h"
#include "shares/timeline.h"

/* What comes later than this is too late: calls are judged, and requests told, so long after their
 * end. */
#define SHARES_CALL_HOLD_NS 5000000ull
#define SHARES_HOLD_NS	    30000000ull
/* Requests of threads that were seen to serve one at a time before a process is known to do so. */
#define SHARES_TRUST 16
/* So long, in all, a process must have been seen without a request: what it does then is known. */
#define SHARES_IDLE_NS 1000000000ull
/* Calls of one request kept to draw it, and to put calls in order; earlier ones are only summed. */
#define SHARES_SPANS 128

struct span {
	uint64_t start_ns, end_ns;
	uint32_t label; /* id of labels.h; 0: a connection to a database was made */
	uint8_t kind;	/* WHERE_POSTGRES, _REDIS, _HTTP */
	bool certain;	/* it is this request's; else it may be */
};

struct share_begin {
	uint64_t connection;
	uint64_t start_ns;
	uint64_t trace;	    /* a hash of its trace id (W3C Trace Context); 0: not known */
	uint32_t tgid, tid; /* who read it */
	bool multiplexed;   /* requests of one connection are served side by side */
};

struct share_end {
	uint64_t connection; /* with start_ns, as it began */
	uint64_t start_ns, end_ns, queue_ns;
	uint32_t tgid, tid;
	uint32_t end_tid; /* who wrote the answer's end */
	uint32_t service, label;
	uint16_t status;
	uint8_t method; /* enum http_method */
	bool grpc;
	uint8_t outcome;
};

struct share_call {
	uint64_t start_ns, end_ns;
	uint64_t trace;	    /* the same of the trace id that it was sent with */
	uint32_t tgid, tid; /* who sent it */
	uint32_t end_tid;   /* who read the answer's end */
	uint32_t label;
	uint8_t kind;
	bool lost; /* when it ended is not known */
};

/* A request whose answer has passed; pointers are valid during the call only. */
struct share_told {
	struct share_end end;
	uint64_t ns[WHERE_COUNT]; /* adds up to the latency and the queue time, exactly */
	const struct span *span;  /* by their beginnings */
	uint32_t span_count;
	uint32_t calls_before; /* further ones, earlier than the first span */
};

struct shares_counts {
	uint64_t calls;	       /* of processes that serve, while a request was open */
	uint64_t unattributed; /* of these: may be of several requests, or of none */
	uint64_t requests;     /* told */
	uint64_t missed;       /* of these: more were open than are followed */
	uint32_t open, processes;
};

struct shares;

struct shares *shares__new(void (*told)(void *context, const struct share_told *told),
			   void *context); /* NULL: no memory */
void shares__free(struct shares *shares);
/* now_ns: of the newest event, anywhere. */
void shares__begun(struct shares *shares, const struct share_begin *begin, uint64_t now_ns);
void shares__ended(struct shares *shares, const struct share_end *end, uint64_t now_ns);
void shares__called(struct shares *shares, const struct share_call *call, uint64_t now_ns);
/* Does this process serve HTTP? Calls of others need not be told. */
bool shares__serves(struct shares *shares, uint32_t tgid);
/* Events of that time were lost: of what was open then nothing is certain. */
void shares__doubt(struct shares *shares, uint64_t from_ns, uint64_t to_ns);
/* Tells what is due; UINT64_MAX: all of it. */
void shares__pass(struct shares *shares, uint64_t now_ns);
void shares__counts(const struct shares *shares, struct shares_counts *out);

#endif
