/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Listening sockets, with errors that say what to do. */
#ifndef SONDE_LISTEN_H
#define SONDE_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

/* Whether it is written like one of those below; names are not looked up. */
bool listen__is_address(const char *address);

/* "127.0.0.1:9867", "[::1]:9867", ":9867" (all addresses), "localhost:9867". A descriptor, or
 * -errno with one line in error. */
int listen__tcp(const char *address, char *error, size_t size);
/* A socket file of mode 0600, or 0660 for the group; a stale one is replaced. The same. */
int listen__local(const char *path, const char *group, char *error, size_t size);

#endif
