/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is served where: one table line an endpoint. Pure: a snapshot in, a reply out. */
#ifndef SONDE_ENDPOINTS_H
#define SONDE_ENDPOINTS_H

#include <stdbool.h>
#include "buffer.h"
#include "metrics/metrics.h"
#include "tail.h"

/* What of a request a reply depends on; NULL but for the path: not there. */
struct request {
	const char *path;
	const char *accept;	   /* header */
	const char *if_none_match; /* header */
	const char *service;	   /* query parameter */
	const char *after;	   /* query parameter */
	struct tail *tail;	   /* NULL: there is none */
};

struct reply {
	unsigned int status;
	const char *type; /* Content-Type */
	char tag[17];	  /* what caches may keep the body by; "": they must not */
	struct buffer body;
	bool gzip;
};

struct endpoint {
	const char *path;
	bool needs_snapshot;
	bool counts_as_scrape;
	void (*make)(const struct snapshot *snapshot, const struct request *request,
		     struct reply *reply);
};

const struct endpoint *endpoint__find(const char *path); /* NULL: there is none */

#endif
