/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What BullMQ packs into the arguments of the scripts that add jobs (its addStandardJob-9.lua). */
#ifndef SONDE_QUEUES_BULLMQ_H
#define SONDE_QUEUES_BULLMQ_H

#include <stdbool.h>
#include "protocol/slice.h"

/* Will it be another job for sure? With a name of its own, or to be told from others, it may be
 * there. */
bool bullmq__is_new(struct slice arguments);
/* When a delayed job is due, in milliseconds since the epoch; 0: not told. */
uint64_t bullmq__due_ms(struct slice arguments, struct slice options, uint32_t *delay_ms);

#endif
