/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Questions to a running daemon, at its local socket or its address. */
#ifndef SONDE_DAEMON_H
#define SONDE_DAEMON_H

#include <stddef.h>
#include "buffer.h"

/* A descriptor, or -errno: nobody listens there. address: "127.0.0.1:9867". */
int daemon__connect_local(const char *path);
int daemon__connect_tcp(const char *address);
/* One question a connection. out: the answer's body, NUL-terminated. 0, or -errno with one line in
 * error. */
int daemon__ask(int fd, const char *path, struct buffer *out, char *error, size_t size);

#endif
