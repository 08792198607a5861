/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/fetcher.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define ERROR_MAX 512

struct fetcher {
	struct source *source;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	enum { IDLE, ASKED, ANSWERED } state;
	bool ended;
	json_t *document;
	char error[ERROR_MAX];
};

/* One that was captured here comes at once; a daemon may hang, and who quits waits for nothing. */
static json_t *fetch(struct fetcher *f, char *error, size_t size)
{
	json_t *document;

	if (source__may_return(f->source))
		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	document = source__model(f->source, error, size);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	return document;
}

static void *run(void *context)
{
	struct fetcher *f = context;
	sigset_t all;
	char error[ERROR_MAX] = "";
	json_t *document;

	sigfillset(&all); /* those of the terminal are for the thread that draws on it */
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_mutex_lock(&f->lock);
	while (!f->ended) {
		if (f->state != ASKED) {
			pthread_cond_wait(&f->changed, &f->lock);
			continue;
		}
		pthread_mutex_unlock(&f->lock);
		document = fetch(f, error, sizeof(error));
		pthread_mutex_lock(&f->lock);
		f->document = document;
		snprintf(f->error, sizeof(f->error), "%s", error);
		f->state = ANSWERED;
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

struct fetcher *fetcher__new(struct source *source)
{
	struct fetcher *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->source = source;
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	if (pthread_create(&f->thread, NULL, run, f) == 0)
		return f;
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	free(f);
	return NULL;
}

void fetcher__ask(struct fetcher *f)
{
	pthread_mutex_lock(&f->lock);
	if (f->state == IDLE)
		f->state = ASKED;
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

bool fetcher__take(struct fetcher *f, json_t **document, char *error, size_t size)
{
	bool answered;

	pthread_mutex_lock(&f->lock);
	answered = f->state == ANSWERED;
	if (answered) {
		*document = f->document;
		f->document = NULL;
		snprintf(error, size, "%s", f->error);
		f->state = IDLE;
	}
	pthread_mutex_unlock(&f->lock);
	return answered;
}

void fetcher__free(struct fetcher *f)
{
	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	f->ended = true;
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
	pthread_cancel(f->thread);
	pthread_join(f->thread, NULL);
	json_decref(f->document);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	free(f);
}
