/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is told of caches, and the ELF files that it is found in: whole, cut and damaged. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include "elf_file.h"
#include "metrics/caches.h"

static bool number(const char *text, const char *name, uint64_t *out)
{
	char *exact = malloc(strlen(text)); /* no NUL behind it: a read too far is found */
	bool found;

	memcpy(exact, text, strlen(text));
	found = info__number(exact, strlen(text), name, out);
	free(exact);
	return found;
}

static void numbers_of_info(void **state)
{
	uint64_t value = 0;

	(void)state;
	assert_true(number("# Memory\r\nused_memory:123\r\n", "used_memory", &value));
	assert_int_equal(value, 123);
	assert_true(number("used_memory:5\r\n", "used_memory", &value));
	assert_int_equal(value, 5);
	assert_true(number("used_memory_rss:9\r\nxused_memory:8\r\nused_memory:7\r\n",
			   "used_memory", &value));
	assert_int_equal(value, 7);
	assert_false(number("used_memory:12", "used_memory", &value)); /* it may go on */
	assert_false(number("used_memory:", "used_memory", &value));
	assert_false(number("used_memory", "used_memory", &value));
	assert_false(number("used_memory:x\r\n", "used_memory", &value));
	assert_false(number("x", "used_memory", &value));
}

static bool keys(const char *text, uint64_t *out)
{
	char *exact = malloc(strlen(text));
	bool found;

	memcpy(exact, text, strlen(text));
	found = info__keys(exact, strlen(text), out);
	free(exact);
	return found;
}

static void keys_of_info(void **state)
{
	uint64_t count = 9;

	(void)state;
	assert_true(keys("# Memory\r\n\r\n# Keyspace\r\ndb0:keys=5,expires=1,avg_ttl=0\r\n"
			 "db12:keys=7,expires=0,avg_ttl=0\r\n",
			 &count));
	assert_int_equal(count, 12);
	assert_true(keys("# Keyspace\r\n", &count)); /* it is empty */
	assert_int_equal(count, 0);
	assert_false(keys("# Memory\r\ndb0:keys=5\r\n", &count)); /* nothing was asked of it */
	assert_false(keys("# Keyspace\r\ndb0:keys=5", &count));	  /* it may go on */
	assert_false(keys("# Keyspace\r\ndb0:keys=5,\r\nd", &count));
	assert_false(keys("# Keyspace\r\ndb0:ke", &count));
	assert_false(keys("# Keyspace\r", &count));
}

static void limits(void **state)
{
	struct cache cache = {.numbers = {.used_memory = 50, .used_memory_known = true}};
	enum limit_source source;
	uint64_t limit;
	double percent;

	(void)state;
	assert_false(cache__limit(&cache, &limit, &source));
	assert_false(cache__usage_percent(&cache, &percent));
	cache.limit_outside = 200;
	cache.outside_source = LIMIT_NODE;
	assert_false(cache__limit(&cache, &limit, &source)); /* it may have one of its own */
	cache.numbers.limit_known = true;
	assert_true(cache__usage_percent(&cache, &percent));
	assert_int_equal(percent, 25);
	cache.numbers.limit = 100;
	assert_true(cache__limit(&cache, &limit, &source));
	assert_int_equal(source, LIMIT_MAXMEMORY);
	assert_true(cache__usage_percent(&cache, &percent));
	assert_int_equal(percent, 50);
}

static void rates(void **state)
{
	struct cache cache = {0};
	double rate = -1;

	(void)state;
	assert_false(cache__eviction_rate(&cache, &rate));
	for (uint32_t i = 0; i < 200; i++)
		cache.evicted[cache.seconds++ % CACHE_RATE_SECONDS] = i * 10ull;
	assert_true(cache__eviction_rate(&cache, &rate));
	assert_int_equal(rate, 10);
	cache.evicted[cache.seconds++ % CACHE_RATE_SECONDS] = 0; /* CONFIG RESETSTAT */
	assert_true(cache__eviction_rate(&cache, &rate));
	assert_int_equal(rate, 0);
}

int exported_number = 7; /* the test is linked with -rdynamic */

static void own_symbols(void **state)
{
	struct elf_file file;
	uint64_t address, size;
	int value = 0;

	(void)state;
	assert_int_equal(elf_file__open("/proc/self/exe", &file), 0);
	assert_true(elf_file__symbol(&file, "exported_number", &address, &size));
	assert_int_equal(size, sizeof(exported_number));
	assert_true(elf_file__read(&file, address, &value, sizeof(value)));
	assert_int_equal(value, 7);
	assert_false(elf_file__symbol(&file, "no_such_symbol", &address, &size));
	assert_false(elf_file__read(&file, UINT64_MAX - 2, &value, sizeof(value)));
	assert_false(elf_file__read(&file, 0, &value, SIZE_MAX));
	elf_file__close(&file);
}

static size_t read_self(char **out)
{
	FILE *self = fopen("/proc/self/exe", "r");
	size_t size;

	assert_non_null(self);
	*out = malloc(64 << 20);
	assert_non_null(*out);
	size = fread(*out, 1, 64 << 20, self);
	fclose(self);
	return size;
}

static void try_file(const char *bytes, size_t size)
{
	char path[] = "/tmp/sonde-elf-XXXXXX";
	int fd = mkstemp(path);
	uint64_t address, length;
	struct elf_file file;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	close(fd);
	if (!elf_file__open(path, &file)) {
		elf_file__symbol(&file, "exported_number", &address, &length);
		elf_file__close(&file);
	}
	unlink(path);
}

/* A program header may promise more than the file holds; no probe goes there. */
static void promised_too_much(void **state)
{
	struct elf_file file = {
		.fd = memfd_create("elf", 0),
		.segment_count = 1,
		.segment = {{.address = 0x1000, .file_size = 0x1000, .flags = PF_X}}};
	uint64_t offset;

	(void)state;
	assert_true(file.fd >= 0);
	assert_int_equal(ftruncate(file.fd, 100), 0);
	assert_true(elf_file__code_offset(&file, 0x1000 + 99, &offset));
	assert_int_equal(offset, 99);
	assert_false(elf_file__code_offset(&file, 0x1000 + 100, &offset));
	assert_false(elf_file__code_offset(&file, 0x1000 + 0xfff, &offset));
	close(file.fd);
}

static void cut_and_damaged(void **state)
{
	char *bytes;
	size_t size = read_self(&bytes);

	(void)state;
	for (size_t cut = 0; cut < 2000; cut += 7)
		try_file(bytes, cut);
	srandom(1);
	for (int i = 0; i < 60; i++) {
		size_t at = (size_t)random() % (i % 2 ? 64 : 1024);
		char was = bytes[at];

		bytes[at] = (char)random();
		try_file(bytes, size < 65536 ? size : 65536);
		bytes[at] = was;
	}
	free(bytes);
}

static void no_files(void **state)
{
	struct elf_file file;

	(void)state;
	assert_int_equal(elf_file__open("/no/such/file", &file), -ENOENT);
	assert_int_equal(elf_file__open("/etc/passwd", &file), -EBADMSG);
	assert_int_not_equal(elf_file__open("/dev/null", &file), 0);
	assert_int_not_equal(elf_file__open("/tmp", &file), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_info),
		cmocka_unit_test(keys_of_info),
		cmocka_unit_test(limits),
		cmocka_unit_test(rates),
		cmocka_unit_test(own_symbols),
		cmocka_unit_test(cut_and_damaged),
		cmocka_unit_test(promised_too_much),
		cmocka_unit_test(no_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
