/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TRAFFIC.md, PostgreSQL, number by number; each stream also cut everywhere. */
#include "harness.h"

#define STEPS 64
#define ROOM  (256 * 1024)

static struct harness h;
static struct step steps[STEPS];
static size_t count, used;
static uint8_t room[ROOM];

/* ---- writing conversations: client() or server(), then messages ---- */

static void at(uint64_t us, enum step_kind kind)
{
	assert_true(count < STEPS);
	steps[count++] = (struct step){.at_us = us, .kind = kind, .data = room + used};
}

static void client(uint64_t us)
{
	at(us, STEP_REQUEST);
}

static void server(uint64_t us)
{
	at(us, STEP_RESPONSE);
}

static void bytes(const void *data, size_t length)
{
	assert_true(used + length <= ROOM);
	memcpy(room + used, data, length);
	used += length;
	steps[count - 1].length += length;
}

static void u32(uint32_t n)
{
	uint8_t b[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	bytes(b, sizeof(b));
}

static void message(char type, const void *content, size_t length)
{
	bytes(&type, 1);
	u32((uint32_t)length + 4);
	bytes(content, length);
}

static void text(char type, const char *s)
{
	message(type, s, strlen(s) + 1);
}

static void startup(const char *parameters, size_t length)
{
	u32((uint32_t)length + 9);
	u32(3 << 16);
	bytes(parameters, length);
	bytes("", 1);
}
#define STARTUP(parameters) startup(parameters, sizeof(parameters))

static void parse(const char *name, const char *sql)
{
	uint8_t b[4096];
	size_t n = 0;

	n += (size_t)sprintf((char *)b, "%s", name) + 1;
	n += (size_t)sprintf((char *)b + n, "%s", sql) + 1;
	memset(b + n, 0, 2);
	message('P', b, n + 2);
}

static void bind(const char *portal, const char *name)
{
	uint8_t b[256];
	size_t n = 0;

	n += (size_t)sprintf((char *)b, "%s", portal) + 1;
	n += (size_t)sprintf((char *)b + n, "%s", name) + 1;
	memcpy(b + n,
	       "\0\0\0\1\0\0\0\1"
	       "7"
	       "\0\0",
	       11);
	message('B', b, n + 11);
}

static void execute(const char *portal, uint8_t rows)
{
	uint8_t b[64] = {0};
	size_t n = (size_t)sprintf((char *)b, "%s", portal) + 1;

	b[n + 3] = rows;
	message('E', b, n + 4);
}

static void run_statement(const char *name)
{
	bind("", name);
	execute("", 0);
}

static void description(void)
{
	message('T', "\0\1a\0\0\0\0\0\0\0\0\0\0\x17\0\4\xff\xff\xff\xff\0\0", 22);
}

static void row(void)
{
	message('D',
		"\0\1\0\0\0\1"
		"1",
		7);
}

static void error_of(const char *severity, const char *code, const char *what)
{
	char b[256];
	int n = sprintf(b, "S%s%cV%s%cC%s%cM%s%c", severity, 0, severity, 0, code, 0, what, 0);

	message('E', b, (size_t)n + 1);
}

static void error(const char *code)
{
	error_of("ERROR", code, "no");
}

static void ready(char status)
{
	message('Z', &status, 1);
}

static void empty(char type)
{
	message(type, "", 0);
}

static void log_in(void)
{
	client(1);
	STARTUP("user\0me\0database\0shop\0");
	server(2);
	message('R', "\0\0\0\0", 4);
	message('S', "TimeZone\0UTC", 13);
	message('K', "\0\0\0\1\0\0\0\2", 8);
	ready('I');
}

/* ---- playing them ---- */

static int begin(void **state)
{
	(void)state;
	count = used = 0;
	return 0;
}

static void play_as(enum role role, bool existing)
{
	harness__play(&h, role, existing, steps, count, 0);
}

static void play(void)
{
	harness__every_cut(steps, count);
	harness__every_split(steps, count);
	play_as(ROLE_SERVER, false);
}

static void check(size_t i, enum outcome outcome, const char *label, uint64_t start_us,
		  uint64_t end_us)
{
	assert_true(i < h.count);
	assert_int_equal(h.exchange[i].outcome, outcome);
	assert_string_equal(harness__label(&h, i), label);
	assert_int_equal(h.exchange[i].start_ns, start_us * 1000);
	assert_int_equal(h.exchange[i].end_ns, end_us * 1000);
}

static void check_state(size_t i, const char *sqlstate, uint64_t rows)
{
	assert_true(i < h.count);
	assert_string_equal(h.exchange[i].postgres.sqlstate, sqlstate);
	assert_int_equal(h.exchange[i].postgres.rows, rows);
}

static void look(void *context, const struct connection *c)
{
	*(const struct connection **)context = c;
}

static const struct connection *the_connection(void)
{
	const struct connection *c = NULL;

	connections__each(h.engine->connections, look, &c);
	assert_non_null(c);
	return c;
}

/* ---- 27, 28, 39: handshakes ---- */

static void logging_in_is_no_exchange(void **state)
{
	(void)state;
	log_in();
	play();
	assert_int_equal(h.count, 0);
	assert_int_equal(h.events, 1);
	assert_int_equal(h.event[0].kind, CONNECTION_READY);
	assert_int_equal(h.event[0].value_ns, 2000 - 500);
	assert_string_equal(the_connection()->database, "shop");
	assert_int_equal(the_connection()->activity, ACTIVITY_IDLE);
	harness__free(&h);
}

static void scram_takes_several_turns(void **state)
{
	(void)state;
	client(1);
	STARTUP("user\0me\0");
	server(2);
	message('R', "\0\0\0\12SCRAM-SHA-256\0", 19);
	client(3);
	message('p', "SCRAM-SHA-256\0\0\0\0\4n,,x", 22);
	server(4);
	message('R', "\0\0\0\13r=x", 7);
	client(5);
	message('p', "c=y", 3);
	server(6);
	message('R', "\0\0\0\14v=z", 7);
	message('R', "\0\0\0\0", 4);
	ready('I');
	play();
	assert_int_equal(h.count, 0);
	assert_int_equal(h.events, 1);
	assert_int_equal(h.event[0].value_ns, 6000 - 500);
	assert_string_equal(the_connection()->database, "me");
	assert_false(the_connection()->parser.pairing.interleaved);
	assert_false(the_connection()->parser.pairing.pipelined);
	harness__free(&h);
}

static void encryption_refused_is_no_notice(void **state)
{
	(void)state;
	client(1);
	bytes("\0\0\0\10\4\xd2\x16\x30", 8); /* GSSENCRequest */
	server(2);
	bytes("N", 1);
	client(3);
	bytes("\0\0\0\10\4\xd2\x16\x2f", 8); /* SSLRequest */
	server(4);
	bytes("N", 1);
	log_in();
	client(10);
	text('Q', "SELECT 1");
	server(20);
	text('C', "SELECT 1");
	ready('I');
	play();
	assert_int_equal(h.count, 1);
	check(0, OUTCOME_OK, "SELECT $1", 10, 20);
	harness__free(&h);
}

static void encryption_accepted_ends_the_parsing(void **state)
{
	(void)state;
	client(1);
	bytes("\0\0\0\10\4\xd2\x16\x2f", 8);
	server(2);
	bytes("S", 1);
	client(3);
	bytes("\x16\3\1\2\0\1", 6);
	play();
	assert_int_equal(h.count, 0);
	assert_int_equal(h.engine->counters.open_connections[PROTOCOL_TLS], 1);
	harness__free(&h);
}

static void cancelling_is_no_exchange(void **state)
{
	(void)state;
	client(1);
	bytes("\0\0\0\20\4\xd2\x16\x2e\0\0\0\1\0\0\0\2", 16);
	at(2, STEP_CLOSE);
	play();
	assert_int_equal(h.count, 0);
	assert_int_equal(h.engine->counters.unparsable[PROTOCOL_UNKNOWN], 0);
	harness__free(&h);
}

static void refused(const char *code, const char *what, const char *reason)
{
	count = used = 0;
	client(1);
	STARTUP("user\0me\0");
	server(2);
	error_of("FATAL", code, what);
	at(3, STEP_CLOSE);
	play();
	assert_int_equal(h.count, 0);
	assert_int_equal(h.events, 1);
	assert_int_equal(h.event[0].kind, CONNECTION_FAILED);
	assert_string_equal(h.event[0].reason, reason);
	harness__free(&h);
}

static void refusals_are_connection_errors(void **state)
{
	(void)state;
	refused("28P01", "password authentication failed", "auth");
	refused("53300", "sorry, too many clients already", "too_many");
	refused("08P01", "no more connections allowed", "too_many");
	refused("57P03", "the database system is starting up", "refused");
}

static void replication_is_opaque(void **state)
{
	(void)state;
	client(1);
	STARTUP("user\0me\0replication\0true\0");
	server(2);
	ready('I');
	play_as(ROLE_SERVER, false);
	assert_int_equal(h.engine->counters.opaque[PROTOCOL_OPAQUE], 1);
	harness__free(&h);
}

/* ---- 33, 34, 37: Query ---- */

static void a_query_is_one_exchange(void **state)
{
	(void)state;
	log_in();
	client(10);
	text('Q', "SELECT a FROM t WHERE b = 'secret'");
	server(15);
	description();
	row();
	server(20);
	row();
	text('C', "SELECT 2");
	ready('T');
	play();
	assert_int_equal(h.count, 1);
	check(0, OUTCOME_OK, "SELECT a FROM t WHERE b = $1", 10, 20);
	check_state(0, "", 2);
	assert_int_equal(h.exchange[0].first_ns, 15000);
	assert_true(h.exchange[0].postgres.simple);
	assert_int_equal(the_connection()->activity, ACTIVITY_IN_TRANSACTION);
	harness__free(&h);
}

static void statements_in_one_query_are_one_exchange(void **state)
{
	(void)state;
	log_in();
	client(10);
	text('Q', "SELECT 1;SELECT 2");
	server(20);
	text('C', "SELECT 1");
	text('C', "SELECT 1");
	ready('I');
	client(30);
	text('Q', "");
	server(40);
	empty('I');
	ready('I');
	play();
	assert_int_equal(h.count, 2);
	check_state(0, "", 2);
	check(1, OUTCOME_OK, "", 30, 40);
	harness__free(&h);
}

static void an_error_behind_rows_counts(void **state)
{
	(void)state;
	log_in();
	client(10);
	text('Q', "SELECT 1/x FROM t");
	server(20);
	description();
	row();
	error("22012");
	ready('E');
	play();
	assert_int_equal(h.count, 1);
	assert_int_equal(h.exchange[0].outcome, OUTCOME_ERROR);
	check_state(0, "22012", 0);
	harness__free(&h);
}

static void notices_end_nothing(void **state)
{
	(void)state;
	log_in();
	server(5);
	message('A', "\0\0\0\1ch\0x\0", 9);
	client(10);
	text('Q', "SELECT 1");
	server(12);
	message('N', "SNOTICE\0C00000\0Mhey\0\0", 21);
	server(20);
	text('C', "SELECT 1");
	message('S', "application_name\0x", 19);
	ready('I');
	server(30);
	message('A', "\0\0\0\1ch\0x\0", 9);
	client(40);
	text('Q', "SELECT 2");
	server(50);
	text('C', "SELECT 1");
	ready('I');
	play_as(ROLE_SERVER, false);
	assert_int_equal(h.count, 2);
	check(0, OUTCOME_OK, "SELECT $1", 10, 20);
	check(1, OUTCOME_OK, "SELECT $1", 40, 50);
	assert_int_equal(h.exchange[0].first_ns, 20000);
	harness__free(&h);
}

static void a_fatal_error_answers_the_query(void **state)
{
	(void)state;
	log_in();
	client(10);
	text('Q', "SELECT pg_sleep(9)");
	server(20);
	error_of("FATAL", "57P01", "terminating connection");
	at(30, STEP_CLOSE);
	play();
	assert_int_equal(h.count, 1);
	check(0, OUTCOME_ERROR, "SELECT pg_sleep($1)", 10, 20);
	check_state(0, "57P01", 0);
	harness__free(&h);
}

static void closing_aborts_the_query(void **state)
{
	(void)state;
	log_in();
	client(10);
	text('Q', "SELECT 1");
	at(30, STEP_CLOSE);
	play();
	assert_int_equal(h.count, 1);
	check(0, OUTCOME_ABORTED, "SELECT $1", 10, 30);
	harness__free(&h);
}

static void a_function_call_is_one(void **state)
{
	(void)state;
	log_in();
	client(10);
	message('F', "\0\0\3\xb9\0\0\0\0\0\0", 10);
	server(20);
	message('V', "\xff\xff\xff\xff", 4);
	ready('I');
	play();
	assert_int_equal(h.count, 1);
	check(0, OUTCOME_OK, "fastpath", 10, 20);
	harness__free(&h);
}

/* ---- 29 to 32, 36: Execute ---- */

static void named_statements_are_remembered(void **state)
{
	(void)state;
	log_in();
	client(10); /* PQprepare: no exchange */
	parse("s1", "SELECT a FROM t WHERE id = $1");
	message('D', "Ss1", 4);
	empty('S');
	server(11);
	empty('1');
	message('t', "\0\1\0\0\0\x17", 6);
	description();
	ready('I');
	client(20);
	run_statement("s1");
	empty('S');
	server(30);
	empty('2');
	row();
	text('C', "SELECT 1");
	ready('I');
	client(40);
	message('C', "Ss1", 4);
	empty('S');
	server(41);
	empty('3');
	ready('I');
	client(50);
	run_statement("s1");
	empty('S');
	server(60);
	error("26000");
	ready('I');
	play();
	assert_int_equal(h.count, 2);
	check(0, OUTCOME_OK, "SELECT a FROM t WHERE id = $1", 20, 30);
	check_state(0, "", 1);
	assert_false(h.exchange[0].postgres.simple);
	check(1, OUTCOME_ERROR, "?", 50, 60);
	check_state(1, "26000", 0);
	harness__free(&h);
}

static void parts_after_a_flush_begin_anew(void **state)
{
	(void)state;
	log_in();
	client(10);
	parse("", "SELECT 1");
	message('D', "S", 2);
	empty('H');
	server(15);
	empty('1');
	message('t', "\0\0", 2);
	description();
	client(20);
	run_statement("");
	empty('S');
	server(30);
	empty('2');
	row();
	text('C', "SELECT 1");
	ready('I');
	play();
	assert_int_equal(h.count, 1);
	check(0, OUTCOME_OK, "SELECT $1", 20, 30);
	harness__free(&h);
}

static void pipelines_are_matched_in_order(void **state)
{
	(void)state;
	log_in();
	client(10);
	parse("a", "SELECT 1");
	run_statement("a");
	parse("b", "INSERT INTO t VALUES (1)");
	run_statement("b");
	client(12);
	run_statement("a");
	empty('S');
	server(20);
	empty('1');
	empty('2');
	text('C', "SELECT 1");
	server(25);
	empty('1');
	empty('2');
	text('C', "INSERT 0 5");
	server(30);
	empty('2');
	text('C', "SELECT 3");
	ready('I');
	play();
	assert_int_equal(h.count, 3);
	check(0, OUTCOME_OK, "SELECT $1", 10, 20);
	check(1, OUTCOME_OK, "INSERT INTO t VALUES (...)", 10, 25);
	check_state(1, "", 5);
	check(2, OUTCOME_OK, "SELECT $1", 12, 30);
	check_state(2, "", 3);
	harness__free(&h);
}

static void an_error_aborts_the_rest_up_to_sync(void **state)
{
	(void)state;
	log_in();
	client(10);
	parse("", "SELECT 1");
	run_statement("");
	bind("", "nowhere");
	execute("", 0);
	run_statement("");
	empty('S');
	run_statement("");
	empty('S');
	server(20);
	empty('1');
	empty('2');
	text('C', "SELECT 1");
	error("26000"); /* answers the Bind */
	ready('I');
	server(30);
	empty('2');
	text('C', "SELECT 1");
	ready('I');
	play();
	assert_int_equal(h.count, 4);
	check(0, OUTCOME_OK, "SELECT $1", 10, 20);
	check(1, OUTCOME_ERROR, "?", 10, 20);
	check_state(1, "26000", 0);
	check(2, OUTCOME_ABORTED, "SELECT $1", 10, 20);
	check(3, OUTCOME_OK, "SELECT $1", 10, 30);
	harness__free(&h);
}

static void a_failed_parse_is_no_exchange(void **state)
{
	(void)state;
	log_in();
	client(10);
	parse("x", "SELEC 1");
	empty('S');
	server(20);
	error("42601");
	ready('I');
	client(30);
	text('Q', "SELECT 1");
	server(40);
	text('C', "SELECT 1");
	ready('I');
	play();
	assert_int_equal(h.count, 1);
	check(0, OUTCOME_OK, "SELECT $1", 30, 40);
	harness__free(&h);
}

static void cursors_are_suspended(void **state)
{
	(void)state;
	log_in();
	client(10);
	parse("", "SELECT a FROM t");
	bind("c", "");
	execute("c", 2);
	empty('H');
	server(20);
	empty('1');
	empty('2');
	row();
	row();
	empty('s');
	client(30);
	execute("c", 2);
	empty('S');
	server(40);
	row();
	text('C', "SELECT 1");
	ready('I');
	play();
	assert_int_equal(h.count, 2);
	check(0, OUTCOME_OK, "SELECT a FROM t", 10, 20);
	assert_true(h.exchange[0].postgres.suspended);
	check_state(0, "", 2);
	check(1, OUTCOME_OK, "SELECT a FROM t", 30, 40);
	assert_false(h.exchange[1].postgres.suspended);
	harness__free(&h);
}

static void names_are_bounded(void **state)
{
	struct postgres_names {
		void *slot;
		uint32_t capacity;
	} * names;
	char name[32];

	(void)state;
	log_in();
	play_as(ROLE_SERVER, false);
	for (int i = 0; i < 20000; i++) {
		struct step step;

		count = used = 0;
		client(100);
		sprintf(name, "stmt_%d", i);
		parse(name, "SELECT 1");
		empty('S');
		step = steps[0];
		harness__step(&h, &step, 0);
		count = used = 0;
		server(100);
		empty('1');
		ready('I');
		step = steps[0];
		harness__step(&h, &step, 0);
	}
	names = the_connection()->parser.state; /* statements come first in it */
	assert_int_equal(names->capacity, 1024);
	assert_int_equal(the_connection()->parser.pairing.count, 0);
	assert_true(the_connection()->parser.pairing.capacity <= 64);
	count = used = 0;
	client(200);
	run_statement(name);
	empty('S');
	harness__step(&h, &steps[0], 0);
	count = used = 0;
	server(210);
	empty('2');
	text('C', "SELECT 1");
	ready('I');
	harness__step(&h, &steps[0], 0);
	assert_int_equal(h.count, 1);
	check(0, OUTCOME_OK, "SELECT $1", 200, 210);
	harness__free(&h);
}

/* ---- 35: COPY ---- */

static void copy_in_is_one_exchange(void **state)
{
	(void)state;
	log_in();
	client(10);
	text('Q', "COPY t FROM STDIN");
	server(15);
	message('G', "\0\0\1\0\0", 5);
	client(20);
	message('d', "1\n2\n", 4);
	client(25);
	message('d', "3\n", 2);
	empty('c');
	server(30);
	text('C', "COPY 3");
	ready('I');
	play();
	assert_int_equal(h.count, 1);
	check(0, OUTCOME_OK, "COPY t FROM STDIN", 10, 30);
	check_state(0, "", 3);
	assert_int_equal(h.exchange[0].postgres.bytes, 6);
	assert_false(the_connection()->parser.pairing.interleaved);
	harness__free(&h);
}

/* The first Sync is read within the copy, and never answered. */
static void copy_in_by_execute_has_two_syncs(void **state)
{
	(void)state;
	log_in();
	client(10);
	parse("", "COPY t FROM STDIN");
	run_statement("");
	empty('S');
	server(15);
	empty('1');
	empty('2');
	message('G', "\0\0\1\0\0", 5);
	client(20);
	message('d', "1\n2\n", 4);
	empty('c');
	empty('S');
	server(30);
	text('C', "COPY 2");
	ready('I');
	client(40);
	run_statement("");
	empty('S');
	server(50);
	empty('2');
	error("57014");
	ready('I');
	play();
	assert_int_equal(h.count, 2);
	check(0, OUTCOME_OK, "COPY t FROM STDIN", 10, 30);
	check_state(0, "", 2);
	assert_int_equal(h.exchange[0].postgres.bytes, 4);
	check(1, OUTCOME_ERROR, "COPY t FROM STDIN", 40, 50);
	assert_int_equal(the_connection()->parser.pairing.count, 0);
	harness__free(&h);
}

static void copy_out_is_one_exchange(void **state)
{
	(void)state;
	log_in();
	client(10);
	text('Q', "COPY t TO STDOUT");
	server(20);
	message('H', "\0\0\1\0\0", 5);
	message('d', "1\n2\n", 4);
	server(30);
	message('d', "3\n", 2);
	empty('c');
	text('C', "COPY 3");
	ready('I');
	play();
	assert_int_equal(h.count, 1);
	check(0, OUTCOME_OK, "COPY t TO STDOUT", 10, 30);
	check_state(0, "", 3);
	assert_int_equal(h.exchange[0].postgres.bytes, 6);
	harness__free(&h);
}

static void a_failed_copy_is_one_error(void **state)
{
	(void)state;
	log_in();
	client(10);
	text('Q', "COPY t FROM STDIN");
	server(15);
	message('G', "\0\0\1\0\0", 5);
	client(20);
	message('d', "x\n", 2);
	text('f', "cancelled");
	server(30);
	error("57014");
	ready('I');
	play();
	assert_int_equal(h.count, 1);
	check(0, OUTCOME_ERROR, "COPY t FROM STDIN", 10, 30);
	check_state(0, "57014", 0);
	harness__free(&h);
}

/* ---- 38: large results ---- */

static void large_rows_are_skipped_by_length(void **state)
{
	static uint8_t value[40000];
	size_t head;

	(void)state;
	memset(value, 'Z', sizeof(value)); /* "Z" and a length of 'ZZZZ' everywhere */
	log_in();
	client(10);
	text('Q', "SELECT blob FROM t");
	server(20);
	description();
	for (int i = 0; i < 4; i++) {
		bytes("D", 1);
		u32(4 + 6 + sizeof(value));
		bytes("\0\1", 2);
		u32(sizeof(value));
		bytes(value, sizeof(value));
	}
	head = steps[count - 1].length;
	server(30);
	text('C', "SELECT 4");
	ready('I');
	harness__every_cut(steps, count);
	play_as(ROLE_SERVER, false);
	assert_int_equal(h.count, 1);
	check(0, OUTCOME_OK, "SELECT blob FROM t", 10, 30);
	check_state(0, "", 4);
	assert_int_equal(h.exchange[0].response_bytes, head + steps[count - 1].length);
	harness__free(&h);
}

static void long_statements_are_cut(void **state)
{
	static char sql[100000];

	(void)state;
	memset(sql, ' ', sizeof(sql) - 1);
	memcpy(sql, "SELECT a FROM t WHERE b IN (1", 29);
	for (size_t i = 29; i + 2 < sizeof(sql); i += 2)
		memcpy(sql + i, ",2", 2);
	log_in();
	client(10);
	text('Q', sql);
	server(20);
	text('C', "SELECT 0");
	ready('I');
	client(30);
	text('Q', "SELECT 1");
	server(40);
	text('C', "SELECT 1");
	ready('I');
	harness__every_cut(steps, count);
	play_as(ROLE_SERVER, false);
	assert_int_equal(h.count, 2);
	check(0, OUTCOME_OK, "SELECT a FROM t WHERE b IN (...)", 10, 20);
	check(1, OUTCOME_OK, "SELECT $1", 30, 40);
	harness__free(&h);
}

/* ---- attached late, and losses ---- */

static void query(uint64_t us, const char *sql, const char *tag)
{
	client(us);
	text('Q', sql);
	server(us + 5);
	text('C', tag);
	ready('I');
}

static void turn(uint64_t us)
{
	client(us);
	run_statement("");
	empty('S');
	server(us + 5);
	empty('2');
	text('C', "SELECT 1");
	ready('I');
}

static void existing_connections_are_recognised(void **state)
{
	(void)state;
	query(10, "SELECT 1", "SELECT 1");
	query(20, "UPDATE t SET a = 1", "UPDATE 3");
	play_as(ROLE_SERVER, true);
	assert_int_equal(h.count, 2);
	check(0, OUTCOME_OK, "SELECT $1", 10, 15);
	check(1, OUTCOME_OK, "UPDATE t SET a = $1", 20, 25);
	harness__free(&h);
	play_as(ROLE_UNKNOWN, true);
	assert_int_equal(h.count, 2);
	harness__free(&h);
	begin(NULL);
	turn(10);
	turn(20);
	play_as(ROLE_CLIENT, true);
	assert_int_equal(h.count, 2);
	check(0, OUTCOME_OK, "?", 10, 15);
	check(1, OUTCOME_OK, "?", 20, 25);
	harness__free(&h);
}

static void an_answer_from_before_is_lost_visibly(void **state)
{
	(void)state;
	server(5);
	description();
	row();
	text('C', "SELECT 1");
	ready('I');
	query(10, "SELECT 1", "SELECT 1");
	play_as(ROLE_SERVER, true);
	assert_int_equal(h.count, 2);
	assert_int_equal(h.exchange[0].outcome, OUTCOME_LOST);
	assert_int_equal(h.exchange[0].loss, LOSS_ATTACHED);
	check(1, OUTCOME_OK, "SELECT $1", 10, 15);
	harness__free(&h);
}

/* One record lost, of whichever: the others keep their outcome, label and time. */
static void lose_each(size_t first)
{
	for (size_t i = first; i < count; i++) {
		struct step kept = steps[i];
		size_t ok = 0;

		steps[i].kind = kept.kind == STEP_REQUEST ? STEP_LOSE_REQUEST : STEP_LOSE_RESPONSE;
		for (int role = ROLE_SERVER; role <= ROLE_CLIENT; role++) {
			play_as((enum role)role, false);
			ok = 0;
			for (size_t k = 0; k < h.count; k++) {
				if (h.exchange[k].outcome == OUTCOME_LOST)
					continue;
				assert_int_equal(h.exchange[k].outcome, OUTCOME_OK);
				assert_int_equal(h.exchange[k].end_ns - h.exchange[k].start_ns,
						 5000);
				ok++;
			}
			if (ok < 4)
				fail_msg("step %zu lost, role %d: %zu of 6 told", i, role, ok);
			harness__free(&h);
		}
		steps[i] = kept;
	}
}

static void a_lost_record_shifts_nothing(void **state)
{
	(void)state;
	log_in();
	for (uint64_t us = 10; us <= 60; us += 10)
		query(us, "SELECT 1", "SELECT 1");
	lose_each(2);
	begin(NULL);
	log_in();
	for (uint64_t us = 10; us <= 60; us += 10)
		turn(us);
	lose_each(2);
}

static void garbage_is_given_up(void **state)
{
	(void)state;
	log_in();
	for (uint64_t us = 10; us < 100; us += 10) {
		client(us);
		bytes("\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	}
	play_as(ROLE_SERVER, false);
	assert_int_equal(h.count, 0);
	harness__free(&h);
}

static void lengths_are_hostile(void **state)
{
	static const uint32_t lengths[] = {0, 1, 3, 0x40000004, 0x7fffffff, 0x80000000, 0xffffffff};
	static const char types[] = "QPBECDSHFdcfpXRKZTtCEN123nsIGHWVAv";

	(void)state;
	for (const char *type = types; *type; type++)
		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
			for (int side = 0; side < 2; side++) {
				begin(NULL);
				log_in();
				query(10, "SELECT 1", "SELECT 1");
				if (side)
					client(20);
				else
					server(20);
				bytes(type, 1);
				u32(lengths[i]);
				bytes("\0\0", 2);
				query(30, "SELECT 1", "SELECT 1");
				play_as(ROLE_SERVER, false);
				assert_true(h.count >= 1);
				harness__free(&h);
			}
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(logging_in_is_no_exchange),
		TEST(scram_takes_several_turns),
		TEST(encryption_refused_is_no_notice),
		TEST(encryption_accepted_ends_the_parsing),
		TEST(cancelling_is_no_exchange),
		TEST(refusals_are_connection_errors),
		TEST(replication_is_opaque),
		TEST(a_query_is_one_exchange),
		TEST(statements_in_one_query_are_one_exchange),
		TEST(an_error_behind_rows_counts),
		TEST(notices_end_nothing),
		TEST(a_fatal_error_answers_the_query),
		TEST(closing_aborts_the_query),
		TEST(a_function_call_is_one),
		TEST(named_statements_are_remembered),
		TEST(parts_after_a_flush_begin_anew),
		TEST(pipelines_are_matched_in_order),
		TEST(an_error_aborts_the_rest_up_to_sync),
		TEST(a_failed_parse_is_no_exchange),
		TEST(cursors_are_suspended),
		TEST(names_are_bounded),
		TEST(copy_in_is_one_exchange),
		TEST(copy_in_by_execute_has_two_syncs),
		TEST(copy_out_is_one_exchange),
		TEST(a_failed_copy_is_one_error),
		TEST(large_rows_are_skipped_by_length),
		TEST(long_statements_are_cut),
		TEST(existing_connections_are_recognised),
		TEST(an_answer_from_before_is_lost_visibly),
		TEST(a_lost_record_shifts_nothing),
		TEST(garbage_is_given_up),
		TEST(lengths_are_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
