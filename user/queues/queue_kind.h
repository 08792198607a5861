/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a kind of queue is: one file, one line in the table of queue_kinds.c. */
#ifndef SONDE_QUEUES_QUEUE_KIND_H
#define SONDE_QUEUES_QUEUE_KIND_H

#include "queues/call.h"
#include "queues/queue.h"

/*
 * What a command means for a queue, as far as its arguments tell. Within MULTI that is all there is
 * until EXEC is answered, so it is kept that long: it holds no bytes of the command.
 */
struct deed {
	uint8_t what; /* the kind's own; 0: nothing */
	uint8_t list; /* which one of the queue's */
	bool blocking;
	uint8_t flags;	  /* the kind's own */
	uint32_t count;	  /* of jobs added */
	uint64_t job;	  /* hashes */
	uint64_t another; /* or a number, the kind's own */
};

struct queue_kind {
	const char *name;
	uint64_t commands; /* a bit for each enum followed_command that matters; EXEC always does */
	size_t own_size;   /* of struct queue.own */
	void (*begin)(struct queue *queue); /* what it can know; may be NULL */
	/* Arguments to a deed; false: this is not about the queue. */
	bool (*read)(struct queue *queue, const struct call *call, struct deed *deed);
	/* It was carried out, and this was the reply. */
	void (*apply)(struct queue *queue, const struct deed *deed, struct reply *reply,
		      const struct scene *scene);
	/* May be NULL. Once a second. */
	void (*tick)(struct queue *queue, uint64_t now_ns);
	/* May be NULL. Two next to each other in MULTI can be told as one: counts are added. */
	bool (*same)(const struct deed *first, const struct deed *next);
};

extern const struct queue_kind list_kind, rq_kind, bullmq_kind, celery_kind, sidekiq_kind;

/* NULL: no such kind. */
const struct queue_kind *queue_kind__named(const char *name);
const char *queue_kinds__names(void); /* "list, rq" for messages */

#define FOLLOW(name) (1ull << FOLLOWED_##name)
#define LIST_COMMANDS                                                                              \
	(FOLLOW(LPUSH) | FOLLOW(RPUSH) | FOLLOW(LPUSHX) | FOLLOW(RPUSHX) | FOLLOW(LPOP) |          \
	 FOLLOW(RPOP) | FOLLOW(BLPOP) | FOLLOW(BRPOP) | FOLLOW(LMPOP) | FOLLOW(BLMPOP) |           \
	 FOLLOW(LMOVE) | FOLLOW(BLMOVE) | FOLLOW(RPOPLPUSH) | FOLLOW(BRPOPLPUSH) | FOLLOW(LREM) |  \
	 FOLLOW(LTRIM) | FOLLOW(LLEN) | FOLLOW(DEL) | FOLLOW(UNLINK))

/* ---- what several kinds share: lists of Redis (list_deeds.c) ---- */

enum list_deed {
	DEED_NONE = 0,
	DEED_ADD,      /* to the end of a list */
	DEED_POP,      /* from one of several lists */
	DEED_MOVE,     /* from the list to elsewhere */
	DEED_MOVED_TO, /* from elsewhere to the list */
	DEED_REMOVE,
	DEED_LENGTH,
	DEED_EMPTY, /* the key is gone */
	DEED_TRIM,
	DEED_LAST
};

/* Which of the queue's lists a key is; -1: none. */
typedef int (*list_finder)(const struct queue *queue, struct slice key);

/* Reads a command about the lists that wait into a deed; false: it is about none of them. */
bool list_deed__read(struct queue *queue, const struct call *call, list_finder list_of,
		     struct deed *deed);
bool list_deed__same(const struct deed *first, const struct deed *next);
/*
 * Keeps the depths; `taken` is called for each job that was taken with its value, `list_of` tells
 * which list a reply names.
 */
void list_deed__apply(struct queue *queue, const struct deed *deed, struct reply *reply,
		      const struct scene *scene, list_finder list_of,
		      void (*taken)(struct queue *queue, const struct deed *deed,
				    const struct reply *job, const struct scene *scene));

#endif
