/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Metrics by the names of OpenTelemetry's semantic conventions (1.45: HTTP, database, RPC), in the
 * form that Prometheus has for them. The same series as under the fixed names, so the same counts.
 */
#ifndef SONDE_OTEL_H
#define SONDE_OTEL_H

#include <stdbool.h>

struct snapshot;
struct writer;

void otel__expose(struct writer *writer, const struct snapshot *snapshot);
bool otel__is_known(const char *name);	 /* of one of its metrics */
bool otel__replaces(const char *metric); /* is what this fixed name tells among them? */

#endif
