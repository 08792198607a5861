/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Before the first ReadyForQuery: encryption asked for, the startup packet, authentication (manual,
 * section "Start-up" of "Message Flow"). Passwords pass unread.
 */
#include "protocol/postgres_state.h"

#define PACKET_HEADER 8 /* length and code; startup packets have no type */

/* What the server asks for that the client answers; 0 and 12 need no answer. */
#define AUTHENTICATION_OK    0
#define AUTHENTICATION_FINAL 12

/* An entry of the handshake: never more than one, so that nothing looks pipelined. */
static void wait_for_answer(struct parser *parser, const struct run *run, size_t at)
{
	struct pending *p = pairing__front(&parser->pairing);

	if (p && p->kind == POSTGRES_STARTUP)
		return;
	p = parser__silent(parser, run, at);
	if (p)
		p->kind = POSTGRES_STARTUP;
}

static void answered(struct parser *parser)
{
	const struct pending *p = pairing__front(&parser->pairing);

	if (p && p->kind == POSTGRES_STARTUP)
		parser__pass(parser);
}

/* A walsender's stream is no exchange (section "Streaming Replication Protocol"). */
static bool asks_for_replication(struct slice value)
{
	static const char *const off[] = {"false", "off", "no", "0", ""};

	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		if (slice__equals_nocase(value, off[i]))
			return false;
	return true;
}

static void parameters(struct parser *parser, struct slice content)
{
	struct slice name, value, database = {0}, user = {0};
	bool replication = false;
	size_t at = 0;

	while (postgres_message__text(content, &at, &name) && name.length &&
	       postgres_message__text(content, &at, &value)) {
		if (slice__equals(name, "database"))
			database = value;
		else if (slice__equals(name, "user"))
			user = value;
		else if (slice__equals(name, "replication"))
			replication = asks_for_replication(value);
	}
	parser__database(parser, database, user);
	if (replication)
		parser__switch(parser, PROTOCOL_OPAQUE);
}

static size_t startup_packet(struct parser *parser, const struct run *run, size_t at,
			     uint32_t length)
{
	struct slice b = slice__sub(run->bytes, at, length);

	if (b.length < length)
		return 0;
	postgres__of(parser)->phase = POSTGRES_AUTHENTICATING;
	wait_for_answer(parser, run, at);
	parameters(parser, slice__from(b, PACKET_HEADER));
	return length;
}

size_t postgres_startup__request(struct parser *parser, const struct run *run, size_t at)
{
	struct slice b = slice__from(run->bytes, at);
	struct postgres *s = postgres__of(parser);
	uint32_t length, code;

	if (b.length < PACKET_HEADER)
		return 0;
	length = slice__u32(b, 0);
	code = slice__u32(b, 4);
	if (length < PACKET_HEADER || length > POSTGRES_STARTUP_MAX)
		return postgres__contradicted(parser, run, at);
	if (code >> 16 == 3)
		return startup_packet(parser, run, at, length);
	if (code == POSTGRES_CODE_CANCEL) {
		s->phase = POSTGRES_CANCELLING;
		return length;
	}
	if ((code != POSTGRES_CODE_SSL && code != POSTGRES_CODE_GSS) || length != PACKET_HEADER)
		return postgres__contradicted(parser, run, at);
	s->phase = POSTGRES_SECURING;
	wait_for_answer(parser, run, at);
	return length;
}

/* One byte: S(SL), G(SSAPI) or N(o); servers before 7.0 sent an ErrorResponse. */
size_t postgres_startup__secured(struct parser *parser, const struct run *run, size_t at)
{
	uint8_t answer = run->bytes.data[at];

	if (answer == 'S') {
		parser__switch(parser, PROTOCOL_TLS);
		return 1;
	}
	if (answer == 'G') {
		parser__switch(parser, PROTOCOL_OPAQUE);
		return 1;
	}
	if (answer == 'E')
		return postgres_response__take(parser, run, at);
	if (answer != 'N')
		return postgres__contradicted(parser, run, at);
	answered(parser);
	postgres__of(parser)->phase = POSTGRES_STARTING;
	return 1;
}

void postgres_startup__authentication(struct parser *parser, const struct postgres_message *m)
{
	uint32_t code = m->content.length >= 4 ? slice__u32(m->content, 0) : AUTHENTICATION_OK;

	/* The client's part is next: its message opens an entry of its own. */
	if (code != AUTHENTICATION_OK && code != AUTHENTICATION_FINAL)
		answered(parser);
}

static bool contains(struct slice text, const char *what)
{
	return memmem(text.data, text.length, what, strlen(what)) != NULL;
}

/* SQLSTATE classes: 28 is about who may log in, 53300 is too_many_connections; pgbouncer says
 * 08P01 for both. */
static const char *reason_of(const struct postgres_message *m)
{
	struct slice code = postgres_message__field(m->content, 'C');
	struct slice text = postgres_message__field(m->content, 'M');

	if (slice__equals(code, "53300"))
		return "too_many";
	if (slice__equals(code, "08P01"))
		return contains(text, "no more connections") || contains(text, "too many")
			       ? "too_many"
			       : "auth";
	return slice__starts(code, "28") ? "auth" : "refused";
}

void postgres_startup__failed(struct parser *parser, const struct postgres_message *m,
			      uint64_t time_ns)
{
	answered(parser);
	postgres__of(parser)->leaving = true;
	parser__failed(parser, reason_of(m), time_ns);
}
