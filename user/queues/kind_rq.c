/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * RQ (rq/queue.py, rq/worker.py, rq/registry.py): job ids wait in the list rq:queue:NAME. A worker
 * pops one and forks; the child puts it into the sorted set rq:wip:NAME when it begins, and takes
 * it out when it is done. Where it succeeded, the same transaction counts that for the worker
 * before; where it failed, that is another one's business.
 */
#include "queues/queue_kind.h"

enum rq_deed {
	DEED_BEGUN = DEED_LAST,
	DEED_DONE,
	DEED_SUCCEEDED,
};

/* The newest transaction that counted a success. */
struct rq {
	uint64_t connection, start_ns;
};

static const char *prefix_of(const struct queue *q)
{
	return q->setting->prefix ? q->setting->prefix : "rq:";
}

static bool is_exactly(struct slice key, const char *first, const char *second, const char *third)
{
	const char *const texts[] = {first, second, third};

	for (int i = 0; i < 3; i++) {
		if (!slice__starts(key, texts[i]))
			return false;
		key = slice__from(key, strlen(texts[i]));
	}
	return !key.length;
}

static int rq_list(const struct queue *q, struct slice key)
{
	return is_exactly(key, prefix_of(q), "queue:", q->setting->queue) ? 0 : -1;
}

/* ---- commands ---- */

/*
 * From RQ 2 on "job:execution"; the ids of both forms may hold colons of their own, so it is the
 * jobs that were taken that tell.
 */
static uint64_t job_of(const struct queue *q, const struct call *call, uint32_t index)
{
	struct slice member = call__argument(call, index);
	uint64_t whole = call__hash(call, index), job;
	size_t end = member.length;

	while (end && member.data[end - 1] != ':')
		end--;
	if (end < 2 || jobs__find(&q->jobs, whole))
		return whole;
	job = call__hash_of(call, slice__sub(member, 0, end - 1));
	return jobs__find(&q->jobs, job) ? job : whole;
}

static bool read_wip(struct queue *q, const struct call *call, struct deed *d)
{
	if (call->count < 3 || call->count > call->kept ||
	    !is_exactly(call__argument(call, 1), prefix_of(q), "wip:", q->setting->queue))
		return false;
	d->what = call->command == FOLLOWED_ZADD ? DEED_BEGUN : DEED_DONE;
	d->job = job_of(q, call, call->count - 1);
	return true;
}

static bool read_success(struct queue *q, const struct call *call, struct deed *d)
{
	struct slice worker;

	if (!call__behind(call, 1, prefix_of(q), "worker:", "", &worker) ||
	    !call__is(call, 2, "successful_job_count"))
		return false;
	d->what = DEED_SUCCEEDED;
	return true;
}

static bool rq_read(struct queue *q, const struct call *call, struct deed *d)
{
	switch (call->command) {
	case FOLLOWED_ZADD:
	case FOLLOWED_ZREM:
		return read_wip(q, call, d);
	case FOLLOWED_HINCRBY:
		return read_success(q, call, d);
	default:
		return list_deed__read(q, call, rq_list, d);
	}
}

/* ---- replies ---- */

static void rq_taken(struct queue *q, const struct deed *d, const struct reply *reply,
		     const struct scene *s)
{
	(void)d;
	queue__take(q, reply__hash(reply, q->key), s);
}

static void done(struct queue *q, const struct deed *d, const struct reply *reply,
		 const struct scene *s)
{
	const struct rq *own = q->own;
	bool succeeded = own->connection == s->connection && own->start_ns == s->moment.start_ns;
	int64_t number;

	if (!reply__integer(reply, &number) || number > 0)
		queue__end(q, jobs__find(&q->jobs, d->job), !succeeded, s->moment.start_ns, s);
}

static void rq_apply(struct queue *q, const struct deed *d, struct reply *reply,
		     const struct scene *s)
{
	struct rq *own = q->own;

	switch (d->what) {
	case DEED_BEGUN: /* or a sign of life of one that has */
		queue__start(q, queue__job(q, d->job, s), s->moment.start_ns, s);
		break;
	case DEED_SUCCEEDED:
		*own = (struct rq){s->connection, s->moment.start_ns};
		break;
	case DEED_DONE:
		done(q, d, reply, s);
		break;
	default:
		if (d->what == DEED_POP || d->what == DEED_MOVE)
			queue__worker(q, s);
		list_deed__apply(q, d, reply, s, rq_list, rq_taken);
		break;
	}
}

static void rq_begin(struct queue *q)
{
	q->processed_known = q->duration_known = q->failures_known = true;
}

const struct queue_kind rq_kind = {
	.name = "rq",
	.commands = LIST_COMMANDS | FOLLOW(ZADD) | FOLLOW(ZREM) | FOLLOW(HINCRBY),
	.own_size = sizeof(struct rq),
	.begin = rq_begin,
	.read = rq_read,
	.apply = rq_apply,
	.same = list_deed__same,
};
