/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What postgres.c, postgres_startup.c, postgres_request.c and postgres_response.c share. */
#ifndef SONDE_POSTGRES_STATE_H
#define SONDE_POSTGRES_STATE_H

#include "protocol/postgres.h"
#include "protocol/postgres_message.h"
#include "protocol/postgres_names.h"

#define POSTGRES_KEPT	    32768 /* bytes of a statement or an error looked at; the rest is skipped */
#define POSTGRES_NAMES_KEPT 1024 /* bytes of a Bind or Describe looked at for its names */

/* What an entry in flight waits for; in pending.kind. */
enum postgres_kind {
	POSTGRES_QUERY = 1, /* ReadyForQuery; FunctionCall too */
	POSTGRES_EXECUTE,   /* its own end */
	POSTGRES_PARTS,	    /* Parse, Bind, Describe, Close: may yet become an Execute or a Sync */
	POSTGRES_SYNC,	    /* ReadyForQuery */
	POSTGRES_STARTUP,   /* an answer within the handshake */
};

/* pending.flags */
#define POSTGRES_FLUSHED 0x01 /* PARTS: a Flush follows; what comes then is not part of them */
#define POSTGRES_IGNORED 0x02 /* SYNC: read by the server within COPY, which passes it over */

enum postgres_phase {
	POSTGRES_STARTING, /* a startup packet is due */
	POSTGRES_SECURING, /* SSLRequest or GSSENCRequest was sent */
	POSTGRES_AUTHENTICATING,
	POSTGRES_READY,
	POSTGRES_CANCELLING /* CancelRequest: nothing follows */
};

/* Of the exchange being answered, the oldest one. */
struct postgres_result {
	uint64_t rows;	     /* told by CommandComplete */
	uint64_t rows_sent;  /* DataRows, for PortalSuspended */
	uint64_t copy_bytes; /* of CopyData, either way */
	char sqlstate[6];
	bool copy;
	bool told; /* CommandComplete or the like, or an error has come */
};

struct postgres {
	struct postgres_names statements;
	struct postgres_names portals;
	struct postgres_result result;
	uint8_t phase;
	bool resync[2];	  /* index: is it the request's direction */
	bool leaving;	  /* the client has said so, or was told why it must */
	bool gapped;	  /* responses are missing since the last ReadyForQuery */
	bool failed;	  /* the server passes over everything up to the next Sync */
	bool copying_in;  /* it reads CopyData and passes over Sync and Flush */
	bool interleaved; /* the pairing's, before CopyData was sent */
	bool bound;	  /* nothing in flight, and answers of an Execute come */
	bool unseen;	  /* nothing in flight, and answers of a Query come */
};

static inline struct postgres *postgres__of(const struct parser *parser)
{
	return parser->state;
}

/* The rest of the run is passed over; parser->state may be gone afterwards. Returns what to
 * consume. */
size_t postgres__contradicted(struct parser *parser, const struct run *run, size_t at);

/* A startup packet at `at`, or messages from there on: their whole length, 0 where more bytes are
 * needed for the first. */
size_t postgres_startup__request(struct parser *parser, const struct run *run, size_t at);
size_t postgres_startup__secured(struct parser *parser, const struct run *run, size_t at);
size_t postgres_request__take(struct parser *parser, const struct run *run, size_t at);
size_t postgres_response__take(struct parser *parser, const struct run *run, size_t at);

/* All of a run at once; 0: nothing was done, it is to go the general way. */
size_t postgres_fast__take(struct parser *parser, const struct run *run);
bool postgres_fast__describe(const struct parser *parser, bool request, struct slice message,
			     uint8_t *least, uint8_t *spread);

/* The oldest entry, an exchange, is answered. */
void postgres_response__settle(struct parser *parser, bool suspended, uint64_t time_ns);
/* ReadyForQuery has come, and what it ends is done. */
void postgres_response__idle(struct parser *parser, uint8_t status, uint64_t time_ns);
/* How many rows a CommandComplete tells of. */
uint64_t postgres_response__rows(struct slice tag);

/* AuthenticationXXX; an error that ends the handshake. */
void postgres_startup__authentication(struct parser *parser, const struct postgres_message *m);
void postgres_startup__failed(struct parser *parser, const struct postgres_message *m,
			      uint64_t time_ns);
/* The server's direction has ended: a Query whose error was seen is answered by that. */
void postgres_response__end(struct parser *parser, uint64_t time_ns);

#endif
