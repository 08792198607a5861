/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Recordings: the stream of events in a file. The format is described in docs/recording.md. */
#ifndef SONDE_RECORDING_H
#define SONDE_RECORDING_H

#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>
#include "event.h"

#define RECORDING_MAGIC "SONDEREC"

struct recording_header {
	char magic[8];
	__u32 version;	   /* SONDE_EVENT_VERSION */
	__u32 byte_order;  /* 0x01020304 as the writer stores it */
	__u64 realtime_ns; /* wall clock at monotonic_ns */
	__u64 monotonic_ns;
	char sonde[32]; /* version of the writer */
	char kernel[64];
	char capture[32]; /* way in use */
	__u8 reserved[96];
};
_Static_assert(sizeof(struct recording_header) == 256, "recording_header");

struct recording_writer;
struct recording_reader;

/* Both: 0 or -errno, with one line in error. The writer never leaves a half-written record behind a
 * full disk. */
int recording_writer__open(const char *path, const char *way, struct recording_writer **out,
			   char *error, size_t size);
int recording_writer__write(struct recording_writer *writer, const struct event *event,
			    uint32_t size);
uint64_t recording_writer__bytes(const struct recording_writer *writer);
int recording_writer__close(struct recording_writer *writer); /* 0 or -errno of the last write */

int recording_reader__open(const char *path, struct recording_reader **out, char *error,
			   size_t size);
/* 1 and the next event, 0 at the end, -EBADMSG with a line in error at a damaged place, -errno. */
int recording_reader__next(struct recording_reader *reader, const struct event **event,
			   uint32_t *size);
const struct recording_header *recording_reader__header(const struct recording_reader *reader);
const char *recording_reader__error(const struct recording_reader *reader);
void recording_reader__close(struct recording_reader *reader);

#endif
