/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which pods' containers a service runs in, as Kubernetes calls them: to join with other series. */
#ifndef SONDE_PODS_H
#define SONDE_PODS_H

#include <stdbool.h>

struct metrics;
struct snapshot;
struct writer;

#define PODS_MAX 1024 /* containers told; a kubelet runs 110 pods unless told otherwise */

/* Into the snapshot; false: no memory. The engine's thread. */
bool pods__copy(struct snapshot *snapshot, struct metrics *metrics);
void pods__expose(struct writer *writer, const struct snapshot *snapshot);
bool pods__is_known(const char *name); /* of its metric */

#endif
