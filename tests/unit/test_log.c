/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines of the log: both formats, levels, and how many of one kind there may be in a minute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>
#include "log.h"

/* 2026-01-02T03:04:05.678Z, and a clock of our own. */
static time_t monotonic = 1000;

int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	*out = (struct timespec){clock == CLOCK_REALTIME ? 1767323045 : monotonic, 678901234};
	return 0;
}

static FILE *file;
static int own_stderr;
static char text[65536];

static int begin(void **state)
{
	(void)state;
	file = tmpfile();
	assert_non_null(file);
	fflush(stderr);
	own_stderr = dup(STDERR_FILENO);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	log__configure("info", "logfmt");
	monotonic += 1000; /* whatever was written before is long ago */
	return 0;
}

/* What has been written so far. */
static const char *written(void)
{
	ssize_t length;

	fflush(stderr);
	length = pread(fileno(file), text, sizeof(text) - 1, 0);
	text[length > 0 ? length : 0] = '\0';
	return text;
}

static int end(void **state)
{
	(void)state;
	fflush(stderr);
	dup2(own_stderr, STDERR_FILENO);
	close(own_stderr);
	fclose(file);
	return 0;
}

static int lines(void)
{
	int count = 0;

	for (const char *at = written(); *at; at++)
		count += *at == '\n';
	return count;
}

static void a_line_is_logfmt(void **state)
{
	(void)state;
	log__write(LOG_WARN, "config", "%s: \"%d\"", "a\nb", 7);
	assert_string_equal(written(), "time=2026-01-02T03:04:05.678Z level=warn at=\"config\" "
				       "message=\"a\\u000ab: \\\"7\\\"\"\n");
}

static void or_json(void **state)
{
	json_t *line;

	(void)state;
	log__configure("info", "json");
	log__write(LOG_ERROR, "json", "%s", "a\n\"b\"\x1b");
	line = json_loads(written(), 0, NULL);
	assert_non_null(line);
	assert_string_equal(json_string_value(json_object_get(line, "time")),
			    "2026-01-02T03:04:05.678Z");
	assert_string_equal(json_string_value(json_object_get(line, "level")), "error");
	assert_string_equal(json_string_value(json_object_get(line, "at")), "json");
	assert_string_equal(json_string_value(json_object_get(line, "message")), "a\n\"b\"\x1b");
	assert_int_equal(json_object_size(line), 4);
	json_decref(line);
}

static void levels_are_heeded(void **state)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	enum log_level level;

	(void)state;
	for (int threshold = LOG_ERROR; threshold <= LOG_DEBUG; threshold++) {
		int before = lines();

		assert_true(log__level(names[threshold], &level));
		assert_int_equal(level, threshold);
		log__configure(names[threshold], "logfmt");
		for (int i = LOG_ERROR; i <= LOG_DEBUG; i++)
			log__write((enum log_level)i, names[threshold], "x");
		assert_int_equal(lines() - before, threshold - LOG_ERROR + 1);
	}
	assert_false(log__level("loud", &level));
}

static void one_place_does_not_fill_the_disk(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		log__write(LOG_WARN, "busy", "again");
	assert_int_equal(lines(), 10);
	log__write(LOG_WARN, "calm", "once"); /* others are heard */
	assert_int_equal(lines(), 11);
	monotonic += 59;
	log__write(LOG_WARN, "busy", "again");
	assert_int_equal(lines(), 11);
	monotonic += 1;
	log__write(LOG_WARN, "busy", "again");
	assert_int_equal(lines(), 12);
	assert_non_null(strstr(written(), "message=\"again\" left_out=91\n"));
	log__write(LOG_WARN, "busy", "again");
	assert_null(strstr(written(), "left_out=0"));
	assert_int_equal(lines(), 13);
}

static void what_is_below_the_level_takes_no_place(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		log__write(LOG_DEBUG, "quiet", "detail");
	log__write(LOG_INFO, "quiet", "once");
	assert_int_equal(lines(), 1);
	assert_null(strstr(written(), "left_out"));
}

static void too_many_places_share_one(void **state)
{
	char place[32];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(place, sizeof(place), "place %d", i);
		log__write(LOG_INFO, place, "x");
	}
	assert_in_range(lines(), 10, 32 + 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_is_logfmt),
		TEST(or_json),
		TEST(levels_are_heeded),
		TEST(one_place_does_not_fill_the_disk),
		TEST(what_is_below_the_level_takes_no_place),
		TEST(too_many_places_share_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
