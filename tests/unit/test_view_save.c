/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A new file or none: nothing is overwritten, no link followed, nobody else may read it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "view/save.h"

static int begin(void **state)
{
	char place[] = "/tmp/sonde-test-XXXXXX";

	*state = strdup(mkdtemp(place));
	return chdir(place);
}

static int end(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", (char *)*state);
	free(*state);
	return chdir("/") || system(command);
}

static void assert_holds(const char *path, const char *text)
{
	char bytes[256] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	bytes[fread(bytes, 1, sizeof(bytes) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(bytes, text);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void assert_refused(const char *path, int err, const char *why)
{
	char error[256] = "";

	assert_int_equal(save__write(path, "new", 3, error, sizeof(error)), err);
	assert_non_null(strstr(error, why));
	assert_null(strchr(error, '\n'));
}

static void a_new_file_is_its_owners_alone(void **state)
{
	char error[256] = "";
	struct stat info;

	(void)state;
	umask(0);
	assert_int_equal(save__write("a.csv", "one\ntwo\n", 8, error, sizeof(error)), 0);
	assert_string_equal(error, "");
	assert_holds("a.csv", "one\ntwo\n");
	assert_int_equal(stat("a.csv", &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_int_equal(save__write("empty.csv", "", 0, error, sizeof(error)), 0);
	assert_holds("empty.csv", "");
}

static void what_is_there_stays(void **state)
{
	(void)state;
	put("a.csv", "old");
	assert_refused("a.csv", -EEXIST, "already");
	assert_holds("a.csv", "old");
	assert_int_equal(mkdir("folder", 0755), 0);
	assert_refused("folder", -EEXIST, "already");
	assert_refused("nowhere/a.csv", -ENOENT, "no such folder");
	assert_refused("", -ENOENT, "not saved");
}

static void links_are_not_followed(void **state)
{
	struct stat info;

	(void)state;
	put("target", "old");
	assert_int_equal(symlink("target", "a.csv"), 0);
	assert_refused("a.csv", -EEXIST, "already");
	assert_holds("target", "old");
	assert_int_equal(symlink("not-there", "b.csv"), 0);
	assert_refused("b.csv", -EEXIST, "already");
	assert_int_equal(lstat("not-there", &info), -1);
	assert_int_equal(mkdir("folder", 0755), 0);
	assert_int_equal(symlink("folder", "other"), 0);
	assert_refused("other/a.csv", -ELOOP, "symbolic link");
	assert_int_equal(lstat("folder/a.csv", &info), -1);
}

/* What could not be written whole is not left behind as if it were. */
static void half_a_file_is_taken_away(void **state)
{
	struct rlimit before, small = {4096, 4096};
	char bytes[8192], error[256] = "";
	struct stat info;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(save__write("a.csv", bytes, sizeof(bytes), error, sizeof(error)), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(lstat("a.csv", &info), -1);
	assert_non_null(strstr(error, "not saved"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_file_is_its_owners_alone),
		TEST(what_is_there_stays),
		TEST(links_are_not_followed),
		TEST(half_a_file_is_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
