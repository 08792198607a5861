/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table of connections: who they are, chunks in their turn, how they end. */
#include "connection.h"

#include <stdlib.h>
#include "again.h"
#include "compiler.h"
#include "connection_internal.h"

#define BUCKETS	     16384
#define DEFER_NS     20000000ull /* how long a chunk waits for the one that should come before it */
#define DEFERRED_MAX 64		 /* of one connection; then it waits no longer */
#define CLOSING_NS   100000000ull /* after a reset, what was received already may still be read */

struct connections *connections__new(struct engine *engine)
{
	struct connections *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->engine = engine;
	t->bucket_count = BUCKETS;
	t->bucket = calloc(t->bucket_count, sizeof(struct connection *));
	if (!t->bucket) {
		free(t);
		return NULL;
	}
	return t;
}

/* Cookies are counted up, here and there by each CPU; Fibonacci hashing spreads them. */
static inline uint64_t mix(uint64_t id)
{
	return id * 0x9e3779b97f4a7c15ull >> 32;
}

static struct connection **slot(struct connections *t, uint64_t id)
{
	struct connection **at = &t->bucket[mix(id) & (t->bucket_count - 1)];

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

/* Keeps chains short however many there are; without memory they just grow longer. */
static void widen(struct connections *t)
{
	uint32_t count = t->bucket_count * 2;
	struct connection **bucket;

	if (t->count < t->bucket_count)
		return;
	bucket = calloc(count, sizeof(struct connection *));
	if (!bucket)
		return;
	for (uint32_t i = 0; i < t->bucket_count; i++) {
		struct connection *next;

		for (struct connection *c = t->bucket[i]; c; c = next) {
			struct connection **at = &bucket[mix(c->id) & (count - 1)];

			next = c->next;
			c->next = *at;
			*at = c;
		}
	}
	free(t->bucket);
	t->bucket = bucket;
	t->bucket_count = count;
}

static void free_deferred(struct connection *c)
{
	struct deferred *next;

	for (struct deferred *d = c->deferred; d; d = next) {
		next = d->next;
		free(d);
	}
	c->deferred = NULL;
}

static void drop_deferred(struct connections *t, struct connection *c)
{
	if (c->deferred && !c->closing)
		t->deferring--;
	free_deferred(c);
}

static void free_connection(struct connection *c)
{
	if (c->protocol && c->protocol->clear)
		c->protocol->clear(&c->parser);
	free(c->parser.state);
	again__free(c);
	exchanges__forget_held(c);
	pairing__clear(&c->parser.pairing);
	stream__drop_carry(&c->stream[DIRECTION_RECV]);
	stream__drop_carry(&c->stream[DIRECTION_SEND]);
	free_deferred(c);
	free(c);
}

void connections__free(struct connections *t)
{
	for (uint32_t i = 0; i < t->bucket_count; i++) {
		struct connection *next;

		for (struct connection *c = t->bucket[i]; c; c = next) {
			next = c->next;
			free_connection(c);
		}
	}
	free(t->bucket);
	free(t);
}

static struct connection *add(struct connections *t, uint64_t id, uint64_t time_ns)
{
	struct connection *c;

	if (t->count >= t->engine->options.connections_max || t->engine->refusing)
		return NULL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->id = id;
	c->table = t;
	c->engine = t->engine;
	c->parser.connection = c;
	c->last_ns = time_ns;
	widen(t);
	*slot(t, id) = c;
	t->count++;
	t->engine->counters.connections_seen++;
	t->engine->counters.open_connections[PROTOCOL_UNKNOWN]++;
	return c;
}

void connections__take_out(struct connections *t, struct connection *c)
{
	struct connection **at = slot(t, c->id);

	connection__count_moved(c);
	pools__leave(&t->engine->pools, c, t->engine->now_ns);
	if (c->id_protocol == PROTOCOL_TLS && !c->dropped) {
		t->engine->counters.opaque[PROTOCOL_TLS]++;
		t->engine->counters.tls_opaque[TLS_REASON_UNJOINED]++;
	}
	*at = c->next;
	t->count--;
	t->engine->counters.open_connections[c->id_protocol]--;
	if (c->leaving != LOSS_MEMORY) /* of such one bpf/ knows nothing: what comes is lost */
		t->forgotten[mix(c->id) % FORGOTTEN] = c->id;
	if (c->deferred || c->closing)
		t->deferring--;
	free_connection(c);
}

/* ---- chunks in their turn ---- */

/*
 * The tracepoints fire at the end of a call: where one thread writes and another reads, a response
 * may be seen before its request, and of two threads' calls on one direction the later one first.
 */
static bool before_its_turn(const struct connection *c, const struct chunk *chunk)
{
	const struct stream *s = &c->stream[chunk->direction];
	const struct pairing *p = &c->parser.pairing;

	if (chunk->position > s->position && s->begun && chunk->tid != s->tid)
		return true;
	return c->protocol && !c->protocol->multiplexed && c->role == ROLE_CLIENT &&
	       chunk->direction == DIRECTION_RECV && !s->skip && !p->count && !p->desynced &&
	       c->stream[DIRECTION_SEND].begun && !c->stream[DIRECTION_SEND].resync;
}

static bool waits_behind(const struct connection *c, const struct chunk *chunk)
{
	for (const struct deferred *d = c->deferred; d; d = d->next)
		if (d->chunk.direction == chunk->direction && d->chunk.position < chunk->position)
			return true;
	return false;
}

static bool defer(struct connections *t, struct connection *c, const struct chunk *chunk)
{
	struct deferred **end = &c->deferred, *d;
	uint32_t count = 0;

	for (; *end; end = &(*end)->next)
		count++;
	if (count >= DEFERRED_MAX)
		return false;
	d = malloc(sizeof(*d) + chunk->head);
	if (!d)
		return false;
	memcpy(&d->chunk, chunk, sizeof(*chunk) + chunk->head);
	d->next = NULL;
	d->since_ns = chunk->event.time_ns;
	if (!c->deferred && !c->closing)
		t->deferring++;
	*end = d;
	t->engine->counters.deferred_chunks++;
	return true;
}

/* Feeds what may go now: all that is in its turn, or (patience at its end) the oldest anyhow. */
static void feed_deferred(struct connections *t, struct connection *c, uint64_t now_ns)
{
	struct deferred **at = &c->deferred;

	while (*at && !c->dropped) {
		struct deferred *d = *at;

		if (before_its_turn(c, &d->chunk) && now_ns - d->since_ns < DEFER_NS) {
			at = &d->next;
			continue;
		}
		*at = d->next;
		stream__take(t, c, &d->chunk);
		free(d);
		at = &c->deferred; /* it may have been what an earlier one waited for */
	}
	if (!c->deferred && !c->closing)
		t->deferring--;
}

/* What comes now is not what the deferred response waited for: that is missing. */
static bool follows_a_gap(const struct connection *c, const struct chunk *chunk)
{
	const struct stream *s = &c->stream[chunk->direction];

	return is_request(c, chunk->direction) && s->begun && chunk->position > s->position;
}

static void take_chunk(struct connections *t, struct connection *c, const struct chunk *chunk)
{
	bool waiting = c->deferred != NULL;

	if ((before_its_turn(c, chunk) || (waiting && waits_behind(c, chunk))) &&
	    defer(t, c, chunk))
		return;
	if (waiting && follows_a_gap(c, chunk)) {
		feed_deferred(t, c, UINT64_MAX);
		waiting = false;
	}
	if (c->dropped)
		return;
	stream__take(t, c, chunk);
	if (waiting && !c->dropped)
		feed_deferred(t, c, chunk->event.time_ns);
}

static void restart_plaintext(struct connections *t, struct connection *c, bool late)
{
	drop_deferred(t, c);
	decide__plaintext(t, c, late);
}

void connections__tls(struct connections *t, const struct tls_event *event)
{
	struct connection *c = *slot(t, event->connection);

	if (!c) {
		c = add(t, event->connection, event->event.time_ns);
		if (!c)
			return; /* its chunks are counted as lost */
		c->existing = true;
	}
	t->forgotten[mix(event->connection) % FORGOTTEN] = 0;
	restart_plaintext(t, c, event->event.flags & OPEN_EXISTING);
	owner__set(t, c, event->tgid);
}

static void count_chunk(struct engine *engine, const struct connection *c,
			const struct chunk *chunk)
{
	struct engine_counters *n = &engine->counters;

	n->chunk_bytes[c->id_protocol] += chunk->length;
	n->captured_bytes += chunk->head;
	if (chunk->event.flags & (CHUNK_IO_URING | CHUNK_COMPAT))
		n->unobservable_chunks++;
}

static uint8_t protocol_told(const struct chunk *chunk)
{
	return chunk->protocol < PROTOCOL_COUNT ? chunk->protocol : PROTOCOL_UNKNOWN;
}

static enum loss_reason refusal(const struct connections *t)
{
	return t->engine->refusing ? LOSS_MEMORY : LOSS_CAP;
}

/* NULL: nothing is to be made of the chunk. */
static struct connection *connection_of(struct connections *t, const struct chunk *chunk)
{
	struct connection *c = *slot(t, chunk->connection);

	if (c)
		return c;
	if (t->forgotten[mix(chunk->connection) % FORGOTTEN] == chunk->connection)
		return NULL; /* still on its way when we let go of it */
	c = add(t, chunk->connection, chunk->event.time_ns);
	if (!c) {
		t->engine->counters.lost_bytes[protocol_told(chunk)][refusal(t)] += chunk->length;
		return NULL;
	}
	c->existing = true; /* its open was lost */
	c->stream[chunk->direction].position = chunk->position;
	return c;
}

/* Of a connection under TLS either the plaintext is read or the ciphertext, never both. */
static bool is_of_stream(struct connections *t, struct connection *c, const struct chunk *chunk)
{
	bool plaintext = chunk->event.flags & CHUNK_PLAINTEXT;

	if (plaintext && !c->tls) { /* the event that told so was lost */
		restart_plaintext(t, c, true);
		c->stream[chunk->direction].position = chunk->position;
	}
	return plaintext == c->tls;
}

static COLD void take_any(struct connections *t, const struct chunk *chunk)
{
	struct connection *c;

	engine__begin(t->engine, chunk->event.time_ns);
	c = connection_of(t, chunk);
	if (!c || !is_of_stream(t, c, chunk))
		return;
	again__stop(c);
	owner__set(t, c, chunk->tgid);
	if (owner__may_leave(c)) {
		t->engine->counters.ignored_connections += c->ignored;
		decide__leave(t, c);
		connections__take_out(t, c);
		return;
	}
	count_chunk(t->engine, c, chunk);
	take_chunk(t, c, chunk);
	connection__count_moved(c);
	if (c->dropped)
		connections__take_out(t, c);
}

void connections__chunk(struct connections *t, const struct chunk *chunk)
{
	struct connection *c = *slot(t, chunk->connection);

	if (c && c->again_state == AGAIN_READY && again__takes(c, chunk))
		return;
	if (!c || !stream__flows(c, chunk)) {
		take_any(t, chunk);
		return;
	}
	if (c->dropped)
		connections__take_out(t, c);
}

/* ---- beginnings and ends ---- */

static void describe(struct connection *c, const struct open_event *event)
{
	again__stop(c);
	c->peer = event->peer;
	c->connect_ns = event->connect_ns;
	c->established_ns = event->established_ns;
	c->netns = event->netns;
	c->fate = event->fate;
	c->family = event->family;
	c->local_port = event->local_port;
	c->remote_port = event->remote_port;
	c->role = event->role <= ROLE_CLIENT ? event->role : ROLE_UNKNOWN;
	c->existing = event->event.flags & OPEN_EXISTING;
	memcpy(c->local_address, event->local_address, sizeof(c->local_address));
	memcpy(c->remote_address, event->remote_address, sizeof(c->remote_address));
	memcpy(c->path, event->path, sizeof(c->path));
	c->path[sizeof(c->path) - 1] = '\0';
}

static const char *failure(int error)
{
	switch (error) {
	case 111: /* ECONNREFUSED, numbers as in recordings of any machine */
		return "refused";
	case 110: /* ETIMEDOUT */
		return "timeout";
	case 104: /* ECONNRESET */
		return "reset";
	default:
		return "unreachable";
	}
}

static void connect_failed(struct connections *t, const struct open_event *event)
{
	struct connection c = {.id = event->connection, .table = t, .engine = t->engine};
	struct connection_event failed = {.connection = &c,
					  .kind = CONNECTION_FAILED,
					  .time_ns = event->event.time_ns,
					  .reason = failure(event->error)};

	describe(&c, event);
	c.role = ROLE_CLIENT;
	owner__set(t, &c, event->tgid);
	if (c.own || c.ignored)
		return;
	for (uint32_t i = 0; i < t->engine->sink_count; i++)
		if (t->engine->sinks[i].connection)
			t->engine->sinks[i].connection(t->engine->sinks[i].context, &failed);
}

void connections__open(struct connections *t, const struct open_event *event)
{
	struct connection *c;

	if (event->event.type == EVENT_CONNECT_FAILED) {
		connect_failed(t, event);
		return;
	}
	c = *slot(t, event->connection);
	if (!c)
		c = add(t, event->connection, event->event.time_ns);
	if (!c) {
		t->engine->counters.refused_connections[refusal(t)]++;
		return; /* its chunks are counted as lost */
	}
	t->forgotten[mix(event->connection) % FORGOTTEN] = 0;
	describe(c, event);
	owner__set(t, c, event->tgid);
}

static void end_direction(struct connections *t, struct connection *c, enum direction direction,
			  uint64_t position, uint64_t time_ns, bool reset)
{
	struct stream *s = &c->stream[direction];
	bool request = is_request(c, direction);

	again__stop(c);
	if (s->ended)
		return;
	if (request)
		exchanges__held(c, position == s->position, time_ns);
	if (position > s->position && s->begun)
		stream__missing(t, c, direction, position - s->position, time_ns, LOSS_RING_FULL);
	s->ended = true;
	if (c->protocol)
		c->protocol->end(&c->parser, request, time_ns, reset);
	if (c->protocol && !request && s->begun)
		exchanges__abort_all(c, time_ns); /* nothing can be answered any more */
}

/* The socket counts ciphertext: what that says of the plaintext is nothing. */
static uint64_t end_position(const struct connection *c, const struct end_event *event,
			     enum direction direction)
{
	bool plaintext = event->event.flags & CHUNK_PLAINTEXT;

	return plaintext == c->tls ? event->position[direction] : 0;
}

void connections__hurry(struct connections *t, struct connection *c)
{
	if (c->deferred)
		feed_deferred(t, c, UINT64_MAX);
}

void connections__shut(struct connections *t, const struct end_event *event)
{
	struct connection *c = *slot(t, event->connection);

	if (!c || event->direction >= DIRECTION_COUNT)
		return;
	connections__hurry(t, c);
	if (!c->dropped)
		end_direction(t, c, event->direction, end_position(c, event, event->direction),
			      event->event.time_ns, event->error != 0);
	if (c->dropped)
		connections__take_out(t, c);
}

static void finish(struct connections *t, struct connection *c, const __u64 *position,
		   uint64_t time_ns, bool reset)
{
	connections__hurry(t, c);
	for (int pass = 0; pass < 2 && !c->dropped; pass++) { /* the request's end first */
		enum direction d = direction_of(c, pass == 0);

		end_direction(t, c, d, position ? position[d] : 0, time_ns, reset);
	}
	if (!c->dropped)
		exchanges__abort_all(c, time_ns);
	if (c->id_protocol == PROTOCOL_UNKNOWN && c->stream[DIRECTION_RECV].begun &&
	    c->stream[DIRECTION_SEND].begun && !c->existing)
		t->engine->counters.unparsable[PROTOCOL_UNKNOWN]++;
}

void connections__close(struct connections *t, const struct end_event *event)
{
	struct connection *c = *slot(t, event->connection);

	if (!c)
		return;
	if (event->error && !c->closing) {
		if (!c->deferred)
			t->deferring++;
		c->closing = true;
		c->closing_error = event->error;
		c->closing_ns = event->event.time_ns;
		return;
	}
	finish(t, c, c->tls ? NULL : event->position, event->event.time_ns, false);
	connections__take_out(t, c);
}

static void tick_connection(struct connections *t, struct connection *c, uint64_t now_ns)
{
	if (c->deferred)
		feed_deferred(t, c, now_ns);
	if (c->closing && now_ns - c->closing_ns >= CLOSING_NS) {
		finish(t, c, NULL, c->closing_ns, true);
		c->dropped = true;
	}
	if (c->dropped)
		connections__take_out(t, c);
}

void connections__tick(struct connections *t, uint64_t now_ns)
{
	t->engine->ticked_ns = now_ns;
	if (t->renames != processes__renames(t->engine->processes))
		owner__rename_all(t);
	for (uint32_t i = 0; t->deferring && i < t->bucket_count; i++) {
		struct connection *next;

		for (struct connection *c = t->bucket[i]; c; c = next) {
			next = c->next;
			if (c->deferred || c->closing)
				tick_connection(t, c, now_ns);
		}
	}
}

void connections__finish(struct connections *t, uint64_t now_ns)
{
	for (uint32_t i = 0; i < t->bucket_count; i++) {
		struct connection *next;

		for (struct connection *c = t->bucket[i]; c; c = next) {
			next = c->next;
			connections__hurry(t, c);
			if (c->closing) {
				finish(t, c, NULL, c->closing_ns, true);
				c->dropped = true;
			}
			if (c->dropped)
				connections__take_out(t, c);
		}
	}
	(void)now_ns;
}

/* Of many none is in the cache: they are asked for some steps ahead. */
static void fetch(const struct connections *t, uint32_t bucket)
{
	const struct connection *c = bucket < t->bucket_count ? t->bucket[bucket] : NULL;

	if (!c)
		return;
	__builtin_prefetch(c);
	__builtin_prefetch(&c->last_ns);
	__builtin_prefetch(&c->id_protocol);
	__builtin_prefetch(&c->backend_address);
}

void connections__each(struct connections *t,
		       void (*visit)(void *context, const struct connection *c), void *context)
{
	for (uint32_t i = 0; i < t->bucket_count; i++, fetch(t, i + 8))
		for (const struct connection *c = t->bucket[i]; c; c = c->next)
			visit(context, c);
}

bool connections__some(struct connections *t, struct round *round, uint32_t buckets,
		       void (*visit)(void *context, const struct connection *c), void *context)
{
	uint32_t i = round->bucket, end;

	if (i && round->buckets != t->bucket_count) {
		round->bucket = 0;
		return false;
	}
	round->buckets = t->bucket_count;
	end = buckets < t->bucket_count - i ? i + buckets : t->bucket_count;
	for (; i < end; i++, fetch(t, i + 8))
		for (const struct connection *c = t->bucket[i]; c; c = c->next)
			visit(context, c);
	round->bucket = end;
	return end == t->bucket_count;
}

const struct connection *connections__find(const struct connections *t, uint64_t id)
{
	return *slot((struct connections *)t, id);
}

void connections__forget(struct connections *t, uint64_t id, uint64_t now_ns)
{
	struct connection *c = *slot(t, id);

	if (!c)
		return;
	finish(t, c, NULL, now_ns, false);
	connections__take_out(t, c);
}
