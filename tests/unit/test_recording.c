/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Recordings: what was written is read back, and no damage gets past the reader. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "capture/recording.h"

static char path[] = "/tmp/sonde-recording-XXXXXX";

static int make_path(void **state)
{
	int fd;

	(void)state;
	strcpy(path + sizeof(path) - 7, "XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

static struct chunk *chunk_of(uint32_t bytes)
{
	struct chunk *chunk = test_calloc(1, sizeof(*chunk) + bytes);

	chunk->event.type = EVENT_CHUNK;
	chunk->event.size = (uint32_t)sizeof(*chunk) + bytes;
	chunk->length = chunk->head = bytes;
	memset(chunk->data, 'x', bytes);
	return chunk;
}

/* Returns what close said. */
static int write_chunks(int count, uint32_t bytes)
{
	struct recording_writer *writer;
	struct chunk *chunk = chunk_of(bytes);
	char error[256];

	assert_int_equal(recording_writer__open(path, "fexit", &writer, error, sizeof(error)), 0);
	for (int i = 0; i < count; i++) {
		chunk->event.time_ns = (uint64_t)i;
		if (recording_writer__write(writer, &chunk->event, chunk->event.size))
			break;
	}
	test_free(chunk);
	return recording_writer__close(writer);
}

/* Counts the events; the last result of the reader is in *last. */
static int read_events(int *last, char *error, size_t size)
{
	struct recording_reader *reader;
	const struct event *event;
	uint32_t bytes;
	int count = 0;

	assert_int_equal(recording_reader__open(path, &reader, error, size), 0);
	while ((*last = recording_reader__next(reader, &event, &bytes)) == 1)
		assert_int_equal(event->time_ns, count++);
	snprintf(error, size, "%s", recording_reader__error(reader));
	recording_reader__close(reader);
	return count;
}

static void poke(long offset, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "r+");

	assert_non_null(file);
	assert_int_equal(fseek(file, offset, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, size, 1, file), 1);
	fclose(file);
}

static void what_was_written_is_read(void **state)
{
	struct stat st;
	char error[256];
	int last;

	(void)state;
	assert_int_equal(write_chunks(100, SONDE_CHUNK_MAX), 0);
	assert_int_equal(read_events(&last, error, sizeof(error)), 100);
	assert_int_equal(last, 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
}

static void a_cut_file_yields_what_is_whole(void **state)
{
	char error[256];
	int last;

	(void)state;
	assert_int_equal(write_chunks(3, 36), 0);
	for (long size = 256 + 200 + 1; size < 256 + 300; size++) {
		assert_int_equal(truncate(path, size), 0);
		assert_int_equal(read_events(&last, error, sizeof(error)), 2);
		assert_int_equal(last, -EBADMSG);
		assert_non_null(strstr(error, "offset 456"));
		assert_int_equal(write_chunks(3, 36), 0);
	}
}

static void impossible_sizes_are_refused(void **state)
{
	static const uint32_t sizes[] = {0, 15, 63, SONDE_CHUNK_MAX + 65, UINT32_MAX};
	static const uint16_t types[] = {0, EVENT_TYPE_COUNT, UINT16_MAX};
	char error[256];
	int last;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(write_chunks(3, 36), 0);
		poke(256 + 100 + 4, &sizes[i], 4);
		assert_int_equal(read_events(&last, error, sizeof(error)), 1);
		assert_int_equal(last, -EBADMSG);
		assert_non_null(strstr(error, "offset 356"));
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		assert_int_equal(write_chunks(3, 36), 0);
		poke(256 + 100, &types[i], 2);
		assert_int_equal(read_events(&last, error, sizeof(error)), 1);
		assert_int_equal(last, -EBADMSG);
	}
}

static void a_head_beyond_its_record_is_refused(void **state)
{
	uint32_t lengths[2] = {37, 37};
	char error[256];
	int last;

	(void)state;
	assert_int_equal(write_chunks(2, 36), 0);
	poke(256 + (long)offsetof(struct chunk, length), lengths, sizeof(lengths));
	assert_int_equal(read_events(&last, error, sizeof(error)), 0);
	assert_int_equal(last, -EBADMSG);
}

static void other_files_are_refused(void **state)
{
	struct recording_reader *reader;
	uint32_t other = SONDE_EVENT_VERSION + 1;
	char error[256];

	(void)state;
	assert_int_equal(write_chunks(1, 1), 0);
	poke(8, &other, 4);
	assert_int_equal(recording_reader__open(path, &reader, error, sizeof(error)), -EBADMSG);
	poke(0, "ELF", 3);
	assert_int_equal(recording_reader__open(path, &reader, error, sizeof(error)), -EBADMSG);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(recording_reader__open(path, &reader, error, sizeof(error)), -EBADMSG);
	assert_int_equal(recording_reader__open("/nonexistent", &reader, error, sizeof(error)),
			 -ENOENT);
}

static void a_full_disk_leaves_whole_records(void **state)
{
	struct rlimit old, small = {.rlim_cur = 300 * 1024 + 7};
	char error[256];
	int last;

	(void)state;
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	last = write_chunks(1000, 936);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(last, -EFBIG);
	assert_int_equal(read_events(&last, error, sizeof(error)), (300 * 1024 + 7 - 256) / 1000);
	assert_int_equal(last, 0);
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, make_path, remove_path)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(what_was_written_is_read),
		FILE_TEST(a_cut_file_yields_what_is_whole),
		FILE_TEST(impossible_sizes_are_refused),
		FILE_TEST(a_head_beyond_its_record_is_refused),
		FILE_TEST(other_files_are_refused),
		FILE_TEST(a_full_disk_leaves_whole_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
