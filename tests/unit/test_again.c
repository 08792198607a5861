/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Exchanges that are as the last ones were go a way of their own: each conversation is played on
 * it and without it, and must yield the same.
 */
#include <stdlib.h>
#include "again.h"
#include "harness.h"
#include "metrics/metrics.h"
#include "same_series.h"

#define GET	   "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n"
#define GET_OTHER  "*2\r\n$3\r\nGET\r\n$3\r\nyek\r\n"
#define GET_LONGER "*2\r\n$3\r\nGET\r\n$4\r\nkeys\r\n"
#define SET	   "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n"
#define DEL	   "*2\r\n$3\r\nDEL\r\n$3\r\nkey\r\n"
#define VALUE	   "$5\r\nvalue\r\n"
#define OTHER	   "$5\r\nother\r\n"
#define LONGER	   "$6\r\nvalues\r\n"
#define NIL	   "$-1\r\n"
#define OK	   "+OK\r\n"
#define ERROR	   "-ERR no\r\n"

#define HEAD(path) "GET " path " HTTP/1.1\r\nHost: shop.example\r\nCookie: id=%s\r\n\r\n"
#define PAGE                                                                                       \
	"HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:%s GMT\r\nContent-Length: 4\r\n\r\nbody"
#define OTHER_PAGE                                                                                 \
	"HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:%s GMT\r\nContent-Length: 0\r\n\r\n"
#define WITHOUT_PAGE                                                                               \
	"HTTP/1.1 404 No\r\nDate: Mon, 01 Jan 2024 00:00:%s GMT\r\nContent-Length: 4\r\n\r\nnone"

/* So often that it is learned whatever was learned in vain before. */
#define SURELY 140

struct conversation {
	struct harness h;
	struct metrics *metrics;
	uint64_t now_us;
};

static void open_one(struct conversation *c, enum role role, bool without)
{
	harness__open(&c->h, role, false);
	c->h.engine->options.without_again = without;
	c->metrics = metrics__new(&(struct metrics_options){0}, c->h.engine);
	assert_non_null(c->metrics);
	c->now_us = 1000;
}

static void say(struct conversation *c, enum step_kind kind, const char *data)
{
	harness__step(&c->h, &(struct step){c->now_us, kind, data, 0}, 0);
	c->now_us += 7 + c->now_us % 5;
}

static void ask(struct conversation *c, const char *request, const char *response)
{
	say(c, STEP_REQUEST, request);
	say(c, STEP_RESPONSE, response);
}

static void ask_often(struct conversation *c, int times, const char *request, const char *response)
{
	for (int i = 0; i < times; i++)
		ask(c, request, response);
}

/* Texts with a part that changes. */
static void ask_changing(struct conversation *c, int times, const char *request,
			 const char *response)
{
	char number[16], asked[256], answered[256];

	for (int i = 0; i < times; i++) {
		snprintf(number, sizeof(number), "%02d", i % 60);
		snprintf(asked, sizeof(asked), request, number, number);
		snprintf(answered, sizeof(answered), response, number, number);
		ask(c, asked, answered);
	}
}

static void say_bytes(struct conversation *c, enum step_kind kind, const void *data, size_t length)
{
	harness__step(&c->h, &(struct step){c->now_us, kind, data, length}, 0);
	c->now_us += 7 + c->now_us % 5;
}

static bool passes(const struct conversation *c)
{
	const struct connection *found = connections__find(c->h.engine->connections, 7);

	return found && found->again_state == AGAIN_READY;
}

static void close_one(struct conversation *c)
{
	metrics__free(c->metrics);
	harness__free(&c->h);
}

/* Both sides, on the way and without it; on it they were on it when the talk says so. */
static void play_both(void (*talk)(struct conversation *c))
{
	struct conversation *on = calloc(1, sizeof(*on)), *off = calloc(1, sizeof(*off));

	assert_non_null(on);
	assert_non_null(off);
	for (int role = ROLE_SERVER; role <= ROLE_CLIENT; role++) {
		open_one(on, (enum role)role, false);
		open_one(off, (enum role)role, true);
		talk(on);
		talk(off);
		assert_false(passes(off));
		harness__finish(&on->h);
		harness__finish(&off->h);
		assert_true(on->h.count > 0);
		harness__assert_same(&off->h, &on->h, "on the way, as role", (size_t)role, 0);
		assert_memory_equal(&off->h.engine->counters, &on->h.engine->counters,
				    sizeof(on->h.engine->counters));
		assert_true(same_series(on->metrics, off->metrics));
		assert_true(same_pools(&on->h.engine->pools, &off->h.engine->pools));
		close_one(on);
		close_one(off);
	}
	free(on);
	free(off);
}

static void must_pass(const struct conversation *c)
{
	if (!c->h.engine->options.without_again)
		assert_true(passes(c));
}

/* ---- talks ---- */

static void the_same(struct conversation *c)
{
	ask_often(c, 6, GET, VALUE);
	must_pass(c);
	ask_often(c, 3, GET_OTHER, OTHER);
	must_pass(c);
}

static void others_between(struct conversation *c)
{
	ask_often(c, 6, GET, VALUE);
	ask(c, GET, LONGER);
	ask(c, GET, NIL);
	ask(c, GET_LONGER, VALUE);
	must_pass(c);
	ask_often(c, 4, GET, VALUE);
	must_pass(c);
	ask(c, SET, OK);
	ask(c, GET, ERROR);
	ask_often(c, SURELY, SET, OK);
	must_pass(c);
	ask_often(c, SURELY, DEL, ":1\r\n");
	must_pass(c);
	ask_often(c, 2, DEL, ":0\r\n");
	ask_often(c, 3, DEL, ":1\r\n");
	ask_often(c, SURELY, "*1\r\n$4\r\nPING\r\n", "+PONG\r\n");
	ask_often(c, SURELY, GET, "$0\r\n\r\n");
	must_pass(c);
	ask_often(c, SURELY, GET, "$1\r\nx\r\n");
	ask_often(c, 2, GET, "$1\r\ny\r\n");
	must_pass(c);
}

static void batches(struct conversation *c)
{
	ask_often(c, 6, GET GET GET, VALUE VALUE VALUE);
	must_pass(c);
	ask(c, GET GET, VALUE OTHER);
	ask(c, GET, VALUE);
	ask(c, GET GET_OTHER GET GET GET, VALUE OTHER VALUE OTHER VALUE);
	must_pass(c);
	ask(c, GET GET SET, VALUE VALUE OK);
	ask_often(c, SURELY, GET GET, VALUE VALUE);
	must_pass(c);
	ask(c, GET GET, VALUE NIL);
	ask_often(c, 4, GET GET, NIL NIL);
}

/* Answers in several calls, several questions before an answer, halves of messages. */
static void not_in_turn(struct conversation *c)
{
	ask_often(c, 5, GET, VALUE);
	say(c, STEP_REQUEST, GET GET GET);
	say(c, STEP_RESPONSE, VALUE);
	say(c, STEP_RESPONSE, VALUE VALUE);
	ask_often(c, 5, GET, VALUE);
	say(c, STEP_REQUEST, GET);
	say(c, STEP_REQUEST, GET);
	say(c, STEP_RESPONSE, VALUE VALUE);
	ask_often(c, 5, GET, VALUE);
	say(c, STEP_REQUEST, "*2\r\n$3\r\nGET\r\n$3\r\n");
	say(c, STEP_REQUEST, "key\r\n");
	say(c, STEP_RESPONSE, "$5\r\nval");
	say(c, STEP_RESPONSE, "ue\r\n");
	ask_often(c, 5, GET, VALUE);
	say(c, STEP_REQUEST, GET);
	say(c, STEP_RESPONSE, "$5\r\nval");
	say(c, STEP_RESPONSE, "ue\r\n");
	ask_often(c, 5, GET, VALUE);
}

static void lost_requests(struct conversation *c)
{
	ask_often(c, 6, GET, VALUE);
	say(c, STEP_LOSE_REQUEST, GET);
	say(c, STEP_RESPONSE, VALUE);
	ask_often(c, 6, GET, VALUE);
	say(c, STEP_LOSE_REQUEST, GET);
	ask_often(c, 6, GET, VALUE);
}

static void lost_responses(struct conversation *c)
{
	ask_often(c, 6, GET, VALUE);
	say(c, STEP_REQUEST, GET);
	say(c, STEP_LOSE_RESPONSE, VALUE);
	ask_often(c, 6, GET, VALUE);
	say(c, STEP_REQUEST, GET GET);
	say(c, STEP_LOSE_RESPONSE, VALUE);
	say(c, STEP_RESPONSE, VALUE);
	ask_often(c, 6, GET, VALUE);
}

static void the_end(struct conversation *c)
{
	ask_often(c, 6, GET, VALUE);
	say(c, STEP_REQUEST, GET GET);
	say(c, STEP_CLOSE, NULL);
}

static void silence(struct conversation *c)
{
	ask_often(c, 6, GET, VALUE);
	ask(c, "*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$4\r\nSKIP\r\n" GET GET, VALUE);
	ask_often(c, 6, GET, VALUE);
	say(c, STEP_REQUEST, "*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n");
	say(c, STEP_REQUEST, GET);
	say(c, STEP_REQUEST, GET);
	ask(c, "*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$2\r\nON\r\n", OK);
	ask_often(c, 6, GET, VALUE);
}

static void transactions(struct conversation *c)
{
	ask_often(c, 6, GET, VALUE);
	ask(c, "*1\r\n$5\r\nMULTI\r\n", OK);
	ask_often(c, 6, GET, "+QUEUED\r\n");
	ask(c, "*1\r\n$4\r\nEXEC\r\n", "*6\r\n" VALUE VALUE VALUE VALUE VALUE NIL);
	ask_often(c, 6, GET, VALUE);
}

static void pages(struct conversation *c)
{
	ask_changing(c, 6, HEAD("/orders/12345?page=2"), PAGE);
	must_pass(c);
	ask_changing(c, 3, HEAD("/orders/54321?page=3"), PAGE);
	must_pass(c);
	ask_changing(c, 3, HEAD("/others/54321?page=3"), PAGE);
	ask_changing(c, SURELY, HEAD("/orders/54321?page=3"), OTHER_PAGE);
	must_pass(c);
	ask_changing(c, 5, HEAD("/orders/54321?page=3"), WITHOUT_PAGE);
	ask_changing(c, 5, HEAD("/orders/54321?page=3"), PAGE);
	ask_changing(c, 1, HEAD("/orders/54321?page=3") HEAD("/orders/54322?page=3"), PAGE PAGE);
	ask_changing(c, 5, HEAD("/orders/54321?page=3"), PAGE);
	ask(c,
	    "POST /orders/54321?page=3 HTTP/1.1\r\nHost: shop.example\r\nContent-Length: "
	    "2\r\n\r\nok",
	    "HTTP/1.1 204 No\r\n\r\n");
	ask_changing(c, SURELY, HEAD("/orders/54321?page=3"), PAGE);
	must_pass(c);
	say(c, STEP_REQUEST, "HEAD /orders/54321?page=3 HTTP/1.1\r\nHost: shop.example\r\n\r\n");
	say(c, STEP_RESPONSE, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
	ask_changing(c, 5, HEAD("/orders/54321?page=3"), PAGE);
}

#define SHOP	  "GET /a HTTP/1.1\r\nHost: shop.example\r\n\r\n"
#define BEGINNING "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"

/* In no buffer, as sendfile(2) has it. */
static void send_file(struct conversation *c, size_t bytes)
{
	say_bytes(c, STEP_BODY_RESPONSE, NULL, bytes);
}

static void ask_for_file(struct conversation *c, int times)
{
	for (int i = 0; i < times; i++) {
		ask(c, SHOP, BEGINNING);
		send_file(c, 10);
	}
}

static void bodies_apart(struct conversation *c)
{
	ask_for_file(c, 6);
	must_pass(c);
	ask(c, SHOP, BEGINNING);
	say(c, STEP_RESPONSE, "0123456789");
	must_pass(c);
	ask(c, SHOP, BEGINNING);
	say(c, STEP_RESPONSE, "0123");
	send_file(c, 5);
	say(c, STEP_RESPONSE, "9");
	must_pass(c);
	ask(c, SHOP, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n");
	send_file(c, 11);
	ask(c, SHOP, BEGINNING "0123456789");
	ask(c, SHOP, BEGINNING "0");
	send_file(c, 9);
	for (int i = 0; i < SURELY; i++) {
		ask(c, SHOP, BEGINNING "01234");
		send_file(c, 5);
	}
	must_pass(c);
	for (int i = 0; i < SURELY; i++) {
		ask(c, SHOP, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
		send_file(c, 1000000);
	}
	for (int i = 0; i < SURELY; i++) {
		ask(c, SHOP, "HTTP/1.1 404 No\r\nContent-Length: 10\r\n\r\n");
		send_file(c, 10);
	}
	ask(c, SHOP SHOP, BEGINNING);
	send_file(c, 10);
	ask(c, SHOP, BEGINNING "0123456789" BEGINNING);
	send_file(c, 10);
	ask_for_file(c, SURELY);
	must_pass(c);
	ask(c, SHOP SHOP, BEGINNING);
	send_file(c, 10);
	say(c, STEP_RESPONSE, BEGINNING "0123456789");
}

/* Whatever comes in the midst of a body finds the parser there. */
static void a_body_begins(struct conversation *c)
{
	ask_for_file(c, SURELY);
	ask(c, SHOP, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
	must_pass(c);
	ask(c, SHOP, BEGINNING);
	send_file(c, 4);
	must_pass(c);
}

static void asked_within_a_body(struct conversation *c)
{
	a_body_begins(c);
	say(c, STEP_REQUEST, SHOP);
	send_file(c, 6);
	say(c, STEP_RESPONSE, BEGINNING "0123456789");
	a_body_begins(c);
	say(c, STEP_REQUEST, SHOP);
	say(c, STEP_RESPONSE, "456789" BEGINNING);
	send_file(c, 10);
	a_body_begins(c);
	send_file(c, 6 + 3);
	ask_for_file(c, 3);
}

static void lost_within_a_body(struct conversation *c)
{
	a_body_begins(c);
	say(c, STEP_LOSE_RESPONSE, "45");
	send_file(c, 4);
	a_body_begins(c);
	say(c, STEP_LOSE_RESPONSE, "456789" BEGINNING);
	send_file(c, 10);
	a_body_begins(c);
	say(c, STEP_LOSE_REQUEST, SHOP);
	send_file(c, 6);
	say(c, STEP_RESPONSE, BEGINNING "0123456789");
}

static void changed_within_a_body(struct conversation *c)
{
	a_body_begins(c);
	engine__change_meaning(c->h.engine);
	send_file(c, 6);
	a_body_begins(c);
	connections__slim(c->h.engine->connections);
	send_file(c, 6);
	ask_for_file(c, 3);
}

static void ended_within_a_body(struct conversation *c)
{
	a_body_begins(c);
	say(c, STEP_RESPONSE_END, NULL);
	say(c, STEP_CLOSE, NULL);
}

static void reset_within_a_body(struct conversation *c)
{
	a_body_begins(c);
	say(c, STEP_RESET, NULL);
}

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
#define POST	"POST /b HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 2\r\n\r\nok"

/* What is learned of an exchange is all of it of that one. */
static void two_in_turn(struct conversation *c)
{
	for (int i = 0; i < 9; i++) {
		ask(c, SHOP, CHUNKED);
		ask(c, POST, BEGINNING "0123456789");
		ask(c, SHOP, BEGINNING "0123456789");
	}
}

static void one_within_another(struct conversation *c)
{
	for (int i = 0; i < 8; i++) {
		ask(c, SHOP, BEGINNING);
		say(c, STEP_RESPONSE, "0123");
		ask(c, POST, "456789");
		say(c, STEP_RESPONSE, BEGINNING);
		send_file(c, 10);
	}
	ask_for_file(c, 2);
}

/* A body that looks like an answer. */
static void batch_of_beginnings(struct conversation *c)
{
	ask_for_file(c, SURELY);
	must_pass(c);
	ask(c, SHOP SHOP, BEGINNING BEGINNING);
	send_file(c, 10);
	send_file(c, 10);
}

/* PostgreSQL's messages (chapter Message Formats). */
#define STARTUP	 "\0\0\0\x1b\0\3\0\0user\0b\0database\0d\0\0"
#define WELCOME	 "R\0\0\0\x8\0\0\0\0Z\0\0\0\5I"
#define QUERY(n) "Q\0\0\0\x27SELECT a FROM things WHERE id = " n "\0"
#define ROW(v)                                                                                     \
	"T\0\0\0\x1a\0\1a\0\0\0\x40\2\0\4\0\0\0\x17\0\4\xff\xff\xff\xff\0\0"                       \
	"D\0\0\0\xe\0\1\0\0\0\4" v
#define DONE	 "C\0\0\0\xdSELECT 1\0Z\0\0\0\5I"
#define NOTHING	 "C\0\0\0\xdSELECT 0\0Z\0\0\0\5I"
#define IN_BLOCK "C\0\0\0\xdSELECT 1\0Z\0\0\0\5T"
#define PREPARE	 "P\0\0\0\x2cp1\0SELECT b FROM others WHERE id = $1\0\0\0S\0\0\0\4"
#define PREPARED "1\0\0\0\4Z\0\0\0\5I"
#define BIND(v)                                                                                    \
	"B\0\0\0\x15\0p1\0\0\0\0\1\0\0\0\3" v "\0\0D\0\0\0\6P\0E\0\0\0\x9\0\0\0\0\0S\0\0\0\4"
#define BOUND  "2\0\0\0\4"
#define BROKEN "E\0\0\0\x13SERROR\0C22012\0\0Z\0\0\0\5I"

#define ASK(request, response)                                                                     \
	say_bytes(c, STEP_REQUEST, request, sizeof(request) - 1);                                  \
	say_bytes(c, STEP_RESPONSE, response, sizeof(response) - 1)

static void queries(struct conversation *c)
{
	ASK(STARTUP, WELCOME);
	for (int i = 0; i < 6; i++) {
		ASK(QUERY("12"), ROW("1234") DONE);
		ASK(QUERY("99"), ROW("xxxx") DONE);
	}
	must_pass(c);
	ASK(QUERY("x "), ROW("1234") DONE);
	ASK(QUERY("12"), NOTHING);
	ASK(QUERY("12"), ROW("1234") IN_BLOCK);
	ASK(QUERY("12"), BROKEN);
	ASK(PREPARE, PREPARED);
	for (int i = 0; i < SURELY; i++) {
		ASK(BIND("123"), BOUND ROW("1234") DONE);
	}
	must_pass(c);
	ASK(BIND("321"), BOUND BROKEN);
	ASK(BIND("456"), BOUND ROW("\0\0\0\0") DONE);
	for (int i = 0; i < SURELY; i++) {
		ASK(BIND("123"), BOUND ROW("1234") DONE);
	}
	must_pass(c);
	say_bytes(c, STEP_REQUEST, BIND("123"), sizeof(BIND("123")) - 1);
	say_bytes(c, STEP_REQUEST, BIND("124"), sizeof(BIND("124")) - 1);
	say_bytes(c, STEP_RESPONSE, BOUND ROW("1234") DONE BOUND ROW("1234") DONE,
		  sizeof(BOUND ROW("1234") DONE BOUND ROW("1234") DONE) - 1);
	ASK(BIND("123"), BOUND ROW("1234") DONE);
}

static void same_exchanges(void **state)
{
	(void)state;
	play_both(the_same);
	play_both(others_between);
	play_both(batches);
	play_both(not_in_turn);
	play_both(lost_requests);
	play_both(lost_responses);
	play_both(the_end);
	play_both(silence);
	play_both(transactions);
	play_both(pages);
	play_both(bodies_apart);
	play_both(asked_within_a_body);
	play_both(lost_within_a_body);
	play_both(changed_within_a_body);
	play_both(ended_within_a_body);
	play_both(reset_within_a_body);
	play_both(two_in_turn);
	play_both(one_within_another);
	play_both(batch_of_beginnings);
	play_both(queries);
}

/* ---- what they may mean changes ---- */

static void nobody_passes_what_rules_want(void **state)
{
	struct conversation *c = calloc(1, sizeof(*c));

	(void)state;
	assert_non_null(c);
	open_one(c, ROLE_SERVER, false);
	ask_often(c, 6, GET, VALUE);
	must_pass(c);
	engine__want(c->h.engine, PROTOCOL_REDIS, SIDE_SERVER, DETAIL_BIT(DETAIL_ARGUMENTS));
	ask(c, GET, VALUE);
	assert_non_null(c->h.exchange[c->h.count - 1].details);
	ask_often(c, 6, GET, VALUE);
	assert_false(passes(c));
	engine__want(c->h.engine, PROTOCOL_REDIS, SIDE_SERVER, 0);
	ask_often(c, SURELY, GET, VALUE);
	assert_true(passes(c));
	harness__finish(&c->h);
	close_one(c);
	free(c);
}

static void count_skips(void *context, uint64_t connection, const struct verdict *verdict)
{
	int *skips = context;

	(void)connection;
	*skips += verdict->skip_to[DIRECTION_SEND] > 0;
}

static void bodies_that_the_kernel_skips_do_not_pass(void **state)
{
	struct conversation *c = calloc(1, sizeof(*c));
	int skips = 0;

	(void)state;
	assert_non_null(c);
	open_one(c, ROLE_SERVER, false);
	c->h.engine->verdict = count_skips;
	c->h.engine->verdict_context = &skips;
	for (int i = 0; i < SURELY; i++) {
		ask(c, SHOP, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
		send_file(c, 1000000);
	}
	assert_int_equal(skips, SURELY);
	assert_false(passes(c));
	harness__finish(&c->h);
	close_one(c);
	free(c);
}

/* A record of another process's, whose socket it is now. */
static void another_process_is_told(void **state)
{
	struct conversation *c = calloc(1, sizeof(*c));
	struct chunk *chunk = calloc(1, sizeof(*chunk) + sizeof(GET));

	(void)state;
	assert_non_null(c);
	assert_non_null(chunk);
	open_one(c, ROLE_SERVER, false);
	ask_often(c, 6, GET, VALUE);
	chunk->event =
		(struct event){EVENT_CHUNK, 0, sizeof(*chunk) + sizeof(GET) - 1, c->now_us * 1000};
	chunk->connection = 7;
	chunk->position = c->h.position[DIRECTION_RECV];
	chunk->length = chunk->head = sizeof(GET) - 1;
	chunk->tgid = chunk->tid = 2;
	chunk->direction = DIRECTION_RECV;
	memcpy(chunk->data, GET, sizeof(GET) - 1);
	c->h.position[DIRECTION_RECV] += chunk->length;
	assert_int_equal(engine__event(c->h.engine, &chunk->event, chunk->event.size), 0);
	say(c, STEP_RESPONSE, VALUE);
	assert_int_equal(c->h.exchange[c->h.count - 1].tgid, 2);
	assert_int_equal(c->h.exchange[c->h.count - 1].outcome, OUTCOME_OK);
	harness__finish(&c->h);
	close_one(c);
	free(chunk);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_exchanges),
		cmocka_unit_test(nobody_passes_what_rules_want),
		cmocka_unit_test(bodies_that_the_kernel_skips_do_not_pass),
		cmocka_unit_test(another_process_is_told),
	};

	return cmocka_run_group_tests_name("again", tests, NULL, NULL);
}
