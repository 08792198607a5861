/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "protocol/redis_keys.h"

#include "protocol/redis_commands.h"

/* As Redis' COMMAND INFO says it: a last one below 0 is told from the end. */
static const struct range {
	uint8_t first;
	int8_t last;
	uint8_t step;
	uint8_t counted;
} ranges[KEYS_HOW_COUNT] = {
	[KEYS_ONE] = {1, 1, 1, 0},
	[KEYS_TWO] = {1, 2, 1, 0},
	[KEYS_ALL] = {1, -1, 1, 0},
	[KEYS_BUT_LAST] = {1, -2, 1, 0},
	[KEYS_PAIRS] = {1, -1, 2, 0},
	[KEYS_TRIPLES] = {1, -1, 3, 0},
	[KEYS_SECOND] = {2, 2, 1, 0},
	[KEYS_FROM_SECOND] = {2, -1, 1, 0},
	[KEYS_COUNTED] = {0, 0, 1, 1},
	[KEYS_COUNTED_SECOND] = {0, 0, 1, 2},
	[KEYS_ONE_AND_COUNTED] = {1, 1, 1, 2},
	[KEYS_COUNTED_PAIRS] = {0, 0, 2, 1},
	[KEYS_STREAMS] = {0, 0, 1, 0},
};

static void set_range(struct redis_keys *k, uint32_t first, uint64_t last)
{
	k->last = last < k->arguments ? (uint32_t)last : k->arguments - 1;
	k->next = first <= k->last ? first : 0;
}

void redis_keys__begin(struct redis_keys *k, uint32_t command, uint32_t arguments)
{
	uint8_t how = redis_command__get(command)->keys;
	const struct range *range = &ranges[how];
	int64_t last = range->last < 0 ? (int64_t)arguments + range->last : range->last;

	*k = (struct redis_keys){.arguments = arguments,
				 .step = range->step,
				 .counted = range->counted,
				 .streams = how == KEYS_STREAMS};
	if (range->first && last > 0 && arguments)
		set_range(k, range->first, (uint64_t)last);
}

/* A count that is none is refused by the server: no key is behind it. */
static void take_count(struct redis_keys *k, uint32_t at, struct slice argument)
{
	uint64_t count = 0;

	k->counted = 0;
	if (!argument.length || argument.length > 9)
		return;
	for (size_t i = 0; i < argument.length; i++) {
		if (argument.data[i] < '0' || argument.data[i] > '9')
			return;
		count = count * 10 + (uint64_t)(argument.data[i] - '0');
	}
	if (count)
		set_range(k, at + 1, at + 1 + (count - 1) * k->step);
}

/* Behind STREAMS as many ids as keys follow the keys. */
static void take_option(struct redis_keys *k, uint32_t at, struct slice argument)
{
	uint32_t behind = k->arguments - at - 1;

	if (!slice__equals_nocase(argument, "streams"))
		return;
	k->streams = false;
	if (behind >= 2)
		set_range(k, at + 1, (uint64_t)at + behind / 2);
}

bool redis_keys__take(struct redis_keys *k, uint32_t at, struct slice argument)
{
	if (at == k->next) {
		k->next = at + k->step <= k->last ? at + k->step : 0;
		return true;
	}
	if (at == k->counted)
		take_count(k, at, argument);
	else if (k->streams)
		take_option(k, at, argument);
	return false;
}
