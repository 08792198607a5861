/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One exchange of a bucket, by the trace it belongs to (OpenMetrics 1.0, "Exemplars"), as its
 * `traceparent` header tells (W3C Trace Context). Nothing else of the header is kept.
 */
#ifndef SONDE_EXEMPLAR_H
#define SONDE_EXEMPLAR_H

#include <stdbool.h>
#include <stdint.h>
#include "details.h"
#include "protocol/slice.h"

#define TRACE_BYTES	    16
#define EXEMPLAR_TRACE_TEXT (2 * TRACE_BYTES + 1)

struct exemplar {
	double value;	  /* of the histogram's unit */
	uint64_t time_ns; /* monotonic; 0: none is set */
	uint8_t trace[TRACE_BYTES];
};

/*
 * The trace id of a header's value; false where it is malformed, all zeros, or not sampled: nobody
 * kept that trace. Pure.
 */
bool traceparent__parse(struct slice value, uint8_t trace[TRACE_BYTES]);
/* The same out of what was kept of a request; false where nothing was. */
bool traceparent__find(const struct details *details, uint8_t trace[TRACE_BYTES]);

static inline bool exemplar__is_set(const struct exemplar *exemplar)
{
	return exemplar->time_ns != 0;
}

void exemplar__trace(const struct exemplar *exemplar, char out[EXEMPLAR_TRACE_TEXT]);
/*
 * In whole milliseconds, so that one exemplar has the same time in every scrape. offset_ns: of the
 * wall clock over the monotonic one.
 */
uint64_t exemplar__wall_ns(const struct exemplar *exemplar, int64_t offset_ns);

#endif
