/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 16384
#define TURN_NS	  20000
#define SPREAD_NS 16384 /* of half a turn: no two latencies in a row are the same */

struct traffic {
	const struct traffic_kind *kind;
	uint32_t connections, next;
	bool server;
	uint64_t now_ns, number, spread;
	uint64_t (*position)[DIRECTION_COUNT];
	void (*take)(void *context, const struct event *event, uint32_t size);
	void *context;
	struct chunk *chunk;
};

/* ---- what is said ---- */

static size_t say_http(bool request, uint64_t number, uint8_t *out)
{
	if (request)
		return (size_t)sprintf(
			(char *)out,
			"GET /api/orders/%lu?page=2 HTTP/1.1\r\nHost: shop.example\r\n"
			"User-Agent: load/1.0\r\nAccept: */*\r\n\r\n",
			(unsigned long)(number % 100000));
	return (size_t)sprintf((char *)out,
			       "HTTP/1.1 200 OK\r\nServer: nginx\r\n"
			       "Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
			       "Content-Type: application/json\r\nContent-Length: 49\r\n"
			       "Connection: keep-alive\r\n\r\n"
			       "{\"order\":123456,\"state\":\"paid\",\"total\":\"1999.95\"}");
}

static size_t say_redis(uint64_t count, bool request, uint64_t number, uint8_t *out)
{
	size_t used = 0;

	for (uint64_t i = 0; i < count; i++)
		used += (size_t)sprintf((char *)out + used,
					request ? "*2\r\n$3\r\nGET\r\n$16\r\nkey:%012lu\r\n"
						: "$12\r\n%012lu\r\n",
					(unsigned long)((number * count + i) % 1000000));
	return used;
}

static size_t say_redis_1(bool request, uint64_t number, uint8_t *out)
{
	return say_redis(1, request, number, out);
}

static size_t say_redis_16(bool request, uint64_t number, uint8_t *out)
{
	return say_redis(16, request, number, out);
}

static size_t say_redis_100(bool request, uint64_t number, uint8_t *out)
{
	return say_redis(100, request, number, out);
}

/* PostgreSQL's messages: a type, a length that counts itself, the rest (Message Formats). */
static size_t message(uint8_t *out, char type, const void *body, size_t length)
{
	size_t used = 0;

	if (type)
		out[used++] = (uint8_t)type;
	for (int shift = 24; shift >= 0; shift -= 8)
		out[used++] = (uint8_t)((length + 4) >> shift);
	memcpy(out + used, body, length);
	return used + length;
}

#define MESSAGE(out, type, body) message(out, type, body, sizeof(body) - 1)

static size_t row_and_end(uint8_t *out)
{
	size_t used = MESSAGE(out, 'D',
			      "\0\1\0\0\0\4"
			      "1234");

	used += MESSAGE(out + used, 'C', "SELECT 1\0");
	return used + MESSAGE(out + used, 'Z', "I");
}

static size_t columns(uint8_t *out)
{
	return MESSAGE(out, 'T',
		       "\0\1"
		       "abalance\0"
		       "\0\0\x40\2\0\4\0\0\0\x17\0\4\xff\xff\xff\xff\0\0");
}

static size_t greet_postgres(bool request, uint8_t *out)
{
	size_t used;

	if (request)
		return MESSAGE(out, 0,
			       "\0\3\0\0"
			       "user\0bench\0database\0bench\0\0");
	used = MESSAGE(out, 'R', "\0\0\0\0");
	return used + MESSAGE(out + used, 'Z', "I");
}

static size_t say_simple(bool request, uint64_t number, uint8_t *out)
{
	char text[80];
	size_t used;

	if (request) {
		used = (size_t)snprintf(text, sizeof(text),
					"SELECT abalance FROM pgbench_accounts WHERE aid = %lu;",
					(unsigned long)(number % 100000));
		return message(out, 'Q', text, used + 1);
	}
	used = columns(out);
	return used + row_and_end(out + used);
}

static size_t greet_prepared(bool request, uint8_t *out)
{
	size_t used = greet_postgres(request, out);

	if (!request) {
		used += MESSAGE(out + used, '1', "");
		return used + MESSAGE(out + used, 'Z', "I");
	}
	used += MESSAGE(out + used, 'P',
			"P0_1\0SELECT abalance FROM pgbench_accounts WHERE aid = $1;\0\0\0");
	return used + MESSAGE(out + used, 'S', "");
}

static size_t say_prepared(bool request, uint64_t number, uint8_t *out)
{
	char body[64] = "\0P0_1\0\0\0\0\1\0\0\0\5";
	size_t used;

	if (request) {
		sprintf(body + 14, "%05lu", (unsigned long)(number % 100000));
		used = message(out, 'B', body, 14 + 5 + 2);
		used += MESSAGE(out + used, 'D', "P\0");
		used += MESSAGE(out + used, 'E', "\0\0\0\0\0");
		return used + MESSAGE(out + used, 'S', "");
	}
	used = MESSAGE(out, '2', "");
	used += columns(out + used);
	return used + row_and_end(out + used);
}

const struct traffic_kind traffic_kinds[] = {
	{"http", "request", 1, 80, NULL, say_http},
	{"redis", "command", 1, 6379, NULL, say_redis_1},
	{"redis_P16", "command", 16, 6379, NULL, say_redis_16},
	{"redis_P100", "command", 100, 6379, NULL, say_redis_100},
	{"postgres_simple", "query", 1, 5432, greet_postgres, say_simple},
	{"postgres_prepared", "query", 1, 5432, greet_prepared, say_prepared},
};
const size_t traffic_kind_count = sizeof(traffic_kinds) / sizeof(*traffic_kinds);

/* ---- how it comes ---- */

static void open_connection(struct traffic *t, uint32_t i)
{
	struct open_event open = {
		.event = {EVENT_OPEN, 0, sizeof(open), t->now_ns},
		.connection = i + 1,
		.established_ns = t->now_ns - 1000,
		.tgid = 1000,
		.tid = 1000,
		.family = 2,
		.local_port = t->server ? t->kind->port : 40000,
		.remote_port = t->server ? 40000 : t->kind->port,
		.role = t->server ? ROLE_SERVER : ROLE_CLIENT,
		.local_address = {127, 0, 0, 1},
		.remote_address = {127, 0, 0, 1},
	};

	t->take(t->context, &open.event, sizeof(open));
}

static void say(struct traffic *t, uint32_t i, bool request, size_t length)
{
	struct chunk *chunk = t->chunk;
	uint32_t size = (uint32_t)(sizeof(*chunk) + length);
	uint8_t direction = request == t->server ? DIRECTION_RECV : DIRECTION_SEND;

	t->spread = t->spread * 6364136223846793005ull + 1442695040888963407ull;
	t->now_ns += TURN_NS / 2 + (t->spread >> 33) % SPREAD_NS;
	chunk->event = (struct event){EVENT_CHUNK, 0, size, t->now_ns};
	chunk->connection = i + 1;
	chunk->position = t->position[i][direction];
	chunk->queue_ns = direction == DIRECTION_RECV ? 1500 : 0;
	chunk->length = chunk->head = (uint32_t)length;
	chunk->tgid = chunk->tid = 1000;
	chunk->direction = direction;
	t->position[i][direction] += length;
	t->take(t->context, &chunk->event, size);
}

static void greet(struct traffic *t, uint32_t i)
{
	open_connection(t, i);
	for (int answer = 0; t->kind->greet && answer < 2; answer++)
		say(t, i, !answer, t->kind->greet(!answer, t->chunk->data));
}

struct traffic *traffic__new(const struct traffic_kind *kind, uint32_t connections, bool server,
			     void (*take)(void *context, const struct event *event, uint32_t size),
			     void *context)
{
	struct traffic *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	*t = (struct traffic){.kind = kind,
			      .connections = connections,
			      .server = server,
			      .now_ns = 1000000000,
			      .take = take,
			      .context = context};
	t->position = calloc(connections, sizeof(*t->position));
	t->chunk = calloc(1, sizeof(*t->chunk) + BYTES_MAX);
	if (!t->position || !t->chunk) {
		traffic__free(t);
		return NULL;
	}
	for (uint32_t i = 0; i < connections; i++)
		greet(t, i);
	return t;
}

void traffic__free(struct traffic *t)
{
	if (!t)
		return;
	free(t->position);
	free(t->chunk);
	free(t);
}

void traffic__play(struct traffic *t, uint64_t turns)
{
	for (uint64_t i = 0; i < turns; i++) {
		uint32_t which = t->next;

		say(t, which, true, t->kind->turn(true, t->number, t->chunk->data));
		say(t, which, false, t->kind->turn(false, t->number, t->chunk->data));
		t->number++;
		t->next = which + 1 < t->connections ? which + 1 : 0;
	}
}
