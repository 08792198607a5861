/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An observer in a thread of its own, for as long as a command needs it. */
#ifndef SONDE_SESSION_H
#define SONDE_SESSION_H

#include <stdatomic.h>
#include <pthread.h>
#include <stdbool.h>
#include "observer.h"

struct session {
	struct observer *observer;
	pthread_t thread;
	atomic_bool ended; /* the thread has come to its end */
	int result;	   /* of observer__run */
};

/* Blocks SIGINT, SIGTERM, SIGHUP and SIGPIPE, so that session__signal() gets them. Before any
 * thread. */
void session__block_signals(void);
/* 0 or -errno; the observer must be open, its taps and sinks in place. Returns when it is settled.
 */
int session__start(struct session *session);
/* Waits up to `timeout_ms` for a signal; its number, or 0. */
int session__signal(int timeout_ms);
/* Stops the thread and waits for it; the observer stays open. 0 or its -errno. */
int session__stop(struct session *session);
/* READY=1 and the like, to systemd where it started us (sd_notify(3)). */
void session__notify(const char *state);

#endif
