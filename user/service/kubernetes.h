/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What Kubernetes calls a container, from this node alone: the kubelet links every container's log
 * as POD_NAMESPACE_CONTAINER-ID.log. Nobody's API is asked.
 */
#ifndef SONDE_KUBERNETES_H
#define SONDE_KUBERNETES_H

#include <stdbool.h>
#include <stddef.h>
#include "service/container.h"

struct kubernetes;

/* logs: the folder of those links, usually /var/log/containers. NULL: no memory. */
struct kubernetes *kubernetes__new(const char *logs);
void kubernetes__free(struct kubernetes *kubernetes); /* tolerates NULL */
/*
 * Fills in the names of a container of a pod; leaves them empty where there is no link (yet), or
 * outside of Kubernetes. Known ones are remembered. kubernetes NULL: does nothing.
 */
void kubernetes__name(struct kubernetes *kubernetes, struct container *container);
bool kubernetes__found(const struct kubernetes *kubernetes); /* one, since the start */

/*
 * The workload that a pod's name tells: without what a ReplicaSet, DaemonSet, Job, CronJob or
 * StatefulSet adds to its own. size: of out, at least 1.
 */
void kubernetes__workload(const char *pod, char *out, size_t size);

#endif
