/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tls/hello.h"
#include "tls/inspect.h"
#include "tls/library.h"
#include "tls/mappings.h"

static void executable_mappings_of_files_are_read(void **state)
{
	struct mapping m;

	(void)state;
	assert_true(mapping__parse("7f00aa000000-7f00aa063000 r-xp 0001e000 fe:01 1234 /usr/lib/a "
				   "b.so",
				   &m));
	assert_int_equal(m.start, 0x7f00aa000000);
	assert_int_equal(m.end, 0x7f00aa063000);
	assert_int_equal(m.device, 0xfeull << 32 | 1);
	assert_int_equal(m.inode, 1234);
	assert_string_equal(m.path, "/usr/lib/a b.so");
	assert_false(m.deleted);
	assert_true(mapping__parse("1000-2000 r-xp 0 00:1f 7 /x/libssl.so.3 (deleted)", &m));
	assert_true(m.deleted);
	assert_string_equal(m.path, "/x/libssl.so.3");
	assert_false(mapping__parse("1000-2000 rw-p 0 00:1f 7 /x/libssl.so.3", &m));
	assert_false(mapping__parse("1000-2000 r-xp 0 00:00 0 [vdso]", &m));
	assert_false(mapping__parse("1000-2000 r-xp 0 00:00 0 ", &m));
	assert_false(mapping__parse("", &m));
	assert_false(mapping__parse("nonsense", &m));
}

struct listing {
	char *text;
	size_t size;
};

static void list(void *context, const struct mapping *m)
{
	FILE *out = context;

	fprintf(out, "%" PRIx64 "-%" PRIx64 " %" PRIx64 " %" PRIu64 " %d %s\n", m->start, m->end,
		m->device, m->inode, m->deleted, m->path);
}

/* As a kernel without the query has it: the text of the same process in a tree of its own. */
static void list_text(FILE *out)
{
	struct mapping mapping;
	char line[4608];
	FILE *maps = fopen("/proc/self/maps", "re");

	while (fgets(line, sizeof(line), maps)) {
		line[strcspn(line, "\n")] = '\0';
		if (mapping__parse(line, &mapping))
			list(out, &mapping);
	}
	fclose(maps);
}

static void asked_and_read_mappings_are_the_same(void **state)
{
	struct listing each = {0}, read = {0};
	FILE *one = open_memstream(&each.text, &each.size),
	     *other = open_memstream(&read.text, &read.size);

	(void)state;
	assert_int_equal(mappings__each("/proc", (uint32_t)getpid(), list, one), 0);
	list_text(other);
	fclose(one);
	fclose(other);
	assert_non_null(strstr(each.text, "/test_tls\n"));
	assert_string_equal(each.text, read.text);
	free(each.text);
	free(read.text);
}

static void a_client_hello_has_a_random_number(void **state)
{
	uint8_t hello[43] = {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 'r'};

	(void)state;
	assert_ptr_equal(hello__random(hello, sizeof(hello)), hello + 11);
	assert_null(hello__random(hello, sizeof(hello) - 1));
	hello[5] = 2; /* ServerHello */
	assert_null(hello__random(hello, sizeof(hello)));
	assert_null(hello__random(
		(const uint8_t *)"GET / HTTP/1.1\r\nHost: a\r\nAccept: *\r\n\r\n\r\n\r\n", 43));
}

static void the_random_number_is_found_in_memory(void **state)
{
	struct {
		uint8_t before[352];
		uint8_t random[TLS_RANDOM];
	} direct = {0}, *behind = calloc(1, sizeof(*behind));
	uint64_t object[16] = {0, 0, (uint64_t)(uintptr_t)behind};
	uint8_t random[TLS_RANDOM];
	struct tls_place place;

	(void)state;
	for (int i = 0; i < TLS_RANDOM; i++)
		random[i] = (uint8_t)(i * 7 + 3);
	memcpy(direct.random, random, sizeof(random));
	assert_true(
		hello__search((uint32_t)getpid(), (uint64_t)(uintptr_t)&direct, random, &place));
	assert_int_equal(place.pointer, TLS_PLACE_DIRECT);
	assert_int_equal(place.offset, 352);
	memset(&direct, 0, sizeof(direct));
	memcpy(behind->random, random, sizeof(random));
	memset(random, 0, sizeof(random)); /* no copy of it on the stack */
	assert_true(hello__search((uint32_t)getpid(), (uint64_t)(uintptr_t)object, behind->random,
				  &place));
	assert_int_equal(place.pointer, 16);
	assert_int_equal(place.offset, 352);
	free(behind);
}

static enum tls_reason inspected(const char *bytes, size_t length)
{
	char path[] = "/tmp/sonde-unit-XXXXXX";
	int fd = mkstemp(path);
	enum tls_reason reason;

	/* Across the border of two windows. */
	assert_int_equal(pwrite(fd, bytes, length, (1 << 20) - 5), length);
	close(fd);
	reason = tls__inspect(path);
	unlink(path);
	return reason;
}

static void executables_tell_what_they_are(void **state)
{
	(void)state;
	assert_int_equal(inspected("\xff Go buildinf:", 14), TLS_REASON_GO);
	assert_int_equal(inspected("src/rustls-0.21.7/src", 21), TLS_REASON_RUSTLS);
	assert_int_equal(inspected("OpenSSL 3.0.19", 14), TLS_REASON_STRIPPED);
	assert_int_equal(inspected("nothing of that kind", 20), TLS_REASON_UNKNOWN_LIBRARY);
	assert_int_equal(tls__inspect("/nonexistent"), TLS_REASON_UNKNOWN_LIBRARY);
}

static void a_program_without_tls_has_no_points(void **state)
{
	struct tls_library library;
	struct elf_file file;

	(void)state;
	assert_int_equal(elf_file__open("/proc/self/exe", &file), 0);
	tls_library__find(&file, &library);
	assert_int_equal(library.kind, TLS_KIND_NONE);
	assert_int_equal(library.count, 0);
	elf_file__close(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(executable_mappings_of_files_are_read),
		cmocka_unit_test(asked_and_read_mappings_are_the_same),
		cmocka_unit_test(a_client_hello_has_a_random_number),
		cmocka_unit_test(the_random_number_is_found_in_memory),
		cmocka_unit_test(executables_tell_what_they_are),
		cmocka_unit_test(a_program_without_tls_has_no_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
