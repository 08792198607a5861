/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Job queues at work: exchanges in, books of each queue, and copies of them for any thread. */
#ifndef SONDE_QUEUES_H
#define SONDE_QUEUES_H

#include <jansson.h>
#include "buffer.h"
#include "engine.h"
#include "queues/queue_settings.h"

struct queues;
struct queues_copy;
struct writer;

/* Adds its sink, and has the engine keep what it wants. Holds the settings. NULL: no memory. */
struct queues *queues__new(struct queue_settings *settings, struct engine *engine);
void queues__free(struct queues *queues); /* tolerates NULL */
/* They count no more, and want nothing kept; copies of them are still good. */
void queues__retire(struct queues *queues);
uint64_t queues__fingerprint(const struct queues *queues); /* 0 for NULL */
/* Who is gone, what expired. Once a second; NULL is fine. */
void queues__tick(struct queues *queues, uint64_t now_ns);

/* The engine's thread; NULL where there are no queues, or no memory. Free it before the queues. */
struct queues_copy *queues__copy(struct queues *queues, uint64_t now_ns);
void queues_copy__free(struct queues_copy *copy); /* tolerates NULL */
void queues_copy__expose(const struct queues_copy *copy, struct writer *writer);
/* A list for the view's document (docs/model.md); what is not known is null. New reference. */
json_t *queues_copy__json(const struct queues_copy *copy);

/* For each queue what was seen of it. */
void queues__explain(struct queues *queues, struct buffer *out);

#endif
