/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What shares.c (who is open), servers.c and judge.c (whose a call is) share; nobody else includes
 * it. */
#ifndef SONDE_SHARES_INTERNAL_H
#define SONDE_SHARES_INTERNAL_H

#include "shares/shares.h"

#define BUCKETS	      4096 /* a power of two; of processes, of requests, of threads */
#define PROCESSES_MAX 4096
#define REQUESTS_MAX  8192   /* open, or told soon */
#define SPANS_MAX     131072 /* of all requests */
#define CALLS_MAX     4096   /* waiting for their turn; beyond it the oldest waits no longer */
#define CROWD	      64     /* requests of a process that a call is held against, one by one */
#define BACKGROUND    32     /* calls of a process remembered that were of no request */
#define DOUBTS	      2

/* A time of which it is not known what went on in it. */
struct doubt {
	uint64_t from_ns, to_ns;
};

/* A process that serves HTTP. */
struct server {
	struct server *next; /* in its bucket */
	struct request *open;
	struct request *ended;	 /* and not yet told; the one that ended last is first */
	struct share_begin lone; /* the only open one of a process that asks nobody: not entered */
	bool has_lone;
	uint32_t tgid;
	uint32_t open_count;
	uint32_t trust; /* requests that showed a thread for each */
	bool calls;	/* it has asked others; only then its threads are followed */
	bool shared;	/* proved: its threads serve several requests at once, or hand them on */
	uint64_t shared_ns; /* when that was proved */
	uint64_t used_ns;
	uint64_t idle_ns;	/* how long it was seen without a request, in all */
	uint64_t idle_since_ns; /* 0: it is not, or has not begun */
	struct doubt doubt[DOUBTS];
	uint64_t background[BACKGROUND]; /* hashes of kind and label */
	uint32_t background_next;
};

struct request {
	struct request *next_id, *next_thread; /* in their buckets */
	struct request *next, *previous;       /* of the server's open or ended ones */
	struct request *next_told;
	struct server *server;
	struct share_end end; /* of an open one: who, and when it began; end_ns is 0 */
	uint64_t trace;	      /* 0: not known */
	uint64_t company_ns;  /* when another of the process was first open beside it */
	uint64_t joined_ns;   /* the same of another of its thread */
	uint64_t proof_ns;    /* the same, and not of its own connection, one behind the other */
	uint32_t span_count;
	uint32_t calls_before;
	uint32_t own_calls; /* by its thread, which read the answers, too */
	bool multiplexed;
	bool threaded;		  /* in its thread's list */
	bool summed;		  /* calls are in the timeline */
	struct timeline timeline; /* begun with the first of them */
	uint32_t span_capacity;	  /* the memory is used again by others */
	struct span *span;
};

struct shares {
	void (*told)(void *context, const struct share_told *told);
	void *context;
	struct server *servers[BUCKETS];
	struct request *ids[BUCKETS];
	struct request *threads[BUCKETS];
	struct server *recent;	      /* found last */
	struct request *first, *last; /* ended, in the order they are told in */
	struct request *unused;	      /* whose memory may be used again */
	struct share_call *calls;     /* CALLS_MAX; NULL until the first */
	uint32_t call_first, call_count;
	uint32_t request_count, server_count, span_count;
	uint64_t swept_ns;
	uint32_t sweep; /* the next bucket */
	struct doubt doubt[DOUBTS];
	struct shares_counts counts;
};

static inline uint64_t shares__mix(uint64_t key)
{
	key *= 0x9e3779b97f4a7c15ull;
	return key ^ key >> 32;
}

/* ---- servers.c ---- */
struct server *server__look_up(struct shares *s, uint32_t tgid);
/* NULL: it does not serve, as far as is known. */
static inline struct server *server__find(struct shares *s, uint32_t tgid)
{
	return s->recent && s->recent->tgid == tgid ? s->recent : server__look_up(s, tgid);
}
/* The same, from now on known to serve; NULL: there are too many. */
struct server *server__of(struct shares *s, uint32_t tgid);
void servers__sweep(struct shares *s, uint64_t now_ns);
void doubt__add(struct doubt *doubt, uint64_t from_ns, uint64_t to_ns);
/* Its threads are no home of requests. */
void server__share(struct server *server, uint64_t time_ns);

/* ---- judge.c ---- */
/* Whose call it is, as far as that is certain. */
void shares__judge(struct shares *s, const struct share_call *call);

/* ---- shares.c ---- */
/* Takes a call, the earliest spans, into the timeline. */
void request__sum(struct request *r, const struct span *span);
void request__spill(struct request *r, uint32_t count);

#endif
