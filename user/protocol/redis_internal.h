/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of the Redis parser share; nobody else includes it. */
#ifndef SONDE_REDIS_INTERNAL_H
#define SONDE_REDIS_INTERNAL_H

#include "protocol/words.h"
#include "protocol/protocol.h"
#include "protocol/redis_details.h"
#include "protocol/redis_commands.h"
#include "protocol/redis_keys.h"

#define REDIS_LINE_MAX	    4096 /* a longer line is judged by its beginning */
#define REDIS_DEPTH	    4 /* levels of a reply that are told apart; deeper ones count as one */
#define REDIS_ARGUMENTS	    (1u << 20) /* Redis' own limit of arguments (proto-max-multibulk-len) */
#define REDIS_BULK_MAX	    (512u << 20) /* and of a string (proto-max-bulk-len) */
#define REDIS_QUEUED_MAX    256	       /* commands of one transaction whose readings are followed */
#define REDIS_QUEUED_UNSURE UINT32_MAX /* some of its commands went by unseen */
#define REDIS_NAME_MAX	    64	       /* longer names are no commands */

/* struct pending.flags */
#define ENTRY_BLOCKING 0x01
#define ENTRY_NO_REPLY 0x02 /* CLIENT REPLY: none will come */
#define ENTRY_ENDLESS  0x04
#define ENTRY_ALL      0x08 /* UNSUBSCRIBE of everything: how many confirmations is not said */
#define ENTRY_GET      0x10 /* SET with GET: a reading command as well */
#define ENTRY_INFO     0x20 /* its reply tells of the server's memory: kept in any case */
#define ENTRY_FOLLOWED 0x40 /* queues want its arguments and the values of its reply */
#define ENTRY_PLAIN    0x80 /* alone: no meaning but to be answered (redis_fast.c) */
/* struct pending.kind is the command's index, pending.number its number of keys or channels */

enum request_state {
	REQUEST_START,
	REQUEST_HEADER,	 /* before "$n" of an argument */
	REQUEST_DATA,	 /* before its bytes */
	REQUEST_PASSING, /* the rest of them is passed over */
	REQUEST_LONG_LINE,
	REQUEST_RESYNC
};

struct request {
	uint8_t state;
	bool told;  /* the command at hand was counted */
	bool open;  /* and its entry is in flight */
	bool multi; /* between MULTI and EXEC */
	bool off;   /* CLIENT REPLY OFF */
	bool skip;  /* CLIENT REPLY SKIP: of the next command */
	bool over;  /* no options behind this argument any more (STREAMS) */
	bool followed;
	bool cut; /* an argument did not fit into the details: the next ones are not kept either */
	uint16_t command;
	uint32_t arguments, at; /* how many there are, and the one at hand */
	uint64_t left;		/* bytes of its data and line end */
	uint64_t bytes;		/* of the command so far */
	uint64_t start_ns, queue_ns;
	struct details *details;
	struct redis_keys keys; /* where the patterns of keys are wanted */
	uint32_t named;		/* keys so far */
};

enum reply_state {
	REPLY_START,
	REPLY_DATA, /* of a bulk string that is looked at */
	REPLY_PASSING,
	REPLY_TAIL, /* its end is looked at as well, what lay before it has passed */
	REPLY_LONG_LINE,
	REPLY_RESYNC
};

/* What the first word of an array or push says it is. */
enum first_word {
	FIRST_UNKNOWN = 0,
	FIRST_OTHER,
	FIRST_CONFIRMATION, /* of the command that waits for it */
	FIRST_MESSAGE	    /* or a confirmation that nobody waits for */
};

/* What tells of a value whether keys were there. */
struct form {
	uint8_t type; /* its first byte */
	bool nil;
	bool none;   /* "none": TYPE of a key that is not there */
	bool queued; /* "QUEUED" */
	bool error;
	bool wrong_type;
	int64_t number;		 /* integer value; length of a string or array */
	uint32_t nils, elements; /* of an array, on its own level */
};

/* What is kept of the top-level reply while it passes. */
struct reply_head {
	struct form form;
	struct form element;   /* the newest on its level */
	uint8_t first;	       /* enum first_word */
	uint32_t hits, misses; /* of a transaction's replies */
	const char *error;     /* NULL: none */
};

struct reply {
	uint8_t state;
	uint8_t depth;
	uint8_t bulk_type;
	bool streamed;		    /* within "$?": chunks until ";0" */
	uint64_t left[REDIS_DEPTH]; /* values still to come on each level */
	uint64_t data;		    /* bytes of the bulk at hand, with its line end */
	uint64_t bytes;
	uint64_t first_ns;
	struct reply_head head;
	bool resp3;	 /* HELLO 3 was answered */
	uint32_t queued; /* commands of the transaction so far, or REDIS_QUEUED_UNSURE */
	uint16_t queued_reading[REDIS_QUEUED_MAX]; /* redis_reading__pack() */
	struct details *queued_patterns;	   /* of their keys; NULL mostly */
	uint32_t subscribed[3];			   /* channels, patterns, shard channels */
};

/*
 * How a plain command begins that was seen whole (redis_fast.c), and, of the newest ones of one
 * length, where the lengths of their arguments are.
 */
#define REDIS_HEADER_MAX 24 /* "*3\r\n$6\r\nEXPIRE\r\n" */
#define REDIS_KNOWN	 4

struct redis_known {
	struct words known;
	uint32_t header_words; /* the first ones */
	uint32_t last;	       /* bytes of the newest one that was read */
	uint32_t label;
	uint16_t command;
	uint8_t arguments;
	uint8_t length; /* of the header; 0: none is known */
};

/* What was said last to a plain command. */
struct redis_said {
	struct words known;
	uint32_t number; /* the entry's */
	uint32_t hits, misses;
	uint16_t command;
};

struct redis {
	struct request request;
	struct reply reply;
	struct redis_known known[REDIS_KNOWN];
	struct redis_said said;
	bool leaving; /* whatever ends now is no failure */
};

/* What became of some bytes, as in http1.c. */
struct step {
	size_t used;
	bool stop;
};

/* A line up to its end; *used bytes with it. False: it is not complete. cut: only its beginning. */
bool redis__line(struct slice rest, struct slice *line, size_t *used, bool *cut);
/* A decimal number over the whole slice, with a sign or not. */
bool redis__number(struct slice digits, int64_t *out);

struct step redis__request(struct parser *parser, const struct run *run, size_t at);
struct step redis__reply(struct parser *parser, const struct run *run, size_t at);
void redis__request_skipped(struct parser *parser, uint64_t time_ns);
void redis__reply_skipped(struct parser *parser, uint64_t time_ns);
/* Entries at the front that get no reply are done with. */
void redis__answer_silent(struct parser *parser, uint64_t time_ns);
/* Do these bytes begin with a command as an array? any: its name may be one that is not known. */
enum detection redis__begins_array(struct slice bytes, bool any);
/* With a whole first line of a reply? */
enum detection redis__begins_reply(struct slice bytes);

/* ---- redis_fast.c: what is whole and plain; both return how far they came ---- */

size_t redis_fast__requests(struct parser *parser, const struct run *run, size_t from);
size_t redis_fast__replies(struct parser *parser, const struct run *run, size_t from);
bool redis_fast__describe(const struct parser *parser, bool request, struct slice message,
			  uint8_t *least, uint8_t *spread);

/* ---- redis_answer.c: what a whole reply means ---- */

/* The reply has passed; `used` bytes with its end. */
struct step redis__replied(struct parser *parser, uint64_t time_ns, size_t used);
/* Is its first word needed to tell what it is? */
bool redis__first_word_matters(const struct parser *parser);
void redis__take_first_word(struct parser *parser, struct slice word);

/* ---- redis_reading.c: hits and misses ---- */

uint8_t redis_reading__of(const struct pending *entry); /* enum redis_reading */
void redis_reading__count(uint8_t reading, uint32_t keys, const struct form *form, uint32_t *hits,
			  uint32_t *misses);
/* A command was queued, a transaction began or ended, some of its commands were not seen. */
void redis_reading__queue(struct reply *reply, const struct pending *entry);
void redis_reading__unqueue(struct reply *reply);
void redis_reading__unsure(struct reply *reply);
/* One value of EXEC's array is complete. */
void redis_reading__element(struct reply *reply);
/* What it tells of a queued command's keys; false: it was no reading one, or it is not known. */
bool redis_reading__of_queued(const struct reply *reply, uint32_t *hits, uint32_t *misses);

/* ---- redis_patterns.c: which patterns the keys fit (keys/patterns.h), where that is wanted ----
 */

static inline bool redis_patterns__wanted(const struct parser *parser)
{
	return parser->wanted & DETAIL_BIT(DETAIL_KEYS);
}

/* One of a command's keys has passed. */
void redis_patterns__key(struct parser *parser, struct pending *entry, struct slice key);
/* A command was queued, a transaction has ended. */
void redis_patterns__queue(struct parser *parser, const struct pending *entry);
void redis_patterns__unqueue(struct reply *reply);
/* One value of the array that answers the oldest command is complete. */
void redis_patterns__element(struct parser *parser);

/* ---- redis_error.c ---- */

/*
 * The prefix of an error: one of those that Redis and its kin are known to send, else "OTHER". A
 * script may answer with any text, so the set is closed.
 */
const char *redis_error__prefix(struct slice text);

#endif
