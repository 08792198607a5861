/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "queues/celery_message.h"

#include "rules/json_find.h"

/* The string behind the last `"name": "` that is whole; names as these occur nowhere else behind
 * the body, which is base64. */
static struct slice last_string(struct slice text, const char *name)
{
	struct slice found = {0};
	size_t length = strlen(name);

	for (size_t i = 0; i + length < text.length; i++) {
		struct slice value = slice__from(text, i);
		ptrdiff_t end;

		if (!slice__starts(value, name))
			continue;
		value = slice__from(value, length);
		end = slice__find(value, '"');
		if (end > 0)
			found = slice__sub(value, 0, (size_t)end);
	}
	return found;
}

static uint64_t hash_of(const struct siphash_key *key, struct slice text)
{
	struct call call = {.key = key};

	return call__hash_of(&call, text);
}

static struct celery_message read(struct slice head, struct slice tail,
				  const struct siphash_key *key)
{
	struct celery_message message = {0};
	struct slice id;

	if (!json__find(head, "headers.id", &id))
		id = last_string(tail, "\"correlation_id\": \"");
	message.task = hash_of(key, id);
	message.tag = hash_of(key, last_string(tail, "\"delivery_tag\": \""));
	return message;
}

struct celery_message celery_message__read(const struct reply *reply, const struct siphash_key *key)
{
	struct slice head = reply->bytes, tail = reply__tail(reply);
	uint8_t whole[REDIS_DETAIL_MAX + REDIS_TAIL];

	if (!tail.length)
		return read(head, head, key);
	if (reply->value.number > (int64_t)sizeof(whole))
		return read(head, tail, key);
	memcpy(whole, head.data, head.length);
	memcpy(whole + head.length, tail.data, tail.length);
	head = slice__of(whole, head.length + tail.length);
	return read(head, head, key);
}
