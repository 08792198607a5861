/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory and evictions of caches: of Redis servers on this node out of their memory
 * (redis_inside.h), of others what INFO told somebody who asked. No command is ever sent.
 */
#ifndef SONDE_CACHES_H
#define SONDE_CACHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "exchange.h"
#include "redis_inside.h"

#define CACHES_MAX	   64
#define CACHE_ADDRESS_MAX  128
#define CACHE_RATE_SECONDS 60

struct metrics;
struct snapshot;
struct writer;

enum limit_source { LIMIT_MAXMEMORY, LIMIT_CGROUP, LIMIT_NODE };

struct cache {
	const char *service;
	char address[CACHE_ADDRESS_MAX]; /* "127.0.0.1:6379", "/run/redis.sock" */
	uint16_t port;			 /* 0: a local socket */
	uint32_t tgid;			 /* of the server; 0: it is elsewhere */
	bool looked;			 /* for its inside; it stays as it is then */
	struct redis_inside inside;
	struct redis_numbers numbers;
	uint64_t told_ns;	/* by INFO, or read */
	uint64_t keys, keys_ns; /* in all databases, and when INFO told it; 0: never */
	uint64_t limit_outside; /* of its cgroup or node, where it has none of its own */
	enum limit_source outside_source;
	uint64_t evicted[CACHE_RATE_SECONDS]; /* at each of the last seconds */
	uint32_t seconds;		      /* that there are; the newest is at (seconds - 1) */
};

struct caches {
	uint32_t count;
	uint32_t last_tgid; /* nothing is searched while one server answers */
	struct cache *cache[CACHES_MAX];
};

/* An exchange of Redis. */
void caches__exchange(struct metrics *metrics, const struct exchange *exchange);
/* Once a second: finds what is new, reads what is known. */
void caches__tick(struct metrics *metrics, uint64_t now_ns);
void caches__clear(struct caches *caches);

/* Into the snapshot; false: no memory. The engine's thread. */
bool caches__copy(struct snapshot *snapshot, struct metrics *metrics);
void caches__expose(struct writer *writer, const struct snapshot *snapshot);
bool caches__is_known(const char *name); /* of one of its metrics */

/* What is told of one: its own limit, or that of what it runs in. False: not known. */
bool cache__limit(const struct cache *cache, uint64_t *limit, enum limit_source *source);
bool cache__usage_percent(const struct cache *cache, double *out);
/* Evicted keys a second over the last minute. */
bool cache__eviction_rate(const struct cache *cache, double *out);

/* False: nobody was told lately. */
bool cache__keys(const struct cache *cache, uint64_t *out);
const char *limit_source__name(enum limit_source source);

/* The sum of "db0:keys=5" out of the keyspace of an INFO reply, which has them at its end. */
bool info__keys(const char *text, size_t length, uint64_t *out);
/* "used_memory:1024" out of an INFO reply: pure, for tests. */
bool info__number(const char *text, size_t length, const char *name, uint64_t *out);

#endif
