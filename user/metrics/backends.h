/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What services reach: which protocol is spoken at an address, when databases and caches last
 * answered, when they last could not be reached and why. What health is told from.
 */
#ifndef SONDE_BACKENDS_H
#define SONDE_BACKENDS_H

#include <stdbool.h>
#include <stdint.h>
#include "connection.h"
#include "exchange.h"

#define BACKENDS_MAX	1024
#define BACKEND_KEPT_NS 3600000000000ULL /* nothing heard for so long: makes room for others */
#define SPOKEN		512

struct backend {
	uint64_t address;		 /* hash of namespace, address, port, path */
	uint32_t service;		 /* that reaches it */
	uint8_t protocol;		 /* PROTOCOL_POSTGRES or PROTOCOL_REDIS */
	uint64_t answered_ns, failed_ns; /* newest ones; 0: never */
	const char *reason;		 /* of the newest failure; static */
	uint32_t failures;		 /* since the newest answer */
	uint64_t checked_ns;		 /* when somebody was last seen to listen at path */
	uint32_t tgid;			 /* whose: knows its namespaces */
	char path[SONDE_UNIX_PATH_MAX];	 /* of a local socket; "" of none */
	uint32_t busy, stalled; /* in a snapshot: connections with a query open; and for long */
};

static inline void backend__answered(struct backend *b, uint64_t now_ns)
{
	b->answered_ns = now_ns;
	b->failures = 0;
}

struct spoken {
	uint64_t address;
	uint8_t protocol; /* enum protocol_id */
};

struct backends {
	uint32_t count;
	struct backend backend[BACKENDS_MAX];
	struct spoken spoken[SPOKEN];
};

/* A client's connection was answered, or is ready; nothing is searched but the first time. */
void backends__answered(struct backends *backends, struct connection *c, uint64_t now_ns);
/* It could not be had, or was cut: what protocol it would have spoken, as far as that is known. */
enum protocol_id backends__failed(struct backends *backends, const struct connection *c,
				  const char *reason, uint64_t now_ns);
/*
 * The backend of a client's connection, which remembers its place; another one may have got that in
 * the meantime. NULL: of none that is known.
 */
static inline struct backend *backends__of(struct backends *backends, const struct connection *c)
{
	struct backend *b = c->backend ? &backends->backend[c->backend - 1] : NULL;

	return b && b->address == c->backend_address && b->service == c->service ? b : NULL;
}
/*
 * Of local sockets the kernel tells neither a refused connect nor, at once, that the other side
 * hung up. Those that have not answered for a second are looked up every five seconds in
 * /proc/TGID/net/unix: where nobody listens, that is a failure.
 */
void backends__check_local(struct backends *backends, uint64_t now_ns);
/* The newest that was heard of it is a failure. */
bool backend__is_down(const struct backend *backend);
uint64_t backend__newest_ns(const struct backend *backend);

#endif
