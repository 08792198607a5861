/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * BullMQ 5 and 6 (the scripts in its src/commands): everything is done by scripts, known here by
 * the keys they are given, which begin with PREFIX:NAME:, as their text and so their hash changes
 * with each version. Jobs wait in the list `wait` (or `paused`) and in the sorted set
 * `prioritized`; what is in `delayed` is moved there within the scripts that fetch a job, once its
 * time has come.
 */
#include "queues/queue_kind.h"

#include <stdlib.h>
#include "queues/bullmq.h"

enum bullmq_deed {
	DEED_ADDED = DEED_LAST,
	DEED_ADDED_DELAYED, /* another: due, in milliseconds since the epoch; count: the delay */
	DEED_FETCHED,	    /* another: the worker's time, in milliseconds since the epoch */
	DEED_FINISHED,	    /* and fetched the next one */
	DEED_RETRIED,
	DEED_DELAYED, /* another: due; count: the delay */
	DEED_RETURNED,
	DEED_WAITS_FOR_OTHERS,
	DEED_STALLED,
	DEED_PROMOTED,
	DEED_REPROCESSED,
	DEED_REMOVED,
	DEED_EMPTIED,
	DEED_PAUSED,
	DEED_UNSURE,
	DEED_SCHEDULED,
	DEED_COUNTED, /* another: which numbers of the reply to add up */
};

#define FLAG_FAILED  0x01
#define FLAG_FETCHES 0x02
#define FLAG_PERHAPS 0x04 /* a job of that name may be there already */

struct bullmq {
	bool taken;	 /* since it was last paused or resumed: it is not paused */
	uint32_t others; /* most jobs at work while one more was given out: the limit is higher */
	uint64_t next_due_ms;
};

/* What a script's first keys are; ":" stands for a job's own key. */
static const struct script {
	uint8_t what;
	const char *key[5];
} scripts[] = {
	{DEED_ADDED, {"wait", "paused", "meta", "id"}},
	{DEED_ADDED, {"marker", "meta", "id", "prioritized"}},
	{DEED_ADDED_DELAYED, {"marker", "meta", "id", "delayed"}},
	{DEED_FETCHED, {"wait", "active", "prioritized", "events", "stalled"}},
	{DEED_RETRIED, {"active", "wait", "paused", ":"}},
	{DEED_DELAYED, {"marker", "active", "prioritized", "delayed", ":"}},
	{DEED_RETURNED, {"active", "wait", "stalled"}},
	{DEED_WAITS_FOR_OTHERS, {"active", "waiting-children"}},
	{DEED_STALLED, {"stalled", "wait", "active"}},
	{DEED_PROMOTED, {"delayed", "wait", "paused"}},
	{DEED_REPROCESSED, {":", "events", "completed", "wait"}},
	{DEED_REPROCESSED, {":", "events", "failed", "wait"}},
	{DEED_REMOVED, {":", "repeat"}},
	{DEED_EMPTIED, {"wait", "paused", "delayed", "prioritized"}},
	{DEED_PAUSED, {"wait", "paused", "meta", "prioritized", "events"}},
	{DEED_PAUSED, {"paused", "wait", "meta", "prioritized", "events"}},
	{DEED_UNSURE, {"", "events"}},	   /* many jobs to wait */
	{DEED_UNSURE, {"meta", ""}},	   /* obliterated */
	{DEED_UNSURE, {"wait", "events"}}, /* cleaned */
	{DEED_UNSURE, {"prioritized", "events"}},
	{DEED_SCHEDULED, {"repeat", "delayed", "wait", "paused"}},
};

/* ---- keys and arguments of scripts ---- */

static uint32_t key_count(const struct call *call)
{
	struct slice digits = call__argument(call, 2);
	uint32_t count = 0;

	for (size_t i = 0; i < digits.length && i < 3; i++)
		count = count * 10 + (uint32_t)(digits.data[i] - '0');
	return count;
}

/* What follows PREFIX:NAME: in a key; false: it is another queue's. */
static bool key_of(const struct queue *q, const struct call *call, uint32_t index,
		   struct slice *out)
{
	const char *prefix = q->setting->prefix ? q->setting->prefix : "bull";

	if (!call__behind(call, 3 + index, prefix, ":", q->setting->queue, out) || !out->length ||
	    out->data[0] != ':')
		return false;
	*out = slice__from(*out, 1);
	return true;
}

static bool is_script(const struct queue *q, const struct call *call, const struct script *script,
		      uint32_t keys)
{
	struct slice key;
	uint32_t i;

	for (i = 0; i < 5 && script->key[i]; i++)
		if (i >= keys || !key_of(q, call, i, &key) ||
		    (script->key[i][0] != ':' && !slice__equals(key, script->key[i])))
			return false;
	return true;
}

static const struct script *script_of(const struct queue *q, const struct call *call, uint32_t keys)
{
	struct slice key;

	if (!keys || !key_of(q, call, 0, &key))
		return NULL;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
		if (is_script(q, call, &scripts[i], keys))
			return &scripts[i];
	return NULL;
}

static uint64_t milliseconds(struct slice digits)
{
	uint64_t ms = 0;

	for (size_t i = 0;
	     i < digits.length && i < 16 && digits.data[i] >= '0' && digits.data[i] <= '9'; i++)
		ms = ms * 10 + (uint64_t)(digits.data[i] - '0');
	return ms;
}

/* ---- commands ---- */

/* The eleventh key tells where the job goes. */
static void read_finished(struct queue *q, const struct call *call, uint32_t first, struct deed *d)
{
	struct slice key;

	if (first < 3 + 11 || !key_of(q, call, 10, &key) ||
	    (!slice__equals(key, "completed") && !slice__equals(key, "failed"))) {
		d->another = milliseconds(call__argument(call, first + 1));
		return;
	}
	d->what = DEED_FINISHED;
	d->flags = slice__equals(key, "failed") ? FLAG_FAILED : 0;
	d->flags |= call__is(call, first + 5, "1") ? FLAG_FETCHES : 0;
	d->job = call__hash(call, first);
	d->another = milliseconds(call__argument(call, first + 1));
}

/* first: index of the script's first argument. */
static void read_arguments(struct queue *q, const struct call *call, uint32_t first, struct deed *d)
{
	switch (d->what) {
	case DEED_ADDED:
		d->flags = bullmq__is_new(call__argument(call, first)) ? 0 : FLAG_PERHAPS;
		break;
	case DEED_ADDED_DELAYED:
		d->another = bullmq__due_ms(call__argument(call, first),
					    call__argument(call, first + 2), &d->count);
		break;
	case DEED_FETCHED:
		read_finished(q, call, first, d);
		break;
	case DEED_RETRIED:
		d->job = call__hash(call, first + 3);
		d->another = milliseconds(call__argument(call, first + 1));
		break;
	case DEED_DELAYED:
		d->job = call__hash(call, first + 2);
		d->count = (uint32_t)milliseconds(call__argument(call, first + 4));
		d->another = milliseconds(call__argument(call, first + 1)) + d->count;
		d->flags = call__is(call, first + 5, "0") ? FLAG_FAILED : 0;
		break;
	case DEED_RETURNED:
		d->job = call__hash(call, first);
		break;
	case DEED_WAITS_FOR_OTHERS:
		d->job = call__hash(call, first + 3);
		break;
	case DEED_PROMOTED:
		d->job = call__hash(call, first + 1);
		break;
	default:
		break;
	}
}

/* getCounts: its one key is the prefix, its arguments name what to count; maybe a time before. */
static bool read_counts(struct queue *q, const struct call *call, struct deed *d)
{
	uint32_t first =
		call__argument(call, 4).length && call__argument(call, 4).data[0] <= '9' ? 5 : 4;
	bool wait = false, prioritized = false;
	struct slice key;

	if (!key_of(q, call, 0, &key) || key.length)
		return false;
	for (uint32_t i = first; i < call->kept; i++) {
		bool counts = call__is(call, i, "wait") || call__is(call, i, "paused") ||
			      call__is(call, i, "prioritized");

		d->another |= (uint64_t)counts << (i - first);
		wait |= call__is(call, i, "wait");
		prioritized |= call__is(call, i, "prioritized");
	}
	d->what = DEED_COUNTED;
	return wait && prioritized;
}

static bool bullmq_read(struct queue *q, const struct call *call, struct deed *d)
{
	uint32_t keys = key_count(call);
	const struct script *script;

	if (keys == 1)
		return read_counts(q, call, d);
	script = script_of(q, call, keys);
	if (!script)
		return false;
	d->what = script->what;
	read_arguments(q, call, 3 + keys, d);
	return true;
}

/* ---- delayed jobs: queue.links, link is when they are due ---- */

static void park(struct queue *q, uint64_t hash, uint64_t due_ms, uint32_t delay_ms,
		 const struct scene *s)
{
	struct bullmq *own = q->own;
	struct job *parked = hash ? jobs__add(&q->links, hash) : NULL;

	if (!parked)
		return;
	parked->taken_ns = s->now_ns + delay_ms * 1000000ull; /* it may expire from then on */
	parked->link = due_ms;
	if (due_ms && (!own->next_due_ms || due_ms < own->next_due_ms))
		own->next_due_ms = due_ms;
}

static bool unpark(struct queue *q, uint64_t hash)
{
	struct job *parked = jobs__find(&q->links, hash);

	if (parked)
		jobs__remove(&q->links, parked);
	return parked;
}

struct due {
	struct bullmq *own;
	uint64_t time_ms;
	int64_t count;
};

static bool is_due(void *context, const struct job *parked)
{
	struct due *due = context;
	bool now = parked->link && parked->link <= due->time_ms;

	if (!now && parked->link &&
	    (!due->own->next_due_ms || parked->link < due->own->next_due_ms))
		due->own->next_due_ms = parked->link;
	due->count += now;
	return now;
}

/* A script that fetches lets those wait whose time has come. */
static void promote(struct queue *q, uint64_t time_ms, const struct scene *s)
{
	struct due due = {q->own, time_ms, 0};

	if (!due.own->next_due_ms || time_ms < due.own->next_due_ms)
		return;
	due.own->next_due_ms = 0;
	jobs__sweep(&q->links, is_due, &due);
	depth__change(&q->list[0], due.count, &s->moment);
}

/* ---- replies ---- */

/* Nothing to do, where neither a pause nor a limit can be why. */
static bool is_empty(const struct queue *q, struct reply *rest)
{
	const struct bullmq *own = q->own;
	struct reply id, until;
	int64_t ms = 0;

	if (!reply__next(rest, &id) || !reply__next(rest, &until))
		return false;
	return reply__integer(&until, &ms) && !ms && own->taken && q->jobs.count <= own->others;
}

/* [[field, value ...], id, ...] is a job, [0, 0, limited until, delayed until] none. */
static void fetched(struct queue *q, const struct reply *reply, const struct scene *s)
{
	struct bullmq *own = q->own;
	struct reply rest = *reply, fields, id;
	uint64_t hash;

	queue__worker(q, s);
	if (!reply__is_array(reply) || !reply__next(&rest, &fields))
		return;
	if (!reply__is_array(&fields)) {
		if (is_empty(q, &rest))
			depth__told(&q->list[0], 0, 0, &s->moment);
		return;
	}
	if (q->jobs.count > own->others || !own->taken)
		own->others = q->jobs.count;
	own->taken = true;
	hash = reply__next(&rest, &id) ? reply__hash(&id, q->key) : 0;
	if (unpark(q, hash)) /* it has come to wait unseen */
		depth__change(&q->list[0], 1, &s->moment);
	depth__change(&q->list[0], -1, &s->moment);
	queue__start(q, queue__take(q, hash, s), s->moment.end_ns, s);
}

static void finished(struct queue *q, const struct deed *d, const struct reply *reply,
		     const struct scene *s)
{
	queue__end(q, jobs__find(&q->jobs, d->job), d->flags & FLAG_FAILED, s->moment.start_ns, s);
	if (!(d->flags & FLAG_FETCHES))
		return;
	promote(q, d->another, s);
	fetched(q, reply, s);
}

static void delayed(struct queue *q, const struct deed *d, const struct reply *reply,
		    const struct scene *s)
{
	struct job *job = jobs__find(&q->jobs, d->job);

	if (d->flags & FLAG_FAILED)
		queue__end(q, job, true, s->moment.start_ns, s);
	else
		queue__return(q, job, s);
	park(q, d->job, d->another, d->count, s);
	if (!reply__is_array(reply))
		return;
	promote(q, d->another - d->count, s);
	fetched(q, reply, s);
}

/* Ids count from 1 on: there was no job before. */
static bool is_first(const struct reply *reply)
{
	return reply__is_string(reply) && slice__equals(reply->bytes, "1");
}

static void added(struct queue *q, const struct deed *d, const struct reply *reply,
		  const struct scene *s)
{
	if (!reply__is_string(reply) && reply->known)
		return; /* a number: its parent is not there */
	if (d->flags & FLAG_PERHAPS) {
		depth__perhaps(&q->list[0], 1);
		return;
	}
	q->added++;
	if (is_first(reply))
		depth__told(&q->list[0], 1, 1, &s->moment);
	else
		depth__change(&q->list[0], 1, &s->moment);
}

/* Ids, in version 4 and 5 two lists of them: failed ones, and those that wait again. */
static void stalled(struct queue *q, struct reply *reply, const struct scene *s, bool inner)
{
	struct reply one;

	for (int i = 0; reply__next(reply, &one); i++) {
		struct job *job = jobs__find(&q->jobs, reply__hash(&one, q->key));

		if (!inner && reply__is_array(&one) && i == 1)
			stalled(q, &one, s, true);
		if (!reply__is_string(&one))
			continue;
		queue__return(q, job, s);
		depth__change(&q->list[0], 1, &s->moment);
	}
}

/* Its next job, which may wait at once or later: told when it is taken. */
static void scheduled(struct queue *q, struct reply *reply, const struct scene *s)
{
	struct reply id = *reply;

	if (reply__is_array(reply) && !reply__next(reply, &id))
		return;
	park(q, reply__hash(&id, q->key), 0, 0, s);
}

static void counted(struct queue *q, const struct deed *d, struct reply *reply,
		    const struct scene *s)
{
	int64_t sum = 0, number;
	struct reply one;

	for (int i = 0; reply__next(reply, &one); i++)
		if (d->another >> i & 1 && reply__integer(&one, &number))
			sum += number;
	if (reply__is_array(reply))
		depth__told(&q->list[0], sum, 0, &s->moment);
}

/* What changes one job by its name, and is answered by a number. */
static void change_one(struct queue *q, const struct deed *d, const struct scene *s)
{
	struct job *job = jobs__find(&q->jobs, d->job);

	switch (d->what) {
	case DEED_RETRIED:
		queue__end(q, job, true, s->moment.start_ns, s);
		promote(q, d->another, s);
		depth__change(&q->list[0], 1, &s->moment);
		break;
	case DEED_RETURNED:
		queue__return(q, job, s);
		depth__change(&q->list[0], 1, &s->moment);
		break;
	case DEED_WAITS_FOR_OTHERS:
		queue__return(q, job, s);
		park(q, d->job, 0, 0, s);
		break;
	default: /* promoted */
		unpark(q, d->job);
		depth__change(&q->list[0], 1, &s->moment);
		break;
	}
}

static void change_many(struct queue *q, const struct deed *d, const struct reply *reply,
			const struct scene *s)
{
	struct bullmq *own = q->own;
	int64_t number;

	switch (d->what) {
	case DEED_REPROCESSED:
		if (reply__integer(reply, &number) && number == 1)
			depth__change(&q->list[0], 1, &s->moment);
		break;
	case DEED_REMOVED: /* if it waited */
		depth__perhaps(&q->list[0], -1);
		break;
	case DEED_EMPTIED:
		depth__unsure(&q->list[0]);
		depth__told(&q->list[0], 0, 0, &s->moment);
		break;
	case DEED_PAUSED:
		own->taken = false;
		break;
	default:
		depth__unsure(&q->list[0]);
		break;
	}
}

static void bullmq_apply(struct queue *q, const struct deed *d, struct reply *reply,
			 const struct scene *s)
{
	int64_t number;
	bool refused = reply__integer(reply, &number) && number < 0;

	switch (d->what) {
	case DEED_ADDED:
		added(q, d, reply, s);
		break;
	case DEED_ADDED_DELAYED:
		if (is_first(reply))
			depth__told(&q->list[0], 0, 0, &s->moment);
		park(q, reply__hash(reply, q->key), d->another, d->count, s);
		break;
	case DEED_FETCHED:
		promote(q, d->another, s);
		fetched(q, reply, s);
		break;
	case DEED_FINISHED:
		if (!refused)
			finished(q, d, reply, s);
		break;
	case DEED_DELAYED:
		if (!refused)
			delayed(q, d, reply, s);
		break;
	case DEED_STALLED:
		stalled(q, reply, s, false);
		break;
	case DEED_SCHEDULED:
		scheduled(q, reply, s);
		break;
	case DEED_COUNTED:
		counted(q, d, reply, s);
		break;
	case DEED_RETRIED:
	case DEED_RETURNED:
	case DEED_WAITS_FOR_OTHERS:
	case DEED_PROMOTED:
		if (reply__integer(reply, &number) && number == 0)
			change_one(q, d, s);
		break;
	default:
		change_many(q, d, reply, s);
		break;
	}
}

static void bullmq_begin(struct queue *q)
{
	q->processed_known = q->duration_known = q->failures_known = true;
}

const struct queue_kind bullmq_kind = {
	.name = "bullmq",
	.commands = FOLLOW(EVAL) | FOLLOW(EVALSHA),
	.own_size = sizeof(struct bullmq),
	.begin = bullmq_begin,
	.read = bullmq_read,
	.apply = bullmq_apply,
};
