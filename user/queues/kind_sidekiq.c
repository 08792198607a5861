/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sidekiq (lib/sidekiq: fetch.rb, job_retry.rb, launcher.rb): jobs wait in the list queue:NAME,
 * each thread of a process pops one and does it before it pops the next: that tells the end, at
 * most the two seconds later that such a pop waits. What failed goes to the sorted sets `retry` or
 * `dead`; without either (retry: false) the thread ends as well, and only the sums that its process
 * adds to stat:processed and stat:failed every five seconds know of it.
 */
#include "queues/queue_kind.h"

#include "rules/json_find.h"

#define PROCESSES 32 /* whose sums are followed */

enum sidekiq_deed {
	DEED_FAILED = DEED_LAST,
	DEED_STAT_FAILED, /* another: how many */
	DEED_STAT_PROCESSED,
};

struct sum {
	uint64_t all, untold;	     /* told by sums; of them not one by one */
	uint32_t process[PROCESSES]; /* that have added up before */
};

struct sidekiq {
	bool several; /* workers ask for other queues as well: sums are not of ours alone */
	uint64_t processed, failed; /* told one by one */
	struct sum sum_processed, sum_failed;
};

static const char *prefix_of(const struct queue *q)
{
	return q->setting->prefix ? q->setting->prefix : "";
}

static int sidekiq_list(const struct queue *q, struct slice key)
{
	const char *const parts[] = {prefix_of(q), "queue:", q->setting->queue};

	for (int i = 0; i < 3; i++) {
		if (!slice__starts(key, parts[i]))
			return -1;
		key = slice__from(key, strlen(parts[i]));
	}
	return key.length ? -1 : 0;
}

/* ---- commands ---- */

static bool is_key(struct queue *q, const struct call *call, const char *name)
{
	struct slice rest;

	return call__behind(call, 1, prefix_of(q), name, "", &rest) && !rest.length;
}

/* The job's queue stands before its arguments, so it is there even where the text is cut. */
static bool read_failed(struct queue *q, const struct call *call, struct deed *d)
{
	struct slice queue;

	if ((!is_key(q, call, "retry") && !is_key(q, call, "dead")) || call->kept < 4 ||
	    !json__find(call->argument[3], "queue", &queue))
		return false;
	d->what = DEED_FAILED;
	return slice__equals(queue, q->setting->queue);
}

static bool read_sum(struct queue *q, const struct call *call, struct deed *d)
{
	struct slice digits = call__argument(call, 2);

	if (is_key(q, call, "stat:failed"))
		d->what = DEED_STAT_FAILED;
	else if (is_key(q, call, "stat:processed"))
		d->what = DEED_STAT_PROCESSED;
	else
		return false;
	for (size_t i = 0; i < digits.length && i < 9; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '9')
			return false;
		d->another = d->another * 10 + (uint64_t)(digits.data[i] - '0');
	}
	return digits.length > 0;
}

static bool sidekiq_read(struct queue *q, const struct call *call, struct deed *d)
{
	struct sidekiq *own = q->own;

	if (call->command == FOLLOWED_ZADD)
		return read_failed(q, call, d);
	if (call->command == FOLLOWED_INCRBY)
		return read_sum(q, call, d);
	if (!list_deed__read(q, call, sidekiq_list, d))
		return false;
	own->several |= d->what == DEED_POP && call->count > 3; /* BRPOP key timeout */
	return true;
}

/* ---- replies ---- */

/* Threads are told apart on their own node only; elsewhere a connection serves several of them. */
static void asks(struct queue *q, const struct scene *s)
{
	struct sidekiq *own = q->own;
	struct job *job;

	if (!s->tgid)
		return;
	q->processed_known = q->duration_known = true;
	job = jobs__find(&q->jobs, s->identity);
	if (job) {
		own->processed++;
		queue__end(q, job, false, s->asked_ns, s);
	}
	queue__worker(q, s);
}

static void sidekiq_taken(struct queue *q, const struct deed *d, const struct reply *reply,
			  const struct scene *s)
{
	(void)d;
	(void)reply;
	if (s->tgid)
		queue__start(q, queue__take(q, s->identity, s), s->moment.end_ns, s);
	else
		q->taken++;
}

/* A failed job ends its thread as well (processor.rb, processor_died); another one goes on. */
static void failed(struct queue *q, const struct scene *s)
{
	struct sidekiq *own = q->own;
	struct job *job = s->tgid ? jobs__find(&q->jobs, s->identity) : NULL;

	own->failed++;
	if (!job) {
		queue__fail(q, 1, s->now_ns);
		return;
	}
	own->processed++;
	queue__end(q, job, true, s->moment.start_ns, s);
}

/* The first sum of a process may be of jobs that were done before anybody looked. */
static bool is_first(struct sum *sum, const struct scene *s)
{
	uint32_t *place = &sum->process[s->tgid % PROCESSES];

	if (*place == s->tgid)
		return false;
	*place = s->tgid;
	return true;
}

/*
 * How many more there were in the sums before this one than are told one by one by now: five
 * seconds are enough for a thread to ask for its next job.
 */
static uint32_t untold(struct sum *sum, uint64_t count, uint64_t told, const struct scene *s)
{
	uint64_t more;

	if (is_first(sum, s))
		return 0;
	more = sum->all > told + sum->untold ? sum->all - told - sum->untold : 0;
	sum->untold += more;
	sum->all += count;
	return (uint32_t)more;
}

static void add_up(struct queue *q, const struct deed *d, const struct scene *s)
{
	struct sidekiq *own = q->own;

	if (own->several)
		return;
	if (d->what == DEED_STAT_FAILED)
		queue__fail(q, untold(&own->sum_failed, d->another, own->failed, s), s->now_ns);
	else
		queue__count(q, untold(&own->sum_processed, d->another, own->processed, s), 0,
			     s->now_ns);
}

static void sidekiq_apply(struct queue *q, const struct deed *d, struct reply *reply,
			  const struct scene *s)
{
	switch (d->what) {
	case DEED_FAILED:
		failed(q, s);
		break;
	case DEED_STAT_FAILED:
	case DEED_STAT_PROCESSED:
		add_up(q, d, s);
		break;
	default:
		if (d->what == DEED_POP)
			asks(q, s);
		list_deed__apply(q, d, reply, s, sidekiq_list, sidekiq_taken);
		break;
	}
}

static void sidekiq_begin(struct queue *q)
{
	q->failures_known = true;
}

const struct queue_kind sidekiq_kind = {
	.name = "sidekiq",
	.commands = LIST_COMMANDS | FOLLOW(ZADD) | FOLLOW(INCRBY),
	.own_size = sizeof(struct sidekiq),
	.begin = sidekiq_begin,
	.read = sidekiq_read,
	.apply = sidekiq_apply,
	.same = list_deed__same,
};
