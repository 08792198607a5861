/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Short ways yield what the general ones do, which is where everything goes whose details are
 * wanted. The input: up to three bytes that become others (3 bytes each), then runs of {direction
 * and length (2 bytes), bytes}. What it says is learned first, and then played with other bytes in
 * it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>
#include "connection.h"
#include "details.h"
#include "engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EXCHANGES 512
#define EDITS	  3
#define EDIT	  3
#define PLAYS	  2000 /* then all is forgotten but what the parsers know */

/* One that goes short ways, and one that does not; used again, as what they know is of interest. */
struct player {
	struct engine *engine;
	uint64_t now_ns, connection;
	size_t count;
	struct exchange exchange[EXCHANGES];
};

static void take(void *context, const struct exchange *exchange)
{
	struct player *p = context;

	if (p->count < EXCHANGES)
		p->exchange[p->count] = *exchange;
	p->count++;
}

static void start(struct player *p, bool details)
{
	struct engine_options options = {.connections_max = 4};

	if (p->engine)
		engine__free(p->engine);
	*p = (struct player){.engine = engine__new(&options), .now_ns = 1000};
	if (!p->engine)
		abort();
	for (int protocol = 0; details && protocol < PROTOCOL_COUNT; protocol++)
		for (int side = 0; side < SIDE_COUNT; side++)
			engine__want(p->engine, (enum protocol_id)protocol, (enum side)side,
				     DETAIL_BIT(DETAIL_COUNT) - 1);
	engine__add_sink(p->engine, (struct sink){take, NULL, p});
}

static void feed(struct player *p, uint64_t *position, enum direction d, const uint8_t *bytes,
		 size_t length)
{
	struct chunk *c = calloc(1, sizeof(*c) + length);

	if (!c)
		return;
	c->event = (struct event){EVENT_CHUNK, 0, (__u32)(sizeof(*c) + length), p->now_ns};
	c->connection = p->connection;
	c->position = position[d];
	c->length = c->head = (__u32)length;
	c->tgid = c->tid = 1;
	c->direction = (__u8)d;
	memcpy(c->data, bytes, length);
	position[d] += length;
	engine__event(p->engine, &c->event, c->event.size);
	free(c);
}

static void play(struct player *p, const uint8_t *data, size_t size, bool client)
{
	struct open_event open = {.event = {EVENT_OPEN, 0, sizeof(open), ++p->now_ns},
				  .connection = ++p->connection,
				  .role = client ? ROLE_CLIENT : ROLE_SERVER};
	struct end_event end = {.event = {EVENT_CLOSE, 0, sizeof(end), 0},
				.connection = p->connection};

	p->count = 0;
	engine__event(p->engine, &open.event, sizeof(open));
	for (size_t at = 0; at + 2 <= size;) {
		size_t length = (size_t)(data[at] & 0x0f) << 8 | data[at + 1];
		enum direction d = data[at] >> 7;

		at += 2;
		if (length > size - at)
			length = size - at;
		p->now_ns += 1000;
		if (length)
			feed(p, end.position, d, data + at, length);
		at += length;
	}
	end.event.time_ns = p->now_ns;
	engine__event(p->engine, &end.event, sizeof(end));
	engine__tick(p->engine, p->now_ns += 1000000000ull);
}

/* Patterns of keys are learned from what was looked at, which of a broken request differs. */
static void forget_pattern(struct exchange *e)
{
	if (e->protocol == PROTOCOL_REDIS)
		e->redis.pattern = 0;
}

static bool is_same(struct exchange *a, struct exchange *b)
{
	forget_pattern(a);
	forget_pattern(b);
	return a->protocol == b->protocol && a->side == b->side && a->outcome == b->outcome &&
	       a->loss == b->loss && a->start_ns == b->start_ns && a->first_ns == b->first_ns &&
	       a->end_ns == b->end_ns && a->request_bytes == b->request_bytes &&
	       a->response_bytes == b->response_bytes &&
	       memcmp(&a->http, &b->http, sizeof(*a) - offsetof(struct exchange, http)) == 0;
}

/* Their ids may differ, as patterns of keys have some, too. */
static bool is_same_label(const struct player *a, const struct player *b, size_t i)
{
	return strcmp(labels__get(a->engine->labels, a->exchange[i].label)->text,
		      labels__get(b->engine->labels, b->exchange[i].label)->text) == 0;
}

static void play_both(const uint8_t *data, size_t size, bool client)
{
	static struct player brief, general;
	static uint32_t played;

	if (played++ % PLAYS == 0) {
		start(&brief, false);
		start(&general, true);
	}
	play(&brief, data, size, client);
	play(&general, data, size, client);
	if (brief.count != general.count ||
	    memcmp(&brief.engine->counters, &general.engine->counters,
		   sizeof(brief.engine->counters)) != 0)
		abort();
	for (size_t i = 0; i < brief.count && i < EXCHANGES; i++)
		if (!is_same(&brief.exchange[i], &general.exchange[i]) ||
		    !is_same_label(&brief, &general, i))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t edits = size ? data[0] % (EDITS + 1) : 0, script = 1 + edits * EDIT;
	uint8_t *other;

	if (size <= script)
		return 0;
	for (int again = 0; again < 2; again++)
		play_both(data + script, size - script, data[0] & 0x40);
	other = malloc(size - script);
	memcpy(other, data + script, size - script);
	for (size_t i = 0; i < edits; i++) {
		const uint8_t *edit = data + 1 + i * EDIT;

		other[((size_t)edit[0] << 8 | edit[1]) % (size - script)] = edit[2];
	}
	play_both(other, size - script, data[0] & 0x40);
	free(other);
	return 0;
}
