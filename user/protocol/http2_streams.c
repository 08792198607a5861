/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Streams in flight, and how they end. */
#include <stdlib.h>
#include "protocol/http2.h"
#include "protocol/http2_internal.h"

#define STREAMS_MAX 2048 /* in flight on one connection; the next one loses the oldest */

struct stream_entry *streams__find(struct http2 *s, uint32_t id)
{
	for (uint32_t i = 0; i < s->stream_count; i++)
		if (s->stream[i].id == id)
			return &s->stream[i];
	return NULL;
}

static void take_out(struct http2 *s, struct stream_entry *e)
{
	*e = s->stream[--s->stream_count];
}

/* ---- gRPC: what is known of a call when it ends ---- */

/*
 * Messages that end where the body ends, or where it is when the call ends: one chance in 2^39 for
 * a body that holds none.
 */
static bool looks_like_rpc(const struct stream_entry *e, bool request)
{
	return e->rpc[request] == RPC_UNTOLD && grpc_messages__whole(&e->messages[request]);
}

static bool is_rpc(const struct stream_entry *e)
{
	return e->rpc[true] == RPC_YES || e->rpc[false] == RPC_YES || looks_like_rpc(e, true) ||
	       looks_like_rpc(e, false);
}

/*
 * Both ends know from the service's definition whether a method streams; an observer learns it:
 * several messages in a direction, or none where the call succeeded, are a stream. A client that
 * errs must not teach us, so requests count once a call was answered with OK.
 */
static uint8_t streams_of(const struct stream_entry *e, bool answered)
{
	const struct exchange *x = &e->detail;
	bool ok = answered && x->http.grpc_status == 0;
	bool several = e->messages[true].count > 1, none = e->messages[true].count == 0;
	uint8_t bits = 0;

	if (several || (ok && none && e->request_ended && !e->messages[true].broken))
		bits |= RPC_STREAMS_REQUEST;
	if (e->messages[false].count > 1 ||
	    (ok && !e->messages[false].count && !e->messages[false].broken))
		bits |= RPC_STREAMS_RESPONSE;
	return bits;
}

static void describe_rpc(struct parser *parser, struct stream_entry *e, bool answered)
{
	struct exchange *x = &e->detail;
	uint8_t sure, streams;

	x->http.grpc = is_rpc(e);
	if (!x->http.grpc)
		return;
	streams = streams_of(e, answered);
	sure = answered && x->http.grpc_status == 0 ? streams : streams & RPC_STREAMS_RESPONSE;
	streams |= parser__rpc_streams(parser, e->pending.label, sure);
	x->http.rpc_type = (uint8_t)(RPC_UNARY + streams);
	x->http.request_messages = e->messages[true].count;
	x->http.response_messages = e->messages[false].count;
}

/* ---- ends ---- */

static void unanswered(struct parser *parser, struct stream_entry *e, enum outcome outcome,
		       enum loss_reason reason, uint64_t time_ns)
{
	if (e->early) {
		details__free(e->pending.details);
		if (outcome == OUTCOME_LOST)
			parser__unmatched(parser, reason, time_ns);
	} else {
		e->detail.http.grpc_status = GRPC_STATUS_NONE;
		describe_rpc(parser, e, false);
		parser__close_unanswered(parser, &e->pending, &e->detail, outcome, reason, time_ns);
	}
	take_out(parser->state, e);
}

void streams__lose(struct parser *parser, struct stream_entry *e, enum loss_reason reason,
		   uint64_t time_ns)
{
	unanswered(parser, e, OUTCOME_LOST, reason, time_ns);
}

void streams__lose_all(struct parser *parser, enum loss_reason reason, uint64_t time_ns)
{
	struct http2 *s = parser->state;

	while (s->stream_count)
		streams__lose(parser, &s->stream[s->stream_count - 1], reason, time_ns);
}

static bool failed(const struct exchange *x)
{
	return x->http.status >= 400 || (x->http.grpc && x->http.grpc_status != 0 &&
					 x->http.grpc_status != GRPC_STATUS_UNTOLD);
}

void streams__answer(struct parser *parser, struct stream_entry *e, uint64_t time_ns)
{
	struct answer a = {.end_ns = time_ns};

	describe_rpc(parser, e, true);
	a.detail = e->detail;
	a.outcome = failed(&e->detail) ? OUTCOME_ERROR : OUTCOME_OK;
	parser__close(parser, &e->pending, &a);
	take_out(parser->state, e);
}

void streams__response_ended(struct parser *parser, struct stream_entry *e, uint64_t time_ns)
{
	const struct http2 *s = parser->state;

	if (!e->detail.http.status && e->status_untold) {
		streams__lose(parser, e, s->untold, time_ns);
		return;
	}
	if (!e->detail.http.status)
		return; /* only interim answers so far: malformed, section 8.1 */
	if (e->early) {
		e->ended = true;
		e->end_ns = time_ns;
		return;
	}
	streams__answer(parser, e, time_ns);
}

void streams__reset(struct parser *parser, uint32_t id, uint64_t time_ns)
{
	struct stream_entry *e = streams__find(parser->state, id);

	if (e && !e->ended)
		unanswered(parser, e, OUTCOME_ABORTED, 0, time_ns);
}

void streams__go_away(struct parser *parser, uint32_t last, uint64_t time_ns)
{
	struct http2 *s = parser->state;

	for (uint32_t i = s->stream_count; i-- > 0;)
		if (s->stream[i].id > last && !s->stream[i].early)
			streams__reset(parser, s->stream[i].id, time_ns);
}

/* ---- beginnings ---- */

struct stream_entry *streams__add(struct parser *parser, uint32_t id, uint64_t time_ns)
{
	struct http2 *s = parser->state;
	uint32_t capacity = s->stream_capacity ? s->stream_capacity * 2 : 8;
	struct stream_entry *grown;

	if (s->stream_count == STREAMS_MAX)
		streams__lose(parser, &s->stream[0], LOSS_CAP, time_ns);
	if (s->stream_count == s->stream_capacity) {
		grown = realloc(s->stream, capacity * sizeof(*grown));
		if (!grown)
			return NULL;
		s->stream = grown;
		s->stream_capacity = capacity;
	}
	s->stream[s->stream_count] = (struct stream_entry){.id = id};
	s->stream[s->stream_count].detail.http.version = 20;
	s->stream[s->stream_count].detail.http.grpc_status = GRPC_STATUS_NONE;
	return &s->stream[s->stream_count++];
}

void http2__upgraded(struct parser *parser, const struct pending *request)
{
	struct http2 *s = parser->state;
	struct stream_entry *e;

	s->preface_due = true;
	s->late = false;
	s->newest = 1;
	e = streams__add(parser, 1, request->start_ns);
	if (!e) {
		parser__close_unanswered(parser, request, NULL, OUTCOME_LOST, LOSS_STATE,
					 request->start_ns);
		return;
	}
	e->pending = *request;
	e->detail.http.method = (uint8_t)request->kind;
}
