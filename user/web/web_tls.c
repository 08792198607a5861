/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "web/web_tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include "web/web_config.h"

static gnutls_datum_t datum_of(char *text)
{
	return (gnutls_datum_t){(unsigned char *)text, (unsigned int)strlen(text)};
}

static int check(gnutls_certificate_credentials_t credentials, const char *path,
		 const struct web_config *c, char *error, size_t size)
{
	gnutls_datum_t certificate = datum_of(c->certificate), key = datum_of(c->key), authority;
	int got = gnutls_certificate_set_x509_key_mem(credentials, &certificate, &key,
						      GNUTLS_X509_FMT_PEM);

	if (got < 0) {
		snprintf(error, size, "%s: certificate %s with key %s: %s", path, c->cert_file,
			 c->key_file, gnutls_strerror(got));
		return -EINVAL;
	}
	if (!c->authority)
		return 0;
	authority = datum_of(c->authority);
	got = gnutls_certificate_set_x509_trust_mem(credentials, &authority, GNUTLS_X509_FMT_PEM);
	if (got > 0)
		return 0;
	snprintf(error, size, "%s: client_ca_file %s: %s", path, c->client_ca_file,
		 got ? gnutls_strerror(got) : "there is no certificate in it");
	return -EINVAL;
}

int web_tls__check(const char *path, const struct web_config *c, char *error, size_t size)
{
	gnutls_certificate_credentials_t credentials;
	int err;

	if (!c->certificate)
		return 0;
	if (gnutls_certificate_allocate_credentials(&credentials)) {
		snprintf(error, size, "%s: no memory", path);
		return -ENOMEM;
	}
	err = check(credentials, path, c, error, size);
	gnutls_certificate_free_credentials(credentials);
	return err;
}

/* libmicrohttpd asks for a certificate and leaves what comes to us. */
bool web_tls__admits(const struct web_config *c, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info;
	unsigned int count = 0, status = 0;

	if (!web_config__has_tls(c) || c->client_auth <= CLIENT_AUTH_REQUEST)
		return true;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (!info || !info->tls_session)
		return false;
	if (!gnutls_certificate_get_peers(info->tls_session, &count) || !count)
		return c->client_auth == CLIENT_AUTH_VERIFY_IF_GIVEN;
	if (c->client_auth == CLIENT_AUTH_REQUIRE_ANY)
		return true;
	return gnutls_certificate_verify_peers2(info->tls_session, &status) == 0 && status == 0;
}
