/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The HTTP endpoints, on TCP and on a local socket (libmicrohttpd, threads of its own). Everything
 * is made from snapshots: a scrape never stops the observation.
 */
#ifndef SONDE_WEB_H
#define SONDE_WEB_H

#include <stddef.h>

struct web;
struct web_config;
struct snapshot;
struct tail;

struct web_options {
	const char *listen_address;	 /* "127.0.0.1:9867", "[::1]:9867", ":9867"; "" none */
	const char *socket;		 /* path of a local socket; "" none */
	const char *socket_group;	 /* group that may use it; "" only the owner */
	const struct web_config *config; /* of TCP; NULL: plain, for everybody. Lives as long */
	struct snapshot *(*snapshot)(
		void *context); /* a new one, from any thread; NULL: none to be had */
	void *context;
	struct tail *tail; /* NULL: exchanges are not shown one by one */
};

/*
 * 0, or -errno with one line in error: an address that is none, a port that is taken, a group that
 * does not exist. Nothing is served then. A stale local socket is replaced, a live one is not.
 */
int web__start(const struct web_options *options, struct web **out, char *error, size_t size);
/* Now and then: ends connections that take too long. Tolerates NULL. */
void web__tick(struct web *web);
void web__stop(struct web *web); /* tolerates NULL; removes the local socket */

#endif
