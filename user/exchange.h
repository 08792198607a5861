/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The exchange: one request and its response, timed. The one currency of user space: protocols make
 * them, sinks (metrics, live view, printed lines, rules) take them.
 */
#ifndef SONDE_EXCHANGE_H
#define SONDE_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/types.h>
#include "event.h"

struct connection;
struct details;
struct pending;

enum side { SIDE_SERVER = 0, SIDE_CLIENT = 1, SIDE_COUNT = 2 };

enum outcome {
	OUTCOME_OK = 0,
	OUTCOME_ERROR =
		1, /* answered with HTTP >= 400 (5xx counts as a failure), SQLSTATE, Redis error */
	OUTCOME_ABORTED =
		2, /* the connection ended, or the server skipped it, before it was answered */
	OUTCOME_LOST = 3, /* bytes were not captured, so it cannot be told; see loss */
	OUTCOME_COUNT = 4
};

enum http_method {
	HTTP_OTHER = 0, /* a valid token that is not in this list */
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_DELETE,
	HTTP_CONNECT,
	HTTP_OPTIONS,
	HTTP_TRACE,
	HTTP_PATCH,
	HTTP_UNTOLD, /* HTTP/2 attached late: a table entry that was never seen; shows as `?` */
	HTTP_METHOD_COUNT
};

/* Besides the 17 codes of gRPC (statuscodes.md). */
enum grpc_status {
	GRPC_STATUS_OTHER = 253,  /* sent, and none of these */
	GRPC_STATUS_UNTOLD = 254, /* sent as a table entry that was never seen */
	GRPC_STATUS_NONE = 255,	  /* not sent: unanswered, or an answer that is not gRPC's */
};

/* What a method is, as far as its messages have shown (docs/grpc.md). */
enum rpc_type {
	RPC_NONE = 0, /* no gRPC */
	RPC_UNARY = 1,
	RPC_CLIENT_STREAM,
	RPC_SERVER_STREAM,
	RPC_BIDI_STREAM,
	RPC_TYPE_COUNT
};
/* RPC_UNARY plus these is the type. */
#define RPC_STREAMS_REQUEST  1
#define RPC_STREAMS_RESPONSE 2

struct exchange {
	const struct connection *connection;
	const struct details *details; /* what rules asked for (details.h); NULL mostly */
	uint8_t protocol;	       /* enum protocol_id */
	uint8_t side;		       /* enum side */
	uint8_t outcome;	       /* enum outcome */
	uint8_t loss;		       /* enum loss_reason, where lost */
	bool again; /* it says what the connection's last one said: all but its times is the same */
	uint32_t label;	   /* route, statement or command: an id of labels.h; 0 is `?` */
	uint64_t start_ns; /* first byte of the request read (server) or written (client) */
	uint64_t first_ns; /* first byte of the response; 0 where there was none */
	uint64_t queue_ns; /* server: delivered -> read; 0 unknown */
	uint64_t request_bytes;
	uint64_t response_bytes;
	uint64_t end_ns; /* last byte of the response; of an unanswered one, when that became
			    certain */
	uint32_t tgid;	 /* who read (server) or wrote (client) the request */
	uint32_t tid;
	uint32_t count; /* of exchanges that are all like this one; 1, but for sinks that take more
			 */
	uint32_t end_tid; /* who wrote (server) or read (client) the newest byte of the answer */
	union {
		struct {
			uint16_t status;	   /* 0: unanswered */
			uint8_t method;		   /* enum http_method */
			uint8_t version;	   /* 10, 11, 20 */
			bool truncated;		   /* body cut short by a reset or an early end */
			bool grpc;		   /* content-type application/grpc */
			uint8_t grpc_status;	   /* of gRPC: from the trailers, 0 OK; or enum
						      grpc_status */
			uint8_t rpc_type;	   /* enum rpc_type */
			uint32_t request_messages; /* of gRPC */
			uint32_t response_messages;
		} http;
		struct {
			uint64_t rows;	  /* from CommandComplete, or of COPY */
			uint64_t bytes;	  /* of COPY data */
			char sqlstate[6]; /* "" where ok */
			bool simple;	  /* Query, not Execute */
			bool suspended;	  /* PortalSuspended ended it */
		} postgres;
		struct {
			char error[16]; /* prefix: "WRONGTYPE"; "" where ok */
			uint32_t hits;
			uint32_t misses;
			bool blocking;	 /* its wait is not the server's latency */
			bool unmeasured; /* CLIENT REPLY OFF/SKIP: counted, without latency */
			uint32_t
				queued; /* place within MULTI, from 1; its own reply is in EXEC's */
			uint16_t command;   /* index of redis_commands.h */
			uint16_t pattern;   /* of its keys (keys/patterns.h); 0: none */
			uint32_t arguments; /* the name included */
		} redis;
	};
};

/* What happens to a connection rather than to an exchange. */
enum connection_event_kind {
	CONNECTION_READY = 1,  /* PostgreSQL: connect -> first ReadyForQuery, in value_ns */
	CONNECTION_FAILED = 2, /* refused, timeout, auth, reset, too_many: in reason */
};

struct connection_event {
	const struct connection *connection;
	uint8_t kind;
	uint64_t time_ns;
	uint64_t value_ns;
	const char *reason; /* static string, a value of the label `reason` */
};

/* Takers of exchanges. Called from the engine's one thread; pointers are valid during the call
 * only. */
struct sink {
	void (*exchange)(void *context, const struct exchange *exchange);
	void (*connection)(void *context, const struct connection_event *event); /* may be NULL */
	void *context;
	bool takes_many; /* exchange.count may be more than 1 */
	/* An HTTP request was read; may be NULL. Not all that end have begun (lost ones). */
	void (*begun)(void *context, const struct connection *connection,
		      const struct pending *pending);
	/* Time has passed; UINT64_MAX: there will be no more events. May be NULL. */
	void (*passed)(void *context, uint64_t now_ns);
};

const char *outcome__name(enum outcome outcome);
const char *side__name(enum side side);
const char *http_method__name(enum http_method method);
const char *rpc_type__name(enum rpc_type type);	  /* "unary", "client_stream" ... */
const char *grpc_status__name(unsigned int code); /* "0" ... "16", "other", "?", "none" */
/*
 * Is it the side's failure, as OpenTelemetry's conventions for gRPC say? A server's are UNKNOWN,
 * DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE and DATA_LOSS, a client's all but OK.
 */
bool grpc_status__is_failure(unsigned int code, enum side side);
const char *
protocol_id__name(enum protocol_id protocol); /* "http", "http2", "postgres", "redis" ... */
const char *loss_reason__name(enum loss_reason reason);
/* Latency as TRAFFIC.md defines it; never negative. */
static inline uint64_t exchange__latency_ns(const struct exchange *exchange)
{
	return exchange->end_ns > exchange->start_ns ? exchange->end_ns - exchange->start_ns : 0;
}

#endif
