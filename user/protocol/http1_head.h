/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The lines of HTTP/1 heads (RFC 9112 sections 2 to 7): pure functions of one line, nothing kept.
 */
#ifndef SONDE_HTTP1_HEAD_H
#define SONDE_HTTP1_HEAD_H

#include <stdbool.h>
#include <stdint.h>
#include "protocol/protocol.h"
#include "protocol/slice.h"
#include "raw_key.h"

/* A longer line is judged by its first LINE_MAX bytes; the rest passes unread. */
#define LINE_MAX_BYTES 4096
/* Of a longer line's end so much stays visible; " HTTP/1.1\r" is what matters there. */
#define LINE_TAIL_BYTES 16
/* Larger lengths are nobody's body, and sums of them would not fit. */
#define BODY_MAX (1ull << 62)

struct request_line {
	enum http_method method;
	uint8_t version; /* 10 or 11 */
	struct slice target;
	struct marked_path path; /* of head__plain_request only */
};

enum coding { CODING_NONE = 0, CODING_CHUNKED, CODING_OTHER };

/* What the fields of one head say about the message that follows. */
struct framing {
	uint64_t length; /* Content-Length, where has_length */
	bool has_length;
	bool bad;	/* lengths that contradict each other, or are no numbers */
	bool expects;	/* Expect: 100-continue */
	bool h2c;	/* Upgrade names h2c */
	uint8_t coding; /* enum coding: the last transfer coding */
};

/*
 * A line without its end of line. cut: only its first LINE_MAX_BYTES are here; then the version is
 * not known, see head__ends_request. False: no request line; *out is unspecified.
 */
bool head__request_line(struct slice line, bool cut, struct request_line *out);
/*
 * The same of a whole line as nearly all are: for a path, all of it visible ASCII. Returns where
 * the next line begins; 0: it is otherwise, or no request line.
 */
size_t head__plain_request(struct slice bytes, struct request_line *out);
/* Do these last bytes of a long line end a request line? */
bool head__ends_request(struct slice tail);
/* 100 to 999; 0: no status line. */
uint16_t head__status_line(struct slice line);
/* One field line; unknown and malformed ones change nothing. */
void head__field(struct framing *framing, struct slice line, bool cut);
/* Most fields are none of those that matter; where their names would end tells so. */
static inline bool head__may_matter(struct slice line)
{
	size_t colon;

	switch (line.length ? line.data[0] | 0x20 : 0) {
	case 'c':
		colon = sizeof("content-length") - 1;
		break;
	case 't':
		colon = sizeof("transfer-encoding") - 1;
		break;
	case 'u':
		colon = sizeof("upgrade") - 1;
		break;
	case 'e':
		colon = sizeof("expect") - 1;
		break;
	default:
		return false;
	}
	return colon < line.length && line.data[colon] == ':';
}

/* The size in a chunk's first line (extensions are ignored); false: it is none. */
bool head__chunk_size(struct slice line, uint64_t *size);

/* Do these bytes begin with a start line? DETECT_YES only where it is complete (a status line: its
 * code). */
enum detection head__begins(struct slice bytes, bool request);
/* A request line that is not complete yet, but whose method and target leave no doubt. */
bool head__begins_surely(struct slice bytes);

#endif
