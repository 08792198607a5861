/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An exchange as one line of JSON: what `--exchanges` prints (docs/exchanges.md). */
#ifndef SONDE_EXCHANGE_JSON_H
#define SONDE_EXCHANGE_JSON_H

#include "buffer.h"
#include "engine.h"

/* Appends the object and a line end. */
void exchange__to_json(const struct exchange *exchange, struct engine *engine, struct buffer *out);
/* A string with its quotes, escaped; invalid UTF-8 is replaced. */
void buffer__json_string(struct buffer *out, const char *text);

#endif
