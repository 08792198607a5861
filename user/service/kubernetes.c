/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "service/kubernetes.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REMEMBERED 256 /* containers; a kubelet runs 110 pods unless told otherwise */
#define ID_DIGITS  64

struct kubernetes {
	char logs[256];
	bool found;
	struct container known[REMEMBERED]; /* by the first digits of the id */
};

struct kubernetes *kubernetes__new(const char *logs)
{
	struct kubernetes *k = calloc(1, sizeof(*k));

	if (k)
		snprintf(k->logs, sizeof(k->logs), "%s", logs);
	return k;
}

void kubernetes__free(struct kubernetes *k)
{
	free(k);
}

/* ---- workloads ---- */

/* What Kubernetes makes names unique with (apimachinery, pkg/util/rand): no vowel, no 0, 1, 3. */
static bool is_random(const char *text, size_t length)
{
	return strspn(text, "bcdfghjklmnpqrstvwxz2456789") >= length;
}

static bool is_number(const char *text, size_t length)
{
	return length && strspn(text, "0123456789") >= length;
}

/* Where the last part of a name begins, behind its dash; 0: it has one part. */
static size_t last_part(const char *name, size_t length)
{
	while (length && name[length - 1] != '-')
		length--;
	return length;
}

/*
 * ReplicaSets end with a hash of up to ten (pod-template-hash), CronJobs' Jobs with the minute they
 * were due at. A bare DaemonSet or Job has neither.
 */
static size_t without_owner(const char *name, size_t length)
{
	size_t at = last_part(name, length), own = length - at;

	if (at < 2)
		return length;
	if ((own >= 8 && own <= 10 && is_random(name + at, own)) ||
	    (own == 8 && is_number(name + at, own)))
		return at - 1;
	return length;
}

void kubernetes__workload(const char *pod, char *out, size_t size)
{
	size_t length = strlen(pod), at = last_part(pod, length), own = length - at;

	if (at >= 2 && own == 5 && is_random(pod + at, own))
		length = without_owner(pod, at - 1);
	else if (at >= 2 && own <= 5 && is_number(pod + at, own))
		length = at - 1;
	snprintf(out, size, "%.*s", (int)length, pod);
}

/* ---- links ---- */

static void take(char *out, size_t size, const char *text, size_t length)
{
	snprintf(out, size, "%.*s", (int)length, text);
}

/* "POD_NAMESPACE_CONTAINER-ID.log": none of the names has an underscore (RFC 1123 labels). */
static bool take_link(const char *name, struct container *out)
{
	const char *space = strchr(name, '_'), *container = space ? strchr(space + 1, '_') : NULL;
	size_t length = strlen(name);

	if (!container || length < (size_t)(container - name) + 2 + ID_DIGITS + 5)
		return false;
	take(out->pod_name, sizeof(out->pod_name), name, (size_t)(space - name));
	take(out->space, sizeof(out->space), space + 1, (size_t)(container - space - 1));
	take(out->name, sizeof(out->name), container + 1,
	     length - (size_t)(container + 1 - name) - ID_DIGITS - 5);
	kubernetes__workload(out->pod_name, out->workload, sizeof(out->workload));
	return true;
}

static bool is_of(const char *name, const char *id)
{
	size_t length = strlen(name);

	return length > ID_DIGITS + 5 && strcmp(name + length - 4, ".log") == 0 &&
	       name[length - ID_DIGITS - 5] == '-' &&
	       memcmp(name + length - ID_DIGITS - 4, id, ID_DIGITS) == 0;
}

static bool find(const struct kubernetes *k, struct container *container)
{
	DIR *folder = opendir(k->logs);
	const struct dirent *entry;
	bool found = false;

	while (folder && !found && (entry = readdir(folder)) != NULL)
		found = is_of(entry->d_name, container->id) && take_link(entry->d_name, container);
	if (folder)
		closedir(folder);
	return found;
}

void kubernetes__name(struct kubernetes *k, struct container *container)
{
	struct container *known;
	unsigned int digits;

	if (!k || !container->pod[0] || strlen(container->id) != ID_DIGITS ||
	    sscanf(container->id, "%4x", &digits) != 1)
		return;
	known = &k->known[digits % REMEMBERED];
	if (strcmp(known->id, container->id) == 0)
		*container = *known;
	else if (find(k, container))
		*known = *container;
	k->found |= container->pod_name[0];
}

bool kubernetes__found(const struct kubernetes *k)
{
	return k && k->found;
}
