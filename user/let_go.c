/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Connections that are given up though they are ours: to keep a budget of CPU time or of memory. */
#include "again.h"
#include "connection_internal.h"
#include "details.h"

static void let_go(struct connections *t, struct connection *c, enum loss_reason reason)
{
	connections__hurry(t, c);
	c->leaving = (uint8_t)reason;
	if (!c->dropped)
		decide__let_go(t, c);
	connections__take_out(t, c);
}

uint32_t connections__let_go(struct connections *t,
			     bool (*which)(void *context, const struct connection *c),
			     void *context, uint32_t most, enum loss_reason reason)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < t->bucket_count; i++) {
		struct connection *next;

		for (struct connection *c = t->bucket[i]; c && count < most; c = next) {
			next = c->next;
			if (!which(context, c))
				continue;
			let_go(t, c, reason);
			count++;
		}
	}
	return count;
}

static void slim_stream(struct stream *s)
{
	if (!s->carry_length)
		stream__drop_carry(s);
}

void connections__slim(struct connections *t)
{
	for (uint32_t i = 0; i < t->bucket_count; i++)
		for (struct connection *c = t->bucket[i]; c; c = c->next) {
			slim_stream(&c->stream[DIRECTION_RECV]);
			slim_stream(&c->stream[DIRECTION_SEND]);
			if (!c->parser.pairing.count)
				pairing__shrink(&c->parser.pairing);
			again__stop(c);
			again__free(c);
		}
	details_pool__slim(t->engine->details);
}

size_t connection__held_bytes(const struct connection *c)
{
	size_t bytes = c->parser.pairing.capacity * sizeof(struct pending) + again__bytes(c);

	for (int d = 0; d < DIRECTION_COUNT; d++)
		bytes += c->stream[d].carry_capacity;
	for (const struct deferred *d = c->deferred; d; d = d->next)
		bytes += sizeof(*d) + d->chunk.head;
	return bytes;
}
