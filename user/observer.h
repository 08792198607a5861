/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Capture, engine and metrics put together and run by one thread; other threads ask for snapshots.
 * Used by run, by top without a daemon, and by record.
 */
#ifndef SONDE_OBSERVER_H
#define SONDE_OBSERVER_H

#include <stddef.h>
#include "config.h"
#include "metrics/metrics.h"

struct observer;

/*
 * The configuration must live as long as the observer, or until the next observer__reload. 0 or
 * -errno with one line in error; -EPERM: BPF may not be loaded here.
 */
int observer__open(const struct config *config, struct observer **out, char *error, size_t size);
/* Drains until observer__stop (async-signal-safe) is called. */
int observer__run(struct observer *observer);
void observer__stop(struct observer *observer);
void observer__close(struct observer *observer);

const char *observer__way(const struct observer *observer); /* of capture, by name */
struct engine *observer__engine(struct observer *observer); /* of the running thread only */
/* Any thread: waits for the next pause between batches (milliseconds). NULL: stopped, or no memory
 * is left for one.
 */
struct snapshot *observer__snapshot(struct observer *observer);
/* The running thread calls it with every event as well (recording). Before observer__run. */
void observer__tap(struct observer *observer,
		   void (*take)(void *context, const struct event *event, uint32_t size),
		   void *context);
/*
 * A new configuration takes effect where it can without a restart; what cannot is named in `kept`.
 * It must live until the next one or until observer__close. Another thread than the running one's.
 */
int observer__reload(struct observer *observer, const struct config *config, char *kept,
		     size_t size);

#endif
