/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who may keep a connection to the endpoint. A request's head must come, and an answer be taken,
 * within a time counted from the beginning (libmicrohttpd knows only of silence, which a byte now
 * and then breaks); where seats run out the one that has waited longest for a request must go, so
 * that a newcomer is heard whatever the others do. All functions from any thread.
 */
#ifndef SONDE_WEB_GUARD_H
#define SONDE_WEB_GUARD_H

#include <stdint.h>
#include <sys/socket.h>

#define GUARD_SEATS 64

struct guard;

struct guard_counts {
	uint64_t slow;	  /* closed: took too long */
	uint64_t crowded; /* closed: others came */
};

struct guard *guard__new(void); /* NULL: no memory */
void guard__free(struct guard *guard);
/* A connection was accepted. Its seat; NULL: there is none, which the caller's own limit decides.
 */
struct seat *guard__enter(struct guard *guard, int fd, const struct sockaddr *from,
			  uint64_t now_ns);
/* A request's head is there, its answer is sent, the connection is closed. NULL is tolerated. */
void guard__asked(struct guard *guard, struct seat *seat, uint64_t now_ns);
void guard__answered(struct guard *guard, struct seat *seat, uint64_t now_ns);
void guard__leave(struct guard *guard, struct seat *seat); /* before the descriptor is closed */
/* Ends what took too long; some times a minute. */
void guard__tick(struct guard *guard, uint64_t now_ns);
void guard__counts(struct guard *guard, struct guard_counts *out);

#endif
