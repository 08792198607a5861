/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "web/web_auth.h"

#include <crypt.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include "web/web_config.h"

#define DIGEST_SIZE 32 /* SHA-256 */
#define KNOWN_MAX   64
#define SECOND_NS   1000000000ull
#define BUDGET_NS   SECOND_NS /* of hashing at once */
#define SHARE	    8	      /* then one part in so many of the time */
#define HEADER_MAX  1024

struct web_auth {
	const struct web_config *config;
	unsigned char key[DIGEST_SIZE];
	unsigned char known[KNOWN_MAX][DIGEST_SIZE]; /* credentials that were good */
	uint32_t known_count, next;
	int64_t budget_ns; /* below zero: the last one took more than there was */
	uint64_t paid_ns;  /* when it was last added to */
	struct crypt_data crypt;
};

struct web_auth *web_auth__new(const struct web_config *config)
{
	struct web_auth *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->config = config;
	a->budget_ns = BUDGET_NS;
	if (gnutls_rnd(GNUTLS_RND_KEY, a->key, sizeof(a->key))) {
		free(a);
		return NULL;
	}
	return a;
}

void web_auth__free(struct web_auth *a)
{
	if (!a)
		return;
	explicit_bzero(a, sizeof(*a));
	free(a);
}

static bool same(const void *a, const void *b, size_t length)
{
	return gnutls_memcmp(a, b, length) == 0;
}

static bool is_remembered(const struct web_auth *a, const unsigned char *digest)
{
	for (uint32_t i = 0; i < a->known_count; i++)
		if (same(a->known[i], digest, DIGEST_SIZE))
			return true;
	return false;
}

static void remember(struct web_auth *a, const unsigned char *digest)
{
	memcpy(a->known[a->next], digest, DIGEST_SIZE);
	a->next = (a->next + 1) % KNOWN_MAX;
	if (a->known_count < KNOWN_MAX)
		a->known_count++;
}

static const struct web_user *user_named(const struct web_config *c, const char *name)
{
	for (size_t i = 0; i < c->user_count; i++)
		if (strcmp(c->user[i].name, name) == 0)
			return &c->user[i];
	return NULL;
}

/* An unknown name takes as long as a known one, so that names cannot be found out by the time. */
static bool is_right(struct web_auth *a, const char *name, const char *password)
{
	const struct web_user *user = user_named(a->config, name);
	const char *hash = user ? user->hash : a->config->user[0].hash;
	const char *got = crypt_r(password, hash, &a->crypt);
	bool right = got && strlen(got) == strlen(hash) && same(got, hash, strlen(hash));

	explicit_bzero(&a->crypt, sizeof(a->crypt));
	return right && user;
}

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static bool has_budget(struct web_auth *a, uint64_t now_ns)
{
	if (a->paid_ns && now_ns > a->paid_ns)
		a->budget_ns += (int64_t)((now_ns - a->paid_ns) / SHARE);
	a->paid_ns = now_ns;
	if (a->budget_ns > (int64_t)BUDGET_NS)
		a->budget_ns = BUDGET_NS;
	return a->budget_ns > 0;
}

/* `plain`: "name:password" */
static enum auth_answer check(struct web_auth *a, char *plain, size_t length, uint64_t now_ns)
{
	unsigned char digest[DIGEST_SIZE];
	char *colon = strchr(plain, ':');
	uint64_t begun;
	bool right;

	if (strlen(plain) != length || !colon ||
	    gnutls_hmac_fast(GNUTLS_MAC_SHA256, a->key, sizeof(a->key), plain, length, digest))
		return AUTH_BAD;
	if (is_remembered(a, digest))
		return AUTH_GOOD;
	if (!has_budget(a, now_ns))
		return AUTH_LATER;
	*colon = '\0';
	begun = cpu_ns();
	right = is_right(a, plain, colon + 1);
	a->budget_ns -= (int64_t)(cpu_ns() - begun);
	if (right)
		remember(a, digest);
	return right ? AUTH_GOOD : AUTH_BAD;
}

enum auth_answer web_auth__check(struct web_auth *a, const char *authorization, uint64_t now_ns)
{
	gnutls_datum_t coded, decoded;
	char plain[HEADER_MAX];
	enum auth_answer answer = AUTH_BAD;

	if (!authorization || strncasecmp(authorization, "Basic ", 6) != 0 ||
	    strlen(authorization) > HEADER_MAX)
		return AUTH_BAD;
	authorization += 6 + strspn(authorization + 6, " ");
	coded = (gnutls_datum_t){(unsigned char *)authorization,
				 (unsigned int)strlen(authorization)};
	if (!coded.size || gnutls_base64_decode2(&coded, &decoded))
		return AUTH_BAD;
	if (decoded.size < sizeof(plain)) {
		memcpy(plain, decoded.data, decoded.size);
		plain[decoded.size] = '\0';
		answer = check(a, plain, decoded.size, now_ns);
	}
	explicit_bzero(plain, sizeof(plain));
	explicit_bzero(decoded.data, decoded.size);
	gnutls_free(decoded.data);
	return answer;
}
