/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a protocol is to sonde: one file, one table line. A parser is a function of bytes and state:
 * no clock, no I/O, no allocation (but its own bounded memory in init), no globals. It is fed the
 * stream of each direction in order, learns of gaps, and reports requests and answers through the
 * calls below.
 *
 * feed() contract: look at run->bytes, return how many were consumed.
 *   - fewer than given: the rest is kept (at most carry_max) and given again with what follows;
 *   - more than given: the surplus is skipped by length, across chunks and gaps, without feeding;
 * when its last byte has passed, skipped() is called with that time;
 *   - run->full: no more can be kept; consume at least one byte, or the connection is
 * resynchronised. After a gap (gap() was called) feed() gets bytes from an unknown place of the
 * stream: the parser finds the next sure boundary and passes over the rest (reported as consumed).
 */
#ifndef SONDE_PROTOCOL_H
#define SONDE_PROTOCOL_H

#include <stddef.h>
#include <string.h>
#include <linux/types.h>
#include "details.h"
#include "event.h"
#include "exchange.h"
#include "pairing.h"
#include "slice.h"

/* Of what was asked last. */
enum alike_state {
	ALIKE_NOT = 0,
	ALIKE_ASKED,	/* it may be learned, if its answer may */
	ALIKE_ANSWERING /* the answer may be, if the rest of it is body and nothing comes between */
};

/* How many exchanges in a row were of one form, as far as that is looked at (again.h). */
struct alike {
	uint64_t rest_bytes;			/* of the newest response's body, in further runs */
	uint32_t request_bytes, response_bytes; /* of the newest ones */
	uint32_t label;
	uint8_t times, least; /* and how often it must be, to be learned */
	uint8_t state;	      /* enum alike_state */
};

/* What a parser may know and do about its connection; handed to each call. */
struct parser {
	void *state; /* state_size bytes, zeroed before init() */
	struct pairing pairing;
	struct connection *connection;
	uint32_t wanted; /* by rules, of this protocol and side: DETAIL_BIT()s; 0 mostly */
	uint8_t side;	 /* enum side */
	struct alike alike;
};

/* A run of contiguous bytes of one direction. Times of bytes: run__time(). */
struct run {
	struct slice bytes;
	const struct chunk *chunk; /* that ends this run: whose call it was */
	uint64_t time_ns;	   /* of it */
	size_t carried;		   /* bytes of `bytes` that were given before */
	uint64_t carried_ns; /* of the chunk in which the carried part, where there is one, began */
	uint64_t carried_queue_ns;
	bool request; /* else response */
	bool full;
};

static inline uint64_t run__time(const struct run *run, size_t offset)
{
	return offset < run->carried ? run->carried_ns : run->time_ns;
}

static inline uint64_t run__queue(const struct run *run, size_t offset)
{
	return offset < run->carried ? run->carried_queue_ns : run->chunk->queue_ns;
}

enum detection { DETECT_NO, DETECT_MORE, DETECT_YES };

struct protocol {
	enum protocol_id id;
	const char *name;
	size_t state_size;
	size_t carry_max;
	bool multiplexed; /* answers in any order: keeps its requests in flight itself, none in the
			     pairing */
	/*
	 * Is this stream of the protocol? `request` tells which half it would be; `begun` that it
	 * is the very first bytes of the connection (else somewhere at the start of a call's
	 * bytes). DETECT_YES must be sure: a wrong yes invents exchanges, a wrong no only loses
	 * them visibly.
	 */
	enum detection (*detect)(struct slice bytes, bool request, bool begun);
	void (*init)(struct parser *parser, bool begun);
	size_t (*feed)(struct parser *parser, const struct run *run);
	void (*skipped)(struct parser *parser, bool request, uint64_t time_ns);
	/* `length` bytes are missing (0: unknown). Called after the shared pairing rules were
	 * applied. */
	void (*gap)(struct parser *parser, bool request, uint64_t length, uint64_t time_ns);
	/* This direction has ended. reset: by RST or error. */
	void (*end)(struct parser *parser, bool request, uint64_t time_ns, bool reset);
	void (*clear)(struct parser *parser); /* may be NULL */
	/*
	 * What each byte of a message may be for another one to say the same to everybody, its
	 * entries and answer included (ranges.h): that of the last parser__asked, or of
	 * parser__told. `least` and `spread` are the bytes themselves at first. False: it is not
	 * to be known again. May be NULL.
	 */
	bool (*describe)(const struct parser *parser, bool request, struct slice message,
			 uint8_t *least, uint8_t *spread);
	/* Such requests have passed that are known, and their answers. May be NULL. */
	void (*passed)(struct parser *parser, const struct pending *entry);
	/*
	 * Of such an answer to the oldest request the beginning has passed, at first_ns, but
	 * `left` bytes are still to come, which are being skipped. May be NULL where no
	 * parser__tells is called.
	 */
	void (*passing)(struct parser *parser, const struct exchange *answer, uint64_t left);
};

/* The table; ends with NULL. Adding a protocol is one line there (protocol.c). */
extern const struct protocol *const protocols[];
const struct protocol *protocol__by_id(enum protocol_id id);

/* ---- what a parser calls; implemented in connection.c ---- */

/*
 * A request begins at byte `offset` of the run: opens its entry, with times and thread from the
 * run. NULL: over the cap; the request is counted as seen and lost, and its response will be
 * ignored.
 */
struct pending *parser__request(struct parser *parser, const struct run *run, size_t offset);
/*
 * The same for what is no exchange but has a place in the order of answers (Parse, Sync, a
 * handshake): its entry is silent. A client's response that comes while nothing is in flight is
 * held back for its request, so a connection that begins with an answered handshake opens one of
 * these for it.
 */
struct pending *parser__silent(struct parser *parser, const struct run *run, size_t offset);
/* A silent entry was the beginning of a request: it is an exchange from now on, that began there.
 */
void parser__promote(struct parser *parser, struct pending *entry);

/*
 * `times` more requests of the same run, alike the newest one in all that its entry says: they are
 * opened in its entry. False: nothing was done, they are to go by parser__request.
 */
bool parser__request_again(struct parser *parser, uint32_t times);

/* An HTTP server's request is opened and its times are set: tells those who count what is open. */
void parser__begun(struct parser *parser, const struct pending *entry);

/* The protocol's part of an answer; zeroed fields where they do not apply. */
struct answer {
	enum outcome outcome;	/* ok, error or aborted */
	uint64_t end_ns;	/* last byte of the response */
	struct exchange detail; /* only the union is read; the rest is filled in */
};
/* The same, nothing of its detail told yet; what is filled in is not cleared first. */
static inline void answer__init(struct answer *answer, enum outcome outcome, uint64_t end_ns)
{
	const size_t detail = offsetof(struct exchange, http);

	answer->outcome = outcome;
	answer->end_ns = end_ns;
	memset((uint8_t *)&answer->detail + detail, 0, sizeof(answer->detail) - detail);
}
/* The oldest entry is answered: pops it and hands the exchange to the sinks (silent ones are just
 * popped). */
void parser__answer(struct parser *parser, struct answer *answer);
/* Whether nothing is in doubt about whose the next answer is. */
bool parser__in_step(const struct parser *parser);
/*
 * The same for the oldest `times` requests of the oldest entry, which is an exchange without
 * details, while parser__in_step: their answers are alike in everything, bytes and times included.
 */
void parser__answer_many(struct parser *parser, struct answer *answer, uint32_t times);
/*
 * For plain messages, which leave the parser as it is, and where nothing else is in flight: a run
 * was that request, some times; or the answers to all of them, likewise. Both are called when all
 * is done for the run.
 */
void parser__asked(struct parser *parser, struct slice message);
void parser__told(struct parser *parser, struct slice message);
/* The same of an answer of whose body `rest` bytes will be skipped: it is told when they were. */
void parser__tells(struct parser *parser, struct slice message, uint64_t rest);
void parser__begin_alike(struct parser *parser);
/* The oldest entry, a silent one, needs no more. */
void parser__pass(struct parser *parser);
/* The oldest entry will never be answered (skipped by the server, connection ended). */
void parser__abort(struct parser *parser, uint64_t time_ns);
/* The oldest entry cannot be told any more. */
void parser__lose(struct parser *parser, enum loss_reason reason, uint64_t time_ns);
/* A response came to which no request was seen: one exchange, seen and lost. */
void parser__unmatched(struct parser *parser, enum loss_reason reason, uint64_t time_ns);
/*
 * The bytes contradict the protocol. Everything in flight is lost (LOSS_PARSER) and the stream of
 * that direction goes on as after a gap. Repeated without an exchange between: the connection is
 * given up as unparsable, and counted as that.
 */
void parser__contradiction(struct parser *parser, bool request, uint64_t time_ns);
/* The connection goes on in another protocol (Upgrade, SSLRequest, CONNECT): from the next byte on.
 */
/*
 * Before a switch: takes the oldest entry out for the next protocol, which closes it (it
 * multiplexes). False: there is none.
 */
bool parser__hand_over(struct parser *parser, enum protocol_id protocol, struct pending *out);
void parser__switch(struct parser *parser, enum protocol_id protocol);
/* What came was no message of the protocol, and no exchange either: counts the connection. */
void parser__unparsable(struct parser *parser);
/* Why what is in flight is lost when a parser is ended (enum loss_reason). */
enum loss_reason parser__leaving(const struct parser *parser);
/* Bytes of this direction that have passed so far, skipped and missing ones included. */
uint64_t parser__position(const struct parser *parser, bool request);
/* Bytes that were passed over to find the next boundary. */
void parser__passed_over(struct parser *parser, uint64_t bytes);

/*
 * Multiplexed protocols keep the entries of their requests themselves. open fills what is known
 * from the run and counts; close hands the answered exchange to the sinks; every opened entry is
 * closed exactly once.
 */
void parser__open(struct parser *parser, const struct run *run, size_t offset,
		  struct pending *entry);
void parser__close(struct parser *parser, const struct pending *entry, struct answer *answer);
/* detail: what is known of it all the same (only the union is read); NULL: nothing. */
void parser__close_unanswered(struct parser *parser, const struct pending *entry,
			      const struct exchange *detail, enum outcome outcome,
			      enum loss_reason reason, uint64_t time_ns);

/*
 * Keeps bytes of an entry's messages that rules ask for; does nothing where the detail is not in
 * parser->wanted. Entries that leave the pairing, and closed ones, give theirs back.
 */
void parser__detail(struct parser *parser, struct pending *entry, enum detail detail,
		    struct slice bytes);

/* The same whether a rule asks for it or not. */
void parser__keep_detail(struct parser *parser, struct pending *entry, enum detail detail,
			 struct slice bytes);
/* Do queues follow this command (of redis_commands.h)? */
bool parser__follows(const struct parser *parser, uint32_t command);

/* Labels: bounded, interned, private (labels.h). */
uint32_t parser__route(struct parser *parser, struct slice target);
/* Which numbers a path has may decide its route. */
bool parser__numbers_matter(const struct parser *parser);
struct marked_path;
uint32_t parser__route_marked(struct parser *parser, struct slice target,
			      const struct marked_path *path);
struct label_memo;
uint32_t parser__route_again(struct parser *parser, struct slice target, struct label_memo *memo);
uint32_t parser__rpc(struct parser *parser, struct slice path);
/* Adds RPC_STREAMS_ bits to what is known of a gRPC method; returns all of them. */
uint8_t parser__rpc_streams(struct parser *parser, uint32_t label, uint8_t bits);
uint32_t parser__statement(struct parser *parser, struct slice sql, bool truncated);
uint32_t parser__command(struct parser *parser, uint32_t index); /* of redis_commands.h */

/* Which pattern a Redis key fits (keys/patterns.h). */
uint16_t parser__key(struct parser *parser, struct slice key);

/* State of a database connection, for gauges. */
enum activity { ACTIVITY_NONE = 0, ACTIVITY_IDLE, ACTIVITY_BUSY, ACTIVITY_IN_TRANSACTION };
void parser__activity(struct parser *parser, enum activity activity, uint64_t time_ns);
void parser__database(struct parser *parser, struct slice database, struct slice user);
void parser__ready(struct parser *parser, uint64_t time_ns); /* CONNECTION_READY */
void parser__failed(struct parser *parser, const char *reason, uint64_t time_ns);

#endif
