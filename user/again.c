/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "again.h"

#include <stdlib.h>
#include "compiler.h"
#include "connection_internal.h"

#define ALIKE_LEAST 2  /* exchanges as the one before, until the next ones may pass */
#define ALIKE_MOST  64 /* where they were learned in vain before */
#define WORTH	    8  /* so many passed: it was not in vain */
#define ENTRIES_MAX 2  /* that a request opens: itself, and a silent one behind it */

struct again {
	const struct known_message *request, *response; /* held */
	uint64_t meaning; /* the engine's, under which this was learned */
	uint32_t tgid;
	uint16_t flags; /* of its chunks */
	uint8_t entries;
	uint8_t busy, idle; /* enum activity behind a request, and an answer */
	bool begins;	    /* that a request was read is told */
	bool learned;	    /* once, at least */
	uint32_t passed;    /* exchanges, since the last time */
	uint32_t rest;	    /* of an answer's body, in further chunks */
	uint32_t left;	    /* of that, while they come; 0: no answer has begun */
	/* the engine's counters of its protocol and side */
	uint64_t *seen, *in_flight, *reported, *moved;
	struct pending entry[ENTRIES_MAX]; /* as they were opened */
	struct exchange exchange;	   /* as it was told */
	/* held: as asked, while it is not answered; and that, while it is not all of it */
	const struct known_message *next_request, *next_response;
};

static void let_go(struct connection *c, const struct known_message **message)
{
	known_messages__let_go(c->engine->known, *message);
	*message = NULL;
}

void again__free(struct connection *c)
{
	struct again *a = c->again;

	c->again = NULL;
	c->again_state = AGAIN_NONE;
	if (!a)
		return;
	let_go(c, &a->request);
	let_go(c, &a->response);
	let_go(c, &a->next_request);
	let_go(c, &a->next_response);
	free(a);
}

size_t again__bytes(const struct connection *c)
{
	return c->again ? sizeof(*c->again) : 0;
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

static const struct known_message *describe(struct connection *c, bool request,
					    struct slice message)
{
	struct known_draft draft;

	if (message.length > KNOWN_BYTES)
		return NULL;
	ranges__learn(draft.least, draft.spread, message);
	if (!c->protocol->describe(&c->parser, request, message, draft.least, draft.spread))
		return NULL;
	return known_messages__hold(c->engine->known, &draft, message.length);
}

/* The next time it has to be alike more often before. */
static void doubt(struct parser *parser)
{
	if (parser->alike.least < ALIKE_MOST)
		parser->alike.least *= 2;
}

static void judge_last(struct parser *parser, const struct again *a)
{
	if (a->passed >= WORTH)
		parser->alike.least = ALIKE_LEAST;
	else if (a->learned)
		doubt(parser);
}

/* What is known makes room for something else. */
static void forget(struct connection *c, struct again *a)
{
	let_go(c, &a->request);
	let_go(c, &a->response);
	let_go(c, &a->next_request);
	let_go(c, &a->next_response);
	again__stop(c);
}

/* What was asked is kept until it is answered: only then it is known to be of use. */
static COLD void keep_request(struct connection *c, struct slice message)
{
	const struct pairing *p = &c->parser.pairing;
	struct again *a = c->again;

	if (!a && !c->engine->refusing && !c->engine->options.without_again)
		a = c->again = calloc(1, sizeof(*a));
	if (!a)
		return;
	forget(c, a);
	a->next_request = describe(c, true, message);
	a->entries = (uint8_t)p->count;
	for (uint32_t i = 0; i < p->count; i++) {
		a->entry[i] = *pairing__at(p, i);
		a->entry[i].again = true;
	}
	a->busy = c->activity;
	a->begins = c->id_protocol == PROTOCOL_HTTP1 && connection__side(c) == SIDE_SERVER;
}

/* The request just opened, and a silent entry behind it, are all that is in flight. */
static bool stands_alone(const struct pairing *p)
{
	const struct pending *front = pairing__front(p), *behind = pairing__at(p, 1);

	return front && !front->silent && !front->details && front->label != LABEL_OTHER &&
	       p->count <= ENTRIES_MAX && (!behind || behind->silent);
}

/* A plain run has gone the general way. */
static void confirm(struct connection *c)
{
	if (c->again_state == AGAIN_UNSURE)
		c->again_state = AGAIN_PAUSED;
}

void parser__asked(struct parser *parser, struct slice message)
{
	struct alike *alike = &parser->alike;
	const struct pending *front = pairing__front(&parser->pairing);

	if (parser->wanted || !stands_alone(&parser->pairing))
		return;
	alike->state = ALIKE_ASKED;
	confirm(parser->connection);
	if (message.length != alike->request_bytes || front->label != alike->label) {
		alike->request_bytes = (uint32_t)message.length;
		alike->label = front->label;
		alike->times = 0;
	} else if (alike->times + 1 >= alike->least) {
		keep_request(parser->connection, message);
	}
}

static void find_counters(const struct connection *c, struct again *a)
{
	struct engine_counters *n = &c->engine->counters;
	enum side side = connection__side(c);

	a->seen = &n->seen[c->id_protocol][side];
	a->in_flight = &n->in_flight[c->id_protocol][side];
	a->reported = &n->reported[c->id_protocol][side];
	a->moved = &n->chunk_bytes[c->id_protocol];
}

/* Nothing is in flight. */
static void resume(struct connection *c)
{
	pairing__forget(&c->parser.pairing);
	c->again_state = AGAIN_READY;
}

static COLD void keep_response(struct connection *c, struct slice message)
{
	struct again *a = c->again;

	if (!a || !a->next_request)
		return;
	let_go(c, &a->next_response);
	a->next_response = describe(c, false, message);
}

static COLD void learn(struct connection *c)
{
	struct again *a = c->again;

	if (!a || !is_quiet(c))
		return;
	if (!a->next_response || a->exchange.outcome != OUTCOME_OK) {
		doubt(&c->parser);
		return;
	}
	judge_last(&c->parser, a);
	a->request = a->next_request;
	a->response = a->next_response;
	a->next_request = a->next_response = NULL;
	a->rest = (uint32_t)c->parser.alike.rest_bytes; /* below HINT_BYTES */
	a->learned = true;
	a->meaning = c->engine->meaning;
	a->tgid = c->tgid;
	a->flags = c->chunk_flags;
	a->idle = c->activity;
	a->passed = 0;
	a->exchange.again = true;
	find_counters(c, a);
	resume(c);
}

void again__keep_exchange(struct connection *c, const struct exchange *exchange)
{
	if (c->again && c->again->next_request)
		c->again->exchange = *exchange;
}

static bool is_of_form(const struct alike *alike, size_t bytes, uint64_t rest)
{
	return bytes == alike->response_bytes && rest == alike->rest_bytes;
}

static void begin_form(struct alike *alike, size_t bytes, uint64_t rest)
{
	alike->response_bytes = (uint32_t)bytes;
	alike->rest_bytes = rest;
	alike->times = 0;
}

static void end_told(struct connection *c)
{
	c->parser.alike.state = ALIKE_NOT;
	if (c->again_state == AGAIN_PAUSED && is_quiet(c))
		resume(c);
}

void parser__told(struct parser *parser, struct slice message)
{
	struct connection *c = parser->connection;
	struct alike *alike = &parser->alike;

	confirm(c);
	if (alike->state != ALIKE_ASKED || parser->pairing.count ||
	    !is_of_form(alike, message.length, 0)) {
		begin_form(alike, message.length, 0);
	} else if (++alike->times >= alike->least) {
		keep_response(c, message);
		learn(c);
		alike->times = 0;
	}
	end_told(c);
}

void parser__tells(struct parser *parser, struct slice message, uint64_t rest)
{
	struct alike *alike = &parser->alike;

	confirm(parser->connection);
	if (alike->state != ALIKE_ASKED || rest >= HINT_BYTES ||
	    !is_of_form(alike, message.length, rest)) {
		begin_form(alike, message.length, rest);
		alike->state = ALIKE_NOT;
		return;
	}
	if (alike->times + 1 >= alike->least)
		keep_response(parser->connection, message);
	alike->state = ALIKE_ANSWERING;
}

void again__told_rest(struct connection *c)
{
	struct alike *alike = &c->parser.alike;

	if (alike->state == ALIKE_ANSWERING && ++alike->times >= alike->least) {
		learn(c);
		alike->times = 0;
	}
	end_told(c);
}

void parser__begin_alike(struct parser *parser)
{
	parser->alike = (struct alike){.least = ALIKE_LEAST};
}

/* ---- passing ---- */

static inline void note(struct connection *c, const struct again *a, struct stream *s,
			const struct chunk *chunk)
{
	*a->moved += chunk->length;
	c->engine->counters.captured_bytes += chunk->head;
	s->position += chunk->length;
	s->tid = chunk->tid;
	c->last_ns = chunk->event.time_ns;
}

/* Entries that went this way before are still there, but for what is their own. */
static COLD void write_entries(struct pairing *p, const struct again *a)
{
	for (uint32_t i = 0; i < a->entries; i++)
		p->ring[i] = a->entry[i];
}

static inline void open_entry(struct pending *p, const struct chunk *chunk, uint32_t times)
{
	p->times = (uint16_t)times;
	p->start_ns = chunk->event.time_ns;
	p->queue_ns = chunk->queue_ns;
	p->tid = chunk->tid;
}

static inline bool ask(struct connection *c, const struct again *a, struct stream *s,
		       const struct chunk *chunk)
{
	struct pairing *pairing = &c->parser.pairing;
	uint32_t times;

	if (pairing->count || (pairing->capacity < a->entries && !pairing__grow(pairing)))
		return false;
	times = known_message__times(a->request, chunk->data, chunk->head);
	if (!times || times > UINT16_MAX || (times > 1 && a->entries > 1))
		return false;
	if (!pairing->ring[0].again)
		write_entries(pairing, a);
	open_entry(&pairing->ring[0], chunk, times);
	if (a->entries > 1)
		open_entry(&pairing->ring[1], chunk, 1);
	pairing->count = a->entries;
	pairing->answering = false;
	pairing->run_requests = times;
	pairing->pipelined |= times > 1;
	c->unmatched = 0;
	*a->seen += times;
	*a->in_flight += times;
	note(c, a, s, chunk);
	if (a->busy)
		parser__activity(&c->parser, a->busy, chunk->event.time_ns);
	if (a->begins)
		parser__begun(&c->parser, &pairing->ring[0]);
	return true;
}

static inline void end_answer(struct connection *c, struct again *a, const struct chunk *chunk)
{
	struct pairing *pairing = &c->parser.pairing;
	const struct pending *p = pairing->ring;
	struct exchange *e = &a->exchange;

	e->start_ns = p->start_ns;
	e->end_ns = chunk->event.time_ns;
	e->queue_ns = p->queue_ns;
	e->tid = p->tid;
	e->end_tid = chunk->tid;
	e->count = p->times;
	*a->in_flight -= e->count;
	*a->reported += e->count;
	exchanges__publish(c, e);
	e->again = true;
	pairing->count = 0;
	a->passed += e->count;
	if (a->busy)
		parser__activity(&c->parser, a->idle, chunk->event.time_ns);
}

static inline bool answer(struct connection *c, struct again *a, struct stream *s,
			  const struct chunk *chunk)
{
	struct pairing *pairing = &c->parser.pairing;
	const struct pending *p = pairing->ring;

	if (!pairing->count || pairing->first || !p->again ||
	    chunk->head != p->times * a->response->bytes || (a->rest && p->times > 1) ||
	    known_message__times(a->response, chunk->data, chunk->head) != p->times)
		return false;
	pairing->answering = true;
	note(c, a, s, chunk);
	a->exchange.first_ns = chunk->event.time_ns;
	a->left = a->rest;
	if (!a->left)
		end_answer(c, a, chunk);
	return true;
}

/* Part of a body, in a buffer or not. Anything else goes the general way, which is told so far. */
static APART bool go_on(struct connection *c, struct again *a, struct stream *s,
			const struct chunk *chunk)
{
	uint32_t flags = chunk->event.flags & ~(uint32_t)(CHUNK_CONTINUED | CHUNK_NO_BUFFER);

	if (is_request(c, chunk->direction) || chunk->position != s->position ||
	    chunk->tgid != a->tgid || flags != a->flags || !chunk->length ||
	    chunk->length > a->left) {
		again__pause(c);
		return false;
	}
	note(c, a, s, chunk);
	a->left -= chunk->length;
	if (!a->left)
		end_answer(c, a, chunk);
	return true;
}

void again__leave(struct connection *c)
{
	const struct protocol *protocol = c->protocol;
	struct again *a = c->again;
	uint32_t left = a->left;

	a->exchange.again = false;
	a->left = 0;
	if (protocol && protocol->passed)
		protocol->passed(&c->parser, a->entry);
	if (!protocol || !left)
		return;
	c->stream[direction_of(c, false)].skip = left;
	protocol->passing(&c->parser, &a->exchange, left);
}

bool again__takes(struct connection *c, const struct chunk *chunk)
{
	struct again *a = c->again;
	struct stream *s = &c->stream[chunk->direction];

	if (a->left)
		return go_on(c, a, s, chunk);
	if (a->meaning != c->engine->meaning || chunk->position != s->position ||
	    chunk->head != chunk->length || chunk->tgid != a->tgid ||
	    chunk->event.flags != a->flags)
		return false;
	return is_request(c, chunk->direction) ? ask(c, a, s, chunk) : answer(c, a, s, chunk);
}
