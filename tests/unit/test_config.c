/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The configuration: every key arrives, everything else is refused with file, line and what would
 * be right, and a refused one changes nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "config.h"

static char error[512];

static int parse(const char *text, struct config *config)
{
	error[0] = '\0';
	return config__parse("c.yaml", text, strlen(text), config, error, sizeof(error));
}

static void an_empty_file_gives_the_defaults(void **state)
{
	static const char *const empty[] = {"", "\n", "# nothing\n", "---\n...\n",
					    "web:\n  # socket: x\nlog:\n"};
	struct config config, defaults;

	(void)state;
	config__defaults(&defaults);
	for (size_t i = 0; i < sizeof(empty) / sizeof(*empty); i++) {
		memset(&config, 0, sizeof(config));
		if (parse(empty[i], &config))
			fail_msg("`%s`: %s", empty[i], error);
		assert_string_equal(config.web.listen_address, "127.0.0.1:9867");
		assert_string_equal(config.web.socket, "/run/sonde/sonde.sock");
		assert_int_equal(config.capture.way, CAPTURE_AUTO);
		assert_int_equal(config.capture.ring_bytes, 8 << 20);
		assert_memory_equal(&config.limits, &defaults.limits, sizeof(config.limits));
		assert_memory_equal(config.http_ports, defaults.http_ports,
				    sizeof(config.http_ports));
		assert_null(config.routes[0]);
		assert_null(config.keys.patterns[0]);
		assert_false(config.keys.automatic); /* keys stay here where nobody says more */
		assert_string_equal(config.log.level, "info");
	}
}

static void every_key_arrives(void **state)
{
	struct config config;

	(void)state;
	config__defaults(&config);
	if (parse("web:\n"
		  "  listen_address: '[::1]:9999'\n"
		  "  socket: /tmp/s\n"
		  "  socket_group: adm\n"
		  "capture:\n"
		  "  way: fexit\n"
		  "  ring: 64KiB\n"
		  "time_shares: false\n"
		  "metrics: {naming: both, native_histograms: true, exemplars: true}\n"
		  "limits:\n"
		  "  connections: 16\n"
		  "  routes_per_service: 2\n"
		  "  statements: 3\n"
		  "  key_patterns: 7\n"
		  "  series: 1000000\n"
		  "  idle: 2d\n"
		  "  cpu: 2.5%\n"
		  "  memory: 64M\n"
		  "routes:\n"
		  "  - /shops/{shop}\n"
		  "  - /files/...\n"
		  "keys:\n"
		  "  patterns: ['user:*:session', \"cart:*\"]\n"
		  "  automatic: true\n"
		  "http_ports: [1, 65535]\n"
		  "log:\n"
		  "  level: debug\n"
		  "  format: json\n",
		  &config))
		fail_msg("%s", error);
	assert_string_equal(config.web.listen_address, "[::1]:9999");
	assert_string_equal(config.web.socket, "/tmp/s");
	assert_string_equal(config.web.socket_group, "adm");
	assert_int_equal(config.capture.way, CAPTURE_FEXIT);
	assert_int_equal(config.capture.ring_bytes, 65536);
	assert_false(config.time_shares);
	assert_int_equal(config.formats.naming, NAMING_BOTH);
	assert_true(config.formats.native_histograms && config.formats.exemplars);
	assert_int_equal(config.limits.connections, 16);
	assert_int_equal(config.limits.routes_per_service, 2);
	assert_int_equal(config.limits.statements, 3);
	assert_int_equal(config.keys.templates, 7);
	assert_string_equal(config.keys.patterns[0], "user:*:session");
	assert_string_equal(config.keys.patterns[1], "cart:*");
	assert_null(config.keys.patterns[2]);
	assert_true(config.keys.automatic);
	assert_int_equal(config.limits.series, 1000000);
	assert_int_equal(config.limits.idle_seconds, 2 * 86400);
	assert_int_equal(config.limits.cpu, 25000);
	assert_int_equal(config.limits.memory, 64 << 20);
	assert_string_equal(config.routes[0], "/shops/{shop}");
	assert_string_equal(config.routes[1], "/files/...");
	assert_null(config.routes[2]);
	assert_int_equal(config.http_ports[0], 1);
	assert_int_equal(config.http_ports[1], 65535);
	assert_int_equal(config.http_ports[2], 0);
	assert_string_equal(config.log.level, "debug");
	assert_string_equal(config.log.format, "json");
	config__clear(&config);
}

static void one_value_is_a_list_of_one(void **state)
{
	struct config config;

	(void)state;
	config__defaults(&config);
	assert_int_equal(parse("routes: /a/{b}\nhttp_ports: 81\n", &config), 0);
	assert_string_equal(config.routes[0], "/a/{b}");
	assert_int_equal(config.http_ports[0], 81);
	assert_int_equal(config.http_ports[1], 0);
	config__clear(&config);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
	static const struct {
		const char *text;
		const char *where;
		const char *right; /* what would be */
	} wrong[] = {
		{"wbe:\n  socket: x\n", "c.yaml:1: ", "web, capture, tls, limits, routes"},
		{"web:\n  listen: x\n", "c.yaml:2: ", "listen_address, socket, socket_group"},
		{"web: x\n", "c.yaml:1: ", "listen_address"},
		{"tls:\n  exclude: [/usr/bin/curl]\n", "c.yaml:2: ", "without folders"},
		{"web:\n  listen_address: 9867\n", "c.yaml:2: ", "127.0.0.1:9867"},
		{"web:\n  listen_address: '::1:9867'\n", "c.yaml:2: ", "[::1]:9867"},
		{"web:\n  listen_address: 'a:70000'\n", "c.yaml:2: ", "127.0.0.1:9867"},
		{"web:\n  listen_address: 'a:http'\n", "c.yaml:2: ", "127.0.0.1:9867"},
		{"web:\n  socket: [a]\n", "c.yaml:2: ", "single value"},
		{"web:\n  socket: \"a\\0b\"\n", "c.yaml:2: ", "single value"},
		{"web:\n  socket: a\n  socket: b\n", "c.yaml:3: ", "keep one"},
		{"capture:\n  way: kprobe\n", "c.yaml:2: ", "auto, socket_tracepoints, fexit"},
		{"capture:\n  ring: 3MiB\n", "c.yaml:2: ", "power of two"},
		{"capture:\n  ring: 32KiB\n", "c.yaml:2: ", "65536"},
		{"capture:\n  ring: 8 MB\n", "c.yaml:2: ", "8MiB"},
		{"capture:\n  ring: 99999999999999999999GiB\n", "c.yaml:2: ", "8MiB"},
		{"limits:\n  connections: 15\n", "c.yaml:2: ", "from 16"},
		{"limits:\n  series: -1\n", "c.yaml:2: ", "from 10"},
		{"limits:\n  series: 1e3\n", "c.yaml:2: ", "whole number"},
		{"limits:\n  idle: 10\n", "c.yaml:2: ", "10s"},
		{"limits:\n  idle: -1s\n", "c.yaml:2: ", "10s"},
		{"limits:\n  idle: 500ms\n", "c.yaml:2: ", "whole seconds"},
		{"limits:\n  idle: 11d\n", "c.yaml:2: ", "864000s"},
		{"limits:\n  cpu: 0.4%\n", "c.yaml:2: ", "from 0.5% on"},
		{"limits:\n  memory: 64 MiB\n", "c.yaml:2: ", "64MiB"},
		{"limits:\n  memory: 0\n", "c.yaml:2: ", "none"},
		{"limits:\n  idle: 1s\n  memory: 35M\n", "c.yaml:3: ", "36MiB"},
		{"limits:\n  memory: 64M\ncapture:\n  ring: 64MiB\n", "c.yaml:2: ", "92MiB"},
		{"limits:\n  cpu: 2\n", "c.yaml:2: ", "like 2%"},
		{"routes:\n  - /a\n  - b\n", "c.yaml:3: ", "/orders/{order}"},
		{"routes:\n  - {a: b}\n", "c.yaml:2: ", "single value"},
		{"keys:\n  patterns: ['']\n", "c.yaml:2: ", "user:*:session"},
		{"keys:\n  patterns: [{a: b}]\n", "c.yaml:2: ", "single value"},
		{"keys: [a]\n", "c.yaml:1: ", "patterns, automatic"},
		{"limits:\n  key_patterns: 10001\n", "c.yaml:2: ", "10000"},
		{"http_ports:\n  - 80\n  - 0\n", "c.yaml:3: ", "from 1 to 65535"},
		{"metrics:\n  naming: OTel\n", "c.yaml:2: ", "spec, otel, both"},
		{"log:\n  level: INFO\n", "c.yaml:2: ", "error, warn, info, debug"},
		{"log:\n  format: text\n", "c.yaml:2: ", "logfmt, json"},
		{"log: {}\n---\nlog: {}\n", "c.yaml:2: ", "one is all"},
		{"log: {}\n---\n\t]\n", "c.yaml:3: ", "YAML"},
		{"a: &a [*a]\n", "c.yaml:1: ", ""},
		{"{[a]: b}\n", "c.yaml:1: ", "single value"},
		{"web: [\n", "c.yaml:2: ", "YAML"},
		{"\xff", "c.yaml:1: ", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct config config;

		config__defaults(&config);
		strcpy(config.web.socket, "untouched");
		if (parse(wrong[i].text, &config) != -EINVAL)
			fail_msg("`%s` was not refused: %s", wrong[i].text, error);
		if (strncmp(error, wrong[i].where, strlen(wrong[i].where)) != 0 ||
		    !strstr(error, wrong[i].right) || strchr(error, '\n'))
			fail_msg("`%s`: `%s`, without `%s`", wrong[i].text, error, wrong[i].right);
		assert_string_equal(config.web.socket, "untouched");
		config__clear(&config);
	}
}

static void a_refused_file_leaves_the_lists(void **state)
{
	struct config config;

	(void)state;
	config__defaults(&config);
	assert_int_equal(parse("routes: /kept\n", &config), 0);
	assert_int_equal(parse("routes: /new\nlog: {level: loud}\n", &config), -EINVAL);
	assert_string_equal(config.routes[0], "/kept");
	assert_int_equal(parse("log: {level: warn}\n", &config), 0);
	assert_null(config.routes[0]); /* a file stands for itself */
	config__clear(&config);
}

static char *list_of(int count)
{
	char *text = test_malloc(16 * (size_t)count + 16);
	size_t used = (size_t)sprintf(text, "routes:\n");

	for (int i = 0; i < count; i++)
		used += (size_t)sprintf(text + used, "  - /r%d\n", i);
	return text;
}

static void lists_are_bounded(void **state)
{
	struct config config;
	char *text = list_of(CONFIG_LIST_MAX);

	(void)state;
	config__defaults(&config);
	assert_int_equal(parse(text, &config), 0);
	assert_string_equal(config.routes[CONFIG_LIST_MAX - 1], "/r63");
	assert_null(config.routes[CONFIG_LIST_MAX]);
	test_free(text);
	text = list_of(CONFIG_LIST_MAX + 1);
	assert_int_equal(parse(text, &config), -EINVAL);
	assert_non_null(strstr(error, "c.yaml:66: "));
	assert_non_null(strstr(error, "at most 64"));
	test_free(text);
	config__clear(&config);
}

static void files_that_cannot_be_read_are_named(void **state)
{
	static const char *const paths[] = {"/nonexistent/c.yaml", "/proc/self/mem", "/tmp",
					    "/dev/zero"};
	struct config config;

	(void)state;
	config__defaults(&config);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		assert_true(config__load(paths[i], &config, error, sizeof(error)) < 0);
		assert_int_equal(strncmp(error, paths[i], strlen(paths[i])), 0);
	}
}

static void a_file_is_read(void **state)
{
	char path[] = "/tmp/sonde-config-XXXXXX";
	int fd = mkstemp(path);
	struct config config;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "log:\n  level: warn\n", 19), 19);
	close(fd);
	config__defaults(&config);
	assert_int_equal(config__load(path, &config, error, sizeof(error)), 0);
	assert_string_equal(config.log.level, "warn");
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_gives_the_defaults),
		cmocka_unit_test(every_key_arrives),
		cmocka_unit_test(one_value_is_a_list_of_one),
		cmocka_unit_test(what_is_wrong_is_told_with_its_line),
		cmocka_unit_test(a_refused_file_leaves_the_lists),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(files_that_cannot_be_read_are_named),
		cmocka_unit_test(a_file_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
