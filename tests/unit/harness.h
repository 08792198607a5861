/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Scripted connections through a real engine: a script says what bytes moved when, harness__play()
 * gives the exchanges that come out. Every record ends at a guard page.
 */
#ifndef SONDE_TEST_HARNESS_H
#define SONDE_TEST_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <linux/types.h>
#include <cmocka.h>
#include "connection.h"
#include "engine.h"

#define HARNESS_EXCHANGES 4096
#define HARNESS_EVENTS	  64

enum step_kind {
	STEP_REQUEST,
	STEP_RESPONSE,
	STEP_REQUEST_END,
	STEP_RESPONSE_END,
	STEP_CLOSE,
	STEP_RESET,
	STEP_LOSE_REQUEST, /* bytes that move unseen: the record is lost */
	STEP_LOSE_RESPONSE,
	STEP_BODY_REQUEST, /* length bytes without a buffer (sendfile) */
	STEP_BODY_RESPONSE
};

/* One step of a script; length 0: strlen of data. */
struct step {
	uint64_t at_us;
	enum step_kind kind;
	const void *data;
	size_t length;
};

struct harness {
	struct engine *engine;
	enum role role;
	bool tls;	    /* chunks are a TLS library's */
	bool without_again; /* set it after harness__open: no exchange goes the way of again.h */
	uint64_t position[DIRECTION_COUNT];
	uint8_t *guard; /* readable bytes, and then a page that is not */
	size_t guard_size;
	size_t count;
	struct exchange exchange[HARNESS_EXCHANGES]; /* connection pointers are stale */
	size_t events;
	struct connection_event event[HARNESS_EVENTS];
};

/* What a test wants of the patterns of keys; nothing where it does not say. */
static struct key_options harness_keys __attribute__((unused));

static inline void harness__took(void *context, const struct exchange *exchange)
{
	struct harness *h = context;

	assert_true(h->count < HARNESS_EXCHANGES);
	h->exchange[h->count++] = *exchange;
}

static inline void harness__took_event(void *context, const struct connection_event *event)
{
	struct harness *h = context;

	if (h->events < HARNESS_EVENTS)
		h->event[h->events++] = *event;
}

static inline void harness__guard(struct harness *h)
{
	h->guard_size = (sizeof(struct chunk) + SONDE_CHUNK_MAX + 4096) / 4096 * 4096;
	h->guard = mmap(NULL, h->guard_size + 4096, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(h->guard, MAP_FAILED);
	mprotect(h->guard + h->guard_size, 4096, PROT_NONE);
}

static inline void harness__open(struct harness *h, enum role role, bool existing)
{
	struct engine_options options = {.connections_max = 16, .keys = harness_keys};
	struct open_event open = {
		.event = {.type = EVENT_OPEN, .size = sizeof(open), .time_ns = 1000},
		.connection = 7,
		.connect_ns = 500,
		.established_ns = 900,
		.tgid = 1,
		.family = 2,
		.role = (__u8)role};

	memset(h, 0, sizeof(*h));
	h->role = role;
	h->engine = engine__new(&options);
	assert_non_null(h->engine);
	engine__add_sink(h->engine, (struct sink){.exchange = harness__took,
						  .connection = harness__took_event,
						  .context = h});
	open.local_port = role == ROLE_CLIENT ? 40000 : 80;
	open.remote_port = role == ROLE_CLIENT ? 80 : 40000;
	open.event.flags = existing ? OPEN_EXISTING : 0;
	harness__guard(h);
	assert_int_equal(engine__event(h->engine, &open.event, sizeof(open)), 0);
}

static inline void harness__free(struct harness *h)
{
	engine__free(h->engine);
	munmap(h->guard, h->guard_size + 4096);
}

static inline enum direction harness__direction(const struct harness *h, bool request)
{
	return request == (h->role == ROLE_CLIENT) ? DIRECTION_SEND : DIRECTION_RECV;
}

/* One record; data NULL: bytes that passed no buffer. Records are padded to 8 bytes before the
 * guard page. */
static inline void harness__chunk(struct harness *h, uint64_t at_us, bool request, const void *data,
				  size_t length)
{
	size_t head = data ? length : 0, size = (sizeof(struct chunk) + head + 7) / 8 * 8;
	enum direction d = harness__direction(h, request);
	struct chunk *chunk = (struct chunk *)(h->guard + h->guard_size - size);

	assert_true(head <= SONDE_CHUNK_MAX);
	memset(chunk, 0, sizeof(*chunk));
	chunk->event = (struct event){.type = EVENT_CHUNK,
				      .size = (__u32)size,
				      .time_ns = at_us * 1000,
				      .flags = (data ? 0 : CHUNK_NO_BUFFER) |
					       (h->tls ? CHUNK_PLAINTEXT : 0)};
	chunk->connection = 7;
	chunk->position = h->position[d];
	chunk->length = (__u32)length;
	chunk->head = (__u32)head;
	chunk->tgid = chunk->tid = 1;
	chunk->direction = (__u8)d;
	if (head)
		memcpy(chunk->data, data, head);
	h->position[d] += length;
	assert_int_equal(engine__event(h->engine, &chunk->event, (uint32_t)size), 0);
}

static inline void harness__end(struct harness *h, uint64_t at_us, uint16_t type, bool request,
				int error)
{
	struct end_event end = {
		.event = {.type = type, .size = sizeof(end), .time_ns = at_us * 1000},
		.connection = 7,
		.error = error,
		.direction = (__u8)harness__direction(h, request)};

	end.position[0] = h->position[0];
	end.position[1] = h->position[1];
	assert_int_equal(engine__event(h->engine, &end.event, sizeof(end)), 0);
}

/* The connection's TLS session was found. */
static inline void harness__tls(struct harness *h, uint64_t at_us, bool late)
{
	struct tls_event tls = {.event = {.type = EVENT_TLS,
					  .flags = late ? OPEN_EXISTING : 0,
					  .size = sizeof(tls),
					  .time_ns = at_us * 1000},
				.connection = 7,
				.tgid = 1};

	h->tls = true;
	h->position[0] = h->position[1] = 0;
	assert_int_equal(engine__event(h->engine, &tls.event, sizeof(tls)), 0);
}

static inline size_t step__length(const struct step *step)
{
	return step->length ? step->length : step->data ? strlen(step->data) : 0;
}

static inline bool step__is_request(const struct step *step)
{
	return step->kind == STEP_REQUEST || step->kind == STEP_LOSE_REQUEST ||
	       step->kind == STEP_REQUEST_END || step->kind == STEP_BODY_REQUEST;
}

static inline void harness__bytes(struct harness *h, const struct step *step, size_t piece)
{
	const uint8_t *data = step->data;

	for (size_t n, left = step__length(step); left; left -= n, data += n) {
		n = piece && piece < left ? piece : left;
		n = n > SONDE_CHUNK_MAX ? SONDE_CHUNK_MAX : n;
		harness__chunk(h, step->at_us, step__is_request(step), data, n);
	}
}

/* Plays one step; its bytes in records of at most `piece` (0: as large as can be), all at the
 * step's time. */
static inline void harness__step(struct harness *h, const struct step *step, size_t piece)
{
	bool request = step__is_request(step);

	switch (step->kind) {
	case STEP_REQUEST:
	case STEP_RESPONSE:
		harness__bytes(h, step, piece);
		break;
	case STEP_LOSE_REQUEST:
	case STEP_LOSE_RESPONSE:
		h->position[harness__direction(h, request)] += step__length(step);
		break;
	case STEP_BODY_REQUEST:
	case STEP_BODY_RESPONSE:
		harness__chunk(h, step->at_us, request, NULL, step->length);
		break;
	case STEP_REQUEST_END:
	case STEP_RESPONSE_END:
		harness__end(h, step->at_us, EVENT_SHUT, request, 0);
		break;
	case STEP_CLOSE:
	case STEP_RESET:
		harness__end(h, step->at_us, EVENT_CLOSE, false,
			     step->kind == STEP_RESET ? 104 : 0);
		break;
	}
}

/* seen = reported + lost + in flight: the invariant of everything. */
static inline void harness__check_sums(const struct harness *h)
{
	const struct engine_counters *n = &h->engine->counters;

	for (int p = 0; p < PROTOCOL_COUNT; p++)
		for (int s = 0; s < SIDE_COUNT; s++) {
			uint64_t lost = 0;

			for (int r = 0; r < LOSS_REASON_COUNT; r++)
				lost += n->lost[p][s][r];
			assert_int_equal(n->seen[p][s],
					 n->reported[p][s] + lost + n->in_flight[p][s]);
		}
}

static inline void harness__finish(struct harness *h)
{
	engine__tick(h->engine, h->engine->now_ns + 1000000000ull);
	engine__finish(h->engine);
	harness__check_sums(h);
}

/* Plays a whole script; the engine stays open for a look at it, free it with harness__free(). */
static inline void harness__play(struct harness *h, enum role role, bool existing,
				 const struct step *script, size_t steps, size_t piece)
{
	harness__open(h, role, existing);
	for (size_t i = 0; i < steps; i++)
		harness__step(h, &script[i], piece);
	harness__finish(h);
}

static inline bool exchange__same(const struct exchange *a, const struct exchange *b)
{
	return a->protocol == b->protocol && a->side == b->side && a->outcome == b->outcome &&
	       a->loss == b->loss && a->label == b->label && a->start_ns == b->start_ns &&
	       a->first_ns == b->first_ns && a->end_ns == b->end_ns &&
	       a->request_bytes == b->request_bytes && a->response_bytes == b->response_bytes &&
	       memcmp(&a->http, &b->http, sizeof(*a) - offsetof(struct exchange, http)) == 0;
}

static inline void harness__assert_same(const struct harness *whole, const struct harness *cut,
					const char *how, size_t a, size_t b)
{
	if (cut->count != whole->count)
		fail_msg("%s %zu %zu: %zu exchanges, whole: %zu", how, a, b, cut->count,
			 whole->count);
	for (size_t k = 0; k < whole->count; k++)
		if (!exchange__same(&whole->exchange[k], &cut->exchange[k]))
			fail_msg("%s %zu %zu: exchange %zu differs", how, a, b, k);
}

/* The script on both sides, whole and in pieces: the same exchanges every time. */
static inline void harness__every_cut(const struct step *script, size_t steps)
{
	static const size_t pieces[] = {1, 2, 3, 7, 64};
	struct harness *whole = calloc(1, sizeof(*whole)), *cut = calloc(1, sizeof(*cut));

	assert_non_null(whole);
	assert_non_null(cut);
	for (int role = ROLE_SERVER; role <= ROLE_CLIENT; role++) {
		harness__play(whole, (enum role)role, false, script, steps, 0);
		for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
			harness__play(cut, (enum role)role, false, script, steps, pieces[i]);
			harness__assert_same(whole, cut, "in pieces of", pieces[i], 0);
			harness__free(cut);
		}
		harness__free(whole);
	}
	free(whole);
	free(cut);
}

static inline void harness__play_split(struct harness *h, enum role role, const struct step *script,
				       size_t steps, size_t which, size_t at)
{
	struct step a = script[which], b = script[which];

	a.length = at;
	b.data = (const uint8_t *)script[which].data + at;
	b.length = step__length(&script[which]) - at;
	harness__open(h, role, false);
	for (size_t i = 0; i < steps; i++) {
		harness__step(h, i == which ? &a : &script[i], 0);
		if (i == which)
			harness__step(h, &b, 0);
	}
	harness__finish(h);
}

/* Every step's bytes split in two at every place in turn, on both sides: the same exchanges every
 * time. */
static inline void harness__every_split(const struct step *script, size_t steps)
{
	struct harness *whole = calloc(1, sizeof(*whole)), *cut = calloc(1, sizeof(*cut));

	assert_non_null(whole);
	assert_non_null(cut);
	for (int role = ROLE_SERVER; role <= ROLE_CLIENT; role++) {
		harness__play(whole, (enum role)role, false, script, steps, 0);
		for (size_t which = 0; which < steps; which++) {
			if (script[which].kind != STEP_REQUEST &&
			    script[which].kind != STEP_RESPONSE)
				continue;
			for (size_t at = 1; at < step__length(&script[which]); at++) {
				harness__play_split(cut, (enum role)role, script, steps, which, at);
				harness__assert_same(whole, cut, "step split at", which, at);
				harness__free(cut);
			}
		}
		harness__free(whole);
	}
	free(whole);
	free(cut);
}

static inline const char *harness__label(const struct harness *h, size_t i)
{
	return labels__get(h->engine->labels, h->exchange[i].label)->text;
}

#endif
