/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "web/guard.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS   1000000000ull
#define HEAD_NS	    (10 * SECOND_NS) /* from the connection to the first request's head */
#define IDLE_NS	    (90 * SECOND_NS) /* from an answer to the next head: beyond usual scrapes */
#define ANSWER_NS   (30 * SECOND_NS)
#define ADDRESS_MAX 32		       /* seats of one address */
#define CROWDED	    (GUARD_SEATS - 16) /* those left are for what is accepted meanwhile */

enum phase { WAITS_FIRST, WAITS_NEXT, ANSWERS };

struct seat {
	int fd; /* -1: free */
	enum phase phase;
	bool ended; /* was told to go */
	uint64_t since_ns;
	struct in6_addr address;
};

struct guard {
	pthread_mutex_t lock;
	struct guard_counts counts;
	struct seat seat[GUARD_SEATS];
};

struct guard *guard__new(void)
{
	struct guard *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	pthread_mutex_init(&g->lock, NULL);
	for (int i = 0; i < GUARD_SEATS; i++)
		g->seat[i].fd = -1;
	return g;
}

void guard__free(struct guard *g)
{
	free(g);
}

/* Of AF_UNIX all are one. */
static struct in6_addr address_of(const struct sockaddr *from)
{
	struct in6_addr address = {0};

	if (from && from->sa_family == AF_INET6)
		address = ((const struct sockaddr_in6 *)from)->sin6_addr;
	else if (from && from->sa_family == AF_INET)
		address.s6_addr32[3] = ((const struct sockaddr_in *)from)->sin_addr.s_addr;
	return address;
}

/* The server's thread sees the end of the stream and closes; the descriptor stays its own. */
static void end(struct seat *s, uint64_t *count)
{
	shutdown(s->fd, SHUT_RDWR);
	s->ended = true;
	++*count;
}

static bool may_go(const struct seat *s)
{
	return s->fd >= 0 && !s->ended && s->phase != ANSWERS;
}

/* Of the address, or (NULL) of all: ends the one that has waited longest, where there are `most`.
 */
static void make_room(struct guard *g, const struct in6_addr *address, int most)
{
	struct seat *oldest = NULL;
	int count = 0;

	for (struct seat *s = g->seat; s < g->seat + GUARD_SEATS; s++) {
		if (s->fd < 0 || s->ended ||
		    (address && memcmp(&s->address, address, sizeof(*address)) != 0))
			continue;
		count++;
		if (may_go(s) && (!oldest || s->since_ns < oldest->since_ns))
			oldest = s;
	}
	if (count >= most && oldest)
		end(oldest, &g->counts.crowded);
}

static struct seat *take_seat(struct guard *g)
{
	for (struct seat *s = g->seat; s < g->seat + GUARD_SEATS; s++)
		if (s->fd < 0)
			return s;
	return NULL;
}

struct seat *guard__enter(struct guard *g, int fd, const struct sockaddr *from, uint64_t now_ns)
{
	struct in6_addr address = address_of(from);
	struct seat *s;

	pthread_mutex_lock(&g->lock);
	make_room(g, &address, ADDRESS_MAX);
	make_room(g, NULL, CROWDED);
	s = take_seat(g);
	if (s)
		*s = (struct seat){.fd = fd, .since_ns = now_ns, .address = address};
	pthread_mutex_unlock(&g->lock);
	return s;
}

static void move(struct guard *g, struct seat *s, enum phase phase, uint64_t now_ns)
{
	if (!s)
		return;
	pthread_mutex_lock(&g->lock);
	s->phase = phase;
	s->since_ns = now_ns;
	pthread_mutex_unlock(&g->lock);
}

void guard__asked(struct guard *g, struct seat *s, uint64_t now_ns)
{
	move(g, s, ANSWERS, now_ns);
}

void guard__answered(struct guard *g, struct seat *s, uint64_t now_ns)
{
	move(g, s, WAITS_NEXT, now_ns);
}

void guard__leave(struct guard *g, struct seat *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&g->lock);
	s->fd = -1;
	pthread_mutex_unlock(&g->lock);
}

void guard__tick(struct guard *g, uint64_t now_ns)
{
	static const uint64_t limit_ns[] = {
		[WAITS_FIRST] = HEAD_NS, [WAITS_NEXT] = IDLE_NS, [ANSWERS] = ANSWER_NS};

	pthread_mutex_lock(&g->lock);
	for (struct seat *s = g->seat; s < g->seat + GUARD_SEATS; s++)
		if (s->fd >= 0 && !s->ended && now_ns > s->since_ns &&
		    now_ns - s->since_ns > limit_ns[s->phase])
			end(s, &g->counts.slow);
	pthread_mutex_unlock(&g->lock);
}

void guard__counts(struct guard *g, struct guard_counts *out)
{
	pthread_mutex_lock(&g->lock);
	*out = g->counts;
	pthread_mutex_unlock(&g->lock);
}
