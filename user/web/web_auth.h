/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Basic authentication (RFC 7617) against bcrypt hashes. Those are slow by design, so what was good
 * is remembered (a keyed hash of it, never the password), and guessing gets a share of the time.
 * One thread at a time.
 */
#ifndef SONDE_WEB_AUTH_H
#define SONDE_WEB_AUTH_H

#include <stdint.h>

struct web_auth;
struct web_config;

enum auth_answer {
	AUTH_GOOD,
	AUTH_BAD,
	AUTH_LATER, /* too much was tried; not looked at */
};

/* The configuration must live as long. NULL: no memory. */
struct web_auth *web_auth__new(const struct web_config *config);
void web_auth__free(struct web_auth *auth); /* tolerates NULL */
/* `authorization`: the header's value, NULL: none was sent. now_ns: monotonic. */
enum auth_answer web_auth__check(struct web_auth *auth, const char *authorization, uint64_t now_ns);

#endif
