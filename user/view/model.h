/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a view shows: rows made from two model documents (docs/model.md), the newer and an older
 * one. Pure: documents in, numbers out.
 */
#ifndef SONDE_VIEW_MODEL_H
#define SONDE_VIEW_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "view/heat.h"

#define MODEL_ROWS_MAX 20000 /* of one page; further ones are counted in `left_out` */
#define MODEL_HISTORY  HEAT_INTERVALS
#define MODEL_NAME_MAX 512
#define MODEL_VALUES   8
#define MODEL_STATUS                                                                               \
	12 /* status codes of a route, commands of a pattern; further ones are left out */

enum page {
	PAGE_SERVICES,
	PAGE_ROUTES,
	PAGE_STATEMENTS,
	PAGE_COMMANDS,
	PAGE_KEYS,
	PAGE_LOSSES,
	PAGE_SONDE,
	PAGE_SLOW, /* slow.h */
	PAGE_POOLS,
	PAGE_CACHES,
	PAGE_QUEUES,
	PAGE_TAIL, /* tail_page.h */
	PAGE_COUNT
};

struct slow_row;

/* Of a route a status code, of a pattern of keys a command. */
struct model_status {
	unsigned code; /* 0: a command */
	char command[24];
	uint64_t count; /* within the interval */
};

struct model_row {
	uint64_t id; /* the same in every document; a hash of what names the row */
	char service[64];
	char side[8];
	char protocol[12];
	char name[MODEL_NAME_MAX]; /* route, statement, command, pattern; printable */
	char kind[16];		   /* method, verb; "blocking" */
	char table[64];
	char fingerprint[20];
	char callers[96]; /* of a statement: callers.h; "" none are seen */
	uint64_t count, errors, unanswered, aux, aux2; /* within the interval */
	double rate;				       /* answered a second */
	double error_share;			       /* of the answered ones, 0..1 */
	double mean, p50, p95, p99, max;	       /* ms; NAN where nothing was answered */
	uint64_t connections;
	uint64_t request_bytes, response_bytes; /* of a pattern of keys, within the interval */
	float history[MODEL_HISTORY];		/* rates, newest last */
	bool past;				/* history and heat are of a whole recording */
	struct heat heat;			/* empty where there is no older document */
	struct model_status status[MODEL_STATUS];
	size_t status_count;
	double value[MODEL_VALUES]; /* of pools, caches and queues: backends.h; NAN: not known */
};

struct model_loss {
	char protocol[12], reason[16];
	uint64_t exchanges, bytes;
};

struct model_total {
	char protocol[12], side[8];
	uint64_t seen, reported, in_flight, lost;
};

struct model {
	double interval; /* seconds that the rows are about */
	bool recording;
	bool whole; /* there is no older document: rows are about all the time */
	char version[16], capture[24], wall[32];
	double call_cost;     /* a BPF program's run as a share of a socket call; 0: not known */
	bool memory_tight;    /* nothing new is taken in, to keep the memory limit */
	double sampling_rate; /* share of the connections that is observed, 1: all */
	double cpu_share, ring_fill, ring_fill_max, drain_delay_ms, bpf_share;
	double events_rate, bytes_rate;
	uint64_t resident_bytes, connections, series, events, bytes;
	uint64_t seen, lost; /* of all protocols and sides; lost without `attached` */
	uint64_t attached;   /* lost because they had begun before sonde was attached */
	struct model_row *rows[PAGE_COUNT];
	size_t row_count[PAGE_COUNT];
	uint64_t left_out;
	struct model_loss losses[64];
	size_t loss_count;
	struct model_total totals[16];
	size_t total_count;
	struct slow_row *slow; /* view/slow.h; owned */
	size_t slow_count;
};

/*
 * older NULL, or of a daemon that was started anew: since the observation began. before (may be
 * NULL) is the model shown until now, whose rows' histories go on; of a recording's whole, that of
 * its parts (past.h), whose histories it takes over. NULL: no memory, or newer is no such document.
 */
struct model *model__new(const json_t *newer, const json_t *older, const struct model *before);
void model__free(struct model *model); /* tolerates NULL */
/* A document's text, fit for a terminal: without control characters, cut between characters. */
void model__text(const json_t *object, const char *key, char *out, size_t size);

#endif
