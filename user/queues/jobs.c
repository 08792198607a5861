/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "queues/jobs.h"

#include <stdlib.h>

#define CAPACITY_FIRST 64

void jobs__clear(struct jobs *jobs)
{
	free(jobs->at);
	*jobs = (struct jobs){0};
}

static struct job *free_place(struct job *at, uint32_t capacity, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (capacity - 1);

	while (at[i].hash)
		i = (i + 1) & (capacity - 1);
	return &at[i];
}

static bool widen(struct jobs *jobs)
{
	uint32_t capacity = jobs->capacity ? jobs->capacity * 2 : CAPACITY_FIRST;
	struct job *at;

	if (2 * (jobs->count + 1) <= jobs->capacity)
		return true;
	at = jobs->count < JOBS_MAX ? calloc(capacity, sizeof(*at)) : NULL;
	if (!at)
		return false;
	for (uint32_t i = 0; i < jobs->capacity; i++)
		if (jobs->at[i].hash)
			*free_place(at, capacity, jobs->at[i].hash) = jobs->at[i];
	free(jobs->at);
	jobs->at = at;
	jobs->capacity = capacity;
	return true;
}

struct job *jobs__add(struct jobs *jobs, uint64_t hash)
{
	struct job *job;

	if (!widen(jobs)) {
		jobs->refused++;
		return NULL;
	}
	hash |= !hash;
	job = free_place(jobs->at, jobs->capacity, hash);
	*job = (struct job){.hash = hash};
	jobs->count++;
	return job;
}

struct job *jobs__find(const struct jobs *jobs, uint64_t hash)
{
	struct job *oldest = NULL;

	hash |= !hash;
	for (uint32_t i = (uint32_t)hash, mask = jobs->capacity - 1;
	     jobs->at && jobs->at[i & mask].hash; i++) {
		struct job *job = &jobs->at[i & mask];

		if (job->hash == hash && (!oldest || job->taken_ns < oldest->taken_ns))
			oldest = job;
	}
	return oldest;
}

/* Taking out moves what was displaced by it (linear probing). */
void jobs__remove(struct jobs *jobs, struct job *job)
{
	uint32_t mask = jobs->capacity - 1;
	uint32_t i = (uint32_t)(job - jobs->at);

	*job = (struct job){0};
	jobs->count--;
	for (i = (i + 1) & mask; jobs->at[i].hash; i = (i + 1) & mask) {
		struct job moved = jobs->at[i];

		jobs->at[i] = (struct job){0};
		*free_place(jobs->at, jobs->capacity, moved.hash) = moved;
	}
}

void jobs__sweep(struct jobs *jobs, bool (*gone)(void *context, const struct job *job),
		 void *context)
{
	for (uint32_t i = 0; i < jobs->capacity;) {
		struct job *job = &jobs->at[i];

		if (job->hash && gone(context, job))
			jobs__remove(jobs, job); /* another one may have moved here */
		else
			i++;
	}
}
