/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An exchange as a line for people, and which of them are wanted: `sonde tail`. Pure. */
#ifndef SONDE_LINE_H
#define SONDE_LINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "buffer.h"

/* NULL and 0: whatever it is. Patterns may hold * and ?. */
struct line_filter {
	const char *service, *route; /* patterns; route: of a statement its text, of a command
					 its name or the pattern of its keys */
	const char *protocol, *side;
	const char *status; /* "404", "5xx", "error", an SQLSTATE, "aborted", "lost" */
	uint64_t slower_ns; /* at least as long */
};

/* What it was about: a route, a statement or a command, never more than a template. */
const char *line__subject(const json_t *exchange);
/* The same with HTTP's method before it, with the pattern of its keys behind it. */
void line__what(const json_t *exchange, char *out, size_t size);
/* As people look for it: HTTP's number, gRPC's and SQL's error, else the outcome. */
void line__status(const json_t *exchange, char *out, size_t size);
/* "250us", "100ms", "2s". False: it is none. */
bool line__duration(const char *text, uint64_t *ns);

bool line_filter__admits(const struct line_filter *filter, const json_t *exchange);
/*
 * "12:34:56.789012 server nginx  http GET /orders/{id} 200 1.23ms"; offset_ns is added to the
 * exchange's monotonic times to get the time since 1970.
 */
void line__print(const json_t *exchange, int64_t offset_ns, struct buffer *out);

#endif
