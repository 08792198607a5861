/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which requests are open, beside which others, and what is told of them when they are over. */
#include "shares/shares.h"

#include <stdlib.h>
#include <string.h>
#include "shares/internal.h"

#define KEPT_SPANS 32 /* of a request whose memory is used again */

struct shares *shares__new(void (*told)(void *context, const struct share_told *told),
			   void *context)
{
	struct shares *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->told = told;
	s->context = context;
	return s;
}

static void free_requests(struct request *r)
{
	while (r) {
		struct request *next = r->next;

		free(r->span);
		free(r);
		r = next;
	}
}

void shares__free(struct shares *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < BUCKETS; i++)
		for (struct server *p = s->servers[i], *next; p; p = next) {
			next = p->next;
			free_requests(p->open);
			free_requests(p->ended);
			free(p);
		}
	free_requests(s->unused);
	free(s->calls);
	free(s);
}

/* ---- doubts ---- */

static bool is_in(const struct doubt *d, const struct share_end *e)
{
	for (int i = 0; i < DOUBTS; i++)
		if (d[i].to_ns && e->start_ns <= d[i].to_ns && e->end_ns >= d[i].from_ns)
			return true;
	return false;
}

void shares__doubt(struct shares *s, uint64_t from_ns, uint64_t to_ns)
{
	doubt__add(s->doubt, from_ns, to_ns);
}

bool shares__serves(struct shares *s, uint32_t tgid)
{
	return server__find(s, tgid) != NULL;
}

/* ---- requests in their lists ---- */

static struct request **id_bucket(struct shares *s, uint64_t connection, uint64_t start_ns)
{
	return &s->ids[shares__mix(connection ^ start_ns << 20) % BUCKETS];
}

static struct request **thread_bucket(struct shares *s, uint32_t tid)
{
	return &s->threads[shares__mix(tid) % BUCKETS];
}

static void link_to(struct request **list, struct request *r)
{
	r->previous = NULL;
	r->next = *list;
	if (*list)
		(*list)->previous = r;
	*list = r;
}

static void unlink_from(struct request **list, struct request *r)
{
	if (r->previous)
		r->previous->next = r->next;
	else
		*list = r->next;
	if (r->next)
		r->next->previous = r->previous;
}

static struct request *obtain(struct shares *s)
{
	struct request *r = s->unused;

	if (r) {
		s->unused = r->next;
		return r;
	}
	if (s->request_count == REQUESTS_MAX)
		return NULL;
	r = calloc(1, sizeof(*r));
	s->request_count += r != NULL;
	return r;
}

static void join_thread(struct shares *s, struct request *r)
{
	struct request **thread = thread_bucket(s, r->end.tid);

	r->next_thread = *thread;
	*thread = r;
	r->threaded = true;
}

static void leave_thread(struct shares *s, struct request *r)
{
	struct request **at = thread_bucket(s, r->end.tid);

	while (*at != r)
		at = &(*at)->next_thread;
	*at = r->next_thread;
}

static void release(struct shares *s, struct request *r)
{
	if (r->threaded)
		leave_thread(s, r);
	if (r->span_capacity > KEPT_SPANS) {
		s->span_count -= r->span_capacity;
		free(r->span);
		r->span = NULL;
		r->span_capacity = 0;
	}
	r->next = s->unused;
	s->unused = r;
}

/* ---- a beginning ---- */

static void lower(uint64_t *to, uint64_t ns)
{
	if (ns < *to)
		*to = ns;
}

/* Requests behind one another on a connection may be served one at a time. */
static bool proves(const struct request *a, const struct request *b)
{
	return a->end.tid == b->end.tid &&
	       (a->end.connection != b->end.connection || a->multiplexed);
}

/* Both were open at once, as far as it is known now; `a` began first. */
static void meet(struct request *a, struct request *b)
{
	uint64_t from_ns = b->end.start_ns;

	lower(&a->company_ns, from_ns);
	lower(&b->company_ns, from_ns);
	if (a->end.tid != b->end.tid)
		return;
	lower(&a->joined_ns, from_ns);
	lower(&b->joined_ns, from_ns);
	if (!proves(a, b))
		return;
	if (a->end.end_ns)
		server__share(a->server, from_ns);
	else
		lower(&a->proof_ns, from_ns); /* its end is the proof */
}

static void meet_in_order(struct request *a, struct request *b)
{
	if (a->end.start_ns <= b->end.start_ns)
		meet(a, b);
	else
		meet(b, a);
}

/* Beyond a crowd the older ones have their company already. */
static void meet_others(struct server *p, struct request *r)
{
	uint32_t left = CROWD;

	for (struct request *o = p->open; o && left; o = o->next, left--)
		meet_in_order(o, r);
	for (struct request *o = p->ended; o && left; o = o->next, left--) {
		if (o->end.end_ns + SHARES_CALL_HOLD_NS < r->end.start_ns)
			break;
		if (o->end.end_ns > r->end.start_ns)
			meet_in_order(o, r);
	}
}

/* Up to the first request that is open now. */
static void count_idle(struct server *p, uint64_t until_ns)
{
	if (p->idle_since_ns && until_ns > p->idle_since_ns)
		p->idle_ns += until_ns - p->idle_since_ns;
}

static void enter(struct shares *s, struct server *p, struct request *r)
{
	struct request **id = id_bucket(s, r->end.connection, r->end.start_ns);

	if (!p->open)
		count_idle(p, r->end.start_ns);
	if (p->open || p->ended)
		meet_others(p, r);
	link_to(&p->open, r);
	p->open_count++;
	r->next_id = *id;
	*id = r;
	if (p->calls)
		join_thread(s, r);
	s->counts.open++;
}

/* All but links and memory. */
static void describe(struct request *r, const struct share_begin *begin)
{
	r->end.connection = begin->connection;
	r->end.start_ns = begin->start_ns;
	r->end.end_ns = 0;
	r->end.tgid = begin->tgid;
	r->end.tid = begin->tid;
	r->trace = begin->trace;
	r->company_ns = r->joined_ns = r->proof_ns = UINT64_MAX;
	r->span_count = r->calls_before = r->own_calls = 0;
	r->multiplexed = begin->multiplexed;
	r->threaded = r->summed = false;
}

static void begin_request(struct shares *s, struct server *p, const struct share_begin *begin)
{
	struct request *r = obtain(s);

	if (!r)
		return; /* its end finds nothing */
	describe(r, begin);
	r->server = p;
	enter(s, p, r);
}

/*
 * As long as a process asks nobody, all that is to be known of a request beside which there is no
 * other one is how it ends: mostly that is what comes next.
 */
static void keep_lone(struct shares *s, struct server *p, const struct share_begin *begin)
{
	p->lone = *begin;
	p->has_lone = true;
	s->counts.open++;
}

/* Something else comes. */
static void enter_lone(struct shares *s, struct server *p)
{
	p->has_lone = false;
	s->counts.open--;
	begin_request(s, p, &p->lone);
}

void shares__begun(struct shares *s, const struct share_begin *begin, uint64_t now_ns)
{
	struct server *p = server__of(s, begin->tgid);

	if (!p)
		return;
	p->used_ns = now_ns;
	if (p->has_lone)
		enter_lone(s, p);
	if (p->calls || p->open)
		begin_request(s, p, begin);
	else
		keep_lone(s, p, begin);
	if (s->first || s->call_count)
		shares__pass(s, now_ns);
}

/* ---- an end ---- */

static bool is_same(const struct share_end *a, const struct share_end *b)
{
	return a->connection == b->connection && a->start_ns == b->start_ns && a->tgid == b->tgid;
}

static struct request *take_open(struct shares *s, const struct share_end *end)
{
	struct request **at = id_bucket(s, end->connection, end->start_ns), *r = *at;

	for (; r && !is_same(&r->end, end); r = *at)
		at = &r->next_id;
	if (!r)
		return NULL;
	*at = r->next_id;
	unlink_from(&r->server->open, r);
	r->server->open_count--;
	s->counts.open--;
	return r;
}

static bool is_answered(const struct share_end *end)
{
	return end->outcome == OUTCOME_OK || end->outcome == OUTCOME_ERROR;
}

static uint64_t latency(const struct share_end *end)
{
	return end->end_ns > end->start_ns ? end->end_ns - end->start_ns : 0;
}

/* All of its latency is in doubt. */
static void tell_missed(struct shares *s, const struct share_end *end)
{
	struct share_told told = {.end = *end};

	told.ns[WHERE_QUEUE] = end->queue_ns;
	told.ns[WHERE_UNATTRIBUTED] = end->end_ns > end->start_ns ? end->end_ns - end->start_ns : 0;
	s->counts.missed++;
	s->counts.requests++;
	s->told(s->context, &told);
}

/* Mostly the new one ended last; what an abort ended is known later. */
static void link_by_end(struct request **list, struct request *r)
{
	struct request *before = NULL;

	for (struct request *o = *list; o && o->end.end_ns > r->end.end_ns; o = o->next)
		before = o;
	if (!before) {
		link_to(list, r);
		return;
	}
	r->previous = before;
	r->next = before->next;
	before->next = r;
	if (r->next)
		r->next->previous = r;
}

static void wait_to_be_told(struct shares *s, struct request *r)
{
	link_by_end(&r->server->ended, r);
	r->next_told = NULL;
	if (s->last)
		s->last->next_told = r;
	else
		s->first = r;
	s->last = r;
}

/* Of an end; who read the request, and what is proved if that was before it. */
static void learn(struct server *p, const struct share_end *end, uint32_t tid, uint64_t proof_ns)
{
	if (end->outcome == OUTCOME_LOST) /* it may have been over long ago, and others lost */
		doubt__add(p->doubt, end->start_ns, end->end_ns);
	if ((is_answered(end) && end->end_tid != tid) || proof_ns < end->end_ns)
		server__share(p, end->end_ns);
	if (!p->open)
		p->idle_since_ns = end->end_ns;
}

/* Has the lone request of its process ended? */
static bool end_lone(struct shares *s, struct server *p, const struct share_end *end)
{
	const struct share_begin *lone = &p->lone;

	if (lone->connection != end->connection || lone->start_ns != end->start_ns) {
		enter_lone(s, p);
		return false;
	}
	p->has_lone = false;
	s->counts.open--;
	count_idle(p, lone->start_ns);
	learn(p, end, lone->tid, UINT64_MAX);
	return true;
}

static void end_unknown(struct shares *s, const struct share_end *end)
{
	struct server *p = server__find(s, end->tgid);

	if (p && end->outcome == OUTCOME_LOST)
		doubt__add(p->doubt, end->start_ns, end->end_ns);
	else if (p && p->calls && is_answered(end))
		tell_missed(s, end);
}

static void end_request(struct shares *s, const struct share_end *end)
{
	struct request *r = take_open(s, end);
	uint32_t tid;

	if (!r) {
		end_unknown(s, end);
		return;
	}
	learn(r->server, end, r->end.tid, r->proof_ns);
	if (!r->server->calls) {
		release(s, r);
		return;
	}
	tid = r->end.tid;
	r->end = *end;
	r->end.tid = tid; /* it stands in that thread's list */
	wait_to_be_told(s, r);
}

void shares__ended(struct shares *s, const struct share_end *end, uint64_t now_ns)
{
	struct server *p = server__find(s, end->tgid);

	if (!p)
		return;
	if (!p->has_lone || !end_lone(s, p, end))
		end_request(s, end);
	if (s->first || s->call_count)
		shares__pass(s, now_ns);
}

/* ---- telling ---- */

void request__sum(struct request *r, const struct span *span)
{
	if (!r->summed)
		timeline__begin(&r->timeline, r->end.start_ns);
	r->summed = true;
	timeline__take(&r->timeline, span->certain ? span->kind : WHERE_UNATTRIBUTED,
		       span->start_ns, span->end_ns);
}

void request__spill(struct request *r, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		request__sum(r, &r->span[i]);
}

/*
 * Calls went to the threads they were sent from, and then threads proved to serve others, too: its
 * calls may be others', and others' its own.
 */
static bool was_mistaken(const struct request *r)
{
	const struct server *p = r->server;

	return p->shared && p->trust >= SHARES_TRUST && p->shared_ns >= r->end.start_ns &&
	       r->company_ns < r->end.end_ns;
}

static void doubt_all(struct request *r)
{
	memset(r->timeline.ns, 0, sizeof(r->timeline.ns));
	r->timeline.ns[WHERE_UNATTRIBUTED] = latency(&r->end);
	for (uint32_t i = 0; i < r->span_count; i++)
		r->span[i].certain = false;
}

/* It was open, as far as was known, when they were judged, and over before they were answered. */
static void drop_later(struct request *r)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < r->span_count; i++)
		if (r->span[i].end_ns <= r->end.end_ns)
			r->span[kept++] = r->span[i];
	r->span_count = kept;
}

static bool is_doubtful(const struct shares *s, const struct request *r)
{
	return is_in(s->doubt, &r->end) || is_in(r->server->doubt, &r->end) || was_mistaken(r) ||
	       r->timeline.position_ns > r->end.end_ns;
}

/* Beside others it asked with its own thread, which read the answers and wrote its own. */
static void learn_trust(const struct request *r)
{
	struct server *p = r->server;

	if (p->trust < SHARES_TRUST && !p->shared && r->own_calls && is_answered(&r->end) &&
	    r->company_ns < r->end.end_ns && r->joined_ns >= r->end.end_ns)
		p->trust++;
}

static void tell(struct shares *s, struct request *r)
{
	struct share_told told = {.end = r->end, .span = r->span, .calls_before = r->calls_before};

	learn_trust(r);
	if (!is_answered(&r->end))
		return;
	drop_later(r);
	request__spill(r, r->span_count);
	if (!r->summed)
		timeline__begin(&r->timeline, r->end.start_ns);
	timeline__end(&r->timeline, r->end.end_ns);
	if (is_doubtful(s, r))
		doubt_all(r);
	told.span_count = r->span_count;
	memcpy(told.ns, r->timeline.ns, sizeof(told.ns));
	told.ns[WHERE_QUEUE] = r->end.queue_ns;
	s->counts.requests++;
	s->told(s->context, &told);
}

static void tell_first(struct shares *s)
{
	struct request *r = s->first;

	s->first = r->next_told;
	if (!s->first)
		s->last = NULL;
	tell(s, r);
	unlink_from(&r->server->ended, r);
	release(s, r);
}

/* ---- calls ---- */

static void judge_first(struct shares *s)
{
	shares__judge(s, &s->calls[s->call_first]);
	s->call_first = (s->call_first + 1) % CALLS_MAX;
	s->call_count--;
}

/* It asks others for the first time: from now on it matters who serves what. The oldest first. */
static void follow_threads(struct shares *s, struct server *p)
{
	struct request *r;

	if (p->has_lone)
		enter_lone(s, p);
	p->calls = true;
	r = p->open;
	while (r && r->next)
		r = r->next;
	for (; r; r = r->previous)
		join_thread(s, r);
}

void shares__called(struct shares *s, const struct share_call *call, uint64_t now_ns)
{
	struct server *p = server__find(s, call->tgid);

	if (!p)
		return; /* it serves nobody */
	if (!p->calls)
		follow_threads(s, p);
	if (!s->calls)
		s->calls = malloc(CALLS_MAX * sizeof(*s->calls));
	if (!s->calls) {
		doubt__add(p->doubt, call->start_ns, call->end_ns);
		return;
	}
	if (s->call_count == CALLS_MAX)
		judge_first(s);
	s->calls[(s->call_first + s->call_count++) % CALLS_MAX] = *call;
	shares__pass(s, now_ns);
}

static bool is_due(uint64_t end_ns, uint64_t hold_ns, uint64_t now_ns)
{
	return now_ns == UINT64_MAX || end_ns + hold_ns <= now_ns;
}

void shares__pass(struct shares *s, uint64_t now_ns)
{
	while (s->call_count && is_due(s->calls[s->call_first].end_ns, SHARES_CALL_HOLD_NS, now_ns))
		judge_first(s);
	while (s->first && is_due(s->first->end.end_ns, SHARES_HOLD_NS, now_ns))
		tell_first(s);
	if (now_ns != UINT64_MAX)
		servers__sweep(s, now_ns);
}

void shares__counts(const struct shares *s, struct shares_counts *out)
{
	*out = s->counts;
	out->processes = s->server_count;
}
