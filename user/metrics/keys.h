/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is counted of Redis keys by the patterns they fit (keys/patterns.h). */
#ifndef SONDE_METRICS_KEYS_H
#define SONDE_METRICS_KEYS_H

#include "exchange.h"

struct metrics;

/* An exchange of Redis, where patterns are wanted. */
void keys__exchange(struct metrics *metrics, const struct exchange *exchange);

#endif
