/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bounds of a histogram as the configuration gives them: `buckets: [0.1, 1, 10]`. */
#ifndef SONDE_BOUNDS_H
#define SONDE_BOUNDS_H

#include "metrics/histogram.h"
#include "yaml_reader.h"

/* The arrays of the result are owned; clear them also after a complaint. */
void bounds__read(struct yaml_reader *reader, const yaml_node_t *node, struct bounds *out);
void bounds__clear(struct bounds *bounds);

#endif
