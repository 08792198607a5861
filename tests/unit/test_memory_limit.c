/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The memory limit against a made process: what is resident is what the test says (pread(2) of
 * statm and mallinfo2(3) are wrapped, tests/unit/unit.mk), so each threshold is met to the page.
 */
#include <malloc.h>
#include <unistd.h>
#include "harness.h"
#include "lent.h"
#include "memory_limit.h"
#include "metrics/metrics.h"

#define MIB    (1ull << 20)
#define SECOND 1000000000ull
#define BASE   (10 * MIB)
#define LIMIT  (64 * MIB)
/* Of the room of 54 MiB a quarter is kept in reserve, and half a MiB for a scrape. */
#define TIGHT	 (LIMIT - (54 * MIB) / 4 - MIB / 2)
#define OVER	 (LIMIT - (54 * MIB) / 8 - MIB / 2)
#define SCRAPE	 (MIB / 2)
#define TEST_CAP 64

ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t at);
struct mallinfo2 __wrap_mallinfo2(void);
uint64_t capture__sockets(const struct capture *capture);

static struct {
	struct engine *engine;
	struct metrics *metrics;
	struct memory_limit *limit;
	uint64_t now_ns, resident, each; /* `each`: of every connection that is followed */
	uint64_t next;			 /* connection */
	unsigned int looks;
} w;

uint64_t capture__sockets(const struct capture *capture)
{
	(void)capture;
	return 0;
}

static void count(void *context, const struct connection *c)
{
	(void)c;
	++*(uint64_t *)context;
}

static uint64_t followed(void)
{
	uint64_t connections = 0;

	if (w.engine)
		connections__each(w.engine->connections, count, &connections);
	return connections;
}

static uint64_t resident(void)
{
	return w.resident + followed() * w.each;
}

ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t at)
{
	(void)fd;
	assert_int_equal(at, 0);
	w.looks++;
	return snprintf(bytes, size, "1000000 %llu 0 0 0 0 0\n",
			(unsigned long long)resident() / (unsigned long long)getpagesize());
}

/* All that came since the beginning is in use: nothing of it can be used again. */
struct mallinfo2 __wrap_mallinfo2(void)
{
	return (struct mallinfo2){.uordblks = resident() > BASE ? resident() - BASE : 0};
}

static int set_up(void **state)
{
	struct engine_options options = {.connections_max = TEST_CAP};

	(void)state;
	memset(&w, 0, sizeof(w));
	w.resident = BASE;
	w.now_ns = SECOND;
	w.engine = engine__new(&options);
	assert_non_null(w.engine);
	w.metrics = metrics__new(&(struct metrics_options){.without_time_shares = true}, w.engine);
	assert_non_null(w.metrics);
	w.limit = memory_limit__new(LIMIT, NULL, w.engine, w.metrics);
	assert_non_null(w.limit);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	memory_limit__free(w.limit);
	metrics__free(w.metrics);
	engine__free(w.engine);
	return 0;
}

static struct memory_state tick(void)
{
	w.now_ns += SECOND;
	memory_limit__tick(w.limit, w.now_ns);
	return memory_limit__state(w.limit);
}

/* A connection with a request that is not answered. */
static void connect_one(void)
{
	static const char request[] = "*1\r\n$4\r\nPING\r\n";
	struct open_event open = {
		.event = {EVENT_OPEN, 0, sizeof(open), w.now_ns},
		.connection = ++w.next,
		.tgid = 1,
		.family = 2,
		.role = ROLE_SERVER,
		.local_port = 6379,
	};
	_Alignas(8) uint8_t record[sizeof(struct chunk) + 16] = {0};
	struct chunk *c = (struct chunk *)record;

	engine__event(w.engine, &open.event, sizeof(open));
	c->event = (struct event){EVENT_CHUNK, 0, sizeof(record), w.now_ns};
	c->connection = w.next;
	c->length = c->head = sizeof(request) - 1;
	c->tgid = c->tid = 1;
	c->direction = DIRECTION_RECV;
	memcpy(c->data, request, sizeof(request) - 1);
	engine__event(w.engine, &c->event, sizeof(record));
}

static uint64_t lost_for_memory(void)
{
	return w.engine->counters.lost[PROTOCOL_REDIS][SIDE_SERVER][LOSS_MEMORY];
}

static void check_books(void)
{
	const struct engine_counters *n = &w.engine->counters;

	assert_int_equal(n->seen[PROTOCOL_REDIS][SIDE_SERVER],
			 n->reported[PROTOCOL_REDIS][SIDE_SERVER] + lost_for_memory() +
				 n->in_flight[PROTOCOL_REDIS][SIDE_SERVER]);
}

static void without_a_limit_all_is_allowed(void **state)
{
	(void)state;
	assert_int_equal(memory_limit__snapshot(NULL), MEMORY_YES);
	assert_int_equal(memory_limit__state(NULL).limit, 0);
	memory_limit__free(NULL);
}

static void below_it_nothing_happens(void **state)
{
	(void)state;
	w.resident = TIGHT;
	assert_false(tick().tight);
	connect_one();
	assert_int_equal(followed(), 1);
	assert_int_equal(memory_limit__snapshot(w.limit), MEMORY_YES);
	assert_int_equal(memory_limit__state(w.limit).resident, TIGHT);
	assert_true(memory_limit__least(w.limit) > BASE && memory_limit__least(w.limit) < LIMIT);
}

static void near_it_nothing_new_is_taken_in(void **state)
{
	(void)state;
	connect_one();
	w.resident = TIGHT + 4096;
	assert_true(tick().tight);
	connect_one();
	assert_int_equal(followed(), 1); /* what was there stays */
	assert_int_equal(w.engine->counters.refused_connections[LOSS_MEMORY], 1);
	assert_int_equal(memory_limit__state(w.limit).let_go, 0);
	check_books();
}

static void with_room_again_all_is_taken_in(void **state)
{
	(void)state;
	w.resident = TIGHT + 4096;
	assert_true(tick().tight);
	w.resident = TIGHT - 4096; /* so little is no room: it would be tight again at once */
	assert_true(tick().tight);
	w.resident = 30 * MIB;
	assert_false(tick().tight);
	connect_one();
	assert_int_equal(followed(), 1);
	assert_int_equal(w.engine->counters.refused_connections[LOSS_MEMORY], 0);
}

static void over_it_connections_are_let_go(void **state)
{
	uint64_t before;

	(void)state;
	for (int i = 0; i < 40; i++)
		connect_one();
	assert_int_equal(followed(), 40);
	before = followed();
	w.each = MIB / 2;
	w.resident = OVER - 20 * MIB + 3 * MIB; /* 3 MiB too much: six connections at least */
	assert_true(tick().tight);
	assert_true(resident() <= OVER);
	assert_true(followed() <= before - 6);
	assert_true(followed() > 0);
	assert_int_equal(memory_limit__state(w.limit).let_go, before - followed());
	assert_int_equal(lost_for_memory(), before - followed());
	check_books();
}

static void where_nothing_can_be_let_go_it_ends(void **state)
{
	(void)state;
	w.resident = LIMIT + MIB;
	assert_true(tick().tight);
	assert_int_equal(memory_limit__state(w.limit).let_go, 0);
	assert_int_equal(memory_limit__snapshot(w.limit), MEMORY_NO);
}

/* A look costs a system call: one for as many events as could take half a MiB. */
static void looks_before_what_passed_can_have_used_it_up(void **state)
{
	unsigned int before = w.looks, events = 0;

	(void)state;
	while (w.looks == before) {
		memory_limit__took(w.limit, 64);
		events++;
	}
	assert_int_equal(events, (MIB / 2 + 4096 + 255) / (4096 + 256));
	before = w.looks;
	memory_limit__took(w.limit, 128 << 10); /* one large one may be it alone */
	assert_int_equal(w.looks, before + 1);
	w.resident = TIGHT + 4096;
	memory_limit__tick(w.limit, w.now_ns += SECOND);
	assert_true(memory_limit__state(w.limit).tight);
}

static void a_burst_between_two_ticks_is_met(void **state)
{
	(void)state;
	memory_limit__tick(w.limit, w.now_ns += SECOND);
	w.now_ns += 2 * SECOND;
	w.resident = TIGHT + MIB;
	memory_limit__took(w.limit, 128 << 10);
	assert_true(memory_limit__state(w.limit).tight);
}

/* Resident with an answer out, for which room was kept. */
static void an_answer_is_no_reason_to_refuse(void **state)
{
	void *text = lent__alloc(SCRAPE - 4096);

	(void)state;
	w.resident = TIGHT + SCRAPE - 4096;
	assert_false(tick().tight);
	lent__free(text);
	assert_true(tick().tight);
	assert_int_equal(lent__bytes(), 0);
}

/* Requests that pile up on connections that are there, while an answer is out. */
static void growth_beside_an_answer_is_met(void **state)
{
	struct snapshot *snapshot;

	(void)state;
	for (int i = 0; i < 40; i++)
		connect_one();
	assert_int_equal(memory_limit__snapshot(w.limit), MEMORY_YES);
	snapshot = metrics__snapshot(w.metrics, &(struct self){.version = "", .source = "live"});
	assert_non_null(snapshot);
	assert_in_range(lent__bytes(), 4096, SCRAPE);
	w.resident = TIGHT + lent__bytes() + 4096;
	memory_limit__took(w.limit, 128 << 10);
	assert_true(memory_limit__state(w.limit).tight);
	assert_int_equal(followed(), 40);
	w.each = MIB / 2;
	w.resident = OVER + lent__bytes() - 18 * MIB;
	memory_limit__took(w.limit, 128 << 10);
	assert_true(resident() <= OVER + lent__bytes());
	assert_true(followed() < 40 && followed() > 0);
	check_books();
	assert_int_equal(memory_limit__snapshot(w.limit), MEMORY_LATER);
	snapshot__free(snapshot);
	assert_int_equal(memory_limit__snapshot(w.limit), MEMORY_YES);
	metrics__free_spare(w.metrics);
	assert_int_equal(lent__bytes(), 0);
}

/* As many as one scrape's part holds, however many take their answers slowly. */
static void answers_that_nobody_takes_keep_others_out(void **state)
{
	void *text = lent__alloc(2 * SCRAPE);

	(void)state;
	w.resident = BASE + (LIMIT - BASE) / 2;
	assert_int_equal(memory_limit__snapshot(w.limit), MEMORY_YES);
	w.resident = TIGHT - MIB;
	tick();
	assert_int_equal(memory_limit__snapshot(w.limit), MEMORY_NO);
	lent__free(text);
	assert_int_equal(memory_limit__snapshot(w.limit), MEMORY_YES);
	assert_false(tick().tight);
	w.resident = TIGHT + SCRAPE; /* theirs beyond that part counts as ours */
	text = lent__alloc(2 * SCRAPE);
	assert_false(tick().tight);
	w.resident += 4096;
	assert_true(tick().tight);
	lent__free(text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_limit_all_is_allowed),
		CASE(below_it_nothing_happens),
		CASE(near_it_nothing_new_is_taken_in),
		CASE(with_room_again_all_is_taken_in),
		CASE(over_it_connections_are_let_go),
		CASE(where_nothing_can_be_let_go_it_ends),
		CASE(looks_before_what_passed_can_have_used_it_up),
		CASE(a_burst_between_two_ticks_is_met),
		CASE(an_answer_is_no_reason_to_refuse),
		CASE(growth_beside_an_answer_is_met),
		CASE(answers_that_nobody_takes_keep_others_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
