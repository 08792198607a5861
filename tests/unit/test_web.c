/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The web configuration, basic authentication and who may keep a connection. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <crypt.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "web/guard.h"
#include "web/negotiate.h"
#include "web/page_files.h"
#include "web/web_auth.h"
#include "web/web_config.h"

#define HASH   "$2y$05$abcdefghijklmnopqrstuuAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define SECOND 1000000000ull

static struct web_config *parsed(const char *text)
{
	struct web_config *c = NULL;
	char error[512] = "";

	if (web_config__parse("w", text, strlen(text), &c, error, sizeof(error)))
		fail_msg("%s", error);
	return c;
}

static void refused(const char *text, int line, const char *says)
{
	struct web_config *c = NULL;
	char error[512] = "", begin[16];

	snprintf(begin, sizeof(begin), "w:%d: ", line);
	assert_int_not_equal(web_config__parse("w", text, strlen(text), &c, error, sizeof(error)),
			     0);
	assert_null(c);
	if (strncmp(error, begin, strlen(begin)) != 0 || !strstr(error, says))
		fail_msg("%s", error);
	assert_null(strchr(error, '\n'));
}

static void test_config(void **state)
{
	struct web_config *a = parsed("tls_server_config:\n  cert_file: c\n  key_file: k\n"
				      "  min_version: TLS13\nhttp_server_config:\n  http2: true\n"
				      "  headers:\n    X-Frame-Options: deny\n"
				      "basic_auth_users:\n  alice: " HASH "\n");
	struct web_config *b = parsed("");

	(void)state;
	assert_true(web_config__has_tls(a));
	assert_false(web_config__has_tls(b));
	assert_string_equal(a->priorities, "NORMAL:-VERS-ALL:+VERS-TLS1.3");
	assert_int_equal(a->user_count, 1);
	assert_string_equal(a->header[0].value, "deny");
	assert_true(web_config__same(a, a));
	assert_false(web_config__same(a, b));
	assert_false(web_config__same(NULL, b));
	assert_true(web_config__same(NULL, NULL));
	web_config__free(a);
	web_config__free(b);
}

static void test_refusals(void **state)
{
	static const char tls[] = "tls_server_config:\n  cert_file: c\n  key_file: k\n";
	char text[512];

	(void)state;
	refused("tls: x\n", 1, "tls_server_config");
	refused("tls_server_config:\n  cert_file: c\n", 2, "key_file is missing");
	refused("tls_server_config: {}\n", 1, "are missing");
	refused("basic_auth_users:\n  a: secret\n", 2, "bcrypt");
	refused("basic_auth_users:\n  a: " HASH "x\n", 2, "bcrypt");
	refused("basic_auth_users:\n  'a:b': " HASH "\n", 2, "colon");
	refused("basic_auth_users:\n  a: " HASH "\n  a: " HASH "\n", 3, "twice");
	refused("basic_auth_users: [a]\n", 1, "mapping");
	refused("basic_auth_users:\n"
		"  a: $2y$31$abcdefghijklmnopqrstuuAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
		2, "from 4 to 16");
	refused("http_server_config:\n  headers:\n    Server: x\n", 3, "X-Frame-Options");
	refused("http_server_config:\n  headers:\n    X-Frame-Options: \"a\\nb\"\n", 3, "ASCII");
	snprintf(text, sizeof(text), "%s  client_ca_file: x\n", tls);
	refused(text, 2, "client_auth_type");
	snprintf(text, sizeof(text), "%s  client_auth_type: RequireAndVerifyClientCert\n", tls);
	refused(text, 2, "client_ca_file");
	snprintf(text, sizeof(text), "%s  client_auth_type: Maybe\n", tls);
	refused(text, 4, "NoClientCert");
	snprintf(text, sizeof(text), "%s  min_version: TLS13\n  max_version: TLS12\n", tls);
	refused(text, 2, "above");
}

static void coded(const char *plain, char *out, size_t size)
{
	gnutls_datum_t text = {(unsigned char *)plain, (unsigned int)strlen(plain)}, base64;

	assert_int_equal(gnutls_base64_encode2(&text, &base64), 0);
	snprintf(out, size, "Basic %.*s", (int)base64.size, base64.data);
	gnutls_free(base64.data);
}

static void test_auth(void **state)
{
	static const struct {
		const char *sent;
		enum auth_answer answer;
	} tries[] = {
		{"alice:secret", AUTH_GOOD}, {"alice:secret", AUTH_GOOD},
		{"alice:Secret", AUTH_BAD},  {"alice:secret2", AUTH_BAD},
		{"bob:secret", AUTH_BAD},    {"alice:", AUTH_BAD},
		{"alice", AUTH_BAD},	     {":", AUTH_BAD},
		{"alice:secret", AUTH_GOOD},
	};
	struct crypt_data data = {0};
	struct web_config *c;
	struct web_auth *auth;
	char text[256], header[256];

	(void)state;
	snprintf(text, sizeof(text), "basic_auth_users:\n  alice: %s\n",
		 crypt_r("secret", "$2b$04$abcdefghijklmnopqrstuu", &data));
	c = parsed(text);
	auth = web_auth__new(c);
	assert_non_null(auth);
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		coded(tries[i].sent, header, sizeof(header));
		assert_int_equal(web_auth__check(auth, header, SECOND), tries[i].answer);
	}
	assert_int_equal(web_auth__check(auth, NULL, SECOND), AUTH_BAD);
	assert_int_equal(web_auth__check(auth, "", SECOND), AUTH_BAD);
	assert_int_equal(web_auth__check(auth, "Basic", SECOND), AUTH_BAD);
	assert_int_equal(web_auth__check(auth, "Basic ", SECOND), AUTH_BAD);
	assert_int_equal(web_auth__check(auth, "Basic !!!", SECOND), AUTH_BAD);
	assert_int_equal(web_auth__check(auth, "Bearer YTpi", SECOND), AUTH_BAD);
	web_auth__free(auth);
	web_config__free(c);
}

/* Guessing ends when its time is used up; who was let in before is let in on. */
static void test_guessing(void **state)
{
	struct crypt_data data = {0};
	struct web_config *c;
	struct web_auth *auth;
	char text[256], header[256], good[256];
	int tried = 0;

	(void)state;
	snprintf(text, sizeof(text), "basic_auth_users:\n  alice: %s\n",
		 crypt_r("secret", "$2b$08$abcdefghijklmnopqrstuu", &data));
	c = parsed(text);
	auth = web_auth__new(c);
	assert_non_null(auth);
	coded("alice:secret", good, sizeof(good));
	coded("alice:guess", header, sizeof(header));
	assert_int_equal(web_auth__check(auth, good, SECOND), AUTH_GOOD);
	while (web_auth__check(auth, header, SECOND) == AUTH_BAD && tried < 100000)
		tried++;
	assert_in_range(tried, 1, 99999);
	assert_int_equal(web_auth__check(auth, good, SECOND), AUTH_GOOD);
	assert_int_equal(web_auth__check(auth, header, 100 * SECOND), AUTH_BAD);
	web_auth__free(auth);
	web_config__free(c);
}

struct peer {
	int ours, theirs;
	struct seat *seat;
};

static struct peer enter(struct guard *g, uint64_t now_ns)
{
	struct peer p;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	p.ours = pair[0];
	p.theirs = pair[1];
	p.seat = guard__enter(g, p.ours, NULL, now_ns);
	return p;
}

static bool is_ended(const struct peer *p)
{
	char byte;

	return recv(p->theirs, &byte, 1, 0) == 0;
}

static void leave(struct guard *g, struct peer *p)
{
	guard__leave(g, p->seat);
	close(p->ours);
	close(p->theirs);
}

static void test_slow(void **state)
{
	struct guard *g = guard__new();
	struct guard_counts counts;
	struct peer head = enter(g, SECOND), answer = enter(g, SECOND), idle = enter(g, SECOND);

	(void)state;
	guard__asked(g, answer.seat, SECOND);
	guard__asked(g, idle.seat, SECOND);
	guard__answered(g, idle.seat, SECOND);
	guard__tick(g, 11 * SECOND);
	assert_false(is_ended(&head));
	guard__tick(g, 12 * SECOND);
	assert_true(is_ended(&head));
	assert_false(is_ended(&answer));
	guard__tick(g, 32 * SECOND);
	assert_true(is_ended(&answer));
	assert_false(is_ended(&idle));
	guard__tick(g, 92 * SECOND);
	assert_true(is_ended(&idle));
	guard__counts(g, &counts);
	assert_int_equal(counts.slow, 3);
	leave(g, &head);
	leave(g, &answer);
	leave(g, &idle);
	guard__free(g);
}

/* The one that has waited longest for a request goes, one that is being answered does not. */
static void test_crowd(void **state)
{
	struct guard *g = guard__new();
	struct guard_counts counts;
	struct peer first = enter(g, SECOND), other[40];

	(void)state;
	guard__asked(g, first.seat, SECOND);
	for (int i = 0; i < 40; i++)
		other[i] = enter(g, (2 + (uint64_t)i) * SECOND);
	guard__counts(g, &counts);
	assert_int_equal(counts.crowded, 41 - 32);
	assert_false(is_ended(&first));
	for (int i = 0; i < 40; i++) {
		assert_int_equal(is_ended(&other[i]), i < 9);
		leave(g, &other[i]);
	}
	leave(g, &first);
	guard__free(g);
}

static void test_page_files(void **state)
{
	static const char *const paths[] = {"/",	   "/style.css", "/page.js", "/views.js",
					    "/columns.js", "/slow.js",	 "/draw.js", "/numbers.js"};
	char tag[17], before[17] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		const struct page_file *file = page_file__find(paths[i]);

		assert_non_null(file);
		assert_true(file->end - file->data > 1000);
		assert_int_equal(strlen(file->data), file->end - file->data);
		assert_non_null(strstr(file->data, "SPDX-License-Identifier"));
		page_file__tag(file, tag);
		assert_int_equal(strlen(tag), 16);
		assert_string_not_equal(tag, before);
		memcpy(before, tag, sizeof(before));
	}
	assert_null(page_file__find("/page"));
	assert_null(page_file__find(""));
}

static void test_tags(void **state)
{
	(void)state;
	assert_true(negotiate__has_tag("W/\"abc\"", "abc"));
	assert_true(negotiate__has_tag("\"x\", W/\"abc\"", "abc"));
	assert_true(negotiate__has_tag("*", "abc"));
	assert_false(negotiate__has_tag("*a", "abc"));
	assert_false(negotiate__has_tag("W/\"abcd\"", "abc"));
	assert_false(negotiate__has_tag("abc", "abc"));
	assert_false(negotiate__has_tag("\"abc", "abc"));
	assert_false(negotiate__has_tag(NULL, "abc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),	   cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_auth),	   cmocka_unit_test(test_guessing),
		cmocka_unit_test(test_slow),	   cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_page_files), cmocka_unit_test(test_tags),
	};

	return cmocka_run_group_tests_name("web", tests, NULL, NULL);
}
