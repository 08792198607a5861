/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whose calls are whose: certain, held against all, or of nobody; and the parts always add up. */
#include "shares/shares.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define TOLD_MAX 4096
#define MS	 1000000ull
#define BASE_MS	 10000 /* when the tests begin; idle until then */
#define AT(ms)	 (((ms) + BASE_MS) * MS)

/* ---- a played process: times in milliseconds ---- */

struct play {
	struct shares *shares;
	uint64_t now_ns;
	uint32_t count;
	struct share_told told[TOLD_MAX];
	struct span span[TOLD_MAX][4];
};

static void took(void *context, const struct share_told *told)
{
	struct play *p = context;
	uint64_t sum = 0;

	for (int where = 0; where < WHERE_COUNT; where++)
		sum += told->ns[where];
	assert_int_equal(sum, told->end.end_ns - told->end.start_ns + told->end.queue_ns);
	for (uint32_t i = 1; i < told->span_count; i++)
		assert_true(told->span[i - 1].start_ns <= told->span[i].start_ns);
	for (uint32_t i = 0; i < told->span_count; i++) {
		assert_true(told->span[i].start_ns >= told->end.start_ns);
		assert_true(told->span[i].end_ns <= told->end.end_ns);
	}
	assert_true(p->count < TOLD_MAX);
	p->told[p->count] = *told;
	for (uint32_t i = 0; i < told->span_count && i < 4; i++)
		p->span[p->count][i] = told->span[i];
	p->count++;
}

static void start_unknown(struct play *p)
{
	memset(p, 0, sizeof(*p));
	p->shares = shares__new(took, p);
	assert_non_null(p->shares);
}

/* A process that has served before, asked nobody, and been idle since. */
static void start(struct play *p)
{
	struct share_begin b = {.start_ns = MS, .tgid = 7, .tid = 7};
	struct share_end e = {.start_ns = MS, .end_ns = 2 * MS, .tgid = 7, .tid = 7, .end_tid = 7};

	start_unknown(p);
	shares__begun(p->shares, &b, MS);
	shares__ended(p->shares, &e, 2 * MS);
}

static void finish(struct play *p)
{
	struct shares_counts counts;

	shares__pass(p->shares, UINT64_MAX);
	shares__counts(p->shares, &counts);
	assert_int_equal(counts.requests, p->count);
	shares__free(p->shares);
}

static void at(struct play *p, uint64_t ms)
{
	if (AT(ms) > p->now_ns)
		p->now_ns = AT(ms);
}

/* Connection n is read by thread `tid`. */
static void begin(struct play *p, uint64_t ms, uint32_t tid, uint64_t connection)
{
	struct share_begin b = {
		.connection = connection, .start_ns = AT(ms), .tgid = 7, .tid = tid};

	at(p, ms);
	shares__begun(p->shares, &b, p->now_ns);
}

static struct share_end ending(uint64_t from, uint64_t to, uint32_t tid, uint64_t connection)
{
	return (struct share_end){.connection = connection,
				  .start_ns = AT(from),
				  .end_ns = AT(to),
				  .tgid = 7,
				  .tid = tid,
				  .end_tid = tid,
				  .status = 200,
				  .outcome = OUTCOME_OK};
}

static void end(struct play *p, uint64_t from, uint64_t to, uint32_t tid, uint64_t connection)
{
	struct share_end e = ending(from, to, tid, connection);

	at(p, to);
	shares__ended(p->shares, &e, p->now_ns);
}

static void call_of(struct play *p, enum where kind, uint64_t from, uint64_t to, uint32_t tid,
		    uint32_t label)
{
	struct share_call c = {.start_ns = AT(from),
			       .end_ns = AT(to),
			       .tgid = 7,
			       .tid = tid,
			       .end_tid = tid,
			       .label = label,
			       .kind = (uint8_t)kind};

	at(p, to);
	shares__called(p->shares, &c, p->now_ns);
}

static void call(struct play *p, enum where kind, uint64_t from, uint64_t to, uint32_t tid)
{
	call_of(p, kind, from, to, tid, 1);
}

/* The one told that began then; it must be there. */
static const struct share_told *told_of(const struct play *p, uint64_t from, uint64_t connection)
{
	for (uint32_t i = 0; i < p->count; i++)
		if (p->told[i].end.start_ns == AT(from) && p->told[i].end.connection == connection)
			return &p->told[i];
	fail_msg("nothing told of the request of %lu on %lu", (unsigned long)from,
		 (unsigned long)connection);
	return NULL;
}

static void expect(const struct play *p, uint64_t from, uint64_t connection, enum where where,
		   uint64_t ms)
{
	const struct share_told *told = told_of(p, from, connection);

	if (told->ns[where] != ms * MS)
		fail_msg("request of %lu on %lu: %s is %lu us, not %lu", (unsigned long)from,
			 (unsigned long)connection, where__name(where),
			 (unsigned long)told->ns[where] / 1000, (unsigned long)ms * 1000);
}

/* ---- the time of one request ---- */

static void test_timeline(void **state)
{
	struct timeline t;

	(void)state;
	timeline__begin(&t, 100);
	timeline__take(&t, WHERE_POSTGRES, 110, 150);
	timeline__take(&t, WHERE_POSTGRES, 120, 130); /* within */
	timeline__take(&t, WHERE_REDIS, 140, 170);
	timeline__take(&t, WHERE_UNATTRIBUTED, 145, 190);
	timeline__take(&t, WHERE_HTTP, 200, 200); /* empty */
	timeline__end(&t, 210);
	assert_int_equal(t.ns[WHERE_SELF], 10 + 20);
	assert_int_equal(t.ns[WHERE_POSTGRES], 30);
	assert_int_equal(t.ns[WHERE_SEVERAL], 10);
	assert_int_equal(t.ns[WHERE_REDIS], 20);
	assert_int_equal(t.ns[WHERE_UNATTRIBUTED], 20);
	assert_int_equal(t.ns[WHERE_HTTP], 0);
}

static void test_timeline_late(void **state)
{
	struct timeline t;

	(void)state;
	timeline__begin(&t, 0);
	timeline__take(&t, WHERE_REDIS, 10, 20);
	timeline__take(&t, WHERE_REDIS, 50, 60);
	timeline__take(&t, WHERE_POSTGRES, 5, 100); /* beside the others, and came after them */
	timeline__end(&t, 120);
	assert_int_equal(t.ns[WHERE_SELF], 20);
	assert_int_equal(t.ns[WHERE_REDIS], 10);
	assert_int_equal(t.ns[WHERE_UNATTRIBUTED], 40);
	assert_int_equal(t.ns[WHERE_SEVERAL], 10);
	assert_int_equal(t.ns[WHERE_POSTGRES], 40);
}

/* ---- one request at a time ---- */

static void test_alone(void **state)
{
	struct play p;

	(void)state;
	start(&p);
	begin(&p, 100, 7, 1);
	call(&p, WHERE_POSTGRES, 110, 160, 7);
	call(&p, WHERE_REDIS, 165, 170, 7);
	call(&p, WHERE_HTTP, 172, 190, 7);
	end(&p, 100, 200, 7, 1);
	finish(&p);
	assert_int_equal(p.count, 1);
	expect(&p, 100, 1, WHERE_POSTGRES, 50);
	expect(&p, 100, 1, WHERE_REDIS, 5);
	expect(&p, 100, 1, WHERE_HTTP, 18);
	expect(&p, 100, 1, WHERE_SELF, 27);
	assert_int_equal(p.told[0].span_count, 3);
	assert_true(p.span[0][0].certain);
	assert_int_equal(p.span[0][1].kind, WHERE_REDIS);
}

/* Who asks nobody has no shares; who never serves has none either. */
static void test_nobody_asked(void **state)
{
	struct play p;

	(void)state;
	start_unknown(&p);
	call(&p, WHERE_REDIS, 10, 20, 9);
	begin(&p, 100, 7, 1);
	end(&p, 100, 200, 7, 1);
	finish(&p);
	assert_int_equal(p.count, 0);
}

/* Until it was seen doing nothing, what it does in the background is not known. */
static void test_not_known_yet(void **state)
{
	struct play p;

	(void)state;
	start_unknown(&p);
	for (uint64_t ms = 100; ms <= 1500; ms += 700) {
		begin(&p, ms, 7, 1);
		call(&p, WHERE_POSTGRES, ms + 10, ms + 60, 7);
		end(&p, ms, ms + 100, 7, 1);
	}
	finish(&p);
	expect(&p, 100, 1, WHERE_UNATTRIBUTED, 50);
	expect(&p, 800, 1, WHERE_UNATTRIBUTED, 50);
	expect(&p, 1500, 1, WHERE_POSTGRES, 50);
}

/* Sent before the request came, or answered after its response was written. */
static void test_not_waited_for(void **state)
{
	struct play p;

	(void)state;
	start(&p);
	begin(&p, 100, 7, 1);
	call(&p, WHERE_REDIS, 90, 120, 7);
	call_of(&p, WHERE_REDIS, 130, 140, 7, 2);
	end(&p, 100, 200, 7, 1);
	call_of(&p, WHERE_POSTGRES, 150, 210, 7, 3);
	finish(&p);
	expect(&p, 100, 1, WHERE_REDIS, 10);
	expect(&p, 100, 1, WHERE_POSTGRES, 0);
	expect(&p, 100, 1, WHERE_SELF, 90);
}

/* What the thread also does while nobody asks it is not certainly done for the one that asks. */
static void test_background(void **state)
{
	struct play p;

	(void)state;
	start(&p);
	begin(&p, 10, 7, 1);
	end(&p, 10, 20, 7, 1);
	call_of(&p, WHERE_REDIS, 50, 60, 7, 5);
	begin(&p, 100, 7, 1);
	call_of(&p, WHERE_REDIS, 110, 120, 7, 5);
	call_of(&p, WHERE_REDIS, 130, 150, 7, 6);
	end(&p, 100, 200, 7, 1);
	finish(&p);
	expect(&p, 100, 1, WHERE_REDIS, 20);
	expect(&p, 100, 1, WHERE_UNATTRIBUTED, 10);
	expect(&p, 100, 1, WHERE_SELF, 70);
}

static void test_other_thread(void **state)
{
	struct play p;

	(void)state;
	start(&p);
	begin(&p, 100, 7, 1);
	call(&p, WHERE_POSTGRES, 110, 150, 8);
	end(&p, 100, 200, 7, 1);
	finish(&p);
	expect(&p, 100, 1, WHERE_POSTGRES, 0);
	expect(&p, 100, 1, WHERE_UNATTRIBUTED, 40);
	assert_false(p.span[0][0].certain);
	assert_int_equal(p.span[0][0].kind, WHERE_POSTGRES);
}

static void test_parallel_calls(void **state)
{
	struct play p;

	(void)state;
	start(&p);
	begin(&p, 100, 7, 1);
	call(&p, WHERE_REDIS, 110, 130, 7);
	call(&p, WHERE_REDIS, 115, 135, 7);
	call(&p, WHERE_POSTGRES, 112, 150, 7);
	end(&p, 100, 200, 7, 1);
	finish(&p);
	expect(&p, 100, 1, WHERE_REDIS, 2);
	expect(&p, 100, 1, WHERE_SEVERAL, 23);
	expect(&p, 100, 1, WHERE_POSTGRES, 15);
	expect(&p, 100, 1, WHERE_SELF, 60);
}

/* ---- event loops ---- */

static void test_event_loop(void **state)
{
	struct play p;

	(void)state;
	start(&p);
	begin(&p, 100, 7, 1);
	call_of(&p, WHERE_POSTGRES, 105, 115, 7, 1); /* alone until then */
	begin(&p, 120, 7, 2);
	call_of(&p, WHERE_POSTGRES, 130, 150, 7, 2);
	end(&p, 100, 160, 7, 1);
	call_of(&p, WHERE_REDIS, 165, 170, 7, 3); /* of 2 by now, or begun by 1 */
	end(&p, 120, 180, 7, 2);
	begin(&p, 300, 7, 1);
	call_of(&p, WHERE_POSTGRES, 310, 350, 7, 1);
	end(&p, 300, 360, 7, 1);
	finish(&p);
	expect(&p, 100, 1, WHERE_POSTGRES, 10);
	expect(&p, 100, 1, WHERE_UNATTRIBUTED, 20);
	expect(&p, 100, 1, WHERE_SELF, 30);
	expect(&p, 120, 2, WHERE_POSTGRES, 0);
	expect(&p, 120, 2, WHERE_REDIS, 0);
	expect(&p, 120, 2, WHERE_UNATTRIBUTED, 25);
	expect(&p, 300, 1, WHERE_POSTGRES, 40);
}

/* A response that never ends (server-sent events) is company for all others. */
static void test_endless(void **state)
{
	struct play p;

	(void)state;
	start(&p);
	begin(&p, 10, 7, 9);
	for (uint64_t ms = 100; ms < 4000; ms += 100) {
		begin(&p, ms, 7, 1);
		call(&p, WHERE_POSTGRES, ms + 10, ms + 30, 7);
		end(&p, ms, ms + 50, 7, 1);
	}
	finish(&p);
	assert_int_equal(p.count, 39);
	for (uint64_t ms = 100; ms < 4000; ms += 100)
		expect(&p, ms, 1, WHERE_UNATTRIBUTED, 20);
}

/* Two on one connection, one behind the other: which of them the call is for nobody can tell. */
static void test_pipelined(void **state)
{
	struct play p;

	(void)state;
	start(&p);
	begin(&p, 100, 7, 1);
	begin(&p, 101, 7, 1);
	call(&p, WHERE_REDIS, 110, 120, 7);
	end(&p, 100, 130, 7, 1);
	end(&p, 101, 140, 7, 1);
	finish(&p);
	expect(&p, 100, 1, WHERE_UNATTRIBUTED, 10);
	expect(&p, 101, 1, WHERE_UNATTRIBUTED, 10);
}

/* Whatever else is open: who has the trace id that the call is sent with. */
static void trace_begin(struct play *p, uint64_t ms, uint32_t tid, uint64_t connection,
			uint64_t trace)
{
	struct share_begin b = {.connection = connection,
				.start_ns = AT(ms),
				.trace = trace,
				.tgid = 7,
				.tid = tid};

	at(p, ms);
	shares__begun(p->shares, &b, p->now_ns);
}

static void trace_call(struct play *p, uint64_t from, uint64_t to, uint32_t tid, uint64_t trace)
{
	struct share_call c = {.start_ns = AT(from),
			       .end_ns = AT(to),
			       .trace = trace,
			       .tgid = 7,
			       .tid = tid,
			       .end_tid = tid,
			       .kind = WHERE_HTTP};

	at(p, to);
	shares__called(p->shares, &c, p->now_ns);
}

static void test_traces(void **state)
{
	struct play p;

	(void)state;
	start(&p);
	trace_begin(&p, 100, 7, 1, 11);
	trace_begin(&p, 101, 7, 2, 12);
	trace_begin(&p, 102, 8, 3, 0);
	trace_call(&p, 110, 150, 7, 12);
	trace_call(&p, 110, 160, 30, 11); /* another thread */
	trace_call(&p, 165, 170, 7, 99);  /* nobody's that is open */
	end(&p, 100, 200, 7, 1);
	end(&p, 101, 200, 7, 2);
	end(&p, 102, 200, 8, 3);
	trace_begin(&p, 300, 7, 1, 11); /* one trace, two requests */
	trace_begin(&p, 301, 7, 2, 11);
	trace_call(&p, 310, 320, 7, 11);
	end(&p, 300, 400, 7, 1);
	end(&p, 301, 400, 7, 2);
	finish(&p);
	expect(&p, 100, 1, WHERE_HTTP, 50);
	expect(&p, 101, 2, WHERE_HTTP, 40);
	expect(&p, 102, 3, WHERE_HTTP, 0);
	expect(&p, 100, 1, WHERE_UNATTRIBUTED, 5);
	expect(&p, 102, 3, WHERE_UNATTRIBUTED, 5);
	expect(&p, 300, 1, WHERE_HTTP, 0);
	expect(&p, 300, 1, WHERE_UNATTRIBUTED, 10);
	expect(&p, 301, 2, WHERE_UNATTRIBUTED, 10);
}

/* ---- threads ---- */

/* Pairs of requests beside one another, a thread for each; returns when the last one ended. */
static uint64_t pairs(struct play *p, uint32_t count)
{
	uint64_t ms = 1000;

	for (uint32_t i = 0; i < count; i++, ms += 100) {
		begin(p, ms, 8, 1);
		begin(p, ms + 1, 9, 2);
		call(p, WHERE_POSTGRES, ms + 10, ms + 40, 8);
		call(p, WHERE_REDIS, ms + 10, ms + 30, 9);
		end(p, ms + 1, ms + 50, 9, 2);
		end(p, ms, ms + 60, 8, 1);
	}
	return ms;
}

static void test_threads(void **state)
{
	struct play p;
	uint64_t ms;

	(void)state;
	start(&p);
	ms = pairs(&p, 20);
	finish(&p);
	/* at first nothing shows that threads are homes of requests */
	expect(&p, 1000, 1, WHERE_POSTGRES, 0);
	expect(&p, 1000, 1, WHERE_UNATTRIBUTED, 30);
	expect(&p, 1001, 2, WHERE_UNATTRIBUTED, 30);
	expect(&p, ms - 100, 1, WHERE_POSTGRES, 30);
	expect(&p, ms - 100, 1, WHERE_SELF, 30);
	expect(&p, ms - 100, 1, WHERE_UNATTRIBUTED, 0);
	expect(&p, ms - 99, 2, WHERE_REDIS, 20);
	expect(&p, ms - 99, 2, WHERE_UNATTRIBUTED, 0);
}

/* Of what other threads do it is unknown for whom. */
static void test_threads_and_pool(void **state)
{
	struct play p;
	uint64_t ms;

	(void)state;
	start(&p);
	ms = pairs(&p, 20);
	begin(&p, ms, 8, 1);
	begin(&p, ms + 1, 9, 2);
	call(&p, WHERE_POSTGRES, ms + 10, ms + 20, 8);
	call(&p, WHERE_REDIS, ms + 15, ms + 30, 30);
	end(&p, ms, ms + 50, 8, 1);
	end(&p, ms + 1, ms + 50, 9, 2);
	finish(&p);
	expect(&p, ms, 1, WHERE_POSTGRES, 10);
	expect(&p, ms, 1, WHERE_UNATTRIBUTED, 10);
	expect(&p, ms + 1, 2, WHERE_UNATTRIBUTED, 15);
}

/* Threads are no homes where another one writes the answer, or reads that of a call. */
static void test_handed_on(void **state)
{
	struct share_end e;
	struct play p;
	uint64_t ms;

	(void)state;
	start(&p);
	ms = pairs(&p, 20);
	begin(&p, ms, 8, 1);
	begin(&p, ms + 1, 9, 2);
	call(&p, WHERE_POSTGRES, ms + 10, ms + 20, 8);
	e = ending(ms, ms + 30, 8, 1);
	e.end_tid = 9;
	at(&p, ms + 30);
	shares__ended(p.shares, &e, p.now_ns);
	end(&p, ms + 1, ms + 50, 9, 2);
	begin(&p, ms + 100, 8, 1);
	begin(&p, ms + 101, 9, 2);
	call(&p, WHERE_POSTGRES, ms + 110, ms + 120, 8);
	end(&p, ms + 100, ms + 150, 8, 1);
	end(&p, ms + 101, ms + 150, 9, 2);
	finish(&p);
	/* what was taken for certain when that was proved is taken back */
	expect(&p, ms, 1, WHERE_UNATTRIBUTED, 30);
	expect(&p, ms + 1, 2, WHERE_UNATTRIBUTED, 49);
	expect(&p, ms + 100, 1, WHERE_UNATTRIBUTED, 10);
	expect(&p, ms + 100, 1, WHERE_SELF, 40);
}

/* The same of a thread that reads a second request before it has answered the first. */
static void test_proved_shared(void **state)
{
	struct play p;
	uint64_t ms;

	(void)state;
	start(&p);
	ms = pairs(&p, 20);
	begin(&p, ms, 8, 1);
	begin(&p, ms + 5, 8, 3);
	end(&p, ms, ms + 20, 8, 1);
	end(&p, ms + 5, ms + 25, 8, 3);
	begin(&p, ms + 100, 8, 1);
	begin(&p, ms + 101, 9, 2);
	call(&p, WHERE_POSTGRES, ms + 110, ms + 120, 8);
	end(&p, ms + 100, ms + 150, 8, 1);
	end(&p, ms + 101, ms + 150, 9, 2);
	finish(&p);
	expect(&p, ms + 100, 1, WHERE_POSTGRES, 0);
	expect(&p, ms + 100, 1, WHERE_UNATTRIBUTED, 10);
}

/* ---- what was not seen ---- */

static void test_lost(void **state)
{
	struct share_call lost = {
		.start_ns = AT(110), .end_ns = AT(115), .tgid = 7, .tid = 7, .lost = true};
	struct play p;

	(void)state;
	start(&p);
	begin(&p, 100, 7, 1);
	call(&p, WHERE_REDIS, 102, 105, 7);
	at(&p, 115);
	shares__called(p.shares, &lost, p.now_ns);
	end(&p, 100, 200, 7, 1);
	begin(&p, 5000, 7, 1);
	call(&p, WHERE_REDIS, 5002, 5005, 7);
	end(&p, 5000, 5010, 7, 1);
	begin(&p, 6000, 7, 1);
	call(&p, WHERE_REDIS, 6002, 6005, 7);
	at(&p, 6006);
	shares__doubt(p.shares, p.now_ns - 10 * MS, p.now_ns); /* the ring was full */
	end(&p, 6000, 6010, 7, 1);
	finish(&p);
	expect(&p, 100, 1, WHERE_UNATTRIBUTED, 100);
	expect(&p, 5000, 1, WHERE_REDIS, 3);
	expect(&p, 6000, 1, WHERE_UNATTRIBUTED, 10);
}

/* Only of answered requests anything is told; the others are company all the same. */
static void test_aborted(void **state)
{
	struct share_end e = ending(100, 200, 7, 1);
	struct play p;

	(void)state;
	start(&p);
	begin(&p, 100, 7, 1);
	begin(&p, 105, 7, 2);
	call(&p, WHERE_REDIS, 110, 120, 7);
	e.outcome = OUTCOME_ABORTED;
	at(&p, 200);
	shares__ended(p.shares, &e, p.now_ns);
	end(&p, 105, 210, 7, 2);
	finish(&p);
	assert_int_equal(p.count, 1);
	expect(&p, 105, 2, WHERE_UNATTRIBUTED, 10);
}

/* More open ones than are followed one by one. */
static void test_crowd(void **state)
{
	struct shares_counts counts;
	struct play p;

	(void)state;
	start(&p);
	for (uint64_t i = 0; i < 200; i++)
		begin(&p, 100 + i, 7, 1 + i);
	call(&p, WHERE_REDIS, 400, 410, 7);
	for (uint64_t i = 0; i < 200; i++)
		end(&p, 100 + i, 500 + i, 7, 1 + i);
	shares__counts(p.shares, &counts);
	assert_int_equal(counts.open, 0);
	finish(&p);
	assert_int_equal(p.count, 200);
	for (uint64_t i = 0; i < 200; i++)
		expect(&p, 100 + i, 1 + i, WHERE_REDIS, 0);
	expect(&p, 100, 1, WHERE_UNATTRIBUTED, 400);
}

static void test_more_than_are_followed(void **state)
{
	struct shares_counts counts;
	struct play p;

	(void)state;
	start(&p);
	begin(&p, 10, 7, 1);
	call(&p, WHERE_REDIS, 11, 12, 7);
	end(&p, 10, 20, 7, 1);
	for (uint64_t i = 0; i < 9000; i++)
		begin(&p, 100, 7, 100 + i);
	end(&p, 100, 200, 7, 100 + 8999);
	end(&p, 100, 200, 7, 100);
	shares__counts(p.shares, &counts);
	assert_int_equal(counts.missed, 1);
	finish(&p);
	expect(&p, 100, 100 + 8999, WHERE_UNATTRIBUTED, 100);
	assert_int_equal(p.count, 3);
}

/* Thousands of calls of one request: the sums stay exact, the latest can be drawn. */
static void test_many_calls(void **state)
{
	struct play p;

	(void)state;
	start(&p);
	begin(&p, 100, 7, 1);
	for (uint64_t i = 0; i < 5000; i++)
		call(&p, i % 2 ? WHERE_REDIS : WHERE_POSTGRES, 110 + i * 10, 116 + i * 10, 7);
	end(&p, 100, 60000, 7, 1);
	finish(&p);
	expect(&p, 100, 1, WHERE_REDIS, 15000);
	expect(&p, 100, 1, WHERE_POSTGRES, 15000);
	expect(&p, 100, 1, WHERE_SELF, 29900);
	assert_int_equal(p.told[0].calls_before + p.told[0].span_count, 5000);
	assert_true(p.told[0].span_count <= SHARES_SPANS && p.told[0].span_count > 0);
}

/* ---- orders ---- */

/* Records of several connections come some milliseconds out of order: the same comes out. */
static void test_orders(void **state)
{
	struct play p;

	(void)state;
	start(&p);
	begin(&p, 10, 7, 5);
	call(&p, WHERE_REDIS, 10, 11, 7);
	end(&p, 10, 12, 7, 5);
	at(&p, 203);
	begin(&p, 100, 7, 1);
	end(&p, 100, 200, 7, 1); /* before its calls */
	call(&p, WHERE_REDIS, 150, 190, 7);
	call(&p, WHERE_POSTGRES, 110, 140, 7);
	begin(&p, 180, 7, 2); /* it was there already when the other ended */
	call_of(&p, WHERE_HTTP, 181, 184, 7, 2);
	end(&p, 180, 204, 7, 2);
	finish(&p);
	expect(&p, 180, 2, WHERE_UNATTRIBUTED, 3);
	expect(&p, 100, 1, WHERE_POSTGRES, 30);
	expect(&p, 100, 1, WHERE_REDIS, 40);
	expect(&p, 100, 1, WHERE_UNATTRIBUTED, 0); /* beside a certain one */
}

/* ---- at random: what is certain must be true ---- */

struct thread {
	uint32_t tid;
	uint64_t connection;
	uint64_t from, call_from; /* 0: idle; not asking */
	uint64_t free_at;
};

static void step_thread(struct play *p, struct thread *t, uint64_t ms, uint64_t *served)
{
	if (t->free_at > ms)
		return;
	if (t->call_from) {
		call_of(p, WHERE_REDIS, t->call_from, ms, t->tid, (uint32_t)t->from);
		t->call_from = 0;
		t->free_at = ms + 1;
	} else if (!t->from && rand() % 4 == 0) {
		begin(p, ms, t->tid, t->connection);
		t->from = ms;
		t->free_at = ms + 1;
	} else if (t->from && rand() % 3) {
		t->call_from = ms;
		t->free_at = ms + 1 + (uint64_t)rand() % 9;
	} else if (t->from) {
		end(p, t->from, ms, t->tid, t->connection);
		t->from = 0;
		t->free_at = ms + 1;
		++*served;
	}
}

/* Threads that serve one at a time; calls are labelled with the one they are made for. */
static void test_random_threads(void **state)
{
	struct thread threads[6];
	uint64_t served = 0, certain = 0;
	struct play p;

	(void)state;
	srand(1);
	start(&p);
	for (uint32_t i = 0; i < 6; i++)
		threads[i] = (struct thread){.tid = 20 + i, .connection = 1 + i, .free_at = i};
	for (uint64_t ms = 100; ms < 6000; ms++)
		for (uint32_t i = 0; i < 6; i++)
			step_thread(&p, &threads[i], ms, &served);
	finish(&p);
	assert_true(p.count + 16 >= served && p.count <= served);
	for (uint32_t i = 0; i < p.count; i++)
		for (uint32_t k = 0; k < p.told[i].span_count && k < 4; k++)
			if (p.span[i][k].certain) {
				certain++;
				assert_int_equal(p.span[i][k].label,
						 p.told[i].end.start_ns / MS - BASE_MS);
			}
	assert_true(certain > served);
}

/* An event loop with whatever is open: nothing certain may be another's. */
static void test_random_loop(void **state)
{
	struct play p;
	uint64_t open[8] = {0};
	uint32_t certain = 0, uncertain = 0;

	(void)state;
	srand(2);
	start(&p);
	for (uint64_t ms = 100; ms < 20000; ms++) {
		uint32_t i = (uint32_t)rand() % 8;
		uint64_t length = 1 + (uint64_t)rand() % 5;

		if (!open[i] && rand() % 6 == 0) {
			open[i] = ms;
			begin(&p, ms, 7, 1 + i);
		} else if (open[i] && open[i] < ms && rand() % 2) {
			call_of(&p, WHERE_POSTGRES, ms, ms + length, 7, (uint32_t)open[i]);
		} else if (open[i] && open[i] < ms) {
			end(&p, open[i], ms, 7, 1 + i);
			open[i] = 0;
		}
	}
	finish(&p);
	for (uint32_t i = 0; i < p.count; i++)
		for (uint32_t k = 0; k < p.told[i].span_count && k < 4; k++) {
			uncertain += !p.span[i][k].certain;
			if (!p.span[i][k].certain)
				continue;
			certain++;
			assert_int_equal(p.span[i][k].label, p.told[i].end.start_ns / MS - BASE_MS);
		}
	assert_true(certain > 10 && uncertain > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timeline),
		cmocka_unit_test(test_timeline_late),
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_nobody_asked),
		cmocka_unit_test(test_not_known_yet),
		cmocka_unit_test(test_not_waited_for),
		cmocka_unit_test(test_background),
		cmocka_unit_test(test_other_thread),
		cmocka_unit_test(test_parallel_calls),
		cmocka_unit_test(test_event_loop),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_traces),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_threads_and_pool),
		cmocka_unit_test(test_handed_on),
		cmocka_unit_test(test_proved_shared),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_aborted),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_more_than_are_followed),
		cmocka_unit_test(test_many_calls),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_random_threads),
		cmocka_unit_test(test_random_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
