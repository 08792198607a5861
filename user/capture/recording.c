/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads and writes recordings. What is read may come from a stranger: every size is checked against
 * the record's own type before anyone sees the record.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "capture/recording.h"
#include "event_form.h"

#define BYTE_ORDER_MARK 0x01020304u
#define RECORD_MAX	((uint32_t)sizeof(struct chunk) + SONDE_CHUNK_MAX)
#define WRITE_BUFFER	(256 * 1024)

struct recording_writer {
	int fd;
	int error; /* of the first failed write; nothing is written after it */
	uint64_t bytes;
	uint32_t used;
	char buffer[WRITE_BUFFER]; /* whole records only */
};

struct recording_reader {
	FILE *file;
	char *path;
	struct recording_header header;
	uint64_t offset; /* of the next record */
	uint64_t events;
	char error[256];
	union {
		struct event event;
		struct chunk chunk;
		char bytes[sizeof(struct chunk) + SONDE_CHUNK_MAX];
	} record;
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void header_fill(struct recording_header *header, const char *way)
{
	struct utsname system;

	memset(header, 0, sizeof(*header));
	memcpy(header->magic, RECORDING_MAGIC, sizeof(header->magic));
	header->version = SONDE_EVENT_VERSION;
	header->byte_order = BYTE_ORDER_MARK;
	header->realtime_ns = now_ns(CLOCK_REALTIME);
	header->monotonic_ns = now_ns(CLOCK_MONOTONIC);
	snprintf(header->sonde, sizeof(header->sonde), "%s", SONDE_VERSION);
	snprintf(header->capture, sizeof(header->capture), "%s", way);
	if (uname(&system) == 0)
		snprintf(header->kernel, sizeof(header->kernel), "%.63s", system.release);
}

/* Bytes of the whole records within the first `written` bytes of the buffer. */
static uint32_t whole_records(const struct recording_writer *writer, uint32_t written)
{
	uint32_t at = 0;
	struct event event;

	while (at + sizeof(event) <= written) {
		memcpy(&event, writer->buffer + at, sizeof(event));
		if (event.size > written - at)
			break;
		at += event.size;
	}
	return at;
}

/* A full disk may have taken part of a record: the file is cut back to the last whole one. */
static int give_up(struct recording_writer *writer, uint32_t written, int error)
{
	writer->bytes += whole_records(writer, written);
	writer->used = 0;
	writer->error = error;
	/* Refused for a pipe, where there is nothing to take back. */
	if (ftruncate(writer->fd, (off_t)writer->bytes) && errno != EINVAL)
		writer->error = -errno;
	return writer->error;
}

static int flush(struct recording_writer *writer)
{
	uint32_t done = 0;

	while (done < writer->used) {
		ssize_t n = write(writer->fd, writer->buffer + done, writer->used - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return give_up(writer, done, n ? -errno : -EIO);
		done += (uint32_t)n;
	}
	writer->bytes += done;
	writer->used = 0;
	return 0;
}

static int write_header(struct recording_writer *writer, const char *way)
{
	struct recording_header header;
	ssize_t n;

	header_fill(&header, way);
	n = write(writer->fd, &header, sizeof(header));
	if (n != (ssize_t)sizeof(header))
		return n < 0 ? -errno : -ENOSPC;
	writer->bytes = sizeof(header);
	return 0;
}

int recording_writer__open(const char *path, const char *way, struct recording_writer **out,
			   char *error, size_t size)
{
	struct recording_writer *writer = calloc(1, sizeof(*writer));
	int err = writer ? 0 : -ENOMEM;

	/* A recording holds what went over the wire: for its owner's eyes only. */
	if (!err && (writer->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) < 0) {
		err = -errno;
	} else if (!err) {
		err = write_header(writer, way);
		if (err)
			close(writer->fd);
	}
	if (err) {
		snprintf(error, size, "%s: cannot write: %s", path, strerror(-err));
		free(writer);
		return err;
	}
	*out = writer;
	return 0;
}

int recording_writer__write(struct recording_writer *writer, const struct event *event,
			    uint32_t size)
{
	if (writer->error)
		return writer->error;
	if (size > RECORD_MAX || size < sizeof(*event) || event->size != size)
		return -EINVAL;
	if (size > WRITE_BUFFER - writer->used && flush(writer))
		return writer->error;
	memcpy(writer->buffer + writer->used, event, size);
	writer->used += size;
	return 0;
}

uint64_t recording_writer__bytes(const struct recording_writer *writer)
{
	return writer->bytes + writer->used;
}

int recording_writer__close(struct recording_writer *writer)
{
	int err;

	if (!writer)
		return 0;
	if (!writer->error)
		flush(writer);
	err = writer->error;
	if (close(writer->fd) && !err)
		err = -errno;
	free(writer);
	return err;
}

static int header_check(const struct recording_header *header, char *error, size_t size)
{
	if (memcmp(header->magic, RECORDING_MAGIC, sizeof(header->magic)) != 0)
		snprintf(error, size, "not a recording of sonde");
	else if (header->byte_order != BYTE_ORDER_MARK)
		snprintf(error, size, "recorded on a machine of the other byte order");
	else if (header->version != SONDE_EVENT_VERSION)
		snprintf(error, size, "version %u of the format; this sonde reads version %u",
			 header->version, (unsigned int)SONDE_EVENT_VERSION);
	else
		return 0;
	return -EBADMSG;
}

static int read_header(struct recording_reader *reader, char *error, size_t size)
{
	struct recording_header *header = &reader->header;

	if (fread(header, sizeof(*header), 1, reader->file) != 1) {
		snprintf(error, size,
			 ferror(reader->file) ? "cannot be read"
					      : "not a recording of sonde (too short)");
		return ferror(reader->file) ? -EIO : -EBADMSG;
	}
	header->sonde[sizeof(header->sonde) - 1] = '\0';
	header->kernel[sizeof(header->kernel) - 1] = '\0';
	header->capture[sizeof(header->capture) - 1] = '\0';
	reader->offset = sizeof(*header);
	return header_check(header, error, size);
}

int recording_reader__open(const char *path, struct recording_reader **out, char *error,
			   size_t size)
{
	struct recording_reader *reader = calloc(1, sizeof(*reader));
	char what[128] = "no memory";
	int err = -ENOMEM;

	if (reader && (reader->path = strdup(path))) {
		reader->file = fopen(path, "re");
		err = reader->file ? read_header(reader, what, sizeof(what)) : -errno;
		if (!reader->file)
			snprintf(what, sizeof(what), "%s", strerror(-err));
	}
	if (err) {
		snprintf(error, size, "%s: %s", path, what);
		recording_reader__close(reader);
		return err;
	}
	*out = reader;
	return 0;
}

static int damaged(struct recording_reader *reader, const char *what)
{
	snprintf(reader->error, sizeof(reader->error),
		 "%.120s: damaged at offset %" PRIu64 ": %s; the %" PRIu64
		 " events before it are good",
		 reader->path, reader->offset, what, reader->events);
	return -EBADMSG;
}

/* Too few bytes: an unreadable file, or the writer was killed in the middle of a record. */
static int ended(struct recording_reader *reader)
{
	if (!ferror(reader->file))
		return damaged(reader, "the file ends within a record");
	snprintf(reader->error, sizeof(reader->error), "%.120s: cannot be read at offset %" PRIu64,
		 reader->path, reader->offset);
	return -EIO;
}

static bool sizes_agree(const struct recording_reader *reader)
{
	const struct chunk *chunk = &reader->record.chunk;

	if (reader->record.event.type != EVENT_CHUNK)
		return true;
	return chunk->head <= chunk->length &&
	       chunk->head <= chunk->event.size - sizeof(struct chunk);
}

int recording_reader__next(struct recording_reader *reader, const struct event **event,
			   uint32_t *size)
{
	struct event *head = &reader->record.event;
	size_t n = fread(head, 1, sizeof(*head), reader->file);

	if (n == 0 && feof(reader->file))
		return 0;
	if (n < sizeof(*head))
		return ended(reader);
	if (!event__smallest(head->type))
		return damaged(reader, "a record of an unknown type");
	if (head->size < event__smallest(head->type) || head->size > RECORD_MAX)
		return damaged(reader, "a record of an impossible size");
	if (fread(head + 1, head->size - sizeof(*head), 1, reader->file) != 1)
		return ended(reader);
	if (!sizes_agree(reader))
		return damaged(reader, "a chunk that holds less than it says");
	reader->offset += head->size;
	reader->events++;
	*event = head;
	*size = head->size;
	return 1;
}

const struct recording_header *recording_reader__header(const struct recording_reader *reader)
{
	return &reader->header;
}

const char *recording_reader__error(const struct recording_reader *reader)
{
	return reader->error;
}

void recording_reader__close(struct recording_reader *reader)
{
	if (!reader)
		return;
	if (reader->file)
		fclose(reader->file);
	free(reader->path);
	free(reader);
}
