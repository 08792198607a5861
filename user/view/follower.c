/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/follower.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "buffer.h"
#include "exchange_json.h"
#include "replay.h"
#include "view/tail_filter.h"

#define ASK_EVERY_MS 200
#define TROUBLE_MAX  160

struct follower {
	struct source *source;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock; /* of what follows, up to the blank line */
	pthread_cond_t changed;
	bool ended, wanted, anew;
	unsigned int wish; /* counts filters */
	char filter[TAIL_FILTER_MAX];
	struct kept inbox;
	char trouble[TROUBLE_MAX];
	bool troubled; /* trouble has changed since it was taken */

	struct tail_filter admits; /* these are the thread's */
	struct kept batch;
	uint64_t after;
	unsigned int read; /* the wish that a recording was read for */
	atomic_uint latest_wish;
	atomic_bool stop;
	int64_t offset_ns;
};

struct follower *follower__new(struct source *source)
{
	struct follower *f = calloc(1, sizeof(*f));
	pthread_condattr_t attributes;

	if (!f)
		return NULL;
	f->source = source;
	pthread_mutex_init(&f->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&f->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return f;
}

/* ---- what came ---- */

static void set_trouble(struct follower *f, const char *trouble)
{
	f->troubled |= strcmp(f->trouble, trouble) != 0;
	snprintf(f->trouble, sizeof(f->trouble), "%s", trouble);
}

static void deliver(struct follower *f, bool anew, const char *trouble)
{
	pthread_mutex_lock(&f->lock);
	if (anew)
		kept__clear(&f->inbox);
	f->anew |= anew;
	kept__move(&f->inbox, &f->batch);
	set_trouble(f, trouble);
	pthread_mutex_unlock(&f->lock);
}

static void take_line(struct follower *f, const char *bytes, size_t length)
{
	json_error_t problem;
	json_t *exchange = json_loadb(bytes, length, 0, &problem);

	if (exchange && tail_filter__admits(&f->admits, exchange))
		kept__add(&f->batch, exchange, f->offset_ns);
	else
		json_decref(exchange);
}

static int64_t wall_offset(void)
{
	struct timespec wall, monotonic;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	return (int64_t)(wall.tv_sec - monotonic.tv_sec) * 1000000000 + wall.tv_nsec -
	       monotonic.tv_nsec;
}

/* The first line tells where it goes on, and what was missed (tail.h). */
static void take_answer(struct follower *f, const char *text)
{
	json_error_t problem;
	json_t *head = json_loads(text, JSON_DISABLE_EOF_CHECK, &problem);
	const char *line = strchr(text, '\n'), *end;
	bool anew = !f->after;

	f->offset_ns = wall_offset();
	f->after = (uint64_t)json_integer_value(json_object_get(head, "next"));
	f->batch.missed += (uint64_t)json_integer_value(json_object_get(head, "missed"));
	for (line = line ? line + 1 : NULL; line && (end = strchr(line, '\n')); line = end + 1)
		take_line(f, line, (size_t)(end - line));
	deliver(f, anew, head ? "" : "the answer is of another version of sonde");
	json_decref(head);
}

/* ---- where from ---- */

static void clear_answer(void *answer)
{
	buffer__clear(answer);
}

/* Asking may take as long as a daemon hangs: who quits meanwhile waits for nothing. */
static void ask(struct follower *f)
{
	struct buffer answer = {0};
	char error[TROUBLE_MAX] = "";
	int err;

	pthread_cleanup_push(clear_answer, &answer);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	err = source__tail(f->source, f->after, &answer, error, sizeof(error));
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	if (!err && answer.data)
		take_answer(f, answer.data);
	else
		deliver(f, false, error);
	pthread_cleanup_pop(1);
}

struct reading_file {
	struct follower *follower;
	struct engine *engine;
	struct recording_header header;
	struct buffer line;
};

static void take_exchange(void *context, const struct exchange *exchange)
{
	struct reading_file *r = context;

	r->follower->offset_ns = (int64_t)(r->header.realtime_ns - r->header.monotonic_ns);
	r->line.length = 0;
	exchange__to_json(exchange, r->engine, &r->line);
	if (!r->line.failed)
		take_line(r->follower, r->line.data, r->line.length);
}

static bool is_enough(void *context)
{
	const struct reading_file *r = context;

	return atomic_load(&r->follower->stop) ||
	       atomic_load(&r->follower->latest_wish) != r->follower->read;
}

static void replay(struct follower *f)
{
	struct reading_file r = {.follower = f};
	struct replay_watch watch = {.enough = is_enough, .context = &r};
	struct engine_options options = {0};
	char error[TROUBLE_MAX] = "no memory";

	config__engine(source__config(f->source), &options);
	options.pod_logs = NULL;
	r.engine = engine__new(&options);
	if (r.engine) {
		error[0] = '\0';
		engine__add_sink(r.engine, (struct sink){.exchange = take_exchange, .context = &r});
		replay__file_watched(source__recording(f->source), r.engine, &watch, &r.header,
				     error, sizeof(error));
	}
	engine__free(r.engine);
	buffer__clear(&r.line);
	if (is_enough(&r))
		kept__clear(&f->batch);
	else
		deliver(f, true, error);
}

/* ---- the thread ---- */

static void wait_ms(struct follower *f, long ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&f->changed, &f->lock, &until);
}

/* Under the lock. False: nothing is to be asked now. */
static bool is_due(struct follower *f)
{
	if (f->ended)
		return false;
	if (!f->wanted)
		f->after = 0;
	return f->wanted && (!source__recording(f->source) || f->read != f->wish);
}

static void *run(void *context)
{
	struct follower *f = context;
	sigset_t all;

	sigfillset(&all); /* those of the terminal are for the thread that draws on it */
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_mutex_lock(&f->lock);
	while (!f->ended) {
		if (!is_due(f)) {
			pthread_cond_wait(&f->changed, &f->lock);
			continue;
		}
		f->read = f->wish;
		tail_filter__parse(&f->admits, f->filter);
		pthread_mutex_unlock(&f->lock);
		if (source__recording(f->source))
			replay(f);
		else
			ask(f);
		pthread_mutex_lock(&f->lock);
		if (!f->ended && !source__recording(f->source))
			wait_ms(f, ASK_EVERY_MS);
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

int follower__want(struct follower *f, bool wanted, const char *filter)
{
	if (!wanted && !f->started)
		return 0;
	pthread_mutex_lock(&f->lock);
	if (wanted != f->wanted || !f->wish || strcmp(filter, f->filter) != 0) {
		if (!f->wish || strcmp(filter, f->filter) != 0)
			atomic_store(&f->latest_wish, ++f->wish);
		f->wanted = wanted;
		snprintf(f->filter, sizeof(f->filter), "%s", filter);
		pthread_cond_signal(&f->changed);
	}
	pthread_mutex_unlock(&f->lock);
	if (!f->started)
		f->started = pthread_create(&f->thread, NULL, run, f) == 0;
	return f->started ? 0 : -EAGAIN;
}

bool follower__take(struct follower *f, struct kept *kept, char *trouble, size_t size)
{
	bool changed;

	pthread_mutex_lock(&f->lock);
	changed = f->anew || f->troubled || f->inbox.added || f->inbox.missed;
	if (f->anew)
		kept__clear(kept);
	kept__move(kept, &f->inbox);
	if (changed)
		snprintf(trouble, size, "%s", f->trouble);
	f->anew = f->troubled = false;
	pthread_mutex_unlock(&f->lock);
	return changed;
}

void follower__free(struct follower *f)
{
	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	f->ended = true;
	atomic_store(&f->stop, true);
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
	if (f->started) {
		pthread_cancel(f->thread);
		pthread_join(f->thread, NULL);
	}
	kept__clear(&f->batch);
	kept__clear(&f->inbox);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	free(f);
}
