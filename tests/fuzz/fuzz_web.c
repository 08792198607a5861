/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The web configuration, and what clients send as credentials. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "web/web_auth.h"
#include "web/web_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char users[] = "basic_auth_users:\n"
			    "  a: $2b$04$abcdefghijklmnopqrstuuAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";

static void authorise(const uint8_t *data, size_t size)
{
	static struct web_config *config;
	static struct web_auth *auth;
	static uint64_t now_ns;
	char error[256], *header = strndup((const char *)data, size);

	if (!config &&
	    web_config__parse("users", users, sizeof(users) - 1, &config, error, sizeof(error)))
		abort();
	if (!auth)
		auth = web_auth__new(config);
	if (auth && header && web_auth__check(auth, header, now_ns += 1000) == AUTH_GOOD)
		abort(); /* no password has such a hash: its last bits are never set (bcrypt) */
	free(header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct web_config *config = NULL;
	char error[256] = "";

	if (web_config__parse("fuzz", (const char *)data, size, &config, error, sizeof(error)) &&
	    (!error[0] || config))
		abort();
	web_config__free(config);
	authorise(data, size);
	return 0;
}
