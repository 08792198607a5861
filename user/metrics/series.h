/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The series of one group: everything that is counted under one set of label values, found by a key
 * of small integers. Nothing is allocated once a series exists; how many may exist is capped, and
 * beyond the cap everything goes to series whose label values are "other".
 */
#ifndef SONDE_SERIES_H
#define SONDE_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "labels.h"
#include "metrics/exemplar.h"
#include "metrics/histogram.h"
#include "metrics/window.h"
#include "shares/timeline.h"

#define SERIES_TEXT_MAX 16
/* Services that keep an `other` series of their own beyond the cap; further ones share one. */
#define SERIES_OTHER_SERVICES 256
#define SERVICE_OTHER	      UINT32_MAX

/* Label values as numbers; what a group does not use is 0. Compared as bytes: no padding. */
struct key {
	uint32_t service; /* id of process.h, or SERVICE_OTHER */
	uint32_t label;	  /* id of labels.h */
	uint16_t status;  /* 0: none; of gRPC its status code, or enum grpc_status; of keys by
			     command its index in redis_commands.h */
	uint8_t method;
	uint8_t type;	/* of a statement: index into metrics' types; of gRPC: enum rpc_type */
	uint32_t other; /* 1: beyond the cap, or what is `other` anyway; every label value but the
			   service is "other" */
	char text[SERIES_TEXT_MAX]; /* SQLSTATE, Redis error, reason; zero-filled */
};
_Static_assert(sizeof(struct key) == 32, "struct key is compared as bytes");

static inline bool key__equals(const struct key *a, const struct key *b)
{
	uint64_t x[4], y[4];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]));
}

enum counter {
	COUNTER_ABORTED,
	COUNTER_LOST,
	COUNTER_ERRORS,
	COUNTER_UNMEASURED, /* answered, without a latency */
	COUNTER_ROWS,
	COUNTER_HITS,
	COUNTER_MISSES,
	COUNTER_BLOCKING_ERRORS,
	COUNTER_BLOCKING_UNANSWERED,
	COUNTER_REQUEST_MESSAGES,
	COUNTER_RESPONSE_MESSAGES,
	COUNTER_REQUEST_BYTES,
	COUNTER_RESPONSE_BYTES,
	COUNTER_COUNT
};

/* Series of time shares use them otherwise: nanoseconds by enum where, and how many requests. */
#define COUNTER_SHARED ((int)WHERE_COUNT)
_Static_assert(COUNTER_SHARED < (int)COUNTER_COUNT, "a counter for each share, and one");

enum distribution {
	DISTRIBUTION_DURATION,
	DISTRIBUTION_BLOCKING,
	DISTRIBUTION_WAIT,   /* queue time, connection time */
	DISTRIBUTION_POOLED, /* query with the pooler, not yet with the server */
	DISTRIBUTION_TTFB,
	DISTRIBUTION_REQUEST_SIZE,
	DISTRIBUTION_RESPONSE_SIZE,
	DISTRIBUTION_COUNT
};

#define ACTIVITY_COUNT 4 /* enum activity */

struct series {
	struct key key;
	const char *service; /* these texts outlive the series */
	const char *type;
	struct label label;
	uint64_t used_ns; /* when something was last counted */
	uint64_t counter[COUNTER_COUNT];
	struct histogram *distribution[DISTRIBUTION_COUNT]; /* owned; NULL until first used */
	struct window *window;				    /* owned; NULL until first used */
	uint64_t window_part, window_total; /* in a snapshot: what the window held */
	uint64_t recent_part, recent_total; /* the same of its last minute */
	uint32_t connections[ACTIVITY_COUNT];
	bool connected;		    /* has had open connections */
	struct exemplar *exemplars; /* of the durations' buckets; owned; NULL until first used */
};

struct slot {
	uint32_t hash;
	uint32_t index; /* into list, plus 1; 0: free */
};

#define TABLE_RECENT 8

struct table {
	struct slot *slot;
	uint32_t slot_count; /* a power of two, 0 before the first series */
	struct series **list;
	uint32_t count, capacity;
	uint32_t others; /* how many of them are `other` series of one service */
	uint32_t max;
	uint64_t overflowed;		     /* what was counted in an `other` series */
	struct series *recent[TABLE_RECENT]; /* found last, by a few bits of the key; may be NULL */
};

void table__init(struct table *table, uint32_t max);
void table__clear(struct table *table);

/*
 * The series of a key, made if there is none; beyond the cap an `other` series. *created tells that
 * its texts are still to be set. NULL: no memory (counted as overflowed).
 */
struct series *table__get(struct table *table, const struct key *key, bool *created);
/* Only what exists. */
struct series *table__find(const struct table *table, const struct key *key);
/*
 * Drops what was not used since `before_ns`, looking at no more than `most` series from *cursor on.
 * False: nothing was dropped.
 */
bool table__expire(struct table *table, uint64_t before_ns, uint32_t most, uint32_t *cursor);

/* For series__count: the distribution's first value; NULL: no memory. */
struct histogram *series__begin(struct series *series, enum distribution which,
				const struct bounds *bounds);
/* A value of these bounds. No memory for a new distribution: the value is not in it. */
static inline void series__count(struct series *series, enum distribution which,
				 const struct bounds *bounds, const struct place *place,
				 uint32_t times)
{
	struct histogram *h = series->distribution[which];

	if (h || (h = series__begin(series, which, bounds)))
		histogram__count(h, place, times);
}

/* The same where it is counted once. */
static inline void series__observe(struct series *series, enum distribution which,
				   const struct bounds *bounds, double value, uint32_t times)
{
	struct place place = bounds__place(bounds, value);

	series__count(series, which, bounds, &place, times);
}

/* The duration that was counted at that place was that trace's. */
void series__exemplify(struct series *series, const struct place *place,
		       const uint8_t trace[TRACE_BYTES], uint64_t time_ns);
/* Answered exchanges: measured, blocking, and unmeasured ones. */
uint64_t series__answered(const struct series *series);
uint64_t series__unanswered(const struct series *series);

#endif
