/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which protocol a connection speaks, which of its ends we see, and what bpf/ shall deliver of it.
 */
#include "again.h"
#include "connection_internal.h"

#include <stdlib.h>

#define UNDECIDED_BYTES 4096  /* of one direction, with nothing recognised */
#define PROBE_AFTER	16    /* calls on an existing connection that begin with nothing we know */
#define PROBES_MAX	20000 /* then it is none of ours */
#define ATTACH_NS	50000000ull

#define RECORD_CHANGE_CIPHER 0x14
#define RECORD_HANDSHAKE     0x16
#define RECORD_DATA	     0x17
#define RECORD_MAX	     (16384 + 2048) /* RFC 5246 section 6.2.3 */

static const uint16_t default_http_ports[] = {80, 8000, 8080, 8888, 3000, 5000, 9000, 0};

static void tell(struct connections *t, const struct connection *c, const struct verdict *verdict)
{
	if (t->engine->verdict)
		t->engine->verdict(t->engine->verdict_context, c->id, verdict);
}

static void count_open(struct connections *t, struct connection *c, enum protocol_id protocol)
{
	t->engine->counters.open_connections[c->id_protocol]--;
	c->id_protocol = (uint8_t)protocol;
	t->engine->counters.open_connections[c->id_protocol]++;
}

static void leave_parser(struct connection *c)
{
	again__stop(c);
	if (!c->protocol)
		return;
	pools__leave(&c->engine->pools, c, c->engine->now_ns);
	c->activity = ACTIVITY_NONE;
	exchanges__held(c, false, c->engine->now_ns);
	exchanges__lose_all(c, 0, c->engine->now_ns, parser__leaving(&c->parser));
	if (c->protocol->clear)
		c->protocol->clear(&c->parser);
	free(c->parser.state);
	c->parser.state = NULL;
	pairing__clear(&c->parser.pairing);
	c->stream[DIRECTION_RECV].skip = c->stream[DIRECTION_SEND].skip = 0;
	c->protocol = NULL;
}

static bool enter_parser(struct connection *c, const struct protocol *protocol)
{
	c->parser.state = calloc(1, protocol->state_size ? protocol->state_size : 1);
	if (!c->parser.state)
		return false;
	pairing__init(&c->parser.pairing);
	c->parser.connection = c;
	parser__begin_alike(&c->parser);
	c->parser.side = (uint8_t)connection__side(c);
	c->parser.wanted = c->engine->wanted[protocol->id][c->parser.side];
	c->protocol = protocol;
	protocol->init(&c->parser, !c->existing);
	return true;
}

/* Counts why not, where it is known at once. */
static bool may_be_read(const struct connections *t, const struct connection *c)
{
	struct engine *engine = t->engine;
	enum tls_reason reason = TLS_REASON_UNJOINED;

	if (engine->tls_reason)
		reason = engine->tls_reason(engine->tls_reason_context, c->tgid);
	if (reason == TLS_REASON_UNJOINED)
		return true;
	engine->counters.tls_opaque[reason]++;
	return false;
}

void decide__as(struct connections *t, struct connection *c, enum protocol_id id)
{
	const struct protocol *protocol = protocol__by_id(id);
	struct verdict verdict = {.protocol = (uint8_t)id, .depth = CAPTURE_ALL};

	if (c->dropped)
		return;
	if (id == PROTOCOL_TLS && c->tls)
		id = PROTOCOL_OPAQUE; /* TLS in TLS: one layer is read */
	verdict.protocol = (uint8_t)id;
	leave_parser(c);
	if (protocol && !enter_parser(c, protocol))
		protocol = NULL;
	count_open(t, c, id);
	if (id == PROTOCOL_TLS && may_be_read(t, c)) {
		verdict.depth = CAPTURE_TLS; /* and wait for what its library has read */
	} else if (!protocol) {
		t->engine->counters.opaque[id]++;
		verdict.depth = CAPTURE_NOTHING;
		c->dropped = true;
	}
	tell(t, c, &verdict);
}

void decide__leave(struct connections *t, struct connection *c)
{
	struct verdict verdict = {.protocol = PROTOCOL_OPAQUE, .depth = CAPTURE_NOTHING};

	leave_parser(c);
	count_open(t, c, PROTOCOL_OPAQUE);
	c->dropped = true;
	tell(t, c, &verdict);
}

void decide__let_go(struct connections *t, struct connection *c)
{
	leave_parser(c);
	count_open(t, c, PROTOCOL_OPAQUE);
	c->dropped = true;
}

static void restart_stream(struct stream *s)
{
	stream__drop_carry(s);
	*s = (struct stream){0};
}

void decide__plaintext(struct connections *t, struct connection *c, bool late)
{
	leave_parser(c);
	count_open(t, c, PROTOCOL_UNKNOWN);
	restart_stream(&c->stream[DIRECTION_RECV]);
	restart_stream(&c->stream[DIRECTION_SEND]);
	c->tls = true;
	c->chunk_flags = CHUNK_PLAINTEXT;
	c->existing = late;
	c->probing = false;
	c->undecided_chunks = 0;
	c->contradictions = 0;
	c->unmatched = 0;
	t->engine->counters.tls_connections++;
}

void decide__skip_hint(struct connections *t, struct connection *c, enum direction direction)
{
	struct stream *s = &c->stream[direction];
	struct verdict verdict = {.protocol = c->id_protocol, .depth = CAPTURE_ALL};

	if (s->skip < HINT_BYTES || !t->engine->verdict)
		return;
	/* The call that takes the body's last byte must be seen: its time ends the exchange. */
	verdict.skip_to[direction] =
		s->skip > UINT64_MAX - s->position ? UINT64_MAX : s->position + s->skip - 1;
	tell(t, c, &verdict);
}

static bool expected_http(const struct connections *t, const struct connection *c)
{
	const uint16_t *port = t->engine->options.http_ports;
	uint16_t server = c->role == ROLE_CLIENT ? c->remote_port : c->local_port;

	for (port = port ? port : default_http_ports; *port; port++)
		if (*port == server)
			return true;
	return false;
}

/*
 * The header of a TLS record (RFC 8446 section 5.1): type, version 3.x, length. A connection begins
 * with a handshake; an older one is in the midst of data.
 */
static bool looks_like_tls(const struct connection *c, struct slice bytes)
{
	if (bytes.length < 3 || bytes.data[1] != 3 || bytes.data[2] > 4)
		return false;
	if (bytes.data[0] == RECORD_HANDSHAKE)
		return true;
	return c->existing && bytes.length >= 5 && bytes.data[0] >= RECORD_CHANGE_CIPHER &&
	       bytes.data[0] <= RECORD_DATA && bytes.data[2] > 0 &&
	       (bytes.data[3] << 8 | bytes.data[4]) <= RECORD_MAX;
}

struct guess {
	const struct protocol *protocol; /* sure */
	bool more;			 /* some protocol wants more bytes */
	bool request;			 /* the half that was recognised */
};

static struct guess guess(struct slice bytes, bool request, bool begun)
{
	struct guess found = {.request = request};

	for (const struct protocol *const *p = protocols; *p; p++) {
		enum detection d = (*p)->detect(bytes, request, begun);

		if (d == DETECT_YES) {
			found.protocol = *p;
			return found;
		}
		found.more |= d == DETECT_MORE;
	}
	return found;
}

/*
 * Without a role both halves are tried; a sure one tells the role. Of an older connection the role
 * is what its port looked like: a sure request knows better.
 */
static struct guess guess_of(struct connection *c, enum direction direction, struct slice bytes)
{
	struct guess request, response;

	if (c->role != ROLE_UNKNOWN && (!c->existing || is_request(c, direction)))
		return guess(bytes, is_request(c, direction), !c->existing);
	request = guess(bytes, true, !c->existing);
	if (request.protocol) {
		c->role = direction == DIRECTION_RECV ? ROLE_SERVER : ROLE_CLIENT;
		return request;
	}
	response = guess(bytes, false, !c->existing);
	if (response.protocol)
		c->role = direction == DIRECTION_RECV ? ROLE_CLIENT : ROLE_SERVER;
	response.more |= request.more;
	return response;
}

static void give_up(struct connections *t, struct connection *c, struct slice bytes)
{
	if (looks_like_tls(c, bytes)) {
		decide__as(t, c, PROTOCOL_TLS);
		return;
	}
	if (!c->existing && expected_http(t, c))
		t->engine->counters.unparsable[PROTOCOL_HTTP1]++;
	decide__as(t, c, PROTOCOL_OPAQUE);
}

/*
 * Attached while a batch was half read: its second half looks like a whole batch, but the first
 * half's answers come first. Only the moments after attaching can cut a batch so.
 */
static bool maybe_half_a_batch(const struct connection *c, uint64_t time_ns)
{
	return c->existing && c->parser.pairing.run_requests > 1 &&
	       time_ns - c->engine->first_ns < ATTACH_NS;
}

/* Decided: what was carried of both halves is fed, the request's first. */
static void begin(struct connections *t, struct connection *c, const struct chunk *chunk,
		  const struct protocol *protocol)
{
	enum direction direction = chunk->direction;
	enum direction request = direction_of(c, true), response = direction_of(c, false);
	struct slice bytes = slice__of(chunk->data, chunk->head), none = {0};

	decide__as(t, c, protocol->id);
	exchanges__request_run(c, chunk->event.time_ns);
	stream__feed(t, c, request, chunk, direction == request ? bytes : none);
	if (c->protocol && maybe_half_a_batch(c, chunk->event.time_ns)) {
		exchanges__lose_all(c, 0, chunk->event.time_ns, LOSS_ATTACHED);
		c->parser.pairing.desynced = true;
	}
	if (direction == response || c->stream[response].carry_length) {
		exchanges__response_run(c);
		stream__feed(t, c, response, chunk, direction == response ? bytes : none);
	}
}

static void probe(struct connections *t, struct connection *c, struct slice bytes)
{
	struct verdict verdict = {.protocol = PROTOCOL_UNKNOWN, .depth = CAPTURE_PROBE};

	c->undecided_chunks++;
	if (looks_like_tls(c, bytes) || c->undecided_chunks >= PROBES_MAX) {
		give_up(t, c, bytes);
	} else if (c->undecided_chunks == PROBE_AFTER) {
		c->probing = true;
		tell(t, c, &verdict);
	}
}

static void decide_existing(struct connections *t, struct connection *c, const struct chunk *chunk)
{
	struct slice bytes = slice__of(chunk->data, chunk->head);
	struct guess found;

	if (chunk->event.flags & CHUNK_CONTINUED)
		return; /* only a call's own beginning can be a sure start */
	found = guess_of(c, chunk->direction, bytes);
	if (found.protocol)
		begin(t, c, chunk, found.protocol);
	else
		probe(t, c, bytes);
}

void decide__chunk(struct connections *t, struct connection *c, const struct chunk *chunk)
{
	struct stream *s = &c->stream[chunk->direction];
	struct slice joined;
	struct guess found;

	if (c->existing) {
		decide_existing(t, c, chunk);
		return;
	}
	joined = stream__joined(t, s, slice__of(chunk->data, chunk->head));
	found = guess_of(c, chunk->direction, joined);
	if (found.protocol && (found.request || c->stream[direction_of(c, true)].begun))
		begin(t, c, chunk, found.protocol);
	else if (looks_like_tls(c, joined) || (!found.protocol && !found.more) ||
		 joined.length > UNDECIDED_BYTES)
		give_up(t, c, joined);
	else if (!stream__keep(s, joined, 0, chunk))
		give_up(t, c, joined);
}
