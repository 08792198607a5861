/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The time of one request, each instant of it in one place: calls are taken in the order of their
 * beginnings, the gaps between them are the request's own. Pure, and the parts always add up.
 */
#ifndef SONDE_TIMELINE_H
#define SONDE_TIMELINE_H

#include <stdint.h>

/* Where the time of a request went. */
enum where {
	WHERE_QUEUE,	/* delivered to the socket, not yet read; before the request's latency */
	WHERE_SELF,	/* none of the others: computing, waiting for what is not observed */
	WHERE_POSTGRES, /* calls that are certainly this request's ... */
	WHERE_REDIS,	/* ... alone at that instant */
	WHERE_HTTP,	/* gRPC is among it */
	WHERE_SEVERAL,	/* calls of several of these kinds at once */
	WHERE_UNATTRIBUTED, /* the process waited for a call, it is not certain on whose behalf */
	WHERE_COUNT
};
const char *where__name(enum where where);

struct timeline {
	uint64_t position_ns;		/* all before it is in ns[] */
	uint64_t until_ns[WHERE_COUNT]; /* the latest end of the calls taken, by kind */
	uint64_t ns[WHERE_COUNT];
};

void timeline__begin(struct timeline *timeline, uint64_t start_ns);
/*
 * A call: WHERE_POSTGRES, _REDIS, _HTTP or _UNATTRIBUTED. One that begins before the newest one
 * taken is late: how it lay to what was taken before cannot be told any more, so what would have
 * been the request's own time under it becomes unattributed.
 */
void timeline__take(struct timeline *timeline, enum where kind, uint64_t start_ns, uint64_t end_ns);
/* Nothing is taken after it. The parts but the queue now add up to end_ns - start_ns. */
void timeline__end(struct timeline *timeline, uint64_t end_ns);

#endif
