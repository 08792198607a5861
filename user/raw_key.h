/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Raw texts without what certainly does not change their label: the numbers in them. So the label
 * of a text is found that was never seen before, but for its numbers.
 */
#ifndef SONDE_RAW_KEY_H
#define SONDE_RAW_KEY_H

#include <stdint.h>
#include "protocol/slice.h"

#define RAW_KEY_MAX 1024

/*
 * Texts with the same result have the same label. The result is the text itself where nothing can
 * be left out, else in `room`.
 */
struct slice raw_key__of_path(struct slice path, uint8_t room[RAW_KEY_MAX]);
struct slice raw_key__of_sql(struct slice sql, uint8_t room[RAW_KEY_MAX]);

#endif
