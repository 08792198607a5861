/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Made traffic: the events of many connections that ask and answer in turn, as bpf/ would deliver
 * them. */
#ifndef SONDE_BENCH_TRAFFIC_H
#define SONDE_BENCH_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>
#include "event.h"

struct traffic;

struct traffic_kind {
	const char *name;
	const char *unit;   /* what one exchange is called */
	uint32_t exchanges; /* a turn: one chunk of requests, one of answers */
	uint16_t port;	    /* the server's */
	size_t (*greet)(bool request, uint8_t *out); /* first turn of a connection; NULL: none */
	size_t (*turn)(bool request, uint64_t number, uint8_t *out);
};

extern const struct traffic_kind traffic_kinds[];
extern const size_t traffic_kind_count;

/* `take` gets every event. NULL: no memory. */
struct traffic *traffic__new(const struct traffic_kind *kind, uint32_t connections, bool server,
			     void (*take)(void *context, const struct event *event, uint32_t size),
			     void *context);
void traffic__free(struct traffic *traffic);
/* One turn on each of the next `turns` connections, one after the other. */
void traffic__play(struct traffic *traffic, uint64_t turns);

#endif
