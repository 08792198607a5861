/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The web configuration file, in the format of Prometheus's exporters (exporter-toolkit,
 * docs/web-configuration.md): TLS, basic authentication, headers. docs/web.md tells what of it is
 * there.
 */
#ifndef SONDE_WEB_CONFIG_H
#define SONDE_WEB_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#define WEB_USERS_MAX	64
#define WEB_HEADERS_MAX 5

enum client_auth {
	CLIENT_AUTH_NONE,
	CLIENT_AUTH_REQUEST,	     /* asked for, whatever comes is fine */
	CLIENT_AUTH_REQUIRE_ANY,     /* some certificate must come */
	CLIENT_AUTH_VERIFY_IF_GIVEN, /* what comes must be of client_ca_file */
	CLIENT_AUTH_REQUIRE_VERIFIED,
};

struct web_user {
	char *name;
	char *hash; /* bcrypt, as crypt(3) takes it */
};

struct web_header {
	const char *name;
	char *value; /* "" leaves it out */
};

struct web_config {
	char *folder; /* relative paths begin there */
	char *cert_file, *key_file, *client_ca_file;
	char *certificate, *key, *authority; /* what those hold: PEM; NULL: none */
	char client_auth_type[32], min_version[8], max_version[8];
	enum client_auth client_auth;
	char priorities[128]; /* GnuTLS's, of the versions */
	struct web_user user[WEB_USERS_MAX];
	size_t user_count;
	struct web_header header[WEB_HEADERS_MAX];
	size_t header_count;
};

/* TLS is spoken. */
bool web_config__has_tls(const struct web_config *config);
/*
 * Reads the file and those it names, and tries certificate and key. 0, or -errno with one line in
 * error; *out is then untouched.
 */
int web_config__load(const char *path, struct web_config **out, char *error, size_t size);
/* The same of a text, without looking at the files it names. */
int web_config__parse(const char *name, const char *text, size_t length, struct web_config **out,
		      char *error, size_t size);
void web_config__free(struct web_config *config); /* tolerates NULL */
/* Serving either makes no difference: the files' contents are compared as well. NULL: none. */
bool web_config__same(const struct web_config *a, const struct web_config *b);

#endif
