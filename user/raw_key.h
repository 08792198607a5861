/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keys of raw texts that leave out what certainly does not change their label: the numbers in them.
 * So the label of a text is found that was never seen before, but for its numbers. Texts with the
 * same key have the same label; a key is a hash (hash.h), so that is as sure as 64 bits are.
 */
#ifndef SONDE_RAW_KEY_H
#define SONDE_RAW_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include "protocol/slice.h"

/* Of the path of a target that begins with it. False: it is not plain enough to tell at a glance.
 */
bool raw_key__of_target(uint64_t seed, struct slice target, uint64_t *key);
uint64_t raw_key__of_sql(uint64_t seed, struct slice sql);

#endif
