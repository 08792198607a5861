/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "again.h"

#include <stdlib.h>
#include "compiler.h"
#include "connection_internal.h"

#define ALIKE_LEAST 2 /* exchanges that were as the one before, until the next ones may pass */

struct again {
	uint64_t meaning; /* the engine's, under which this was learned */
	uint32_t tgid;
	uint16_t flags; /* of its chunks */
	struct known_message request, response;
	struct pending entry;	  /* as it was opened */
	struct exchange exchange; /* as it was told */
};

void again__free(struct connection *c)
{
	free(c->again);
	c->again = NULL;
	c->again_ready = false;
}

/* ---- learning ---- */

/* What has to be so for a chunk to be the parser's at once, and stays so on this way. */
static bool is_quiet(const struct connection *c)
{
	const struct stream *recv = &c->stream[DIRECTION_RECV], *send = &c->stream[DIRECTION_SEND];

	return !((uintptr_t)c->deferred | (uintptr_t)c->held | c->own | c->ignored | c->dropped |
		 c->closing | c->parser.pairing.desynced | c->parser.pairing.count | recv->resync |
		 send->resync | recv->skip | send->skip | recv->carry_length | send->carry_length |
		 recv->ended | send->ended);
}

/* Keeps the entry of what may be learned once it is answered. */
static COLD void keep_entry(struct connection *c, const struct pending *entry)
{
	if (!c->again && !c->engine->refusing && !c->engine->options.without_again)
		c->again = calloc(1, sizeof(*c->again));
	if (c->again)
		c->again->entry = *entry;
}

void parser__asked(struct parser *parser, const struct known_message *known)
{
	struct alike *alike = &parser->alike;

	alike->now = parser->pairing.count == 1 && known->bytes ? known : NULL;
	if (!alike->now || alike->asked != known->serial) {
		alike->asked = known->serial;
		alike->times = 0;
	} else if (alike->times == ALIKE_LEAST - 1) {
		keep_entry(parser->connection, pairing__front(&parser->pairing));
	}
}

static COLD void learn(struct connection *c, const struct known_message *response,
		       const struct exchange *exchange)
{
	struct again *a = c->again;

	if (!a || !is_quiet(c))
		return;
	a->meaning = c->engine->meaning;
	a->tgid = c->tgid;
	a->flags = c->chunk_flags;
	a->request = *c->parser.alike.now;
	a->response = *response;
	a->entry.again = true;
	a->exchange = *exchange;
	a->exchange.again = true;
	c->again_ready = true;
}

void parser__told(struct parser *parser, const struct known_message *known,
		  const struct exchange *exchange)
{
	struct alike *alike = &parser->alike;

	if (!alike->now || parser->pairing.count || !known->bytes || alike->told != known->serial) {
		alike->told = known->serial;
		alike->times = 0;
	} else if (++alike->times == ALIKE_LEAST) {
		learn(parser->connection, known, exchange);
		alike->times = 0;
	}
	alike->now = NULL;
}

/* ---- passing ---- */

static inline void note(struct connection *c, struct stream *s, const struct chunk *chunk)
{
	struct engine_counters *n = &c->engine->counters;

	n->chunk_bytes[c->id_protocol] += chunk->length;
	n->captured_bytes += chunk->head;
	s->position += chunk->length;
	s->begun = true;
	s->tid = chunk->tid;
	c->last_ns = chunk->event.time_ns;
}

static inline bool ask(struct connection *c, const struct again *a, struct stream *s,
		       const struct chunk *chunk)
{
	struct pairing *pairing = &c->parser.pairing;
	uint32_t times = known__times(&a->request, chunk->data, chunk->head);
	struct pending *p;

	if (pairing->count || times * a->request.bytes != chunk->head || times > UINT16_MAX)
		return false;
	p = pairing__open(pairing);
	if (!p)
		return false;
	pending__copy(p, &a->entry);
	p->times = (uint16_t)times;
	p->start_ns = chunk->event.time_ns;
	p->queue_ns = chunk->queue_ns;
	p->tid = chunk->tid;
	pairing->answering = false;
	pairing->run_requests = times;
	pairing->pipelined |= times > 1;
	c->unmatched = 0;
	exchanges__count_seen(c, times);
	note(c, s, chunk);
	return true;
}

static inline bool answer(struct connection *c, struct again *a, struct stream *s,
			  const struct chunk *chunk)
{
	struct pairing *pairing = &c->parser.pairing;
	const struct pending *p = pairing__front(pairing);
	struct exchange *e = &a->exchange;

	if (pairing->count != 1 || !p->again || chunk->head != p->times * a->response.bytes ||
	    known__times(&a->response, chunk->data, chunk->head) != p->times)
		return false;
	pairing->answering = true;
	note(c, s, chunk);
	e->start_ns = p->start_ns;
	e->first_ns = e->end_ns = chunk->event.time_ns;
	e->queue_ns = p->queue_ns;
	e->tid = p->tid;
	e->end_tid = chunk->tid;
	e->count = p->times;
	exchanges__count_ended(c, e);
	c->contradictions = 0;
	exchanges__publish(c, e);
	pairing__pop_many(pairing, p->times);
	return true;
}

bool again__takes(struct connection *c, const struct chunk *chunk)
{
	struct again *a = c->again;
	struct stream *s = &c->stream[chunk->direction];

	if (a->meaning != c->engine->meaning || chunk->position != s->position ||
	    chunk->head != chunk->length || !chunk->head || chunk->tgid != a->tgid ||
	    chunk->event.flags != a->flags)
		return false;
	return is_request(c, chunk->direction) ? ask(c, a, s, chunk) : answer(c, a, s, chunk);
}
