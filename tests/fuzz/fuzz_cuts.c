/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any cut of a stream into calls yields the same exchanges: one conversation, whole and cut,
 * compared. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>
#include "connection.h"
#include "engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EXCHANGES 512

struct heard {
	size_t count;
	bool unsure; /* bytes were passed over: where it was in step again depends on calls */
	struct exchange exchange[EXCHANGES];
};

static void take(void *context, const struct exchange *exchange)
{
	struct heard *heard = context;

	if (heard->count < EXCHANGES)
		heard->exchange[heard->count] = *exchange;
	heard->count++;
}

static void feed(struct engine *engine, uint64_t *position, enum direction d, uint64_t time_ns,
		 const uint8_t *bytes, size_t length)
{
	struct chunk *c = calloc(1, sizeof(*c) + length);

	if (!c)
		return;
	c->event = (struct event){EVENT_CHUNK, 0, (__u32)(sizeof(*c) + length), time_ns};
	c->connection = 1;
	c->position = position[d];
	c->length = c->head = (__u32)length;
	c->tgid = c->tid = 1;
	c->direction = (__u8)d;
	memcpy(c->data, bytes, length);
	position[d] += length;
	engine__event(engine, &c->event, c->event.size);
	free(c);
}

/* The input is a list of {direction and length (2 bytes), bytes}; every run is cut into pieces of
 * `piece`. */
static void play(const uint8_t *data, size_t size, size_t piece, struct heard *heard)
{
	struct engine_options options = {.connections_max = 4};
	struct open_event open = {.event = {EVENT_OPEN, 0, sizeof(open), 1},
				  .connection = 1,
				  .local_port = 80,
				  .role = ROLE_SERVER};
	struct engine *engine = engine__new(&options);
	uint64_t position[DIRECTION_COUNT] = {0}, time_ns = 1000;

	if (!engine)
		return;
	engine__add_sink(engine, (struct sink){take, NULL, heard});
	engine__event(engine, &open.event, sizeof(open));
	for (size_t at = 0; at + 2 <= size; time_ns += 1000) {
		size_t length = (size_t)(data[at] & 0x0f) << 8 | data[at + 1];
		enum direction d = data[at] >> 7;

		at += 2;
		if (length > size - at)
			length = size - at;
		for (size_t done = 0, n; done < length; done += n) {
			n = piece && piece < length - done ? piece : length - done;
			feed(engine, position, d, time_ns, data + at + done, n);
		}
		at += length;
	}
	engine__finish(engine);
	for (int p = 0; p < PROTOCOL_COUNT; p++)
		for (int reason = 0; reason < LOSS_REASON_COUNT; reason++)
			heard->unsure |= engine->counters.lost_bytes[p][reason] != 0;
	engine__free(engine);
}

static bool is_same(const struct exchange *a, const struct exchange *b)
{
	return a->protocol == b->protocol && a->outcome == b->outcome && a->label == b->label &&
	       a->start_ns == b->start_ns && a->end_ns == b->end_ns &&
	       a->response_bytes == b->response_bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct heard whole, cut;

	if (size < 1)
		return 0;
	memset(&whole, 0, sizeof(whole));
	memset(&cut, 0, sizeof(cut));
	play(data + 1, size - 1, 0, &whole);
	play(data + 1, size - 1, 1 + data[0] % 32, &cut);
	for (size_t i = 0; i < whole.count && i < cut.count && i < EXCHANGES; i++) {
		const struct exchange *a = &whole.exchange[i], *b = &cut.exchange[i];

		if (a->outcome == OUTCOME_LOST || b->outcome == OUTCOME_LOST)
			return 0; /* after a contradiction it depends on calls, too */
		if (!is_same(a, b) && !whole.unsure && !cut.unsure)
			abort();
	}
	return 0;
}
