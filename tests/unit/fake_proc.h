/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A folder that looks like /proc to those who are told to look there. */
#ifndef SONDE_TEST_FAKE_PROC_H
#define SONDE_TEST_FAKE_PROC_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define FAKE_PROC "/tmp/sonde-proc-XXXXXX" /* initialises an array */

static inline void fake_proc__make(char *root)
{
	assert_non_null(mkdtemp(root));
}

static inline void fake_proc__fill(const char *root, uint32_t tgid, const char *file,
				   const char *bytes, size_t size)
{
	char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%u", root, tgid);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%u/%s", root, tgid, file);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, size, out), size);
	fclose(out);
}

#define FAKE_PROC__FILL(root, tgid, file, text)                                                    \
	fake_proc__fill(root, tgid, file, text, sizeof(text) - 1)

/* All fields, as Linux 6 has them. */
static inline void fake_proc__stat(const char *root, uint32_t tgid, const char *comm,
				   uint32_t parent, uint64_t start_ticks, uint64_t cpu_ticks,
				   uint64_t pages)
{
	char text[512];
	int length = snprintf(text, sizeof(text),
			      "%u (%s) S %u 1 1 0 -1 4194304 99 7 0 0 %llu %llu 5 6 20 0 1 0 %llu "
			      "3133440 %llu 18446744073709551615 1 2 3 0 0 0 0 0 0 0 0 0 17 1 0 0 "
			      "0 0 0 4 5 6 7 8 9 10 0\n",
			      tgid, comm, parent, (unsigned long long)(cpu_ticks - cpu_ticks / 4),
			      (unsigned long long)(cpu_ticks / 4), (unsigned long long)start_ticks,
			      (unsigned long long)pages);

	fake_proc__fill(root, tgid, "stat", text, (size_t)length);
}

static inline void fake_proc__link(const char *root, uint32_t tgid, const char *executable)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%u/exe", root, tgid);
	unlink(path);
	assert_int_equal(symlink(executable, path), 0);
}

static inline int fake_proc__remove_one(const char *path, const struct stat *stat, int type,
					struct FTW *at)
{
	(void)stat;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void fake_proc__remove(const char *root)
{
	assert_int_equal(nftw(root, fake_proc__remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline void fake_proc__end(const char *root, uint32_t tgid)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%u", root, tgid);
	fake_proc__remove(path);
}

#endif
