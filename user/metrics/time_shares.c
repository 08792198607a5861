/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "metrics/time_shares.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "connection.h"
#include "details.h"
#include "metrics/internal.h"
#include "rules/value.h"

/* ---- what is told of a request ---- */

static void count(struct metrics *m, const struct share_told *told)
{
	struct key key = {
		.service = told->end.service, .label = told->end.label, .method = told->end.method};
	struct series *s = metrics__series(m, GROUP_HTTP_SHARE, SIDE_SERVER, &key);

	if (!s)
		return;
	for (int where = 0; where < WHERE_COUNT; where++)
		s->counter[where] += told->ns[where];
	s->counter[COUNTER_SHARED]++;
}

/* ---- the slowest ---- */

static uint64_t length_of(const struct share_end *end)
{
	return end->end_ns - end->start_ns + end->queue_ns;
}

/* One route's number; 0 is nobody's. */
static uint64_t route_of(const struct share_end *e)
{
	return (uint64_t)e->service << 40 ^ (uint64_t)e->label << 8 ^ e->method ^ 1ull << 63;
}

static uint64_t span_length(const struct span *span)
{
	return span->end_ns - span->start_ns;
}

/* The longest ones, in their order. */
static uint32_t choose_spans(struct span *to, const struct span *from, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t shortest = 0;

		if (kept < SLOW_SPANS) {
			to[kept++] = from[i];
			continue;
		}
		for (uint32_t k = 1; k < kept; k++)
			if (span_length(&to[k]) < span_length(&to[shortest]))
				shortest = k;
		if (span_length(&to[shortest]) >= span_length(&from[i]))
			continue;
		memmove(&to[shortest], &to[shortest + 1], (kept - shortest - 1) * sizeof(*to));
		to[kept - 1] = from[i];
	}
	return kept;
}

static void keep(struct time_shares *t, const struct share_told *told)
{
	int place = slowest__place(&t->slowest,
				   &(struct slowest_one){route_of(&told->end), told->end.end_ns,
							 length_of(&told->end)});
	struct slow *slow = &t->slow[place < 0 ? 0 : place];

	if (place < 0)
		return;
	slow->end = told->end;
	memcpy(slow->ns, told->ns, sizeof(slow->ns));
	slow->calls = told->calls_before + told->span_count;
	slow->span_count = choose_spans(slow->span, told->span, told->span_count);
}

static void take_told(void *context, const struct share_told *told)
{
	struct metrics *m = context;

	if (!told->end.grpc) /* which is in no http_* metric */
		count(m, told);
	keep(&m->time_shares, told);
}

/* ---- what passes ---- */

int time_shares__init(struct metrics *m)
{
	struct time_shares *t = &m->time_shares;

	if (m->options.without_time_shares)
		return 0;
	t->shares = shares__new(take_told, m);
	t->slow = calloc(SLOW_MAX, sizeof(*t->slow));
	t->slowest.max = SLOW_MAX;
	return t->shares && t->slow ? 0 : -ENOMEM;
}

void time_shares__clear(struct time_shares *t)
{
	shares__free(t->shares);
	free(t->slow);
	t->shares = NULL;
	t->slow = NULL;
}

/*
 * version "-" trace-id "-" ... (W3C Trace Context, section 3.2.2). Heads are kept only where a rule
 * names a header. A hash is enough: it is compared with those of a few open requests.
 */
static uint64_t read_trace(const struct details *details)
{
	enum { TRACE_AT = 3, TRACE_END = 35, WHOLE = 55 };
	uint64_t hash = 0xcbf29ce484222325, zeros = '0';
	struct slice value;

	if (!http__header(details__get(details, DETAIL_REQUEST_HEAD), "traceparent", &value) ||
	    value.length < WHOLE)
		return 0;
	for (size_t i = TRACE_AT; i < TRACE_END; i++) {
		zeros |= value.data[i];
		hash = (hash ^ value.data[i]) * 0x100000001b3;
	}
	return zeros == '0' ? 0 : hash | 1;
}

static inline uint64_t trace_of(const struct details *details)
{
	return details ? read_trace(details) : 0;
}

void time_shares__begun(void *context, const struct connection *c, const struct pending *p)
{
	struct metrics *m = context;
	struct share_begin begin = {.connection = c->id,
				    .start_ns = p->start_ns,
				    .trace = trace_of(p->details),
				    .tgid = p->tgid,
				    .tid = p->tid,
				    .multiplexed = c->protocol && c->protocol->multiplexed};

	shares__begun(m->time_shares.shares, &begin, m->engine->now_ns);
}

static void ended(struct metrics *m, const struct exchange *e)
{
	struct share_end end = {.connection = e->connection->id,
				.start_ns = e->start_ns,
				.end_ns = e->end_ns,
				.queue_ns = e->queue_ns,
				.tgid = e->tgid,
				.tid = e->tid,
				.end_tid = e->end_tid,
				.service = e->connection->service,
				.label = e->label,
				.status = e->http.status,
				.method = e->http.method,
				.grpc = e->http.grpc,
				.outcome = e->outcome};

	shares__ended(m->time_shares.shares, &end, m->engine->now_ns);
}

static bool is_answered(const struct exchange *e)
{
	return e->outcome == OUTCOME_OK || e->outcome == OUTCOME_ERROR;
}

static enum where kind_of(uint8_t protocol)
{
	if (protocol == PROTOCOL_POSTGRES)
		return WHERE_POSTGRES;
	return protocol == PROTOCOL_REDIS ? WHERE_REDIS : WHERE_HTTP;
}

static void called(struct metrics *m, const struct exchange *e)
{
	struct share_call call = {.start_ns = e->start_ns,
				  .end_ns = e->end_ns,
				  .trace = trace_of(e->details),
				  .tgid = e->tgid,
				  .tid = e->tid,
				  .end_tid = is_answered(e) ? e->end_tid : e->tid,
				  .label = e->label,
				  .kind = (uint8_t)kind_of(e->protocol),
				  .lost = e->outcome == OUTCOME_LOST};

	shares__called(m->time_shares.shares, &call, m->engine->now_ns);
}

void time_shares__exchange(struct metrics *m, const struct exchange *e)
{
	bool http = e->protocol == PROTOCOL_HTTP1 || e->protocol == PROTOCOL_HTTP2;

	if (e->side == SIDE_SERVER) {
		if (http)
			ended(m, e);
	} else if (shares__serves(m->time_shares.shares, e->tgid) &&
		   !(e->protocol == PROTOCOL_REDIS && e->redis.unmeasured)) {
		called(m, e);
	}
}

/* Until a database lets its client in the client waits for it, as for an answer. */
void time_shares__connection(struct metrics *m, const struct connection_event *event)
{
	const struct connection *c = event->connection;
	struct share_call call = {.start_ns = event->time_ns - event->value_ns,
				  .end_ns = event->time_ns,
				  .tgid = c->tgid,
				  .tid = c->stream[DIRECTION_SEND].tid,
				  .end_tid = c->stream[DIRECTION_RECV].tid,
				  .kind = WHERE_POSTGRES};

	if (event->kind == CONNECTION_READY && c->role == ROLE_CLIENT)
		shares__called(m->time_shares.shares, &call, m->engine->now_ns);
}

/* A connection that was left out remains so, whatever the rate is later. */
void metrics__sampled(struct metrics *m)
{
	m->time_shares.sampled = true;
}

/* Grows whenever a request may have passed unseen. */
static uint64_t unseen(const struct engine_counters *n)
{
	uint64_t sum =
		n->lost_bytes[PROTOCOL_UNKNOWN][LOSS_CAP]; /* of connections beyond the cap */

	for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++)
		for (int reason = 0; reason < LOSS_REASON_COUNT; reason++)
			sum += n->lost_events[protocol][reason];
	return sum;
}

void time_shares__passed(void *context, uint64_t now_ns)
{
	struct metrics *m = context;
	struct time_shares *t = &m->time_shares;
	uint64_t lost = unseen(&m->engine->counters);

	if (lost != t->lost || t->sampled)
		shares__doubt(t->shares, t->passed_ns, m->engine->now_ns);
	t->lost = lost;
	t->passed_ns = m->engine->now_ns;
	shares__pass(t->shares, now_ns);
}

/* ---- for other threads ---- */

static const char *text_of(struct metrics *m, uint32_t label)
{
	return labels__get(m->engine->labels, label)->text;
}

static void name_all(struct slow *slow, struct metrics *m)
{
	slow->service = metrics__service_name(m, slow->end.service);
	slow->route = text_of(m, slow->end.label);
	for (uint32_t i = 0; i < slow->span_count; i++)
		slow->name[i] = slow->span[i].label || slow->span[i].kind != WHERE_POSTGRES
					? text_of(m, slow->span[i].label)
					: "(connecting)";
}

bool time_shares__copy(struct snapshot *snapshot, struct metrics *m)
{
	struct time_shares *t = &m->time_shares;
	struct slow *to;

	if (!t->shares)
		return true;
	to = snapshot__take(snapshot, (t->slowest.count + 1) * sizeof(*to));
	if (!to)
		return false;
	shares__counts(t->shares, &snapshot->shares);
	snapshot->slow = to;
	for (uint32_t i = 0; i < t->slowest.count; i++) {
		if (slowest__is_over(&t->slowest, i, m->engine->now_ns))
			continue;
		*to = t->slow[i];
		name_all(to++, m);
	}
	snapshot->slow_count = (uint32_t)(to - snapshot->slow);
	return true;
}

static json_t *span_json(const struct slow *slow, uint32_t i)
{
	const struct span *span = &slow->span[i];
	json_t *object = json_object();

	json_object_set_new_nocheck(object, "where",
				    json_string(where__name((enum where)span->kind)));
	json_object_set_new_nocheck(object, "certain", json_boolean(span->certain));
	json_object_set_new_nocheck(object, "start_ms",
				    json_real((double)(span->start_ns - slow->end.start_ns) / 1e6));
	json_object_set_new_nocheck(object, "ms", json_real((double)span_length(span) / 1e6));
	json_object_set_new(object, "name", json_string(slow->name[i]));
	return object;
}

static json_t *slow_json(const struct slow *slow)
{
	json_t *object = json_object(), *shares = json_object(), *spans = json_array();

	json_object_set_new(object, "service", json_string(slow->service));
	json_object_set_new_nocheck(
		object, "method",
		json_string(http_method__name((enum http_method)slow->end.method)));
	json_object_set_new(object, "route", json_string(slow->route));
	json_object_set_new_nocheck(object, "status", json_integer(slow->end.status));
	json_object_set_new_nocheck(object, "end_ns", json_integer((json_int_t)slow->end.end_ns));
	json_object_set_new_nocheck(
		object, "ms", json_real((double)(slow->end.end_ns - slow->end.start_ns) / 1e6));
	for (enum where where = 0; where < WHERE_COUNT; where++)
		if (slow->ns[where])
			json_object_set_new_nocheck(shares, where__name(where),
						    json_real((double)slow->ns[where] / 1e6));
	for (uint32_t i = 0; i < slow->span_count; i++)
		json_array_append_new(spans, span_json(slow, i));
	json_object_set_new_nocheck(object, "shares_ms", shares);
	json_object_set_new_nocheck(object, "calls", json_integer(slow->calls));
	json_object_set_new_nocheck(object, "spans", spans);
	return object;
}

static int by_length(const void *a, const void *b)
{
	uint64_t x = length_of(&(*(const struct slow *const *)a)->end);
	uint64_t y = length_of(&(*(const struct slow *const *)b)->end);

	return x > y ? -1 : x < y;
}

json_t *time_shares__json(const struct snapshot *snapshot)
{
	const struct slow *order[SLOW_MAX] = {0};
	json_t *list = json_array();

	for (uint32_t i = 0; i < snapshot->slow_count; i++)
		order[i] = &snapshot->slow[i];
	qsort(order, snapshot->slow_count, sizeof(*order), by_length);
	for (uint32_t i = 0; i < snapshot->slow_count; i++)
		json_array_append_new(list, slow_json(order[i]));
	return list;
}
