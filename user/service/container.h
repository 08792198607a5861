/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the path of a process's control group tells: its container, pod and systemd unit. */
#ifndef SONDE_CONTAINER_H
#define SONDE_CONTAINER_H

#include <stddef.h>

struct container {
	char id[65];  /* full id, or the name of an LXC or nspawn container; "" outside of them */
	char pod[37]; /* pod UID, with dashes; "" outside of Kubernetes */
	/* What Kubernetes calls it (service/kubernetes.h); "" not known */
	char pod_name[128], space[64], name[64], workload[128];
};

void container__of(const char *cgroup, struct container *out);
/*
 * The service unit that the process belongs to, without ".service" and instance; "" none, or one
 * that starts what others name (users' sessions, cron, container engines).
 */
void unit__of(const char *cgroup, char *out, size_t size);

#endif
