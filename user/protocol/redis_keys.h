/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which arguments of a command are keys, found while they pass one after the other. */
#ifndef SONDE_REDIS_KEYS_H
#define SONDE_REDIS_KEYS_H

#include <stdbool.h>
#include <stdint.h>
#include "protocol/slice.h"

struct redis_keys {
	uint32_t arguments; /* with the name */
	uint32_t next;	    /* the next one that is a key; 0: none is known */
	uint32_t last;	    /* none is behind this one */
	uint32_t counted;   /* the argument that says how many keys follow it; 0: none */
	uint8_t step;
	bool streams; /* the keys begin behind an argument STREAMS */
};

/* Of a command of redis_commands.h, whose name has just passed. */
void redis_keys__begin(struct redis_keys *keys, uint32_t command, uint32_t arguments);
/* Whether its argument `at` is a key, or tells which ones are. */
static inline bool redis_keys__matters(const struct redis_keys *keys, uint32_t at)
{
	return at == keys->next || at == keys->counted || keys->streams;
}
/* Takes such an argument; true where it is a key. */
bool redis_keys__take(struct redis_keys *keys, uint32_t at, struct slice argument);

#endif
