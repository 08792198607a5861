/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* As much of MessagePack (its specification, section Formats) as arguments of scripts need. */
#ifndef SONDE_QUEUES_MSGPACK_H
#define SONDE_QUEUES_MSGPACK_H

#include <stdbool.h>
#include "protocol/slice.h"

/* Takes one value, whatever it is; false: cut off, or none. */
bool msgpack__skip(struct slice *rest);
/* The number of elements (of a map: pairs); false for everything else. Moves on to the first. */
bool msgpack__array(struct slice *rest, uint32_t *count);
bool msgpack__map(struct slice *rest, uint32_t *count);
/* False, and nothing taken, for what is no string (number). */
bool msgpack__string(struct slice *rest, struct slice *out);
bool msgpack__number(struct slice *rest, double *out);

#endif
