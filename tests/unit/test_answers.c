/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Answers as they are sent: what they take is counted while it is out, and nothing of it is left.
 */
#include <jansson.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "buffer.h"
#include "harness.h"
#include "lent.h"
#include "metrics/metrics.h"
#include "web/web.h"

static struct {
	char folder[32], socket[64];
	struct engine *engine;
	struct metrics *metrics;
	struct web *web;
	bool without; /* a snapshot */
} w;

static struct snapshot *new_snapshot(void *context)
{
	(void)context;
	return w.without ? NULL
			 : metrics__snapshot(w.metrics,
					     &(struct self){.version = "", .source = "live"});
}

static int set_up(void **state)
{
	struct web_options options = {.listen_address = "",
				      .socket = w.socket,
				      .socket_group = "",
				      .snapshot = new_snapshot};
	char error[256] = "";

	(void)state;
	strcpy(w.folder, "/tmp/sonde.XXXXXX");
	assert_non_null(mkdtemp(w.folder));
	snprintf(w.socket, sizeof(w.socket), "%s/socket", w.folder);
	json_set_alloc_funcs(lent__alloc, lent__free);
	w.engine = engine__new(&(struct engine_options){.connections_max = 64});
	w.metrics = metrics__new(&(struct metrics_options){.without_time_shares = true}, w.engine);
	assert_non_null(w.metrics);
	if (web__start(&options, &w.web, error, sizeof(error)))
		fail_msg("%s", error);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	web__stop(w.web);
	metrics__free(w.metrics);
	engine__free(w.engine);
	rmdir(w.folder);
	json_set_alloc_funcs(malloc, free);
	return 0;
}

/* The answer's length, with its head in `answer`. */
static size_t ask(const char *request, char *answer, size_t size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t length = 0;
	char text[512];
	ssize_t got;

	strcpy(address.sun_path, w.socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	snprintf(text, sizeof(text), "%sHost: a\r\nConnection: close\r\n\r\n", request);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	while ((got = read(fd, answer + length, size - 1 - length)) > 0)
		length += (size_t)got;
	assert_true(length < size - 1);
	answer[length] = '\0';
	close(fd);
	return length;
}

static void answered(const char *request, const char *begins, const char *has)
{
	static char answer[1 << 20];

	ask(request, answer, sizeof(answer));
	if (strncmp(answer, begins, strlen(begins)) != 0)
		fail_msg("%.20s: %.60s", request, answer);
	assert_non_null(strstr(answer, has));
}

static void nothing_is_left_of_them(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		answered("GET /metrics HTTP/1.1\r\n", "HTTP/1.1 200", "sonde_series");
		answered("GET /metrics HTTP/1.1\r\nAccept-Encoding: gzip\r\n", "HTTP/1.1 200",
			 "Content-Encoding: gzip");
		answered("HEAD /metrics HTTP/1.1\r\n", "HTTP/1.1 200", "Content-Length");
		answered("GET /api/top HTTP/1.1\r\n", "HTTP/1.1 200", "\r\n\r\n{\"");
		answered("GET /api/monitoring/summary HTTP/1.1\r\n", "HTTP/1.1 ", "}\n");
		answered("GET / HTTP/1.1\r\n", "HTTP/1.1 200", "ETag");
		answered("GET / HTTP/1.1\r\nIf-None-Match: *\r\n", "HTTP/1.1 304", "ETag");
		answered("GET /-/healthy HTTP/1.1\r\n", "HTTP/1.1 200", "healthy");
		answered("GET /nothing HTTP/1.1\r\n", "HTTP/1.1 404", "nothing here");
		answered("POST /metrics HTTP/1.1\r\n", "HTTP/1.1 405", "Allow");
		w.without = true;
		answered("GET /metrics HTTP/1.1\r\n", "HTTP/1.1 503", "no memory");
		w.without = false;
	}
	assert_true(lent__bytes() > 0); /* the copy that the next one uses */
	web__stop(w.web);
	w.web = NULL;
	metrics__free_spare(w.metrics);
	assert_int_equal(lent__bytes(), 0);
}

static void what_is_out_is_counted(void **state)
{
	static const char part[1000] = {'x'};
	struct buffer text = {.lent = true};
	json_t *list;

	(void)state;
	for (int i = 0; i < 8000; i++) {
		buffer__append(&text, part, sizeof(part));
		assert_true(lent__bytes() >= text.length);
		if (text.length > 2 << 20) /* memory that is not written yet is none of theirs */
			assert_true(lent__bytes() < text.length + text.length / 7);
	}
	buffer__clear(&text);
	assert_int_equal(lent__bytes(), 0);
	list = json_pack("[s, i, {s: [f]}]", "text", 1, "key", 2.5);
	assert_true(lent__bytes() > 100);
	buffer__json(&text, list); /* as lent as before */
	assert_string_equal(text.data, "[\"text\",1,{\"key\":[2.5]}]");
	json_decref(list);
	assert_true(lent__bytes() >= text.length);
	buffer__clear(&text);
	assert_int_equal(lent__bytes(), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_out_is_counted),
		CASE(nothing_is_left_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
