/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "protocol/known.h"

#include <stdlib.h>

#define BUCKETS 256

struct known_messages {
	struct known_message *bucket[BUCKETS];
};

struct known_messages *known_messages__new(void)
{
	return calloc(1, sizeof(struct known_messages));
}

void known_messages__free(struct known_messages *known)
{
	struct known_message *next;

	for (int i = 0; known && i < BUCKETS; i++)
		for (struct known_message *m = known->bucket[i]; m; m = next) {
			next = m->next;
			free(m);
		}
	free(known);
}

static bool matters(const struct known_draft *draft, size_t at)
{
	for (size_t i = at; i < at + BLOCK_BYTES; i++)
		if (draft->spread[i] != UINT8_MAX)
			return true;
	return false;
}

static bool add_block(struct known_message *m, const struct known_draft *draft, size_t at)
{
	struct known_block *b = &m->block[m->blocks];

	if (!matters(draft, at))
		return true;
	if (m->blocks++ == KNOWN_BLOCKS)
		return false;
	b->least = block__at(draft->least + at);
	b->spread = block__at(draft->spread + at);
	b->at = (uint32_t)at;
	return true;
}

/* One shorter than a block: zeros are behind it when it is compared. */
static void add_part(struct known_message *m, const struct known_draft *draft)
{
	m->block[0] = (struct known_block){
		.least = block__part(draft->least, m->bytes),
		.spread = block__part(draft->spread, m->bytes),
	};
	m->blocks = 1;
}

/* False: too much of it matters. The last block begins within the one before. */
static bool build(struct known_message *m, const struct known_draft *draft)
{
	size_t at = 0;

	if (m->bytes < BLOCK_BYTES) {
		add_part(m, draft);
		return true;
	}
	for (; at + BLOCK_BYTES <= m->bytes; at += BLOCK_BYTES)
		if (!add_block(m, draft, at))
			return false;
	return at == m->bytes || add_block(m, draft, m->bytes - BLOCK_BYTES);
}

static uint64_t hash_of(const struct known_message *m)
{
	uint64_t hash = m->bytes, word;

	for (uint32_t i = 0; i < m->blocks; i++)
		for (size_t at = 0; at < 2 * BLOCK_BYTES; at += WORD_BYTES) {
			word = word__at((const uint8_t *)&m->block[i] + at) ^ m->block[i].at;
			hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
			hash ^= hash >> 32;
		}
	return hash;
}

static bool is_same(const struct known_message *a, const struct known_message *b)
{
	if (a->hash != b->hash || a->bytes != b->bytes || a->blocks != b->blocks)
		return false;
	for (uint32_t i = 0; i < a->blocks; i++)
		if (a->block[i].at != b->block[i].at ||
		    memcmp(&a->block[i], &b->block[i], 2 * BLOCK_BYTES) != 0)
			return false;
	return true;
}

static struct known_message *copy(const struct known_message *m)
{
	size_t size = sizeof(*m) + m->blocks * sizeof(m->block[0]);
	struct known_message *kept = aligned_alloc(_Alignof(struct known_message),
						   (size + BLOCK_BYTES - 1) & -(size_t)BLOCK_BYTES);

	if (kept)
		memcpy(kept, m, size);
	return kept;
}

const struct known_message *known_messages__hold(struct known_messages *known,
						 const struct known_draft *draft, size_t bytes)
{
	struct {
		struct known_message message;
		struct known_block block[KNOWN_BLOCKS];
	} built = {.message.bytes = (uint32_t)bytes};
	struct known_message *m, **bucket;

	if (!bytes || bytes > KNOWN_BYTES || !build(&built.message, draft))
		return NULL;
	built.message.hash = hash_of(&built.message);
	bucket = &known->bucket[built.message.hash % BUCKETS];
	for (m = *bucket; m && !is_same(m, &built.message);)
		m = m->next;
	if (!m) {
		m = copy(&built.message);
		if (!m)
			return NULL;
		m->next = *bucket;
		*bucket = m;
	}
	m->users++;
	return m;
}

uint32_t known_message__count(const struct known_message *k, const uint8_t *bytes, size_t length)
{
	uint32_t times = 0;

	if (!length || length % k->bytes || !known_message__fits(k, bytes))
		return 0;
	if (memcmp(bytes, bytes + k->bytes, length - k->bytes) == 0) /* the very same */
		return (uint32_t)(length / k->bytes);
	for (; length; length -= k->bytes, bytes += k->bytes, times++)
		if (!known_message__fits(k, bytes))
			return 0;
	return times;
}

void known_messages__let_go(struct known_messages *known, const struct known_message *message)
{
	struct known_message **at, *m;

	if (!message)
		return;
	at = &known->bucket[message->hash % BUCKETS];
	while (*at != message)
		at = &(*at)->next;
	m = *at;
	if (--m->users)
		return;
	*at = m->next;
	free(m);
}
