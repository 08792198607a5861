/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Messages of PostgreSQL's protocol as they stand on the wire: a type, a length, and for each type
 * what its content must look like (manual, section "Message Formats"). The shapes tell a stream of
 * this protocol from others, and a message's beginning from a place within one.
 */
#ifndef SONDE_POSTGRES_MESSAGE_H
#define SONDE_POSTGRES_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>
#include "protocol/slice.h"

#define POSTGRES_HEADER	      5	    /* type and length */
#define POSTGRES_STARTUP_MAX  10000 /* MAX_STARTUP_PACKET_LENGTH of the server */
#define POSTGRES_READY_LENGTH 6
#define POSTGRES_LENGTH_MAX   0x40000000u /* the server's MaxAllocSize: no message is longer */
#define POSTGRES_CODE_CANCEL  80877102
#define POSTGRES_CODE_SSL     80877103
#define POSTGRES_CODE_GSS     80877104

struct postgres_message {
	uint8_t type;
	bool whole;	      /* all of its content is there */
	uint32_t length;      /* of its content, without type and length field */
	struct slice content; /* as much of it as is there */
};

/* The message at the start of bytes; false: fewer than POSTGRES_HEADER bytes. */
static inline bool postgres_message__read(struct slice bytes, struct postgres_message *m)
{
	uint32_t length;

	if (bytes.length < POSTGRES_HEADER)
		return false;
	length = slice__u32(bytes, 1);
	m->type = bytes.data[0];
	m->length = length < 4 ? UINT32_MAX : length - 4;
	m->content = slice__sub(bytes, POSTGRES_HEADER, m->length);
	m->whole = m->content.length == m->length;
	return true;
}

/* Most bytes of each type's content, plus 1; 0: this direction has no such type. */
extern const uint32_t postgres_request_limits[256], postgres_response_limits[256];

/* Does this direction know the type, and is the length one that it can have? */
static inline bool postgres_message__allowed(const struct postgres_message *m, bool request)
{
	const uint32_t *limits = request ? postgres_request_limits : postgres_response_limits;

	return m->length < limits[m->type] && (request || m->type != 'Z' || m->length == 1);
}

/*
 * Do messages begin here? sure: certain enough to say that the connection speaks PostgreSQL at all;
 * else only that messages of such a connection begin here.
 */
bool postgres_message__chain(struct slice bytes, bool request, bool sure);
/* Are these six bytes a ReadyForQuery? */
bool postgres_message__is_ready(struct slice bytes);
/* A field of ErrorResponse or NoticeResponse by its letter; empty where it is not there. */
struct slice postgres_message__field(struct slice content, char letter);
/* Text up to its NUL, from *at on, which moves behind it; false: the NUL is not there. */
bool postgres_message__text(struct slice content, size_t *at, struct slice *text);
/* Cuts text off before its first NUL; false: there is none. */
static inline bool postgres_message__end_text(struct slice *text)
{
	ptrdiff_t end = slice__find(*text, 0);

	if (end < 0)
		return false;
	text->length = (size_t)end;
	return true;
}

#endif
