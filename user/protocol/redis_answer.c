/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a whole reply means: the answer to the oldest command, one of several confirmations, a
 * message that answers nothing, or the beginning of an endless stream.
 */
#include <stdio.h>

#include "protocol/redis_internal.h"

static struct redis *state_of(const struct parser *parser)
{
	return parser->state;
}

static const struct redis_command *command_of(const struct pending *p)
{
	return redis_command__get(p->kind);
}

static uint8_t kind_of(const struct pending *p)
{
	return p ? command_of(p)->kind : COMMAND_PLAIN;
}

static bool is_subscription(const struct pending *p)
{
	return kind_of(p) == COMMAND_SUBSCRIBE || kind_of(p) == COMMAND_UNSUBSCRIBE;
}

static bool is_subscribed(const struct reply *r)
{
	return r->subscribed[0] || r->subscribed[1] || r->subscribed[2];
}

/* ---- messages ---- */

/*
 * In RESP2 a message looks like any array. A subscribed connection may send nothing but
 * subscriptions, PING, RESET and QUIT (Redis' server.c, processCommand), none of which is answered
 * by an array that begins with a message's word; nor is nothing at all.
 */
static bool may_be_message(const struct reply *r, const struct pending *front)
{
	return r->head.form.type == '*' && !r->resp3 &&
	       (!front || is_subscription(front) || kind_of(front) == COMMAND_PING ||
		is_subscribed(r));
}

bool redis__first_word_matters(const struct parser *parser)
{
	const struct reply *r = &state_of(parser)->reply;

	return r->head.first == FIRST_UNKNOWN &&
	       (r->head.form.type == '>' || may_be_message(r, pairing__front(&parser->pairing)));
}

void redis__take_first_word(struct parser *parser, struct slice word)
{
	static const char *const words[] = {
		"message",    "pmessage",     "smessage",   "subscribe",    "unsubscribe",
		"psubscribe", "punsubscribe", "ssubscribe", "sunsubscribe",
	};
	const struct pending *front = pairing__front(&parser->pairing);
	struct reply *r = &state_of(parser)->reply;

	r->head.first = FIRST_OTHER;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (slice__equals(word, words[i]))
			r->head.first = FIRST_MESSAGE;
	if (is_subscription(front) && redis_command__find(word) == front->kind)
		r->head.first = FIRST_CONFIRMATION;
}

/* Messages and invalidations answer nothing. */
static bool is_message(const struct reply *r, const struct pending *front)
{
	if (r->head.form.type == '>')
		return r->head.first != FIRST_CONFIRMATION;
	return r->head.first == FIRST_MESSAGE && may_be_message(r, front);
}

/* ---- subscriptions ---- */

/*
 * Which of the three kinds of subscription; the confirmation's number is the sum of the first two,
 * or that of the third (Redis' pubsub.c).
 */
static uint32_t *subscribed_by(struct reply *r, const struct pending *p)
{
	switch (command_of(p)->name[0]) {
	case 'P':
		return &r->subscribed[1];
	case 'S': /* SSUBSCRIBE, SUNSUBSCRIBE; not SUBSCRIBE */
		return command_of(p)->name[1] == 'U' && command_of(p)->name[2] == 'B'
			       ? &r->subscribed[0]
			       : &r->subscribed[2];
	default:
		return &r->subscribed[0];
	}
}

/* One channel more or less; true when it was the command's last one. */
static bool confirm(struct reply *r, struct pending *p)
{
	uint32_t *mine = subscribed_by(r, p), before = *mine;
	uint32_t others = mine == &r->subscribed[2]   ? 0
			  : mine == &r->subscribed[0] ? r->subscribed[1]
						      : r->subscribed[0];
	int64_t sum = r->head.element.type == ':' ? r->head.element.number : 0;

	*mine = sum > (int64_t)others ? (uint32_t)(sum - others) : 0;
	if (p->flags & ENTRY_ALL)
		return *mine == 0 || before == 0;
	if (p->number)
		p->number--;
	return p->number == 0;
}

/* ---- answers ---- */

void redis__answer_silent(struct parser *parser, uint64_t time_ns)
{
	struct answer a = {.outcome = OUTCOME_OK, .detail.redis.unmeasured = true};
	struct pending *p = pairing__front(&parser->pairing);

	for (; p && p->flags & ENTRY_NO_REPLY && p->complete;
	     p = pairing__front(&parser->pairing)) {
		a.end_ns = time_ns ? time_ns : p->start_ns;
		a.detail.redis.command = p->kind;
		a.detail.redis.pattern = p->pattern;
		parser__answer(parser, &a);
	}
}

static void publish(struct parser *parser, struct pending *p, uint64_t end_ns)
{
	const struct reply *r = &state_of(parser)->reply;
	const struct reply_head *h = &r->head;
	struct answer a = {.outcome = h->error ? OUTCOME_ERROR : OUTCOME_OK, .end_ns = end_ns};

	p->first_ns = r->first_ns;
	p->response_bytes = r->bytes;
	if (h->error)
		snprintf(a.detail.redis.error, sizeof(a.detail.redis.error), "%s", h->error);
	a.detail.redis.blocking = p->flags & ENTRY_BLOCKING && !h->form.queued;
	a.detail.redis.command = p->kind;
	a.detail.redis.pattern = p->pattern;
	a.detail.redis.arguments = p->number + 1;
	a.detail.redis.queued = h->form.queued ? r->queued : 0;
	a.detail.redis.hits = h->hits;
	a.detail.redis.misses = h->misses;
	if (!h->form.queued)
		redis_reading__count(redis_reading__of(p), p->number, &h->form,
				     &a.detail.redis.hits, &a.detail.redis.misses);
	parser__answer(parser, &a);
}

/* What the connection is from now on, as the server says it. */
static void follow(struct parser *parser, struct reply *r, const struct pending *p)
{
	uint8_t kind = kind_of(p);

	if (kind == COMMAND_EXEC || kind == COMMAND_DISCARD || kind == COMMAND_MULTI ||
	    kind == COMMAND_RESET) {
		redis_reading__unqueue(r);
		redis_patterns__unqueue(r);
	} else if (r->head.form.queued) {
		redis_patterns__queue(parser, p);
		redis_reading__queue(r, p);
	}
	if (kind == COMMAND_HELLO && !r->head.error && !r->head.form.queued)
		r->resp3 = r->head.form.type == '%';
	if (kind == COMMAND_RESET && !r->head.error) {
		memset(r->subscribed, 0, sizeof(r->subscribed));
		r->resp3 = false;
	}
}

/* MONITOR and PSYNC were accepted: what follows answers nothing any more. */
static struct step endless(struct parser *parser, size_t used)
{
	parser__switch(parser, PROTOCOL_OPAQUE);
	return (struct step){.used = used, .stop = true};
}

/* Nobody asked: silence has ended without our seeing it, if it was silence. */
static struct step unmatched(struct parser *parser, uint64_t time_ns, size_t used)
{
	state_of(parser)->request.off = false;
	parser__unmatched(parser, LOSS_RESYNC, time_ns);
	return (struct step){.used = used};
}

struct step redis__replied(struct parser *parser, uint64_t time_ns, size_t used)
{
	struct reply *r = &state_of(parser)->reply;
	struct pending *p;
	bool ends;

	redis__answer_silent(parser, time_ns);
	p = pairing__front(&parser->pairing);
	r->resp3 |= r->head.form.type == '>';
	if (is_message(r, p))
		return (struct step){.used = used};
	if (!p)
		return unmatched(parser, time_ns, used);
	if (r->head.first == FIRST_CONFIRMATION && is_subscription(p) && !confirm(r, p))
		return (struct step){.used = used}; /* one of several */
	follow(parser, r, p);
	ends = p->flags & ENTRY_ENDLESS && !r->head.error;
	publish(parser, p, time_ns);
	if (ends)
		return endless(parser, used);
	redis__answer_silent(parser, time_ns);
	return (struct step){.used = used};
}
