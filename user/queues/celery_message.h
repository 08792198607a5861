/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A message of Celery on Redis, as kombu writes it: JSON, with the task's arguments first. */
#ifndef SONDE_QUEUES_CELERY_MESSAGE_H
#define SONDE_QUEUES_CELERY_MESSAGE_H

#include "queues/call.h"

struct celery_message {
	uint64_t task; /* hash of the task's id; 0: not found */
	uint64_t tag;  /* of the delivery tag */
};

/* Reads it off a reply's string, of which the beginning and the end are kept. */
struct celery_message celery_message__read(const struct reply *reply,
					   const struct siphash_key *key);

#endif
