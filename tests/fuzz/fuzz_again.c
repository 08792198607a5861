/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Exchanges that are as the last ones go a way of their own (user/again.h). The input is a talk on
 * one connection out of a few messages that come again and again, with cuts, gaps and ends between;
 * it is played on that way and without it, and the same must be told.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>
#include "connection.h"
#include "engine.h"
#include "metrics/metrics.h"
#include "../unit/same_series.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TOLD_MAX    4096
#define MESSAGES    8
#define MESSAGE_MAX 255
#define STEPS_MAX   512

struct message {
	const uint8_t *bytes;
	size_t length;
};

struct talk {
	struct engine *engine;
	struct metrics *metrics;
	struct message message[MESSAGES];
	uint64_t position[DIRECTION_COUNT];
	uint64_t time_ns;
	uint32_t tgid;
	size_t count;
};

static struct exchange told[2][TOLD_MAX]; /* on the way, and without it */

static void take(void *context, const struct exchange *exchange)
{
	struct talk *t = context;

	if (t->count < TOLD_MAX)
		told[t->engine->options.without_again][t->count] = *exchange;
	t->count++;
}

/* Of `length` bytes `head` are held. */
static void move_some(struct talk *t, enum direction d, const uint8_t *bytes, size_t length,
		      size_t head)
{
	struct chunk *c = calloc(1, sizeof(*c) + head); /* ASan watches its end */
	uint16_t flags = head < length ? CHUNK_NO_BUFFER : 0;

	if (!c)
		abort();
	t->time_ns += 1000 + length;
	c->event = (struct event){EVENT_CHUNK, flags, (__u32)(sizeof(*c) + head), t->time_ns};
	c->connection = 1;
	c->position = t->position[d];
	c->queue_ns = length;
	c->length = (__u32)length;
	c->head = (__u32)head;
	c->tgid = c->tid = t->tgid;
	c->direction = (__u8)d;
	memcpy(c->data, bytes, head);
	t->position[d] += length;
	engine__event(t->engine, &c->event, c->event.size);
	free(c);
}

static void move(struct talk *t, enum direction d, const uint8_t *bytes, size_t length)
{
	move_some(t, d, bytes, length, length);
}

static void end(struct talk *t, uint16_t type, enum direction d)
{
	struct end_event event = {.event = {type, 0, sizeof(event), t->time_ns += 1000},
				  .connection = 1,
				  .position = {t->position[0], t->position[1]},
				  .direction = (__u8)d};

	engine__event(t->engine, &event.event, sizeof(event));
}

/* The message `times` times in one call. */
static void say(struct talk *t, enum direction d, const struct message *m, size_t times)
{
	uint8_t call[16 * MESSAGE_MAX];

	for (size_t i = 0; i < times; i++)
		memcpy(call + i * m->length, m->bytes, m->length);
	if (m->length)
		move(t, d, call, times * m->length);
}

static size_t end_of_head(const struct message *m)
{
	const uint8_t *end = m->length ? memmem(m->bytes, m->length, "\r\n\r\n", 4) : NULL;

	return end ? (size_t)(end + 4 - m->bytes) : m->length / 2;
}

/* In two calls or more, the first one up to within its body; what follows is in no buffer, or is.
 */
static void say_in_parts(struct talk *t, enum direction d, const struct message *m, uint8_t how)
{
	size_t at = end_of_head(m) + (how & 3), part = 1 + (how >> 3 & 7);

	if (!m->length || at >= m->length) {
		say(t, d, m, 1);
		return;
	}
	move(t, d, m->bytes, at);
	for (; at < m->length; at += part) {
		part = part < m->length - at ? part : m->length - at;
		move_some(t, d, m->bytes + at, part, how & 4 ? 0 : part);
	}
}

static void step(struct talk *t, uint8_t what, uint8_t which, uint8_t how)
{
	const struct message *m = &t->message[which % MESSAGES];
	const struct message *answer = &t->message[which / MESSAGES % MESSAGES];
	enum direction d = how & 1, asks = what & 1 ? DIRECTION_SEND : DIRECTION_RECV;

	switch (what % 8) {
	case 0: /* asked and answered, some times */
	case 1:
		for (int i = 0; i < how % 8; i++) {
			say(t, asks, m, 1);
			if (what & 8)
				say_in_parts(t, !asks, answer, what >> 4);
			else
				say(t, !asks, answer, 1);
		}
		break;
	case 2: /* the same in batches */
		for (int i = 0; i < how % 8; i++) {
			say(t, DIRECTION_RECV, m, how / 8 % 16);
			say(t, DIRECTION_SEND, answer, how / 8 % 16);
		}
		break;
	case 3:
		say(t, d, m, how / 2 % 16);
		break;
	case 4: /* a part of it */
		if (m->length && !(what & 8))
			move(t, d, m->bytes, 1 + how % m->length);
		else
			say_in_parts(t, d, m, how >> 1);
		break;
	case 5: /* bytes that are lost */
		t->position[d] += m->length;
		break;
	case 6:
		t->tgid = 1 + how % 3;
		break;
	default:
		end(t, how & 2 ? EVENT_SHUT : EVENT_CLOSE, d);
		break;
	}
}

static void play(struct talk *t, const uint8_t *data, size_t size, bool without)
{
	struct engine_options options = {.connections_max = 4, .without_again = without};
	struct open_event open = {.event = {EVENT_OPEN, 0, sizeof(open), 1},
				  .connection = 1,
				  .tgid = 1,
				  .local_port = 80,
				  .remote_port = 80,
				  .role = data[0] & 1 ? ROLE_SERVER : ROLE_CLIENT};
	size_t at = 1;

	memset(t, 0, sizeof(*t));
	t->time_ns = 1000;
	t->tgid = 1;
	t->engine = engine__new(&options);
	if (!t->engine)
		abort();
	engine__add_sink(t->engine, (struct sink){.exchange = take, .context = t});
	t->metrics = metrics__new(&(struct metrics_options){0}, t->engine);
	if (!t->metrics)
		abort();
	engine__event(t->engine, &open.event, sizeof(open));
	for (int i = 0; i < MESSAGES && at < size; i++) {
		size_t length = data[at++];

		t->message[i].bytes = data + at;
		t->message[i].length = length < size - at ? length : size - at;
		at += t->message[i].length;
	}
	for (int i = 0; i < STEPS_MAX && at + 3 <= size; i++, at += 3)
		step(t, data[at], data[at + 1], data[at + 2]);
	engine__tick(t->engine, t->time_ns + 2000000000);
	engine__finish(t->engine);
}

static bool is_same(const struct exchange *a, const struct exchange *b)
{
	return a->protocol == b->protocol && a->side == b->side && a->outcome == b->outcome &&
	       a->loss == b->loss && a->label == b->label && a->start_ns == b->start_ns &&
	       a->first_ns == b->first_ns && a->end_ns == b->end_ns && a->queue_ns == b->queue_ns &&
	       a->request_bytes == b->request_bytes && a->response_bytes == b->response_bytes &&
	       a->tgid == b->tgid && a->tid == b->tid && a->end_tid == b->end_tid &&
	       memcmp(&a->http, &b->http, sizeof(*a) - offsetof(struct exchange, http)) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct talk on, off;

	if (size < 1)
		return 0;
	play(&on, data, size, false);
	play(&off, data, size, true);
	if (on.count != off.count)
		abort();
	for (size_t i = 0; i < on.count && i < TOLD_MAX; i++)
		if (!is_same(&told[0][i], &told[1][i]))
			abort();
	if (memcmp(&on.engine->counters, &off.engine->counters, sizeof(on.engine->counters)) != 0)
		abort();
	if (!same_series(on.metrics, off.metrics) ||
	    !same_pools(&on.engine->pools, &off.engine->pools))
		abort();
	metrics__free(on.metrics);
	metrics__free(off.metrics);
	engine__free(on.engine);
	engine__free(off.engine);
	return 0;
}
