/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a recording's rows did over its time: documents of it at even distances while it is replayed
 * make a model whose rows have their histories and latencies over time. Pure.
 */
#ifndef SONDE_VIEW_PAST_H
#define SONDE_VIEW_PAST_H

#include "view/model.h"

struct past {
	uint64_t first_ns, last_ns;	    /* of the recording's events */
	json_t *(*document)(void *context); /* what is known now; a new reference, or NULL */
	void *context;
	struct model *model; /* of the parts until now; NULL: none, or no memory */
	json_t *before;
	int parts; /* that are over, of HEAT_INTERVALS */
};

/* Before the event of this time is fed. */
void past__before(struct past *past, uint64_t time_ns);
/* When all is told: the last parts. */
void past__finish(struct past *past);
void past__clear(struct past *past);

#endif
