/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What parsers call: requests into the pairing, answers into exchanges, and the rules that say when
 * a response can still be told to be a request's (docs/architecture.md, Streams and gaps).
 */
#include "connection_internal.h"

#include <stdlib.h>
#include "again.h"
#include "compiler.h"
#include "keys/patterns.h"

#define QUIET_NS                                                                                   \
	1000000000ull /* both directions silent for so long: nothing is on its way any more */
#define CONTRADICTIONS_MAX 4

COLD void exchanges__publish_many(const struct sink *sink, struct exchange *exchange)
{
	uint32_t count = exchange->count;

	exchange->count = 1;
	for (uint32_t i = 0; i < count; i++)
		sink->exchange(sink->context, exchange);
	exchange->count = count;
}

static inline void fill(struct connection *c, const struct pending *p, struct exchange *out)
{
	out->connection = c;
	out->details = p->details;
	out->protocol = c->id_protocol;
	out->side = (uint8_t)connection__side(c);
	out->loss = 0;
	out->again = false;
	out->label = p->label;
	out->start_ns = p->start_ns;
	out->first_ns = p->first_ns;
	out->queue_ns = p->queue_ns;
	out->request_bytes = p->request_bytes;
	out->response_bytes = p->response_bytes;
	out->tgid = p->tgid;
	out->tid = p->tid;
	out->end_tid = c->stream[direction_of(c, false)].tid;
	out->count = 1;
}

/* HTTP's method is worth telling of an unanswered exchange as well; parsers keep it in
 * pending.kind. */
static void publish_unanswered(struct connection *c, const struct pending *p,
			       const struct exchange *detail, enum outcome outcome,
			       enum loss_reason reason, uint64_t time_ns)
{
	struct exchange exchange = detail ? *detail : (struct exchange){0};

	fill(c, p, &exchange);
	exchange.outcome = (uint8_t)outcome;
	exchange.loss = (uint8_t)reason;
	exchange.end_ns = time_ns ? time_ns : c->engine->now_ns;
	if (exchange.protocol == PROTOCOL_HTTP1 || exchange.protocol == PROTOCOL_HTTP2) {
		exchange.http.method = p->kind < HTTP_METHOD_COUNT ? (uint8_t)p->kind : 0;
		exchange.http.status = 0;
	}
	if (exchange.protocol == PROTOCOL_REDIS) {
		exchange.redis.command = p->kind;
		exchange.redis.pattern = p->pattern;
	}
	exchanges__count_ended(c, &exchange);
	exchanges__publish(c, &exchange);
}

static void publish_answered(struct connection *c, const struct pending *p, struct answer *answer)
{
	struct exchange *exchange = &answer->detail;

	fill(c, p, exchange);
	exchange->outcome = (uint8_t)answer->outcome;
	exchange->end_ns = answer->end_ns;
	exchanges__count_ended(c, exchange);
	c->contradictions = 0;
	if (c->parser.alike.state)
		again__keep_exchange(c, exchange);
	exchanges__publish(c, exchange);
}

static void end_front(struct connection *c, enum outcome outcome, enum loss_reason reason,
		      uint64_t time_ns)
{
	struct pending *p = pairing__front(&c->parser.pairing);

	if (p && !p->silent)
		publish_unanswered(c, p, NULL, outcome, reason, time_ns);
	if (p)
		details__free(p->details);
	pairing__pop(&c->parser.pairing);
}

static inline void describe(struct pending *p, const struct run *run, size_t offset)
{
	p->start_ns = run__time(run, offset);
	p->queue_ns = run__queue(run, offset);
	p->tgid = run->chunk->tgid;
	p->tid = run->chunk->tid;
}

/* The cap: the oldest makes room; what follows cannot be told apart any more. */
static COLD struct pending *full(struct parser *parser, const struct run *run)
{
	exchanges__lose_all(parser->connection, 0, run->time_ns, LOSS_CAP);
	parser->pairing.desynced = true;
	return NULL;
}

static inline struct pending *push(struct parser *parser, const struct run *run, size_t offset)
{
	struct pending *p = pairing__push(&parser->pairing);

	parser->alike.state = ALIKE_NOT; /* until it is said of this one, too */
	if (!p)
		return full(parser, run);
	describe(p, run, offset);
	return p;
}

static COLD struct pending *lose_request(struct connection *c)
{
	struct engine_counters *n = &c->engine->counters;

	n->in_flight[c->id_protocol][connection__side(c)]--;
	n->lost[c->id_protocol][connection__side(c)][LOSS_RESYNC]++;
	return NULL;
}

struct pending *parser__request(struct parser *parser, const struct run *run, size_t offset)
{
	struct connection *c = parser->connection;
	struct pending *p;

	exchanges__count_seen(c, 1);
	c->stream[direction_of(c, true)].resync = false;
	if (++parser->pairing.run_requests > 1)
		parser->pairing.pipelined = true;
	p = parser->pairing.desynced ? NULL : push(parser, run, offset);
	return p ? p : lose_request(c);
}

bool parser__request_again(struct parser *parser, uint32_t times)
{
	struct pairing *pairing = &parser->pairing;
	struct pending *newest = pairing->desynced ? NULL : pairing__back(pairing);

	if (!newest || newest->times + times > UINT16_MAX)
		return false;
	newest->times = (uint16_t)(newest->times + times);
	exchanges__count_seen(parser->connection, times);
	pairing->run_requests += times;
	pairing->pipelined = true;
	return true;
}

struct pending *parser__silent(struct parser *parser, const struct run *run, size_t offset)
{
	struct pending *p = parser->pairing.desynced ? NULL : push(parser, run, offset);
	struct connection *c = parser->connection;

	c->stream[direction_of(c, true)].resync = false;
	if (p)
		p->silent = true;
	return p;
}

void parser__promote(struct parser *parser, struct pending *entry)
{
	exchanges__count_seen(parser->connection, 1);
	if (++parser->pairing.run_requests > 1)
		parser->pairing.pipelined = true;
	entry->silent = false;
}

/*
 * The first answer after a gap in the responses. Its request may have been answered within the gap,
 * and a further request be missing whose answer this is. The position of the next request, or of
 * the end, tells.
 */
struct held {
	struct pending pending;
	struct answer answer;
};

static void hold(struct connection *c, struct pending *p, struct answer *answer)
{
	struct held *held;

	exchanges__held(c, false, answer->end_ns);
	c->stream[direction_of(c, false)].resync = false; /* in step again */
	held = c->stream[direction_of(c, true)].resync ? NULL : malloc(sizeof(*held));
	if (!held) {
		publish_unanswered(c, p, NULL, OUTCOME_LOST, LOSS_RESYNC, answer->end_ns);
		return;
	}
	*held = (struct held){.pending = *p, .answer = *answer};
	p->details = NULL;
	c->held = held;
}

void exchanges__held(struct connection *c, bool proved, uint64_t time_ns)
{
	struct held *held = c->held;

	if (!held)
		return;
	c->held = NULL;
	if (proved)
		publish_answered(c, &held->pending, &held->answer);
	else
		publish_unanswered(c, &held->pending, NULL, OUTCOME_LOST, LOSS_RESYNC, time_ns);
	details__free(held->pending.details);
	free(held);
}

void exchanges__forget_held(struct connection *c)
{
	if (!c->held)
		return;
	details__free(c->held->pending.details);
	free(c->held);
	c->held = NULL;
}

void parser__answer(struct parser *parser, struct answer *answer)
{
	struct connection *c = parser->connection;
	struct pending *p = pairing__front(&parser->pairing);

	if (!p)
		return;
	if (parser->pairing.count > 1 && !p->silent && !c->stream[direction_of(c, false)].resync)
		parser->pairing.pipelined |= !pairing__at(&parser->pairing, 1)->silent;
	if (!p->silent && c->stream[direction_of(c, false)].resync)
		hold(c, p, answer);
	else if (!p->silent)
		publish_answered(c, p, answer);
	details__free(p->details);
	pairing__pop(&parser->pairing);
}

bool parser__in_step(const struct parser *parser)
{
	const struct connection *c = parser->connection;

	return !c->stream[direction_of(c, false)].resync;
}

void parser__answer_many(struct parser *parser, struct answer *answer, uint32_t times)
{
	struct connection *c = parser->connection;
	struct pairing *pairing = &parser->pairing;
	struct exchange *exchange = &answer->detail;
	const struct pending *p = pairing__front(pairing);

	fill(c, p, exchange);
	exchange->outcome = (uint8_t)answer->outcome;
	exchange->end_ns = answer->end_ns;
	exchange->count = times;
	exchanges__count_ended(c, exchange);
	c->contradictions = 0;
	if (pairing->count > 1)
		pairing->pipelined |= !pairing__at(pairing, 1)->silent;
	if (parser->alike.state)
		again__keep_exchange(c, exchange);
	exchanges__publish(c, exchange);
	pairing__pop_many(pairing, times);
}

void parser__pass(struct parser *parser)
{
	struct pending *p = pairing__front(&parser->pairing);

	if (!p)
		return;
	details__free(p->details);
	pairing__pop(&parser->pairing);
}

void parser__open(struct parser *parser, const struct run *run, size_t offset,
		  struct pending *entry)
{
	exchanges__count_seen(parser->connection, 1);
	describe(entry, run, offset);
}

void parser__begun(struct parser *parser, const struct pending *entry)
{
	const struct connection *c = parser->connection;
	const struct engine *engine = c->engine;

	for (uint32_t i = 0; i < engine->sink_count; i++)
		if (engine->sinks[i].begun)
			engine->sinks[i].begun(engine->sinks[i].context, c, entry);
}

void parser__close(struct parser *parser, const struct pending *entry, struct answer *answer)
{
	publish_answered(parser->connection, entry, answer);
	details__free(entry->details);
}

void parser__close_unanswered(struct parser *parser, const struct pending *entry,
			      const struct exchange *detail, enum outcome outcome,
			      enum loss_reason reason, uint64_t time_ns)
{
	publish_unanswered(parser->connection, entry, detail, outcome, reason, time_ns);
	details__free(entry->details);
}

void parser__abort(struct parser *parser, uint64_t time_ns)
{
	end_front(parser->connection, OUTCOME_ABORTED, 0, time_ns);
}

void parser__lose(struct parser *parser, enum loss_reason reason, uint64_t time_ns)
{
	end_front(parser->connection, OUTCOME_LOST, reason, time_ns);
}

static void lose_unseen(struct connection *c, enum loss_reason reason, uint64_t time_ns)
{
	struct exchange exchange = {.connection = c,
				    .protocol = c->id_protocol,
				    .side = (uint8_t)connection__side(c),
				    .outcome = OUTCOME_LOST,
				    .loss = (uint8_t)reason,
				    .count = 1,
				    .tgid = c->tgid,
				    .start_ns = time_ns,
				    .end_ns = time_ns};

	exchanges__count_seen(c, 1);
	exchanges__count_ended(c, &exchange);
	exchanges__publish(c, &exchange);
}

void parser__unmatched(struct parser *parser, enum loss_reason reason, uint64_t time_ns)
{
	if (parser->pairing.desynced)
		return; /* its request was counted as lost already */
	parser->connection->unmatched++;
	if (parser->connection->existing &&
	    !parser->connection->stream[direction_of(parser->connection, true)].begun)
		reason = LOSS_ATTACHED; /* its request was sent before we looked */
	lose_unseen(parser->connection, reason, time_ns);
}

void parser__contradiction(struct parser *parser, bool request, uint64_t time_ns)
{
	struct connection *c = parser->connection;

	exchanges__lose_all(c, 0, time_ns, LOSS_PARSER);
	parser->pairing.desynced |= parser->pairing.pipelined;
	c->stream[direction_of(c, request)].resync = true;
	if (++c->contradictions < CONTRADICTIONS_MAX)
		return;
	c->engine->counters.unparsable[c->id_protocol]++;
	decide__as(c->table, c, PROTOCOL_OPAQUE);
}

bool parser__hand_over(struct parser *parser, enum protocol_id protocol, struct pending *out)
{
	struct engine_counters *n = &parser->connection->engine->counters;
	enum side side = connection__side(parser->connection);
	uint8_t from = parser->connection->id_protocol;
	struct pending *p = pairing__front(&parser->pairing);

	if (!p || p->silent)
		return false;
	*out = *p;
	pairing__pop(&parser->pairing);
	n->seen[from][side]--;
	n->seen[protocol][side]++;
	n->in_flight[from][side]--;
	n->in_flight[protocol][side]++;
	return true;
}

enum loss_reason parser__leaving(const struct parser *parser)
{
	uint8_t reason = parser->connection->leaving;

	return reason ? (enum loss_reason)reason : LOSS_PARSER;
}

void parser__unparsable(struct parser *parser)
{
	parser->connection->engine->counters.unparsable[parser->connection->id_protocol]++;
}

void parser__switch(struct parser *parser, enum protocol_id protocol)
{
	decide__as(parser->connection->table, parser->connection, protocol);
}

uint64_t parser__position(const struct parser *parser, bool request)
{
	const struct connection *c = parser->connection;

	return c->stream[direction_of(c, request)].position;
}

void parser__passed_over(struct parser *parser, uint64_t bytes)
{
	const struct connection *c = parser->connection;

	c->engine->counters.lost_bytes[c->id_protocol][LOSS_RESYNC] += bytes;
}

void parser__detail(struct parser *parser, struct pending *entry, enum detail detail,
		    struct slice bytes)
{
	if (parser->wanted & DETAIL_BIT(detail) && entry)
		parser__keep_detail(parser, entry, detail, bytes);
}

bool parser__follows(const struct parser *parser, uint32_t command)
{
	const uint64_t *followed = parser->connection->engine->followed;

	return followed && followed[command / 64] >> command % 64 & 1;
}

void parser__keep_detail(struct parser *parser, struct pending *entry, enum detail detail,
			 struct slice bytes)
{
	if (!entry->details)
		entry->details = details__new(parser->connection->engine->details);
	details__append(entry->details, detail, bytes);
}

uint32_t parser__route(struct parser *parser, struct slice target)
{
	const struct connection *c = parser->connection;

	return labels__route(c->engine->labels, c->service, target);
}

uint32_t parser__route_marked(struct parser *parser, struct slice target,
			      const struct marked_path *path)
{
	const struct connection *c = parser->connection;

	return labels__route_marked(c->engine->labels, c->service, target, path);
}

uint32_t parser__route_again(struct parser *parser, struct slice target, struct label_memo *memo)
{
	const struct connection *c = parser->connection;

	return labels__route_again(c->engine->labels, c->service, target, memo);
}

bool parser__numbers_matter(const struct parser *parser)
{
	return labels__numbers_matter(parser->connection->engine->labels);
}

uint32_t parser__rpc(struct parser *parser, struct slice path)
{
	struct connection *c = parser->connection;

	c->rpc = true;
	return labels__rpc(c->engine->labels, c->service, path);
}

uint8_t parser__rpc_streams(struct parser *parser, uint32_t label, uint8_t bits)
{
	return labels__rpc_streams(parser->connection->engine->labels, label, bits);
}

uint32_t parser__statement(struct parser *parser, struct slice sql, bool truncated)
{
	return labels__statement(parser->connection->engine->labels, sql, truncated);
}

uint32_t parser__command(struct parser *parser, uint32_t index)
{
	return labels__command_at(parser->connection->engine->labels, index);
}

uint16_t parser__key(struct parser *parser, struct slice key)
{
	return key_patterns__of(parser->connection->engine->keys, key);
}

void parser__activity(struct parser *parser, enum activity activity, uint64_t time_ns)
{
	struct connection *c = parser->connection;

	pools__activity(&c->engine->pools, c, (uint8_t)activity, time_ns);
}

void parser__database(struct parser *parser, struct slice database, struct slice user)
{
	struct connection *c = parser->connection;
	struct slice name = database.length ? database : user; /* PostgreSQL's own default */
	size_t length = name.length < sizeof(c->database) ? name.length : sizeof(c->database) - 1;

	if (length)
		memcpy(c->database, name.data, length);
	c->database[length] = '\0';
}

static void publish_event(struct connection *c, const struct connection_event *event)
{
	struct engine *engine = c->engine;

	for (uint32_t i = 0; i < engine->sink_count; i++)
		if (engine->sinks[i].connection)
			engine->sinks[i].connection(engine->sinks[i].context, event);
}

void parser__ready(struct parser *parser, uint64_t time_ns)
{
	struct connection *c = parser->connection;
	uint64_t from = c->connect_ns ? c->connect_ns : c->established_ns;

	if (c->ready)
		return;
	c->ready = true;
	if (from && !c->existing)
		publish_event(c, &(struct connection_event){
					 .connection = c,
					 .kind = CONNECTION_READY,
					 .time_ns = time_ns,
					 .value_ns = time_ns > from ? time_ns - from : 0,
				 });
}

void parser__failed(struct parser *parser, const char *reason, uint64_t time_ns)
{
	struct connection *c = parser->connection;

	publish_event(c, &(struct connection_event){.connection = c,
						    .kind = CONNECTION_FAILED,
						    .time_ns = time_ns,
						    .reason = reason});
}

/* ---- the rules ---- */

void exchanges__lose_all(struct connection *c, uint32_t but, uint64_t time_ns,
			 enum loss_reason reason)
{
	while (c->parser.pairing.count > but)
		end_front(c, OUTCOME_LOST, reason, time_ns);
}

void exchanges__abort_all(struct connection *c, uint64_t time_ns)
{
	while (c->parser.pairing.count)
		end_front(c, OUTCOME_ABORTED, 0, time_ns);
}

void exchanges__request_run(struct connection *c, uint64_t time_ns)
{
	struct pairing *p = &c->parser.pairing;
	bool quiet = time_ns > c->last_ns && time_ns - c->last_ns >= QUIET_NS;

	if (p->desynced && (p->interleaved ? quiet : p->answering || quiet)) {
		exchanges__lose_all(c, 0, time_ns, LOSS_RESYNC);
		p->desynced = false;
		c->stream[direction_of(c, false)].resync = false;
	}
	if (p->answering && p->count && !p->desynced) {
		if (c->stream[direction_of(c, false)].resync && !p->pipelined)
			exchanges__lose_all(c, 0, time_ns, LOSS_RESYNC);
		else
			p->interleaved = true;
	}
	p->answering = false;
	p->run_requests = 0;
}

void exchanges__response_run(struct connection *c)
{
	c->parser.pairing.answering = true;
}

/* Entries from the newest request on: what comes behind it (a Sync) is not answered without it. */
static uint32_t newest(const struct pairing *p)
{
	uint32_t i = p->count;

	while (i && pairing__at(p, i - 1)->silent)
		i--;
	return i ? p->count - (i - 1) : p->count;
}

void exchanges__request_gap(struct connection *c, bool at_boundary, uint64_t time_ns,
			    enum loss_reason reason)
{
	struct pairing *p = &c->parser.pairing;

	if (p->desynced || (c->protocol && c->protocol->multiplexed))
		return;
	if (at_boundary && !c->unmatched)
		lose_unseen(c, reason, time_ns); /* at least one began in there */
	if (!p->pipelined && newest(p) == p->count)
		return; /* one at a time: the next response that fits is the newest request's */
	exchanges__lose_all(c, 0, time_ns, reason);
	p->desynced = true;
}

static bool at_most_one(const struct pairing *p)
{
	const struct pending *entry;
	uint32_t exchanges = 0;

	for (uint32_t i = 0; exchanges < 2 && (entry = pairing__at(p, i)); i++)
		exchanges += entry->silent ? 0 : entry->times;
	return exchanges < 2;
}

void exchanges__response_gap(struct connection *c, uint64_t time_ns, enum loss_reason reason)
{
	struct pairing *p = &c->parser.pairing;

	if (p->desynced)
		return;
	if (!p->pipelined || at_most_one(p)) { /* what is missing is of the one in flight */
		exchanges__lose_all(c, newest(p), time_ns, reason);
		return;
	}
	exchanges__lose_all(c, 0, time_ns, reason);
	p->desynced = true;
}
