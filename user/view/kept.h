/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The newest exchanges that a tail page has, bounded; copies share the exchanges. Pure. */
#ifndef SONDE_VIEW_KEPT_H
#define SONDE_VIEW_KEPT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define KEPT_MAX 1000

struct kept_row {
	uint64_t id;	   /* counts up from 1; goes on in copies */
	int64_t offset_ns; /* from its monotonic times to those since 1970 */
	json_t *exchange;  /* docs/exchanges.md */
};

struct kept {
	struct kept_row row[KEPT_MAX];
	size_t first, count;
	uint64_t added;	 /* ever; the latest one's id */
	uint64_t missed; /* what ended, and was never brought here */
};

/* The reference becomes the list's; the oldest one goes where there is no room. */
void kept__add(struct kept *kept, json_t *exchange, int64_t offset_ns);
const struct kept_row *kept__get(const struct kept *kept, size_t index); /* 0: the oldest */
/* What from holds goes to the end of `to`; from is empty then. */
void kept__move(struct kept *to, struct kept *from);
void kept__copy(struct kept *to, const struct kept *from); /* to: empty or cleared */
void kept__clear(struct kept *kept);

#endif
