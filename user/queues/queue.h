/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The books of one queue: what every kind of queue counts in the same way. The kinds
 * (queue_kind.h) make of commands what is told here.
 */
#ifndef SONDE_QUEUES_QUEUE_H
#define SONDE_QUEUES_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include "metrics/histogram.h"
#include "metrics/window.h"
#include "queues/depth.h"
#include "queues/jobs.h"
#include "queues/queue_settings.h"
#include "queues/workers.h"
#include "rules/siphash.h"

#define QUEUE_LISTS 4 /* that one queue waits in at most (priorities) */

struct queue {
	const struct queue_setting *setting;
	const struct siphash_key *key;
	struct depth list[QUEUE_LISTS];
	struct jobs jobs;
	struct jobs links; /* the kind's own: other names of jobs */
	struct workers workers;
	struct histogram *duration;
	struct window outcomes; /* of all that ended: those that failed */
	uint64_t added, taken, processed, failed;
	uint64_t unmeasured;  /* processed, without a beginning that was seen */
	bool duration_known;  /* what is observed tells durations */
	bool failures_known;  /* and failures */
	bool processed_known; /* and ends at all */
	void *own;	      /* the kind's, zeroed */
};

/* What an exchange tells of who asked and when. */
struct scene {
	struct moment moment; /* in which the server carried it out */
	uint64_t asked_ns;    /* the command began, also where it waited for something */
	uint64_t now_ns;      /* when all this was seen */
	uint64_t identity;    /* of the thread that asked (or of the connection, seen from afar) */
	uint64_t connection;
	uint32_t tgid; /* 0: on another node */
	bool blocking;
};

/* 0 or -ENOMEM. */
int queue__init(struct queue *queue, const struct queue_setting *setting,
		const struct siphash_key *key);
void queue__clear(struct queue *queue);

/* Who asks for jobs here. */
void queue__worker(struct queue *queue, const struct scene *scene);
/* Who does jobs that another one asks for, and is counted for. */
void queue__helper(struct queue *queue, const struct scene *scene);
/* A job was taken; hash 0: it cannot be followed. */
struct job *queue__take(struct queue *queue, uint64_t hash, const struct scene *scene);
/* The job of that hash; made if it was not seen to be taken. NULL: no room. */
struct job *queue__job(struct queue *queue, uint64_t hash, const struct scene *scene);
/* Work on it begins; counts once. NULL is fine. */
void queue__start(struct queue *queue, struct job *job, uint64_t time_ns,
		  const struct scene *scene);
/* It ended, and failed or not; the job is gone. NULL: one that was not seen to be taken. */
void queue__end(struct queue *queue, struct job *job, bool failed, uint64_t time_ns,
		const struct scene *scene);
/*
 * The same of one whose beginning was not told, done by who tells of it, one at a time: it began
 * when it was taken or when that one ended its last job.
 */
void queue__did(struct queue *queue, struct job *job, bool failed, uint64_t time_ns,
		const struct scene *scene);
/* It went back to those that wait, or was thrown away: no end. */
void queue__return(struct queue *queue, struct job *job, const struct scene *scene);
/* One that had ended before, or will right after, failed. */
void queue__fail(struct queue *queue, uint32_t count, uint64_t now_ns);
/* So many more were processed without being followed, and of them so many failed. */
void queue__count(struct queue *queue, uint32_t count, uint32_t failed, uint64_t now_ns);
/* Nobody knows how many wait. */
void queue__unsure(struct queue *queue);
/* False while nothing told; *slack as depth__get(). */
bool queue__depth(struct queue *queue, uint64_t now_ns, int64_t *depth, int64_t *slack);
/* Who took them is gone, since then_ns. */
void queue__abandon(struct queue *queue, uint64_t identity, uint64_t then_ns, uint64_t now_ns);
/* Drops jobs that nobody finishes any more. Once a second. */
void queue__expire(struct queue *queue, uint64_t now_ns);

#endif
