/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which exchanges a rule is about: the `on:` of the configuration. */
#ifndef SONDE_MATCH_H
#define SONDE_MATCH_H

#include <stdbool.h>
#include <stdint.h>
#include "engine.h"
#include "exchange.h"
#include "rules/texts.h"

#define STATUS_MAX 16

struct status_range {
	uint16_t low, high; /* both included */
};

/* What was found for an id before: ids are dense and never change their meaning. */
struct answers {
	uint8_t *at; /* 0 not asked yet, 1 no, 2 yes */
	uint32_t count;
};

struct match {
	enum protocol_id protocol; /* PROTOCOL_HTTP1 stands for HTTP of any version */
	uint8_t sides;		   /* bit of enum side; 0 both */
	uint8_t outcomes;	   /* bit of enum outcome; 0 any */
	uint32_t status_count;
	struct status_range status[STATUS_MAX];
	struct texts service, method, route; /* globs; routes are templates */
	struct texts verb, table, fingerprint;
	struct texts command, key;
	struct answers labels, services;
};

/* The first condition that an exchange does not meet; what `check --explain` counts. */
enum miss {
	MISS_NONE, /* it fits */
	MISS_PROTOCOL,
	MISS_SIDE,
	MISS_SERVICE,
	MISS_LABEL, /* route; verb, table or fingerprint; command */
	MISS_METHOD,
	MISS_STATUS,
	MISS_OUTCOME,
	MISS_KEY,
	MISS_COUNT
};

enum miss match__exchange(struct match *match, const struct exchange *exchange,
			  const struct engine *engine);
/* Details that must be captured to decide: DETAIL_BIT()s. */
uint32_t match__wanted(const struct match *match);
void match__clear(struct match *match);

#endif
