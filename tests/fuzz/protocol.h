/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One protocol alone, on a connection that is known to be of it from its beginning. The input: how
 * it is cut, and whether it begins with the connection (1 byte), then runs of {direction and length
 * (2 bytes), bytes}. What must hold: the sums, and that a stream in which nothing is lost yields as
 * many exchanges in pieces as whole.
 */
#ifndef SONDE_FUZZ_PROTOCOL_H
#define SONDE_FUZZ_PROTOCOL_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>
#include "connection.h"
#include "details.h"
#include "engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes that decide the protocol, in a request that is answered. */
struct opening {
	enum protocol_id protocol;
	const char *request, *response;
	size_t request_size, response_size;
	uint16_t port;
};

struct play {
	struct engine *engine;
	uint64_t position[DIRECTION_COUNT], time_ns;
	uint64_t told, lost;
};

static void count(void *context, const struct exchange *exchange)
{
	struct play *play = context;

	if (exchange->outcome >= OUTCOME_COUNT || exchange->protocol >= PROTOCOL_COUNT ||
	    exchange__latency_ns(exchange) > play->time_ns) /* 0 where the answer was seen first */
		abort();
	play->told++;
	play->lost += exchange->outcome == OUTCOME_LOST;
}

static void check_sums(const struct engine *engine)
{
	const struct engine_counters *n = &engine->counters;

	for (int p = 0; p < PROTOCOL_COUNT; p++)
		for (int s = 0; s < SIDE_COUNT; s++) {
			uint64_t sum = n->reported[p][s] + n->in_flight[p][s];

			for (int r = 0; r < LOSS_REASON_COUNT; r++)
				sum += n->lost[p][s][r];
			if (sum != n->seen[p][s])
				abort();
		}
}

/* Whether bytes contradicted the protocol, or were passed over after they did. */
static uint64_t losses(const struct engine *engine)
{
	uint64_t sum = 0;

	for (int p = 0; p < PROTOCOL_COUNT; p++) {
		sum += engine->counters.unparsable[p];
		for (int r = 0; r < LOSS_REASON_COUNT; r++)
			sum += engine->counters.lost_bytes[p][r];
	}
	return sum;
}

static void feed_piece(struct play *play, enum direction d, const void *bytes, size_t length)
{
	struct chunk *c = calloc(1, sizeof(*c) + length);

	if (!c)
		return;
	c->event = (struct event){EVENT_CHUNK, 0, (__u32)(sizeof(*c) + length), play->time_ns};
	c->connection = 1;
	c->position = play->position[d];
	c->length = c->head = (__u32)length;
	c->tgid = c->tid = 1;
	c->direction = (__u8)d;
	memcpy(c->data, bytes, length);
	play->position[d] += length;
	engine__event(play->engine, &c->event, c->event.size);
	free(c);
	check_sums(play->engine);
}

static void feed(struct play *play, enum direction d, const uint8_t *bytes, size_t length,
		 size_t piece)
{
	play->time_ns += 1000;
	for (size_t done = 0, n; done < length; done += n) {
		n = piece && piece < length - done ? piece : length - done;
		feed_piece(play, d, bytes + done, n);
	}
}

static void run_script(struct play *play, const uint8_t *data, size_t size, size_t piece)
{
	for (size_t at = 0; at + 2 <= size;) {
		size_t length = (size_t)(data[at] & 0x0f) << 8 | data[at + 1];
		enum direction d = data[at] >> 7;

		at += 2;
		if (length > size - at)
			length = size - at;
		feed(play, d, data + at, length, piece);
		at += length;
	}
}

static void play_once(const struct opening *o, const uint8_t *data, size_t size, size_t piece,
		      bool details, struct play *play)
{
	struct engine_options options = {.connections_max = 4, .keys = {.automatic = details}};
	struct open_event open = {.event = {EVENT_OPEN, 0, sizeof(open), 1},
				  .connection = 1,
				  .local_port = o->port,
				  .role = ROLE_SERVER};

	*play = (struct play){.engine = engine__new(&options), .time_ns = 1000};
	if (!play->engine)
		return;
	engine__add_sink(play->engine, (struct sink){count, NULL, play});
	for (int side = 0; details && side < SIDE_COUNT; side++)
		engine__want(play->engine, o->protocol, (enum side)side,
			     DETAIL_BIT(DETAIL_COUNT) - 1);
	engine__event(play->engine, &open.event, sizeof(open));
	if (o->request_size) {
		feed(play, DIRECTION_RECV, (const uint8_t *)o->request, o->request_size, 0);
		feed(play, DIRECTION_SEND, (const uint8_t *)o->response, o->response_size, 0);
	}
	run_script(play, data, size, piece);
	engine__finish(play->engine);
	check_sums(play->engine);
	play->lost += losses(play->engine);
	engine__free(play->engine);
}

static int fuzz_protocol(const struct opening *o, const uint8_t *data, size_t size)
{
	struct opening itself = {.protocol = o->protocol, .port = o->port};
	struct play whole, cut;

	if (size < 1)
		return 0;
	if (data[0] & 128) /* the input begins with the connection */
		o = &itself;
	play_once(o, data + 1, size - 1, 0, data[0] & 1, &whole);
	play_once(o, data + 1, size - 1, 1 + data[0] / 2 % 32, data[0] & 1, &cut);
	/* After a contradiction the place of resynchronisation depends on the calls. */
	if (!whole.lost && !cut.lost && whole.told != cut.told)
		abort();
	return 0;
}

#endif
