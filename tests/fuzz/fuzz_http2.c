/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Frames of HTTP/2 and gRPC: the input is a list of {direction and flags, type, stream, length,
 * payload}, put together with frame headers that are right, so that what is mutated is what they
 * hold. The books hold, and however the bytes are cut into calls, the same exchanges come out.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>
#include "connection.h"
#include "engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EXCHANGES 512
#define PREFACE	  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"

struct heard {
	size_t count;
	bool passed_over; /* where to go on after a contradiction depends on where calls begin */
	struct exchange exchange[EXCHANGES];
};

struct play {
	struct engine *engine;
	uint64_t position[DIRECTION_COUNT];
	uint64_t time_ns;
	size_t piece; /* of a call; 0: a frame a call */
};

static void take(void *context, const struct exchange *exchange)
{
	struct heard *heard = context;

	if (heard->count < EXCHANGES)
		heard->exchange[heard->count] = *exchange;
	heard->count++;
}

static void check_sums(const struct engine *engine)
{
	const struct engine_counters *n = &engine->counters;

	for (int s = 0; s < SIDE_COUNT; s++) {
		uint64_t sum = n->reported[PROTOCOL_HTTP2][s] + n->in_flight[PROTOCOL_HTTP2][s];

		for (int r = 0; r < LOSS_REASON_COUNT; r++)
			sum += n->lost[PROTOCOL_HTTP2][s][r];
		if (sum != n->seen[PROTOCOL_HTTP2][s])
			abort();
	}
}

static void call(struct play *play, enum direction d, const uint8_t *bytes, size_t length)
{
	struct chunk *c = calloc(1, (sizeof(*c) + length + 7) / 8 * 8);

	if (!c)
		return;
	c->event = (struct event){EVENT_CHUNK, 0, (__u32)((sizeof(*c) + length + 7) / 8 * 8),
				  play->time_ns};
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

static void send(struct play *play, enum direction d, const uint8_t *bytes, size_t length)
{
	for (size_t done = 0, n; done < length; done += n) {
		n = play->piece && play->piece < length - done ? play->piece : length - done;
		call(play, d, bytes + done, n);
	}
}

/* what: bit 7 direction, the rest flags. */
static void frame(struct play *play, uint8_t what, uint8_t type, uint8_t stream,
		  const uint8_t *payload, size_t length)
{
	uint8_t bytes[9 + 255] = {0, 0, (uint8_t)length, type % 11, what & 0x7f, 0, 0, 0, stream};

	memcpy(bytes + 9, payload, length);
	send(play, what & 0x80 ? DIRECTION_SEND : DIRECTION_RECV, bytes, 9 + length);
}

static void play_all(const uint8_t *data, size_t size, bool existing, size_t piece,
		     struct heard *heard)
{
	struct engine_options options = {.connections_max = 4};
	struct open_event open = {
		.event = {EVENT_OPEN, existing ? OPEN_EXISTING : 0, sizeof(open), 1},
		.connection = 1,
		.local_port = 80,
		.role = ROLE_SERVER};
	struct play play = {.engine = engine__new(&options), .time_ns = 1000, .piece = piece};

	heard->count = 0;
	if (!play.engine)
		return;
	engine__add_sink(play.engine, (struct sink){take, NULL, heard});
	engine__event(play.engine, &open.event, sizeof(open));
	if (!existing)
		send(&play, DIRECTION_RECV, (const uint8_t *)PREFACE, sizeof(PREFACE) - 1);
	for (size_t at = 0; at + 4 <= size; play.time_ns += 1000) {
		size_t length = data[at + 3];

		if (length > size - at - 4)
			length = size - at - 4;
		frame(&play, data[at], data[at + 1], data[at + 2], data + at + 4, length);
		at += 4 + length;
	}
	heard->passed_over = play.engine->counters.lost_bytes[PROTOCOL_HTTP2][LOSS_RESYNC] != 0;
	engine__finish(play.engine);
	check_sums(play.engine);
	engine__free(play.engine);
}

static bool same(const struct exchange *a, const struct exchange *b)
{
	return a->protocol == b->protocol && a->outcome == b->outcome && a->label == b->label &&
	       a->start_ns == b->start_ns && a->end_ns == b->end_ns &&
	       a->request_bytes == b->request_bytes && a->response_bytes == b->response_bytes &&
	       memcmp(&a->http, &b->http, sizeof(a->http)) == 0;
}

/* The first byte: how calls are cut, and whether the connection is older than we are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct heard whole, cut;

	if (size < 1)
		return 0;
	play_all(data + 1, size - 1, data[0] & 0x80, 0, &whole);
	if (data[0] & 0x80)
		return 0; /* and so does where to begin */
	play_all(data + 1, size - 1, false, 1 + data[0] % 32, &cut);
	if (whole.passed_over || cut.passed_over)
		return 0;
	if (whole.count != cut.count)
		abort();
	for (size_t i = 0; i < whole.count && i < EXCHANGES; i++)
		if (!same(&whole.exchange[i], &cut.exchange[i]))
			abort();
	return 0;
}
