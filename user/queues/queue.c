/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "queues/queue.h"

#include <errno.h>
#include <stdlib.h>

int queue__init(struct queue *q, const struct queue_setting *setting, const struct siphash_key *key)
{
	*q = (struct queue){.setting = setting, .key = key};
	q->workers.given = setting->workers;
	q->duration = histogram__new(&setting->bounds);
	return q->duration ? 0 : -ENOMEM;
}

void queue__clear(struct queue *q)
{
	jobs__clear(&q->jobs);
	jobs__clear(&q->links);
	workers__clear(&q->workers);
	histogram__free(q->duration);
	free(q->own);
}

static void see(struct queue *q, const struct scene *s, uint32_t most)
{
	struct worker who = {.identity = s->identity,
			     .connection = s->connection,
			     .tgid = s->tgid,
			     .most = most};

	workers__see(&q->workers, &who, s->asked_ns, s->now_ns);
}

void queue__worker(struct queue *q, const struct scene *s)
{
	see(q, s, 1);
}

void queue__helper(struct queue *q, const struct scene *s)
{
	see(q, s, 0);
}

struct job *queue__take(struct queue *q, uint64_t hash, const struct scene *s)
{
	struct job *job;

	q->taken++;
	job = hash ? jobs__add(&q->jobs, hash) : NULL;
	if (!job) {
		q->jobs.refused += !hash;
		return NULL;
	}
	job->taken_ns = s->moment.end_ns;
	job->worker = s->identity;
	return job;
}

struct job *queue__job(struct queue *q, uint64_t hash, const struct scene *s)
{
	struct job *job = jobs__find(&q->jobs, hash);

	if (!job)
		job = jobs__add(&q->jobs, hash);
	if (job && !job->worker)
		job->worker = s->identity;
	return job;
}

void queue__start(struct queue *q, struct job *job, uint64_t time_ns, const struct scene *s)
{
	if (!job || job->started_ns)
		return;
	job->started_ns = time_ns;
	workers__begin(&q->workers, job->worker, time_ns, s->now_ns);
}

static void observe(struct queue *q, uint64_t from_ns, uint64_t to_ns)
{
	histogram__observe(q->duration, to_ns > from_ns ? (double)(to_ns - from_ns) / 1e9 : 0);
}

static void leave(struct queue *q, struct job *job, uint64_t time_ns, const struct scene *s)
{
	if (job->started_ns)
		workers__end(&q->workers, job->worker, time_ns, s->now_ns);
	jobs__remove(&q->jobs, job);
}

void queue__end(struct queue *q, struct job *job, bool failed, uint64_t time_ns,
		const struct scene *s)
{
	if (job && job->started_ns)
		observe(q, job->started_ns, time_ns);
	else
		q->unmeasured++;
	queue__count(q, 1, failed, s->now_ns);
	if (job)
		leave(q, job, time_ns, s);
}

void queue__did(struct queue *q, struct job *job, bool failed, uint64_t time_ns,
		const struct scene *s)
{
	observe(q, workers__did(&q->workers, s->identity, job->taken_ns, time_ns, s->now_ns),
		time_ns);
	queue__count(q, 1, failed, s->now_ns);
	leave(q, job, time_ns, s);
}

void queue__return(struct queue *q, struct job *job, const struct scene *s)
{
	if (job)
		leave(q, job, s->moment.start_ns, s);
}

void queue__fail(struct queue *q, uint32_t count, uint64_t now_ns)
{
	q->failed += count;
	window__add(&q->outcomes, now_ns, count, 0);
}

void queue__count(struct queue *q, uint32_t count, uint32_t failed, uint64_t now_ns)
{
	q->processed += count;
	q->failed += failed;
	window__add(&q->outcomes, now_ns, failed, count);
}

void queue__unsure(struct queue *q)
{
	for (int i = 0; i < QUEUE_LISTS; i++)
		depth__unsure(&q->list[i]);
}

/* Lists that nobody has ever used hold nothing; the first one must be known. */
bool queue__depth(struct queue *q, uint64_t now_ns, int64_t *depth, int64_t *slack)
{
	int64_t length, off;

	if (!depth__get(&q->list[0], now_ns, depth, slack))
		return false;
	for (int i = 1; i < QUEUE_LISTS; i++) {
		if (depth__get(&q->list[i], now_ns, &length, &off)) {
			*depth += length;
			*slack += off;
		} else if (q->list[i].next) {
			return false;
		}
	}
	return true;
}

/* Which jobs are dropped: those of one worker, or all that began before a time. */
struct dropping {
	struct queue *queue;
	uint64_t identity, before_ns, then_ns, now_ns;
};

static bool is_dropped(void *context, const struct job *job)
{
	struct dropping *d = context;
	uint64_t since = job->taken_ns > job->started_ns ? job->taken_ns : job->started_ns;

	if (d->identity ? job->worker != d->identity : since >= d->before_ns)
		return false;
	if (job->started_ns)
		workers__end(&d->queue->workers, job->worker, d->then_ns, d->now_ns);
	d->queue->jobs.expired += !d->identity;
	return true;
}

void queue__abandon(struct queue *q, uint64_t identity, uint64_t then_ns, uint64_t now_ns)
{
	jobs__sweep(&q->jobs, is_dropped, &(struct dropping){q, identity, 0, then_ns, now_ns});
}

static bool is_old_link(void *context, const struct job *job)
{
	return job->taken_ns < *(const uint64_t *)context;
}

void queue__expire(struct queue *q, uint64_t now_ns)
{
	uint64_t within = q->setting->within_ns;
	uint64_t before = now_ns > within ? now_ns - within : 0;

	jobs__sweep(&q->jobs, is_dropped, &(struct dropping){q, 0, before, now_ns, now_ns});
	jobs__sweep(&q->links, is_old_link, &before);
}
