/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Celery on Redis (kombu/transport/redis.py, celery/backends/redis.py): messages wait in the list
 * NAME, those with a priority in three more. A worker pops them ahead of need and keeps them in the
 * hash `unacked` until they are acknowledged: when work on them begins, or, with acks_late, when it
 * is done. Their end is told by the result, celery-task-meta-ID, that the working process stores.
 */
#include "queues/queue_kind.h"

#include "queues/celery_message.h"
#include "rules/json_find.h"

enum celery_deed {
	DEED_ACKNOWLEDGED = DEED_LAST, /* job: hash of the delivery tag */
	DEED_PEEKED,		       /* what will be removed next is put back, not acknowledged */
	DEED_STATUS,		       /* job: hash of the task's id */
};

enum status { STATUS_OTHER, STATUS_STARTED, STATUS_SUCCEEDED, STATUS_FAILED, STATUS_UNREADABLE };

#define LINK_PEEKED 0x01

struct celery {
	bool results; /* are stored: ends are told */
	bool begins;  /* acknowledgements tell beginnings */
};

static const char *prefix_of(const struct queue *q)
{
	return q->setting->prefix ? q->setting->prefix : "";
}

/* NAME, and NAME \x06\x16 3, 6 and 9 (kombu's priority_steps). */
static int celery_list(const struct queue *q, struct slice key)
{
	const char *const parts[] = {prefix_of(q), q->setting->queue};

	for (int i = 0; i < 2; i++) {
		if (!slice__starts(key, parts[i]))
			return -1;
		key = slice__from(key, strlen(parts[i]));
	}
	if (!key.length)
		return 0;
	if (!slice__starts(key, "\x06\x16"))
		return -1;
	return slice__equals(key, "\x06\x16"
				  "3")
		       ? 1
	       : slice__equals(key, "\x06\x16"
				    "6")
		       ? 2
		       : 3;
}

/* ---- commands ---- */

static enum status status_of(struct slice result)
{
	struct slice status;

	if (!json__find(result, "status", &status))
		return STATUS_UNREADABLE;
	if (slice__equals(status, "STARTED"))
		return STATUS_STARTED;
	if (slice__equals(status, "SUCCESS") || slice__equals(status, "IGNORED"))
		return STATUS_SUCCEEDED;
	if (slice__equals(status, "FAILURE") || slice__equals(status, "RETRY") ||
	    slice__equals(status, "REVOKED") || slice__equals(status, "REJECTED"))
		return STATUS_FAILED;
	return STATUS_OTHER;
}

static bool read_result(struct queue *q, const struct call *call, struct deed *d)
{
	uint32_t at = call->command == FOLLOWED_SET ? 2 : 3;
	struct slice id;

	if (at >= call->kept || !call__behind(call, 1, prefix_of(q), "celery-task-meta-", "", &id))
		return false;
	d->what = DEED_STATUS;
	d->job = call__hash_of(call, id);
	d->flags = (uint8_t)status_of(call->argument[at]);
	return d->flags != STATUS_OTHER;
}

static bool read_unacked(struct queue *q, const struct call *call, struct deed *d)
{
	struct slice rest;

	if (!call__behind(call, 1, prefix_of(q), "unacked", "", &rest) || rest.length)
		return false;
	d->what = call->command == FOLLOWED_HDEL ? DEED_ACKNOWLEDGED : DEED_PEEKED;
	d->job = call__hash(call, 2);
	return true;
}

static bool celery_read(struct queue *q, const struct call *call, struct deed *d)
{
	switch (call->command) {
	case FOLLOWED_SET:
	case FOLLOWED_SETEX:
	case FOLLOWED_PSETEX:
		return read_result(q, call, d);
	case FOLLOWED_HDEL:
	case FOLLOWED_HGET:
		return read_unacked(q, call, d);
	default:
		return list_deed__read(q, call, celery_list, d);
	}
}

/* ---- replies ---- */

static void celery_taken(struct queue *q, const struct deed *d, const struct reply *reply,
			 const struct scene *s)
{
	struct celery_message message = celery_message__read(reply, q->key);
	struct job *tag;

	(void)d;
	queue__take(q, message.task, s);
	tag = message.tag ? jobs__add(&q->links, message.tag) : NULL;
	if (!tag)
		return;
	tag->link = message.task;
	tag->taken_ns = s->now_ns;
}

/* Without results nothing tells the end but a late acknowledgement. */
static void acknowledged(struct queue *q, struct job *job, const struct scene *s)
{
	struct celery *own = q->own;

	if (q->setting->late && !own->results) {
		q->processed_known = true;
		queue__count(q, 1, 0, s->now_ns);
		queue__return(q, job, s);
	} else if (own->results && !q->setting->late) {
		own->begins = true;
		queue__worker(q, s);
		queue__start(q, job, s->moment.start_ns, s);
	} else if (!q->setting->late) {
		job->taken_ns =
			s->moment.start_ns; /* as good as a beginning, once an end is told */
	}
}

static void unlinked(struct queue *q, uint64_t tag, const struct scene *s)
{
	struct job *link = jobs__find(&q->links, tag), *job;
	bool peeked;

	if (!link)
		return; /* another queue's, or taken before */
	job = jobs__find(&q->jobs, link->link);
	peeked = link->flags & LINK_PEEKED;
	jobs__remove(&q->links, link);
	if (job && peeked)
		queue__return(q, job, s);
	else if (job)
		acknowledged(q, job, s);
}

/* Acknowledged late, and without STARTED: nothing tells when work on it began. */
static void unbegun(struct queue *q, struct job *job, bool failed, const struct scene *s)
{
	queue__count(q, 1, failed, s->now_ns);
	queue__return(q, job, s);
}

static void told(struct queue *q, const struct deed *d, const struct scene *s)
{
	struct job *job = jobs__find(&q->jobs, d->job);
	struct celery *own = q->own;

	if (!job)
		return;
	own->results = true;
	q->processed_known = true;
	q->duration_known |= !q->setting->late || d->flags == STATUS_STARTED;
	q->failures_known |= d->flags != STATUS_UNREADABLE;
	if (d->flags == STATUS_STARTED)
		queue__start(q, job, s->moment.start_ns, s);
	else if (q->setting->late && !job->started_ns)
		unbegun(q, job, d->flags == STATUS_FAILED, s);
	else if (job->started_ns)
		queue__end(q, job, d->flags == STATUS_FAILED, s->moment.start_ns, s);
	else
		queue__did(q, job, d->flags == STATUS_FAILED, s->moment.start_ns, s);
}

static void celery_apply(struct queue *q, const struct deed *d, struct reply *reply,
			 const struct scene *s)
{
	struct celery *own = q->own;
	struct job *link;

	switch (d->what) {
	case DEED_ACKNOWLEDGED:
		unlinked(q, d->job, s);
		break;
	case DEED_PEEKED:
		link = jobs__find(&q->links, d->job);
		if (link)
			link->flags |= LINK_PEEKED;
		break;
	case DEED_STATUS:
		told(q, d, s);
		break;
	default:
		if (d->what == DEED_POP && own->begins)
			queue__worker(q, s);
		list_deed__apply(q, d, reply, s, celery_list, celery_taken);
		break;
	}
}

const struct queue_kind celery_kind = {
	.name = "celery",
	.commands = LIST_COMMANDS | FOLLOW(SET) | FOLLOW(SETEX) | FOLLOW(PSETEX) | FOLLOW(HDEL) |
		    FOLLOW(HGET),
	.own_size = sizeof(struct celery),
	.read = celery_read,
	.apply = celery_apply,
	.same = list_deed__same,
};
