/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The whole pipeline on a hostile connection: the input is a script of calls with lengths, gaps,
 * reorderings, missing buffers and ends in both directions. Checks the sums after every event.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>
#include "connection.h"
#include "details.h"
#include "engine.h"
#include "metrics/formats.h"
#include "metrics/metrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST 2048

struct play {
	struct engine *engine;
	uint64_t position[DIRECTION_COUNT];
	uint64_t time_ns;
};

static void ignore(void *context, const struct exchange *exchange)
{
	uint64_t *sum = context;

	if (exchange->outcome >= OUTCOME_COUNT || exchange->protocol >= PROTOCOL_COUNT)
		abort();
	*sum += exchange__latency_ns(exchange);
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

static void open_connection(struct play *play, uint8_t how)
{
	struct open_event open = {.event = {EVENT_OPEN, 0, sizeof(open), play->time_ns},
				  .connection = 1,
				  .connect_ns = 1,
				  .tgid = 1,
				  .family = 2,
				  .local_port = 80,
				  .remote_port = 80,
				  .role = how % 3};

	open.event.flags = how & 4 ? OPEN_EXISTING : 0;
	engine__event(play->engine, &open.event, sizeof(open));
}

static void end_connection(struct play *play, uint8_t what)
{
	struct end_event end = {
		.event = {what & 1 ? EVENT_SHUT : EVENT_CLOSE, 0, sizeof(end), play->time_ns},
		.connection = 1,
		.error = what & 2 ? 104 : 0,
		.direction = (what >> 2) & 1};

	end.position[0] = play->position[0];
	end.position[1] = play->position[1];
	engine__event(play->engine, &end.event, sizeof(end));
	if (end.event.type == EVENT_CLOSE) {
		engine__tick(play->engine, play->time_ns += 200000000);
		play->position[0] = play->position[1] = 0;
		open_connection(play, what >> 3);
	}
}

/* what: bit 0 direction, 1-2 kind of loss, 3 another thread. */
static void chunk(struct play *play, uint8_t what, const uint8_t *bytes, size_t length)
{
	size_t size = (sizeof(struct chunk) + length + 7) / 8 * 8;
	struct chunk *c = calloc(1, size);
	enum direction d = what & 1;

	if (!c)
		return;
	c->event = (struct event){EVENT_CHUNK, 0, (__u32)size, play->time_ns};
	c->connection = 1;
	c->position = play->position[d];
	c->length = c->head = (__u32)length;
	c->tgid = 1;
	c->tid = what & 8 ? 2 : 1;
	c->direction = (__u8)d;
	memcpy(c->data, bytes, length);
	play->position[d] += length;
	switch (what >> 1 & 3) {
	case 1: /* cut short */
		c->head = (__u32)(length / 2);
		c->event.flags = what & 16 ? CHUNK_NO_BUFFER : CHUNK_CUT;
		break;
	case 2: /* never arrives */
		free(c);
		return;
	default:
		break;
	}
	engine__event(play->engine, &c->event, c->event.size);
	free(c);
}

/* As if rules asked for every byte there is. */
static void want_everything(struct engine *engine)
{
	for (int p = 0; p < PROTOCOL_COUNT; p++)
		for (int side = 0; side < SIDE_COUNT; side++)
			engine__want(engine, (enum protocol_id)p, (enum side)side,
				     DETAIL_BIT(DETAIL_COUNT) - 1);
}

static void expose(struct metrics *metrics)
{
	struct self self = {.version = "", .capture_way = "", .source = "recording"};
	struct buffer out = {0};
	struct snapshot *snapshot;

	if (!metrics)
		return;
	metrics__tick(metrics, 5000000000ull);
	snapshot = metrics__snapshot(metrics, &self);
	for (int format = EXPOSITION_PROMETHEUS; snapshot && format <= EXPOSITION_PROTOBUF;
	     format++) {
		snapshot__expose(snapshot, (enum exposition)format, &out);
		buffer__clear(&out);
	}
	snapshot__free(snapshot);
	metrics__free(metrics);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct engine_options options = {.connections_max = 4,
					 .keys = {.automatic = size & 1, .templates = 3},
					 .labels = {.routes_per_service = 20, .statements = 20}};
	uint64_t sum = 0;
	struct metrics *metrics = NULL;
	struct play play = {.engine = engine__new(&options), .time_ns = 1000};

	if (!play.engine)
		return 0;
	engine__add_sink(play.engine, (struct sink){ignore, NULL, &sum});
	if (size && data[0] & 8)
		want_everything(play.engine);
	if (size && data[0] & 16)
		metrics = metrics__new(&(struct metrics_options){.series_max = 20}, play.engine);
	if (metrics && data[0] & 8)
		metrics__set_formats(metrics, &(struct formats){.naming = NAMING_BOTH,
								.native_histograms = true,
								.exemplars = true});
	open_connection(&play, size ? data[0] : 0);
	for (size_t at = 1; at + 3 <= size;) {
		uint8_t what = data[at];
		size_t length = (size_t)data[at + 1] << 8 | data[at + 2];

		at += 3;
		play.time_ns += 1000u + ((uint64_t)what << 12);
		length %= MOST;
		if (length > size - at)
			length = size - at;
		if ((what & 0xe0) == 0xe0)
			end_connection(&play, what);
		else
			chunk(&play, what, data + at, length);
		at += length;
		check_sums(play.engine);
	}
	engine__finish(play.engine);
	expose(metrics);
	check_sums(play.engine);
	engine__free(play.engine);
	return 0;
}
