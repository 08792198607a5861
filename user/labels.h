/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names that become label values: route templates, normalised statements, Redis commands. Interned
 * once, bounded, never freed while the engine lives; an id is an index. Id 0 is `?` (not seen), id
 * 1 is `other` (beyond the cap; how often is counted). Texts hold no literal of the user's.
 */
#ifndef SONDE_LABELS_H
#define SONDE_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "protocol/slice.h"

#define LABEL_UNSEEN 0
#define LABEL_OTHER  1

struct labels;

struct label {
	const char *text;     /* "/users/{id}", "SELECT * FROM t WHERE a = $1", "GET" */
	const char *verb;     /* statements: "SELECT" (a fixed set, else "OTHER"); else "" */
	const char *table;    /* statements: the first table, "" where there is none */
	char fingerprint[17]; /* statements: 16 hex digits of the normalised text; else "" */
	uint8_t kind;	      /* enum label_kind */
	uint8_t streams;      /* of a gRPC method: RPC_STREAMS_ bits learned (exchange.h) */
};

enum label_kind {
	LABEL_ROUTE = 1,
	LABEL_STATEMENT = 2,
	LABEL_COMMAND = 3,
	LABEL_KEY = 4, /* a pattern of Redis keys; who knows them all is keys/patterns.h */
	LABEL_KINDS
};

struct labels_options {
	uint32_t routes_per_service; /* default 200 */
	uint32_t statements;	     /* default 2000 */
	uint32_t statement_bytes;    /* longest normalised text kept, default 1024 */
	const char *const
		*route_patterns; /* "/orders/{order}/items/{item}", NULL-terminated, may be NULL */
};

struct labels *labels__new(const struct labels_options *options); /* NULL: no memory */
void labels__free(struct labels *labels);
/* Other route patterns from now on (NULL-terminated, copied; NULL: none); labels that exist stay.
 */
void labels__set_patterns(struct labels *labels, const char *const *patterns);
/* A pattern has digits in it: which ones a path has may decide its route. */
bool labels__numbers_matter(const struct labels *labels);

/* Target of an HTTP request ("/a/1?x=2", absolute or authority form, "*") within one service. */
uint32_t labels__route(struct labels *labels, uint32_t service, struct slice target);
struct marked_path; /* raw_key.h */
/* The same where its path is marked already. */
uint32_t labels__route_marked(struct labels *labels, uint32_t service, struct slice target,
			      const struct marked_path *path);
/* Where a target of this raw key led to when it was asked for last; zeroed: it was not. */
struct label_memo {
	uint64_t generation;
	uint32_t service;
	uint32_t id;
};
uint32_t labels__route_again(struct labels *labels, uint32_t service, struct slice target,
			     struct label_memo *memo);
/*
 * Path of a gRPC method. Its parts are names of a program's own and stay as they are; what is no
 * such path goes the way of routes. In one table with them: LABEL_ROUTE.
 */
uint32_t labels__rpc(struct labels *labels, uint32_t service, struct slice path);
/* Adds to what is known of a method and returns all of it; of LABEL_UNSEEN and LABEL_OTHER nothing
 * is. */
uint8_t labels__rpc_streams(struct labels *labels, uint32_t id, uint8_t bits);
uint32_t labels__statement(struct labels *labels, struct slice sql, bool truncated);
/* Redis command, with its subcommand where the command is a container (CONFIG GET, CLIENT LIST). */
uint32_t labels__command(struct labels *labels, struct slice name, struct slice subcommand);

/* The same by its index in redis_commands.h. */
uint32_t labels__command_at(struct labels *labels, uint32_t index);

/* One more pattern of Redis keys, which the caller finds again and bounds; or LABEL_OTHER. */
uint32_t labels__key_pattern(struct labels *labels, struct slice text);

/* While that holds, what is not known yet is `other`. */
void labels__refuse(struct labels *labels, bool refuse);

/* Never NULL. The returned texts live as long as the table and never change. */
const struct label *labels__get(const struct labels *labels, uint32_t id);
uint32_t labels__count(const struct labels *labels);
/* How often a name went to `other`. */
uint64_t labels__overflowed(const struct labels *labels, enum label_kind kind);

#endif
