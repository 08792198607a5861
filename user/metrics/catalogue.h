/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which metrics there are. A group is what is counted under one kind of key, once for each side; a
 * family is one metric made from the series of a group. The names are SPEC.md's and fixed.
 */
#ifndef SONDE_CATALOGUE_H
#define SONDE_CATALOGUE_H

#include <stddef.h>
#include <stdint.h>
#include "exchange.h"
#include "metrics/series.h"
#include "metrics/writer.h"

enum group {
	GROUP_HTTP,		   /* service, method, route, status */
	GROUP_HTTP_SERVICE,	   /* service */
	GROUP_HTTP_SHARE,	   /* service, method, route; its counters are enum where's */
	GROUP_RPC,		   /* service, method of gRPC, type, status */
	GROUP_RPC_SERVICE,	   /* service */
	GROUP_DB,		   /* service, type */
	GROUP_DB_STATEMENT,	   /* service, statement */
	GROUP_DB_SERVICE,	   /* service */
	GROUP_DB_ERROR,		   /* service, SQLSTATE */
	GROUP_DB_CONNECT_ERROR,	   /* service, reason */
	GROUP_CACHE,		   /* service, command */
	GROUP_CACHE_SERVICE,	   /* service */
	GROUP_CACHE_KEY,	   /* service, pattern of keys */
	GROUP_CACHE_KEY_COMMAND,   /* service, pattern of keys, command */
	GROUP_CACHE_ERROR,	   /* service, error */
	GROUP_CACHE_CONNECT_ERROR, /* service, reason */
	GROUP_CONNECT_ERROR, /* service, reason: to where neither database nor cache is known */
	GROUP_COUNT
};

enum label_set {
	WITH_METHOD = 1 << 0,
	WITH_ROUTE = 1 << 1,
	WITH_STATUS = 1 << 2,
	WITH_TYPE = 1 << 3,
	WITH_FINGERPRINT = 1 << 4,
	WITH_VERB = 1 << 5,
	WITH_TABLE = 1 << 6,
	WITH_STATEMENT = 1 << 7,
	WITH_SQLSTATE = 1 << 8,
	WITH_COMMAND = 1 << 9,
	WITH_ERROR = 1 << 10,
	WITH_REASON = 1 << 11,
	WITH_RPC = 1 << 12, /* system, service, method, type, status */
	WITH_PATTERN = 1 << 13,
	WITH_KEY_COMMAND = 1 << 14, /* the command of GROUP_CACHE_KEY_COMMAND */
};

struct family {
	const char *name[SIDE_COUNT]; /* NULL: there is none for that side */
	const char *help;
	const char *unit; /* "" none */
	enum metric_type type;
	enum group group;
	uint32_t labels; /* enum label_set; `service` always */
	uint8_t which;	 /* what `write` takes: enum distribution or enum counter */
	void (*write)(struct writer *writer, const struct family *family,
		      const struct series *series);
};

extern const struct family families[];
extern const size_t family_count;

extern const struct bounds http_duration_bounds;
extern const struct bounds db_duration_bounds;
extern const struct bounds cache_duration_bounds;
extern const struct bounds wait_bounds;
extern const struct bounds size_bounds;

/* The name that stands for a group where its overflow is counted; NULL: the side has no such group.
 */
const char *group__name(enum group group, enum side side);

#endif
