/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts of the view's document that are no distributions (docs/model.md). */
#ifndef SONDE_MODEL_PARTS_H
#define SONDE_MODEL_PARTS_H

#include <jansson.h>

struct snapshot;

/* Sets `pools`, `caches`, `queues` and `health`. */
void model__add_parts(json_t *model, const struct snapshot *snapshot);

#endif
