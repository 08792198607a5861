/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What rules ask to know of an exchange beyond its labels: bytes of its messages, kept from when
 * they pass until the exchange has been handed to the sinks. Nothing is kept that no rule names,
 * what is kept is bounded, and it never leaves the process but through the rule that asked for it.
 */
#ifndef SONDE_DETAILS_H
#define SONDE_DETAILS_H

#include <stdbool.h>
#include <stdint.h>
#include "protocol/slice.h"

enum detail {
	DETAIL_REQUEST_HEAD,  /* HTTP: request line and header lines; HTTP/2 in the same form */
	DETAIL_REQUEST_BODY,  /* HTTP: without chunk framing */
	DETAIL_RESPONSE_HEAD, /* HTTP */
	DETAIL_RESPONSE_BODY, /* HTTP */
	DETAIL_PARAMETERS, /* PostgreSQL: of Bind, from the number of parameter format codes on */
	DETAIL_ARGUMENTS,  /* Redis: as records (redis_details.h), the name first */
	DETAIL_REPLY,	   /* Redis: the reply as it stands on the wire */
	DETAIL_VALUES,	   /* Redis: the same as records (redis_details.h), for queues */
	DETAIL_KEYS,	   /* Redis: patterns of keys where they differ, redis_details.h; no key */
	DETAIL_FOUND,	   /* Redis: what became of them, redis_details.h */
	DETAIL_COUNT
};

#define DETAIL_BIT(detail) (1u << (detail))
/* Bytes kept of one exchange, over all its details. */
#define DETAILS_BYTES 8192
/* Exchanges in flight with details; further ones have none, and are counted. */
#define DETAILS_MAX 4096

struct details;
struct details_pool;

struct details_pool *details_pool__new(void); /* NULL: no memory */
void details_pool__free(struct details_pool *pool);
/* How often there was no room for an exchange's details. */
uint64_t details_pool__refused(const struct details_pool *pool);

/* While memory is short: no more than there are. */
void details_pool__refuse(struct details_pool *pool, bool refuse);
void details_pool__slim(struct details_pool *pool); /* gives back those that are not in use */

/* NULL: no memory, or DETAILS_MAX are in use. */
struct details *details__new(struct details_pool *pool);
void details__free(struct details *details); /* NULL is fine */

/*
 * Appends bytes to a detail; what does not fit is cut off. A message's detail must be complete
 * before the next one begins: bytes for an earlier one are not taken any more. Only DETAIL_VALUES
 * may grow together with DETAIL_REPLY, and DETAIL_KEYS and DETAIL_FOUND with any other.
 */
void details__append(struct details *details, enum detail detail, struct slice bytes);
/* Empty where there is none; NULL is fine. */
struct slice details__get(const struct details *details, enum detail detail);
bool details__cut(const struct details *details, enum detail detail);
/* Room left; 0 where the detail cannot take more. */
size_t details__room(const struct details *details, enum detail detail);

#endif
