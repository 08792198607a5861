/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What goes a short way must come out as if it had gone the general one. Details that are wanted
 * make everything go that: random conversations are played with and without, whole and cut.
 */
#include "harness.h"

#define STEPS	  256
#define ROOM	  (256 * 1024)
#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define PICK(a)	  ((a)[random_below(COUNT(a))])
#define FREE_TEXT 21 /* so long are all values of a field that does not matter */

static struct step steps[STEPS];
static size_t count, used;
static char room[ROOM];
static uint64_t seed = 11;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % n;
}

/* ---- writing ---- */

static void begin(void)
{
	count = used = 0;
}

static void turn(enum step_kind kind)
{
	assert_true(count < STEPS);
	steps[count] = (struct step){.at_us = 10 + count * 10, .kind = kind, .data = room + used};
	count++;
}

static void bytes(const void *data, size_t length)
{
	assert_true(used + length <= ROOM);
	memcpy(room + used, data, length);
	used += length;
	steps[count - 1].length += length;
}

/* Each '#' becomes a digit. */
static void text(const char *s)
{
	for (; *s; s++) {
		char c = *s == '#' ? (char)('0' + random_below(10)) : *s;

		bytes(&c, 1);
	}
}

static void number(uint32_t n)
{
	char s[16];

	snprintf(s, sizeof(s), "%u", n);
	text(s);
}

static void filler(size_t length)
{
	while (length--)
		bytes("b", 1);
}

/* ---- playing ---- */

static void play_with(struct harness *h, enum role role, bool details, size_t split, size_t at)
{
	harness__open(h, role, false);
	for (int p = 0; p < PROTOCOL_COUNT; p++)
		for (int side = 0; side < SIDE_COUNT; side++)
			engine__want(h->engine, (enum protocol_id)p, (enum side)side,
				     details ? DETAIL_BIT(DETAIL_COUNT) - 1 : 0);
	for (size_t i = 0; i < count; i++) {
		struct step first = steps[i], rest = steps[i];

		if (!steps[i].length)
			continue;
		if (i != split || at >= steps[i].length || steps[i].kind > STEP_RESPONSE) {
			harness__step(h, &steps[i], 0);
			continue;
		}
		first.length = at;
		rest.data = (const uint8_t *)rest.data + at;
		rest.length -= at;
		rest.at_us += 5;
		harness__step(h, &first, 0);
		harness__step(h, &rest, 0);
	}
	harness__finish(h);
}

static void assert_same_labels(const struct harness *a, const struct harness *b)
{
	for (size_t i = 0; i < a->count; i++)
		assert_string_equal(labels__get(a->engine->labels, a->exchange[i].label)->text,
				    labels__get(b->engine->labels, b->exchange[i].label)->text);
}

/* Returns how many exchanges came of it. */
static size_t compare(enum role role)
{
	static struct harness general, brief;
	size_t split = random_below((uint32_t)count), told;

	play_with(&general, role, true, SIZE_MAX, 0);
	play_with(&brief, role, false, SIZE_MAX, 0);
	harness__assert_same(&general, &brief, "short way", 0, 0);
	assert_same_labels(&general, &brief);
	harness__free(&brief);
	harness__free(&general);
	for (size_t at = 1; at < steps[split].length; at += 1 + steps[split].length / 16) {
		play_with(&general, role, true, split, at);
		play_with(&brief, role, false, split, at);
		harness__assert_same(&general, &brief, "short way, cut", split, at);
		harness__free(&brief);
		harness__free(&general);
	}
	play_with(&brief, role, false, SIZE_MAX, 0);
	told = brief.count;
	harness__free(&brief);
	return told;
}

/* ---- HTTP ---- */

static const char *const methods[] = {"GET",  "GET",	"GET",	   "GET",   "POST",    "PUT",
				      "HEAD", "DELETE", "OPTIONS", "PATCH", "PROPFIND"};
static const char *const paths[] = {
	"/",
	"/api/orders/#####",
	"/api/orders/####",
	"/api/orders/#",
	"/api/people/#####/friends/######",
	"/d/####-##-##/x",
	"/v#/a.####.js",
	"/a%4#b/####",
	"/f/3f2a9c1#-7b##-4e21-9d0#-1234567890ab",
	"/a/quite/long/path/of/many/parts/and/with/numbers/############/in/it",
	"*",
	"http://h:80/api/####"};
static const char *const queries[] = {"",	 "",	    "?page=#",	"?page=##",
				      "?q=abcd", "?q=a##d", "?q=a cd",	"?a=%2#",
				      ";v=##",	 "#x",	    "?\xc3\xa9"};
static const char free_texts[][FREE_TEXT + 1] = {
	"aaaaaaaaaaaaaaaaaaaaa",     "01234567890123456789#", "a\nContent-Length: 17",
	"a\r\nUpgrade: hello,x",     "a:b:c:d:e:f:g:h:i:j:k", "a\tb\xff\x01 c d e f g h i j",
	"\r\n\r\nGET / HTTP/1.1\r\n"};
static const char *const names[] = {"Date",	  "Cookie", "traceparent",	"Connection",
				    "User-Agent", "X-At",   "Content-Length-2", "Upgrades",
				    "C"};

static void field(void)
{
	const char *value = PICK(free_texts);

	text(PICK(names));
	text(random_below(8) ? ": " : ":");
	bytes(value, FREE_TEXT);
	text(random_below(16) ? "\r\n" : "\n");
}

static void fields(void)
{
	for (uint32_t n = random_below(4); n; n--) {
		uint64_t before = seed;

		if (random_below(4))
			text("X-Same: 1\r\nAccept: */*\r\n");
		else
			field();
		if (random_below(3)) /* not all of it is new each time */
			seed = before * 3;
	}
}

static void length_field(uint32_t n)
{
	switch (random_below(16)) {
	case 0:
		text("content-length:");
		break;
	case 1:
		text("Content-Length:  0");
		break;
	case 2:
		text("Content-Length: 5\r\nContent-Length: ");
		break;
	default:
		text("Content-Length: ");
	}
	number(n);
	text(random_below(16) ? "\r\n" : " \r\n");
}

static void http_request(void)
{
	static const char *const odd[] = {"Expect: 100-continue\r\n", "Upgrade: h2c\r\n",
					  "Transfer-Encoding: chunked\r\n"};
	uint32_t length = random_below(3) ? 0 : random_below(120);

	text(PICK(methods));
	text(" ");
	text(PICK(paths));
	text(PICK(queries));
	text(random_below(8) ? " HTTP/1.1\r\nHost: shop.example\r\n" : " HTTP/1.0\r\n");
	fields();
	if (length)
		length_field(length);
	if (!random_below(24))
		text(PICK(odd));
	text("\r\n");
	filler(length);
}

static void http_response(void)
{
	static const char *const lines[] = {"200 OK",	     "200 OK",	     "200 OK",
					    "404 Not Found", "500 X",	     "204 No Content",
					    "304 X",	     "100 Continue", "101 X"};
	uint32_t length = random_below(4) ? random_below(2000) : 0;

	text("HTTP/1.1 ");
	text(PICK(lines));
	text("\r\n");
	fields();
	if (random_below(12)) {
		length_field(length);
		text("\r\n");
		filler(length);
	} else {
		text("Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n");
	}
}

static void http_goes_the_same_way(void **state)
{
	size_t told = 0;

	(void)state;
	for (int i = 0; i < 120; i++) {
		begin();
		for (uint32_t n = 1 + random_below(12); n; n--) {
			uint32_t at_once = random_below(6) ? 1 : 3;

			turn(STEP_REQUEST);
			for (uint32_t k = at_once; k; k--)
				http_request();
			turn(STEP_RESPONSE);
			for (uint32_t k = at_once; k; k--)
				http_response();
		}
		told += compare(i & 1 ? ROLE_CLIENT : ROLE_SERVER);
	}
	assert_true(told > 120);
}

/* The same head again and again, but for one field's value. */
static void a_value_may_end_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(free_texts); i++) {
		begin();
		for (int again = 0; again < 18; again++) {
			const char *value = free_texts[again % 3 < 2 ? 0 : i];

			turn(STEP_REQUEST);
			text("GET /api/orders/##### HTTP/1.1\r\nHost: shop.example\r\nX-Free: ");
			bytes(value, FREE_TEXT);
			text("\r\nAccept: */*\r\n\r\n");
			turn(STEP_RESPONSE);
			text("HTTP/1.1 200 OK\r\nServer: x\r\nX-Free: ");
			bytes(value, FREE_TEXT);
			text("\r\nContent-Length: ");
			number(10 + random_below(90));
			text("\r\n\r\n");
			filler(100);
			steps[count - 1].length -= random_below(100);
		}
		compare(ROLE_SERVER);
		compare(ROLE_CLIENT);
	}
}

/* ---- PostgreSQL ---- */

static uint32_t calm; /* how seldom things are odd */

static void message(char type, const char *content, size_t length)
{
	uint8_t header[5] = {(uint8_t)type, 0, 0, (uint8_t)((length + 4) >> 8),
			     (uint8_t)(length + 4)};

	bytes(header, sizeof(header));
	bytes(content, length);
}
#define MESSAGE(type, content) message(type, content, sizeof(content) - 1)

/* Content in which each '#' becomes a digit. */
static void numbered(char type, const char *content, size_t length)
{
	char b[512];

	assert_true(length <= sizeof(b));
	for (size_t i = 0; i < length; i++)
		b[i] = content[i] == '#' ? (char)('0' + random_below(10)) : content[i];
	message(type, b, length);
}

static const char *const statements[] = {
	"SELECT abalance FROM pgbench_accounts WHERE aid = #####;",
	"SELECT abalance FROM pgbench_accounts WHERE aid = ####;",
	"SELECT a#, b FROM t# WHERE x IN (#, ##, ###) AND y = -#.##",
	"SELECT \"a#\" FROM t WHERE id = ###### AND name = 'x###'",
	"UPDATE t SET a = '####' WHERE id=##",
	"BEGIN",
	"",
	" ; ",
	"SELECT #;SELECT ##",
	"INSERT INTO log (at, what) VALUES (##########, 'something that happened'), (1, 'b')"};

static void say_query(void)
{
	const char *sql = PICK(statements);

	numbered('Q', sql, strlen(sql) + (random_below(30) ? 1 : 0));
}

static const char *const statement_names[] = {"", "", "P0_1", "stmtcache_0123456789abcdef", "s#"};

static void say_parse(void)
{
	const char *name = PICK(statement_names), *sql = PICK(statements);
	char b[512];
	size_t n = strlen(name) + 1;

	memcpy(b, name, n);
	memcpy(b + n, sql, strlen(sql) + 1);
	n += strlen(sql) + 1;
	memset(b + n, 0, 2);
	numbered('P', b, n + (random_below(30) ? 2 : 0));
}

static void say_bind(void)
{
	const char *portal = random_below(12) ? "" : "c1", *name = PICK(statement_names);
	char b[512];
	size_t n = strlen(portal) + 1;

	memcpy(b, portal, n);
	memcpy(b + n, name, strlen(name) + 1);
	n += strlen(name) + 1;
	memcpy(b + n, "\0\0\0\1\0\0\0\5####\0\0", 14);
	numbered('B', b, random_below(30) ? n + 14 : n - 1);
}

static void say_part(void)
{
	switch (random_below(12)) {
	case 0:
		MESSAGE('H', "");
		break;
	case 1:
		MESSAGE('C', "SP0_1\0");
		break;
	case 2:
		MESSAGE('X', "");
		break;
	case 3:
		MESSAGE('d', "1\t2\n");
		break;
	case 4:
		MESSAGE('c', "");
		break;
	case 5:
		MESSAGE('E', "c1\0\0\0\0\1");
		break;
	default:
		say_query();
	}
}

/* Mostly what belongs together; sometimes anything. */
static void postgres_request(void)
{
	if (!random_below(calm)) {
		say_part();
		return;
	}
	if (random_below(2)) {
		say_query();
		return;
	}
	if (!random_below(3))
		say_parse();
	if (random_below(20))
		say_bind();
	if (random_below(2))
		MESSAGE('D', "P\0");
	if (!random_below(20))
		MESSAGE('H', "");
	if (random_below(20))
		MESSAGE('E', "\0\0\0\0\0");
	if (random_below(20))
		MESSAGE('S', "");
}

static void say_rows(void)
{
	static const char description[] = "\0\1a\0\0\0\0\0\0\0\0\0\0\x17\0\4\xff\xff\xff\xff\0\0";

	if (random_below(6))
		message('T', description, sizeof(description) - 1);
	for (uint32_t n = random_below(4); n; n--)
		numbered('D', "\0\1\0\0\0\4####", 10);
}

static void say_odd_answer(void)
{
	switch (random_below(8)) {
	case 0:
		MESSAGE('E', "SERROR\0VERROR\0C42P01\0Mno\0\0");
		break;
	case 1:
		MESSAGE('E', "SFATAL\0VFATAL\0C57P01\0Mno\0\0");
		break;
	case 2:
		MESSAGE('N', "SNOTICE\0C00000\0Mso\0\0");
		break;
	case 3:
		MESSAGE('S', "TimeZone\0UTC\0");
		break;
	case 4:
		MESSAGE('I', "");
		break;
	case 5:
		MESSAGE('s', "");
		break;
	case 6:
		MESSAGE('G', "\0\0\0");
		break;
	default:
		MESSAGE('n', "");
	}
}

static const char *const tags[] = {"SELECT ##",	   "SELECT ###", "INSERT 0 #",	      "BEGIN",
				   "DELETE #",	   "########",	 "UPDATE ##########", "SELECT #",
				   "CREATE TABLE", "",		 "#########"};

static void postgres_response(void)
{
	static const char states[] = "IIIIITE";
	char state = states[random_below(sizeof(states) - 1)];

	if (!random_below(3))
		MESSAGE('1', "");
	if (random_below(2))
		MESSAGE('2', "");
	say_rows();
	if (!random_below(calm))
		say_odd_answer();
	if (random_below(calm)) {
		const char *tag = PICK(tags);

		numbered('C', tag, strlen(tag) + 1);
	}
	if (!random_below(12))
		MESSAGE('C', "INSERT 0 3\0");
	if (!random_below(2 * calm))
		say_odd_answer();
	if (random_below(calm))
		message('Z', &state, 1);
}

/* Some bytes move unseen. */
static void lose(void)
{
	turn(random_below(2) ? STEP_LOSE_REQUEST : STEP_LOSE_RESPONSE);
	filler(1 + random_below(80));
}

static void greet(void)
{
	turn(STEP_REQUEST);
	bytes("\0\0\0\x23\0\3\0\0user\0bench\0database\0bench\0\0", 35);
	turn(STEP_RESPONSE);
	MESSAGE('R', "\0\0\0\0");
	MESSAGE('Z', "I");
}

static void postgres_goes_the_same_way(void **state)
{
	size_t told = 0;

	(void)state;
	for (int i = 0; i < 160; i++) {
		calm = i % 3 ? 12 : 3;
		begin();
		greet();
		for (uint32_t n = 1 + random_below(16); n; n--) {
			turn(STEP_REQUEST);
			for (uint32_t k = random_below(6) ? 1 : 3; k; k--)
				postgres_request();
			turn(STEP_RESPONSE);
			for (uint32_t k = random_below(6) ? 1 : 3; k; k--)
				postgres_response();
			if (!random_below(4 * calm))
				lose();
		}
		told += compare(i & 1 ? ROLE_CLIENT : ROLE_SERVER);
	}
	assert_true(told > 300);
}

/* The NUL may be missing, or another one come before it. */
static void a_tag_is_read_to_its_first_nul(void **state)
{
	char tag[20];

	(void)state;
	for (int length = 0; length < (int)sizeof(tag); length++)
		for (int nul = -1; nul < length; nul++) {
			begin();
			greet();
			memcpy(tag, "SELECT 123456789012", sizeof(tag));
			if (length)
				tag[length - 1] = nul == -1 ? '7' : '\0';
			if (nul >= 0)
				tag[nul] = '\0';
			for (int i = 0; i < 2; i++) {
				turn(STEP_REQUEST);
				say_query();
				turn(STEP_RESPONSE);
				message('C', tag, (size_t)length);
				MESSAGE('Z', "I");
			}
			compare(ROLE_SERVER);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_may_end_its_line),
		cmocka_unit_test(http_goes_the_same_way),
		cmocka_unit_test(a_tag_is_read_to_its_first_nul),
		cmocka_unit_test(postgres_goes_the_same_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
