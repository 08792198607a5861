/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Model documents from a source, asked for in a thread of its own: whoever draws never waits. */
#ifndef SONDE_VIEW_FETCHER_H
#define SONDE_VIEW_FETCHER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "view/source.h"

struct fetcher;

/* source must outlive it. NULL: no memory, or no thread. */
struct fetcher *fetcher__new(struct source *source);
void fetcher__free(struct fetcher *fetcher); /* tolerates NULL; waits for no daemon */
void fetcher__ask(struct fetcher *fetcher);  /* nothing, while an answer is waited for */
/* True: *document is the answer, or NULL with one line in error. Each answer is taken once. */
bool fetcher__take(struct fetcher *fetcher, json_t **document, char *error, size_t size);

#endif
