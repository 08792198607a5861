/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What of TLS is not libmicrohttpd's: whether the files are good, and whether a client is. */
#ifndef SONDE_WEB_TLS_H
#define SONDE_WEB_TLS_H

#include <stdbool.h>
#include <stddef.h>

struct MHD_Connection;
struct web_config;

/* Certificate, key and authority can be used, and fit. 0, or -EINVAL with one line in error. */
int web_tls__check(const char *path, const struct web_config *config, char *error, size_t size);
/* The client has shown what client_auth_type asks for. After the handshake. */
bool web_tls__admits(const struct web_config *config, struct MHD_Connection *connection);

#endif
