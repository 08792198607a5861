/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "queues/call.h"

#include "details.h"

/* ---- commands ---- */

void call__read(struct call *call, enum followed_command command, const struct exchange *e,
		const struct siphash_key *key)
{
	struct slice rest = details__get(e->details, DETAIL_ARGUMENTS);

	call->command = command;
	call->count = e->redis.arguments;
	call->key = key;
	for (call->kept = 0; call->kept < CALL_ARGUMENTS; call->kept++)
		if (!redis_argument__next(&rest, &call->size[call->kept],
					  &call->argument[call->kept]))
			break;
}

struct slice call__argument(const struct call *call, uint32_t index)
{
	if (index >= call->kept || call->size[index].kept < call->size[index].length)
		return slice__text("");
	return call->argument[index];
}

bool call__is(const struct call *call, uint32_t index, const char *text)
{
	return text && slice__equals(call__argument(call, index), text);
}

/* The same for an argument and for a value, whichever is seen: of its beginning and its length. */
static uint64_t hash_of(const struct siphash_key *key, struct slice bytes, uint64_t length)
{
	uint64_t most = length < REDIS_DETAIL_MAX ? length : REDIS_DETAIL_MAX;
	uint64_t hash;

	if (bytes.length < most || !length)
		return 0;
	hash = siphash__of(key, bytes.data, (size_t)most) ^ length * 0x9e3779b97f4a7c15ull;
	return hash | !hash;
}

uint64_t call__hash(const struct call *call, uint32_t index)
{
	if (index >= call->kept)
		return 0;
	return hash_of(call->key, call->argument[index], call->size[index].length);
}

uint64_t call__hash_of(const struct call *call, struct slice part)
{
	return hash_of(call->key, part, part.length);
}

bool call__behind(const struct call *call, uint32_t index, const char *first, const char *second,
		  const char *third, struct slice *rest)
{
	const char *const texts[] = {first, second, third};

	*rest = call__argument(call, index);
	for (int i = 0; i < 3; i++) {
		if (!slice__starts(*rest, texts[i]))
			return false;
		*rest = slice__from(*rest, strlen(texts[i]));
	}
	return true;
}

/* ---- replies ---- */

void reply__read(struct reply *reply, const struct exchange *e)
{
	*reply = (struct reply){.rest = details__get(e->details, DETAIL_VALUES)};
	reply->known = redis_value__next(&reply->rest, &reply->value, &reply->bytes);
}

/* Takes the next record with all that is deeper. */
static bool pass(struct slice *rest, uint8_t depth)
{
	struct redis_value value;
	struct slice bytes, before = *rest;

	if (!redis_value__next(rest, &value, &bytes))
		return false;
	if (value.depth > depth || value.type == REDIS_TAIL_OF_VALUE)
		return true;
	*rest = before;
	return false;
}

bool reply__next(struct reply *reply, struct reply *out)
{
	uint8_t depth = reply->value.depth;
	struct redis_value value;
	struct slice bytes, rest = reply->rest;

	do {
		if (!redis_value__next(&rest, &value, &bytes) || value.depth <= depth)
			return false;
	} while (value.type == REDIS_TAIL_OF_VALUE);
	*out = (struct reply){.rest = rest, .value = value, .bytes = bytes, .known = true};
	while (pass(&rest, value.depth))
		;
	reply->rest = rest;
	return true;
}

bool reply__is_nil(const struct reply *reply)
{
	return reply->known && reply->value.number < 0 && reply->value.type != ':' &&
	       reply->value.type != '-';
}

bool reply__is_array(const struct reply *reply)
{
	return reply->known && reply->value.type == '*' && reply->value.number >= 0;
}

bool reply__is_string(const struct reply *reply)
{
	return reply->known && reply->value.type == '$' && reply->value.number >= 0;
}

bool reply__integer(const struct reply *reply, int64_t *out)
{
	*out = reply->value.number;
	return reply->known && reply->value.type == ':';
}

uint64_t reply__hash(const struct reply *reply, const struct siphash_key *key)
{
	if (!reply__is_string(reply))
		return 0;
	return hash_of(key, reply->bytes, (uint64_t)reply->value.number);
}

struct slice reply__tail(const struct reply *reply)
{
	struct slice rest = reply->rest, bytes;
	struct redis_value value;

	if (redis_value__next(&rest, &value, &bytes) && value.type == REDIS_TAIL_OF_VALUE)
		return bytes;
	return (struct slice){0};
}
