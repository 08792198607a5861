/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whose call is it? Certain where it was sent with the trace id of one open request, and in two
 * more cases, each only as long as nothing has proved the contrary:
 *
 * - its thread serves one request at a time, and this is the one (threads, prefork);
 * - no other request of the process has been open since this one began (event loops, too), and
 *   such a call was never seen to be made while none was, for as long as a second.
 *
 * Every other call is held against all requests on whose behalf it may have been.
 */
#include <stdlib.h>
#include <string.h>
#include "shares/internal.h"

#define TRACED 1024 /* requests of a process whose trace ids are compared with a call's */
#define STEPS  64   /* requests of a thread that are looked at */

/* ---- spans ---- */

/* Room for one more; where there is none the earlier half is only summed from now on. */
static bool make_room(struct shares *s, struct request *r)
{
	uint32_t capacity = r->span_capacity ? r->span_capacity * 2 : 8, half;
	struct span *grown = NULL;

	if (r->span_count < r->span_capacity)
		return true;
	if (capacity <= SHARES_SPANS && s->span_count + capacity - r->span_capacity <= SPANS_MAX)
		grown = realloc(r->span, capacity * sizeof(*grown));
	if (grown) {
		s->span_count += capacity - r->span_capacity;
		r->span = grown;
		r->span_capacity = capacity;
		return true;
	}
	half = r->span_count / 2;
	request__spill(r, half);
	r->calls_before += half;
	r->span_count -= half;
	if (half)
		memmove(r->span, r->span + half, r->span_count * sizeof(*r->span));
	return half > 0;
}

static void add_span(struct shares *s, struct request *r, const struct share_call *c, bool certain)
{
	struct span span = {c->start_ns, c->end_ns, c->label, c->kind, certain};
	uint32_t at;

	if (!make_room(s, r)) {
		request__sum(r, &span);
		r->calls_before++;
		return;
	}
	for (at = r->span_count; at && r->span[at - 1].start_ns > c->start_ns; at--)
		r->span[at] = r->span[at - 1];
	r->span[at] = span;
	r->span_count++;
}

/* ---- calls of no request ---- */

/* Of whatever thread: what runs in the background may run on any of them. */
static uint64_t background_key(const struct share_call *c)
{
	return shares__mix((uint64_t)c->kind << 32 ^ c->label) | 1;
}

static bool is_background(const struct server *p, const struct share_call *c)
{
	uint64_t key = background_key(c);

	for (int i = 0; i < BACKGROUND; i++)
		if (p->background[i] == key)
			return true;
	return false;
}

static void remember_background(struct server *p, const struct share_call *c)
{
	if (!is_background(p, c))
		p->background[p->background_next++ % BACKGROUND] = background_key(c);
}

/* ---- judging ---- */

static bool is_open_at(const struct request *r, uint64_t ns)
{
	return r->end.start_ns <= ns && (!r->end.end_ns || r->end.end_ns > ns);
}

/* An answer that came after the response was written is none that it waited for. */
static bool waited_for(const struct request *r, const struct share_call *c)
{
	return !r->end.end_ns || c->end_ns <= r->end.end_ns;
}

/*
 * The request that the thread had read last when it sent the call. NULL: none that was open then.
 * A thread's records come in order, so its newest request is the first in the list.
 */
static struct request *of_thread(struct shares *s, const struct share_call *c)
{
	struct request *r = s->threads[shares__mix(c->tid) % BUCKETS];

	for (uint32_t steps = 0; r && steps < STEPS; r = r->next_thread, steps++)
		if (r->end.tid == c->tid && r->end.tgid == c->tgid &&
		    r->end.start_ns <= c->start_ns)
			return is_open_at(r, c->start_ns) ? r : NULL;
	return NULL;
}

/* The only open one with the call's trace id; NULL: none, or several, or too many to look at. */
static struct request *of_trace(const struct server *p, const struct share_call *c)
{
	struct request *found = NULL;
	uint32_t count = 0, looked = 0;

	if (!c->trace)
		return NULL;
	for (struct request *r = p->open; r && looked < TRACED; r = r->next, looked++)
		if (r->trace == c->trace && is_open_at(r, c->start_ns) && ++count)
			found = r;
	for (struct request *r = p->ended; r && looked < TRACED; r = r->next, looked++) {
		if (r->end.end_ns + SHARES_CALL_HOLD_NS < c->start_ns)
			break;
		if (r->trace == c->trace && is_open_at(r, c->start_ns) && ++count)
			found = r;
	}
	return count == 1 && looked < TRACED ? found : NULL;
}

static bool is_certain(const struct server *p, const struct request *r, const struct share_call *c)
{
	if (c->start_ns < r->company_ns)
		return p->idle_ns >= SHARES_IDLE_NS && !is_background(p, c);
	return !p->shared && p->trust >= SHARES_TRUST && c->start_ns < r->joined_ns;
}

/* How many were open when it was sent; it may be of each that was not over before its answer. */
static uint32_t hold_against_all(struct shares *s, struct server *p, const struct share_call *c)
{
	uint32_t open = 0, looked = 0;

	for (struct request *r = p->open; r && looked < CROWD; r = r->next, looked++)
		if (is_open_at(r, c->start_ns) && ++open)
			add_span(s, r, c, false);
	for (struct request *r = p->ended; r && looked < CROWD; r = r->next, looked++) {
		if (r->end.end_ns + SHARES_CALL_HOLD_NS < c->start_ns)
			return open;
		if (!is_open_at(r, c->start_ns))
			continue;
		open++;
		if (waited_for(r, c))
			add_span(s, r, c, false);
	}
	if (looked == CROWD)
		doubt__add(p->doubt, c->start_ns, c->end_ns);
	return open;
}

void shares__judge(struct shares *s, const struct share_call *c)
{
	struct server *p = server__find(s, c->tgid);
	struct request *r, *sure;

	if (!p)
		return;
	if (c->lost) {
		doubt__add(p->doubt, c->start_ns, c->end_ns);
		return;
	}
	if (c->end_tid != c->tid)
		server__share(p, c->end_ns);
	r = of_thread(s, c);
	if (r && c->end_tid == c->tid)
		r->own_calls++;
	sure = of_trace(p, c);
	if (!sure && r && is_certain(p, r, c))
		sure = r;
	if (sure) {
		s->counts.calls++;
		if (waited_for(sure, c))
			add_span(s, sure, c, true);
	} else if (hold_against_all(s, p, c)) {
		s->counts.calls++;
		s->counts.unattributed++;
	} else {
		remember_background(p, c);
	}
}
