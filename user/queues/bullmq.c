/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "queues/bullmq.h"

#include "queues/msgpack.h"

/* [prefix, custom id, name, timestamp, parent, dependencies, parent, repeated, deduplication ...]
 */
static bool skip_to(struct slice *rest, uint32_t *at, uint32_t index)
{
	for (; *at < index; ++*at)
		if (!msgpack__skip(rest))
			return false;
	return true;
}

static bool begins_nil(struct slice s)
{
	return s.length && s.data[0] == 0xc0;
}

bool bullmq__is_new(struct slice arguments)
{
	uint32_t count, at = 0;
	struct slice id;

	if (!msgpack__array(&arguments, &count) || !skip_to(&arguments, &at, 1))
		return false;
	if (!msgpack__string(&arguments, &id) || id.length)
		return false;
	at++;
	return count < 9 || (skip_to(&arguments, &at, 8) && begins_nil(arguments));
}

static double delay_of(struct slice options)
{
	struct slice key;
	uint32_t count;
	double number;

	if (!msgpack__map(&options, &count))
		return 0;
	for (; count && msgpack__string(&options, &key); count--) {
		if (slice__equals(key, "delay"))
			return msgpack__number(&options, &number) ? number : 0;
		if (!msgpack__skip(&options))
			return 0;
	}
	return 0;
}

uint64_t bullmq__due_ms(struct slice arguments, struct slice options, uint32_t *delay_ms)
{
	uint32_t count, at = 0;
	double time, delay = delay_of(options);

	if (!msgpack__array(&arguments, &count) || !skip_to(&arguments, &at, 3) ||
	    !msgpack__number(&arguments, &time))
		return 0;
	*delay_ms = delay > 0 && delay < UINT32_MAX ? (uint32_t)delay : UINT32_MAX;
	time += delay;
	return time > 0 && time < 1e15 ? (uint64_t)time : 0;
}
