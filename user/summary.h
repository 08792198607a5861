/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One line for people who do not look at a terminal view. */
#ifndef SONDE_SUMMARY_H
#define SONDE_SUMMARY_H

#include <stddef.h>
#include "metrics/metrics.h"

/* "http 1204 (3 errors), postgres 88, redis 5120; lost 0; 12 connections, 18 MiB". */
void summary__line(const struct snapshot *snapshot, char *out, size_t size);

#endif
