/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A request target folded to a template: ids, UUIDs, hashes, dates and long tokens become {id} and
 * the like. */
#ifndef SONDE_ROUTE_H
#define SONDE_ROUTE_H

#include <stddef.h>
#include "protocol/slice.h"

#define ROUTE_MAX 256

/*
 * The path of a target in any of its forms (RFC 9112 section 3.2), without query, fragment and path
 * parameters (";jsessionid=..."). Of an authority ("host:443") nothing is left.
 */
struct slice route__path(struct slice target);
/*
 * Writes the template of the target's path into out, NUL-terminated, and returns its length, at
 * most ROUTE_MAX - 1. Bytes outside printable ASCII and quotes are replaced.
 */
size_t route__template(struct slice target, char out[ROUTE_MAX]);
/* What one part of a path or of a key is folded to: "{id}"; NULL: it stays as it is. */
const char *route__fold(struct slice part);
/* True where the path fits the pattern ("/orders/{order}/items/{item}"; a final "/..." fits any
 * rest). */
bool route__fits(const char *pattern, struct slice path);

#endif
