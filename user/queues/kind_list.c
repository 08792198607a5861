/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A plain list: jobs are pushed to `waiting` and popped from it. The reliable form moves them to
 * `active` and removes them from there when they are done. Without `active` a job is done when
 * whoever took it asks for the next one.
 */
#include "queues/queue_kind.h"

enum list_own {
	DEED_DONE = DEED_LAST, /* removed from `active` */
	DEED_LEFT,	       /* popped or moved from `active`: the reply names the job */
	DEED_FAILED,	       /* put to `failed` */
};

#define FLAG_TO_FAILED	0x02
#define FLAG_TO_WAITING 0x04
#define FLAG_ASIDE	0x08 /* taken out of the queue, but not to be worked on */

static bool is_key(struct slice key, const char *text)
{
	return text && slice__equals(key, text);
}

static int list_named(const struct queue *q, struct slice key)
{
	return is_key(key, q->setting->waiting) ? 0 : -1;
}

/* ---- commands ---- */

static bool read_active(struct queue *q, const struct call *call, struct deed *d)
{
	const struct queue_setting *set = q->setting;

	if (!call__is(call, 1, set->active))
		return false;
	switch (call->command) {
	case FOLLOWED_LREM:
		d->what = DEED_DONE;
		d->job = call__hash(call, 3);
		return true;
	case FOLLOWED_LMOVE:
	case FOLLOWED_BLMOVE:
	case FOLLOWED_RPOPLPUSH:
	case FOLLOWED_BRPOPLPUSH:
		d->flags = call__is(call, 2, set->failed)    ? FLAG_TO_FAILED
			   : call__is(call, 2, set->waiting) ? FLAG_TO_WAITING
							     : 0;
		d->what = DEED_LEFT;
		return true;
	case FOLLOWED_LPOP:
	case FOLLOWED_RPOP:
		d->what = DEED_LEFT;
		return true;
	default:
		return false;
	}
}

static bool read_failed(struct queue *q, const struct call *call, struct deed *d)
{
	if (!call__is(call, 1, q->setting->failed) || call->count < 3)
		return false;
	d->what = DEED_FAILED;
	switch (call->command) {
	case FOLLOWED_LPUSH:
	case FOLLOWED_RPUSH:
	case FOLLOWED_SADD:
		d->count = call->count - 2;
		return true;
	case FOLLOWED_HSET:
		d->count = (call->count - 2) / 2;
		return true;
	case FOLLOWED_ZADD:
	case FOLLOWED_XADD:
		d->count = 1;
		return true;
	default:
		return false;
	}
}

static bool list_read(struct queue *q, const struct call *call, struct deed *d)
{
	if (read_active(q, call, d) || read_failed(q, call, d))
		return true;
	if (!list_deed__read(q, call, list_named, d))
		return false;
	if (q->setting->active && (d->what == DEED_POP || !call__is(call, 2, q->setting->active)))
		d->flags |= FLAG_ASIDE;
	return true;
}

/* ---- replies ---- */

static void list_taken(struct queue *q, const struct deed *d, const struct reply *reply,
		       const struct scene *s)
{
	uint64_t hash = q->setting->active ? reply__hash(reply, q->key) : s->identity;

	if (!(d->flags & FLAG_ASIDE))
		queue__start(q, queue__take(q, hash, s), s->moment.end_ns, s);
}

/* Who asks for the next one is done with the last one. */
static void asks(struct queue *q, const struct scene *s)
{
	struct job *job = q->setting->active ? NULL : jobs__find(&q->jobs, s->identity);

	if (job)
		queue__end(q, job, false, s->asked_ns, s);
	queue__worker(q, s);
}

static void apply_left(struct queue *q, const struct deed *d, const struct reply *reply,
		       const struct scene *s)
{
	uint64_t hash = reply__hash(reply, q->key);
	struct job *job = jobs__find(&q->jobs, hash);

	if (!reply__is_string(reply))
		return;
	if (d->flags & FLAG_TO_WAITING) {
		depth__change(&q->list[0], 1, &s->moment);
		queue__return(q, job, s);
	} else {
		queue__end(q, job, d->flags & FLAG_TO_FAILED, s->moment.start_ns, s);
	}
}

static void list_apply(struct queue *q, const struct deed *d, struct reply *reply,
		       const struct scene *s)
{
	int64_t number = 1;

	switch (d->what) {
	case DEED_DONE:
		reply__integer(reply, &number); /* how many there were */
		for (number = reply->known ? number : 1; number > 0; number--)
			queue__end(q, jobs__find(&q->jobs, d->job), false, s->moment.start_ns, s);
		break;
	case DEED_LEFT:
		apply_left(q, d, reply, s);
		break;
	case DEED_FAILED:
		queue__fail(q, d->count, s->now_ns);
		break;
	default:
		if ((d->what == DEED_POP || d->what == DEED_MOVE) && !(d->flags & FLAG_ASIDE))
			asks(q, s);
		list_deed__apply(q, d, reply, s, list_named, list_taken);
		break;
	}
}

static void list_begin(struct queue *q)
{
	q->processed_known = q->duration_known = true;
	q->failures_known = q->setting->failed;
}

const struct queue_kind list_kind = {
	.name = "list",
	.commands = LIST_COMMANDS | FOLLOW(SADD) | FOLLOW(HSET) | FOLLOW(ZADD) | FOLLOW(XADD),
	.begin = list_begin,
	.read = list_read,
	.apply = list_apply,
	.same = list_deed__same,
};
