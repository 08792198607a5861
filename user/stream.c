/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The bytes of one direction in order: skipped, carried over, missing, or fed to the parser. */
#include "connection_internal.h"

#include <stdlib.h>
#include "again.h"
#include "compiler.h"

static uint8_t protocol_of(const struct connection *c)
{
	return c->protocol ? (uint8_t)c->protocol->id : c->id_protocol;
}

void stream__drop_carry(struct stream *s)
{
	free(s->carry);
	s->carry = NULL;
	s->carry_length = 0;
	s->carry_capacity = 0;
}

struct slice stream__joined(struct connections *t, struct stream *s, struct slice bytes)
{
	size_t room;

	if (!s->carry_length)
		return bytes;
	memcpy(t->scratch, s->carry, s->carry_length);
	room = sizeof(t->scratch) - s->carry_length;
	if (bytes.length > room)
		bytes.length =
			room; /* cannot be: carry <= CARRY_LIMIT, a record <= SONDE_CHUNK_MAX */
	if (bytes.length)
		memcpy(t->scratch + s->carry_length, bytes.data, bytes.length);
	return slice__of(t->scratch, s->carry_length + bytes.length);
}

bool stream__keep(struct stream *s, struct slice joined, size_t from, const struct chunk *chunk)
{
	struct slice rest = slice__from(joined, from);
	uint8_t *carry;

	if (!rest.length) {
		s->carry_length = 0;
		if (s->carry_capacity > 512)
			stream__drop_carry(s);
		return true;
	}
	if (from >= s->carry_length && chunk) { /* all of it is new */
		s->carry_ns = chunk->event.time_ns;
		s->carry_queue_ns = chunk->queue_ns;
	}
	if (rest.length > s->carry_capacity) {
		size_t capacity = rest.length < 128 ? 128 : rest.length + rest.length / 2;

		carry = malloc(capacity);
		if (!carry)
			return false;
		memcpy(carry, rest.data, rest.length);
		free(s->carry);
		s->carry = carry;
		s->carry_capacity = (uint32_t)capacity;
	} else {
		memmove(s->carry, rest.data, rest.length);
	}
	s->carry_length = (uint32_t)rest.length;
	return true;
}

/* Passes up to `length` bytes that the parser does not want to see; returns how many. */
static uint64_t pass_skipped(struct connection *c, enum direction direction, uint64_t length,
			     uint64_t time_ns)
{
	struct stream *s = &c->stream[direction];
	uint64_t n = s->skip < length ? s->skip : length;

	if (!n)
		return 0;
	if (s->skip != UINT64_MAX)
		s->skip -= n;
	if (!s->skip && c->protocol)
		c->protocol->skipped(&c->parser, is_request(c, direction), time_ns);
	return n;
}

static void start_run(struct connection *c, bool request, uint64_t time_ns)
{
	if (request)
		exchanges__request_run(c, time_ns);
	else
		exchanges__response_run(c);
}

/* Nothing fits any more and the parser does not move: as after a gap. */
static void stuck(struct connection *c, struct stream *s, struct run *run, size_t dropped)
{
	parser__passed_over(&c->parser, dropped);
	stream__drop_carry(s);
	parser__contradiction(&c->parser, run->request, run->time_ns);
	if (c->protocol)
		c->protocol->gap(&c->parser, run->request, 0, run->time_ns);
}

/* Offers the joined bytes to the parser until it wants more; keeps the rest. */
static void offer(struct connection *c, enum direction direction, const struct chunk *chunk,
		  struct run *run)
{
	struct stream *s = &c->stream[direction];
	struct slice joined = run->bytes;
	size_t at = 0, carried = run->carried;

	while (c->protocol && at < joined.length) {
		const struct protocol *protocol = c->protocol;
		size_t consumed;

		run->bytes = slice__from(joined, at);
		run->carried = carried > at ? carried - at : 0;
		consumed = protocol->feed(&c->parser, run);
		if (c->dropped || !c->protocol)
			return;
		if (consumed > run->bytes.length) {
			s->skip = consumed == SIZE_MAX ? UINT64_MAX : consumed - run->bytes.length;
			at = joined.length;
			break;
		}
		at += consumed;
		if (c->protocol != protocol)
			continue; /* switched: what follows is the next protocol's */
		if (joined.length - at <= protocol->carry_max)
			break;
		if (run->full && !consumed) {
			stuck(c, s, run, joined.length - at);
			return;
		}
		run->full = true;
	}
	if (!c->protocol || !stream__keep(s, joined, at, chunk))
		stream__drop_carry(s);
}

/* True where that was all of it; else *bytes is what is left. */
static inline bool is_all(struct connection *c, struct stream *s, const struct protocol *protocol,
			  struct slice *bytes, size_t consumed)
{
	if (consumed == bytes->length && c->protocol == protocol)
		return true;
	if (c->dropped || !c->protocol)
		return true;
	if (consumed > bytes->length) {
		s->skip = consumed == SIZE_MAX ? UINT64_MAX : consumed - bytes->length;
		return true;
	}
	*bytes = slice__from(*bytes, consumed);
	return false;
}

/* Mostly nothing is carried, and a chunk holds whole messages. False: `bytes` is what is left. */
static bool offer_all(struct connection *c, struct stream *s, struct run *run, struct slice *bytes)
{
	const struct protocol *protocol = c->protocol;

	run->bytes = *bytes;
	return is_all(c, s, protocol, bytes, protocol->feed(&c->parser, run));
}

/* What is not fed at once: bytes to skip, a carried part, what the parser left. */
static void feed_rest(struct connections *t, struct connection *c, enum direction direction,
		      const struct chunk *chunk, struct run *run, struct slice bytes)
{
	struct stream *s = &c->stream[direction];

	bytes = slice__from(bytes, (size_t)pass_skipped(c, direction, bytes.length, run->time_ns));
	if (!c->protocol || (!bytes.length && !s->carry_length))
		return;
	run->bytes = stream__joined(t, s, bytes);
	offer(c, direction, chunk, run);
	if (s->skip)
		decide__skip_hint(t, c, direction);
}

void stream__feed(struct connections *t, struct connection *c, enum direction direction,
		  const struct chunk *chunk, struct slice bytes)
{
	struct stream *s = &c->stream[direction];
	struct run run = {
		.chunk = chunk,
		.time_ns = bytes.length ? chunk->event.time_ns : s->carry_ns,
		.carried = s->carry_length,
		.carried_ns = s->carry_ns,
		.carried_queue_ns = s->carry_queue_ns,
		.request = is_request(c, direction),
	};

	if (!c->protocol || (!bytes.length && !s->carry_length))
		return;
	if (!s->skip && !s->carry_length && offer_all(c, s, &run, &bytes)) {
		if (s->skip)
			decide__skip_hint(t, c, direction);
		return;
	}
	feed_rest(t, c, direction, chunk, &run, bytes);
}

void stream__missing(struct connections *t, struct connection *c, enum direction direction,
		     uint64_t length, uint64_t time_ns, enum loss_reason reason)
{
	struct stream *s = &c->stream[direction];
	bool request = is_request(c, direction);
	bool at_boundary = !s->skip && !s->carry_length;

	s->position += length;
	if (!c->protocol) {
		c->existing = true; /* what is recognised from here on starts in the middle */
		stream__drop_carry(s);
		return;
	}
	length -= pass_skipped(c, direction, length, time_ns);
	if (!length || !c->protocol)
		return;
	if (c->existing && !c->unmatched && !c->parser.pairing.count && c->probing)
		reason = LOSS_ATTACHED;
	t->engine->counters.lost_bytes[protocol_of(c)][reason] += length;
	stream__drop_carry(s);
	if (request)
		exchanges__request_gap(c, at_boundary, time_ns, reason);
	else
		exchanges__response_gap(c, time_ns, reason);
	s->resync = true;
	c->protocol->gap(&c->parser, request, length, time_ns);
}

static enum loss_reason reason_of(const struct chunk *chunk)
{
	if (chunk->event.flags & CHUNK_UNREADABLE)
		return LOSS_UNREADABLE;
	if (chunk->event.flags & (CHUNK_IO_URING | CHUNK_COMPAT | CHUNK_NO_BUFFER))
		return LOSS_NO_BUFFER;
	return LOSS_CAP;
}

/* True where bytes came that were counted as missing before: too late for the parser. */
static bool too_late(struct connections *t, const struct stream *s, const struct chunk *chunk)
{
	if (chunk->position >= s->position)
		return false;
	t->engine->counters.reordered_chunks++;
	return true;
}

void stream__take(struct connections *t, struct connection *c, const struct chunk *chunk)
{
	enum direction direction = chunk->direction;
	struct stream *s = &c->stream[direction];
	struct slice bytes = slice__of(chunk->data, chunk->head);
	uint64_t time_ns = chunk->event.time_ns;

	if (too_late(t, s, chunk))
		return;
	if (c->held && is_request(c, direction))
		exchanges__held(c, chunk->position == s->position, time_ns);
	if (c->protocol && !(chunk->event.flags & CHUNK_CONTINUED))
		start_run(c, is_request(c, direction), time_ns);
	if (chunk->position > s->position)
		stream__missing(t, c, direction, chunk->position - s->position, time_ns,
				LOSS_RING_FULL);
	if (is_request(c, direction))
		c->unmatched = 0;
	s->position += chunk->head;
	s->begun = true;
	s->tid = chunk->tid;
	if (c->protocol)
		stream__feed(t, c, direction, chunk, bytes);
	else if (c->id_protocol == PROTOCOL_UNKNOWN)
		decide__chunk(t, c, chunk);
	if (!c->dropped && chunk->head < chunk->length)
		stream__missing(t, c, direction, chunk->length - chunk->head, time_ns,
				reason_of(chunk));
	c->last_ns = time_ns;
}

/* ---- the short way ---- */

/* Nothing waits, nothing is in doubt: each chunk is the parser's at once. One branch for all. */
static inline bool is_settled(const struct connection *c)
{
	return !((uintptr_t)c->deferred | (uintptr_t)c->held | c->own | c->ignored | c->dropped |
		 c->parser.pairing.desynced | c->stream[DIRECTION_RECV].resync |
		 c->stream[DIRECTION_SEND].resync);
}

/* Whole, next in line, and of the process that used the socket before. */
static inline bool is_next(const struct connection *c, const struct stream *s,
			   const struct chunk *chunk)
{
	return chunk->position == s->position && chunk->head == chunk->length && chunk->head &&
	       chunk->tgid == c->tgid && chunk->event.flags == c->chunk_flags &&
	       !(s->skip | s->carry_length);
}

/* As exchanges__request_run and exchanges__response_run have it, where nothing is in doubt. */
static inline void begin_run(struct connection *c, bool request)
{
	struct pairing *p = &c->parser.pairing;

	if (!request) {
		p->answering = true;
		return;
	}
	p->interleaved |= p->answering && p->count;
	p->answering = false;
	p->run_requests = 0;
	c->unmatched = 0;
}

static inline void note(struct connection *c, struct stream *s, const struct chunk *chunk)
{
	struct engine_counters *n = &c->engine->counters;

	n->chunk_bytes[c->id_protocol] += chunk->length;
	n->captured_bytes += chunk->head;
	s->position += chunk->length;
	s->begun = true;
	s->tid = chunk->tid;
}

static COLD void feed_left(struct connection *c, struct stream *s, const struct protocol *protocol,
			   struct run *run, size_t consumed)
{
	const struct chunk *chunk = run->chunk;
	struct slice bytes = run->bytes;

	if (!is_all(c, s, protocol, &bytes, consumed))
		feed_rest(c->table, c, chunk->direction, chunk, run, bytes);
	else if (s->skip)
		decide__skip_hint(c->table, c, chunk->direction);
}

static void flow(struct connection *c, struct stream *s, const struct chunk *chunk, bool request)
{
	const struct protocol *protocol = c->protocol;
	struct run run;
	size_t consumed;

	run.bytes = slice__of(chunk->data, chunk->head);
	run.chunk = chunk;
	run.time_ns = chunk->event.time_ns;
	run.carried = run.carried_ns = run.carried_queue_ns = 0;
	run.request = request;
	run.full = false;
	again__pause(c);
	begin_run(c, request);
	note(c, s, chunk);
	consumed = protocol->feed(&c->parser, &run);
	if (consumed != chunk->head || c->protocol != protocol)
		feed_left(c, s, protocol, &run, consumed);
	c->last_ns = chunk->event.time_ns;
}

/* Part of a body, in a buffer or not. */
static bool is_passed(const struct connection *c, const struct stream *s, const struct chunk *chunk)
{
	uint32_t flags = chunk->event.flags & ~(uint32_t)(CHUNK_CONTINUED | CHUNK_NO_BUFFER);

	return s->skip >= chunk->length && chunk->length && chunk->position == s->position &&
	       chunk->tgid == c->tgid && flags == c->chunk_flags && !s->carry_length;
}

static COLD bool passes(struct connection *c, struct stream *s, const struct chunk *chunk,
			bool request)
{
	if (!is_passed(c, s, chunk))
		return false;
	if (!(chunk->event.flags & CHUNK_CONTINUED))
		begin_run(c, request);
	note(c, s, chunk);
	pass_skipped(c, chunk->direction, chunk->length, chunk->event.time_ns);
	c->last_ns = chunk->event.time_ns;
	if (!request && !s->skip && !c->dropped)
		again__told_rest(c);
	return true;
}

APART bool stream__flows(struct connection *c, const struct chunk *chunk)
{
	struct stream *s = &c->stream[chunk->direction];
	bool request = is_request(c, chunk->direction);

	if (!c->protocol || !is_settled(c))
		return false;
	if (!request && !c->parser.pairing.count && !c->protocol->multiplexed)
		return false; /* its request may be still to come */
	if (!is_next(c, s, chunk))
		return passes(c, s, chunk, request);
	flow(c, s, chunk, request);
	return true;
}
