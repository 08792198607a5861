/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "metrics/pods.h"

#include <stdlib.h>
#include <string.h>
#include "metrics/internal.h"
#include "metrics/writer.h"

#define NAME "service_kubernetes_info"

/* A service in a container; in a snapshot. */
struct pod {
	const char *service;
	struct container container;
};

struct collecting {
	struct metrics *metrics;
	struct pod *pod;
	uint32_t count;
};

static bool is_there(const struct collecting *c, const char *service,
		     const struct container *container)
{
	for (uint32_t i = 0; i < c->count; i++)
		if (strcmp(c->pod[i].container.id, container->id) == 0 &&
		    c->pod[i].service == service)
			return true;
	return false;
}

/* Those of which exchanges were seen. */
static bool collect(void *context, struct process *process)
{
	struct collecting *c = context;
	const struct processes *processes = c->metrics->engine->processes;
	const struct service *service = processes__service(processes, process->service);
	const char *name;

	if (!process->container.pod_name[0] || process->own || process->ignored ||
	    !(service->network_bytes[DIRECTION_RECV] || service->network_bytes[DIRECTION_SEND]))
		return true;
	name = metrics__service_name(c->metrics, process->service);
	if (!name || is_there(c, name, &process->container))
		return true;
	c->pod[c->count++] = (struct pod){.service = name, .container = process->container};
	return c->count < PODS_MAX;
}

bool pods__copy(struct snapshot *snapshot, struct metrics *m)
{
	struct collecting c = {.metrics = m};
	uint32_t cursor = 0;
	struct pod *copy;

	if (!processes__has_pods(m->engine->processes))
		return true;
	c.pod = malloc(PODS_MAX * sizeof(*c.pod));
	if (!c.pod)
		return false;
	processes__turn(m->engine->processes, &cursor, PROCESSES_BUCKETS, collect, &c);
	copy = snapshot__take(snapshot, c.count * sizeof(*copy));
	if (copy && c.count)
		memcpy(copy, c.pod, c.count * sizeof(*copy));
	snapshot->pods = copy;
	snapshot->pod_count = copy ? c.count : 0;
	free(c.pod);
	return copy;
}

void pods__expose(struct writer *w, const struct snapshot *snapshot)
{
	if (!snapshot->pod_count)
		return;
	writer__family(w, NAME, METRIC_INFO, "",
		       "Containers in which a service's processes live, as Kubernetes calls them.");
	for (uint32_t i = 0; i < snapshot->pod_count; i++) {
		const struct pod *pod = &snapshot->pods[i];

		writer__clear_labels(w);
		writer__label(w, "service", pod->service);
		writer__label(w, "namespace", pod->container.space);
		writer__label(w, "workload", pod->container.workload);
		writer__label(w, "pod", pod->container.pod_name);
		writer__label(w, "container", pod->container.name);
		writer__number(w, 1);
	}
}

bool pods__is_known(const char *name)
{
	return strcmp(name, NAME) == 0;
}
