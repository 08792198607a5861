/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "web/web_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "web/web_tls.h"
#include "whole_file.h"
#include "yaml_reader.h"

#define BCRYPT_LENGTH	60
#define BCRYPT_COST_MIN 4
#define BCRYPT_COST_MAX 16 /* some seconds; the next one would let scrapes wait for longer */
#define USER_NAME_MAX	128

static const char *const client_auth_names[] = {"NoClientCert",
						"RequestClientCert",
						"RequireAnyClientCert",
						"VerifyClientCertIfGiven",
						"RequireAndVerifyClientCert",
						NULL};
static const char *const versions[] = {"TLS10", "TLS11", "TLS12", "TLS13", NULL};

/* ---- basic_auth_users ---- */

static bool is_bcrypt(const char *hash)
{
	int cost;

	if (strlen(hash) != BCRYPT_LENGTH || hash[0] != '$' || hash[1] != '2' ||
	    !strchr("aby", hash[2]) || hash[3] != '$' || hash[6] != '$')
		return false;
	if (strspn(hash + 7, "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") !=
	    BCRYPT_LENGTH - 7)
		return false;
	if (hash[4] < '0' || hash[4] > '9' || hash[5] < '0' || hash[5] > '9')
		return false;
	cost = (hash[4] - '0') * 10 + hash[5] - '0';
	return cost >= BCRYPT_COST_MIN && cost <= BCRYPT_COST_MAX;
}

static bool is_known(const struct web_config *config, const char *name)
{
	for (size_t i = 0; i < config->user_count; i++)
		if (strcmp(config->user[i].name, name) == 0)
			return true;
	return false;
}

static void take_user(struct yaml_reader *r, const yaml_node_t *name_node,
		      const yaml_node_t *hash_node, struct web_config *config)
{
	const char *name = yaml__scalar(r, name_node);
	const char *hash = name ? yaml__scalar(r, hash_node) : NULL;
	struct web_user *user = &config->user[config->user_count];

	if (!hash)
		return;
	if (config->user_count == WEB_USERS_MAX) {
		yaml__fail(r, name_node, "at most %d users are possible", WEB_USERS_MAX);
	} else if (!name[0] || strlen(name) > USER_NAME_MAX || strchr(name, ':')) {
		yaml__fail(r, name_node,
			   "a user's name has 1 to %d bytes, and no colon (RFC 7617 section 2)",
			   USER_NAME_MAX);
	} else if (is_known(config, name)) {
		yaml__fail(r, name_node, "the user `%s` is given twice; keep one", name);
	} else if (!is_bcrypt(hash)) {
		yaml__fail(r, hash_node,
			   "the password of `%s` is no bcrypt hash of a cost from %d to %d; "
			   "`htpasswd -nBC 10 %s` makes one",
			   name, BCRYPT_COST_MIN, BCRYPT_COST_MAX, name);
	} else {
		config->user_count++;
		user->name = strdup(name);
		user->hash = strdup(hash);
		if (!user->name || !user->hash)
			yaml__fail(r, name_node, "no memory");
	}
}

/* A mapping without keys of its own: the names are the users'. */
static void read_users(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		       void *target)
{
	if (node->type != YAML_MAPPING_NODE) {
		yaml__fail(r, node, "%s is a mapping of names to bcrypt hashes", key->name);
		return;
	}
	for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
	     p < node->data.mapping.pairs.top && !r->failed; p++)
		take_user(r, yaml_document_get_node(&r->document, p->key),
			  yaml_document_get_node(&r->document, p->value), target);
}

/* ---- http_server_config ---- */

static void read_header(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			void *target)
{
	const char *text = yaml__scalar(r, node);
	struct web_config *config = target;
	struct web_header *header = &config->header[config->header_count];

	if (!text)
		return;
	for (const char *c = text; *c; c++)
		if (*c < ' ' || *c > '~') {
			yaml__fail(r, node, "%s: a header's value is printable ASCII", key->name);
			return;
		}
	header->name = key->name;
	header->value = strdup(text);
	if (header->value)
		config->header_count++;
	else
		yaml__fail(r, node, "no memory");
}

static const struct yaml_key header_keys[] = {
	{.name = "Strict-Transport-Security", .read = read_header},
	{.name = "X-Content-Type-Options", .read = read_header},
	{.name = "X-Frame-Options", .read = read_header},
	{.name = "X-XSS-Protection", .read = read_header},
	{.name = "Content-Security-Policy", .read = read_header},
	{0}};

/* HTTP/1.1 is spoken in any case, so either value is fine. */
static void read_http2(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		       void *target)
{
	bool ignored = false;

	(void)target;
	yaml__read_bool(r, node, key, &ignored);
}

static const struct yaml_key server_keys[] = {
	{.name = "headers", .read = yaml__read_mapping, .keys = header_keys},
	{.name = "http2", .read = read_http2},
	{0}};

/* ---- tls_server_config ---- */

#define TEXT(field)                                                                                \
	.offset = offsetof(struct web_config, field),                                              \
	.size = sizeof(((struct web_config *)0)->field)
#define COPY(name_)                                                                                \
	{                                                                                          \
		.name = #name_, .read = yaml__read_copy,                                           \
		.offset = offsetof(struct web_config, name_)                                       \
	}

static const struct yaml_key tls_keys[] = {
	COPY(cert_file),
	COPY(key_file),
	COPY(client_ca_file),
	{.name = "client_auth_type",
	 .read = yaml__read_text,
	 TEXT(client_auth_type),
	 .choices = client_auth_names},
	{.name = "min_version", .read = yaml__read_text, TEXT(min_version), .choices = versions},
	{.name = "max_version", .read = yaml__read_text, TEXT(max_version), .choices = versions},
	{0}};

static const struct yaml_key root_keys[] = {
	{.name = "tls_server_config", .read = yaml__read_mapping, .keys = tls_keys},
	{.name = "http_server_config", .read = yaml__read_mapping, .keys = server_keys},
	{.name = "basic_auth_users", .read = read_users},
	{0}};

static int version_of(const char *name, int otherwise)
{
	for (int i = 0; versions[i]; i++)
		if (strcmp(versions[i], name) == 0)
			return i;
	return otherwise;
}

/* GnuTLS's priority string (its manual, "Priority Strings"). */
static void set_priorities(struct web_config *c, int low, int high)
{
	int used = snprintf(c->priorities, sizeof(c->priorities), "NORMAL:-VERS-ALL");

	for (int v = high; v >= low; v--)
		used += snprintf(c->priorities + used, sizeof(c->priorities) - (size_t)used,
				 ":+VERS-TLS1.%d", v);
}

static void check_tls(struct yaml_reader *r, const yaml_node_t *node, struct web_config *c)
{
	int low = version_of(c->min_version, 2), high = version_of(c->max_version, 3);

	for (int i = 0; client_auth_names[i]; i++)
		if (strcmp(client_auth_names[i], c->client_auth_type) == 0)
			c->client_auth = (enum client_auth)i;
	if (!c->cert_file != !c->key_file)
		yaml__fail(r, node, "cert_file and key_file belong together; %s is missing",
			   c->cert_file ? "key_file" : "cert_file");
	else if (!c->cert_file)
		yaml__fail(r, node, "cert_file and key_file are missing");
	else if (low > high)
		yaml__fail(r, node, "min_version is above max_version");
	else if (c->client_ca_file && c->client_auth == CLIENT_AUTH_NONE)
		yaml__fail(r, node,
			   "client_ca_file needs a client_auth_type, like "
			   "RequireAndVerifyClientCert");
	else if (!c->client_ca_file && c->client_auth >= CLIENT_AUTH_VERIFY_IF_GIVEN)
		yaml__fail(r, node, "%s needs a client_ca_file", c->client_auth_type);
	set_priorities(c, low, high);
}

static void read_document(struct yaml_reader *r, struct web_config *c)
{
	const yaml_node_t *root = yaml_reader__root(r), *tls;

	if (!root)
		return;
	yaml__mapping(r, root, root_keys, c);
	tls = r->failed ? NULL : yaml__get(r, root, "tls_server_config");
	if (tls && tls->type == YAML_MAPPING_NODE)
		check_tls(r, tls, c);
}

int web_config__parse(const char *name, const char *text, size_t length, struct web_config **out,
		      char *error, size_t size)
{
	struct web_config *c = calloc(1, sizeof(*c));
	struct yaml_reader reader;

	if (!c) {
		snprintf(error, size, "%s: no memory", name);
		return -ENOMEM;
	}
	if (yaml_reader__open(&reader, name, text, length, error, size) == 0)
		read_document(&reader, c);
	yaml_reader__close(&reader);
	if (reader.failed) {
		web_config__free(c);
		return -EINVAL;
	}
	*out = c;
	return 0;
}

/* ---- the files ---- */

static int read_named(const char *folder, const char *path, char **out, char *error, size_t size)
{
	char whole[4096];
	size_t length;
	int err;

	if (!path)
		return 0;
	snprintf(whole, sizeof(whole), "%s%s", path[0] == '/' ? "" : folder, path);
	err = whole_file__read(whole, out, &length);
	if (err)
		snprintf(error, size, "%s: %s", whole, strerror(-err));
	return err;
}

/* "/etc/sonde/" of "/etc/sonde/web.yml", "" of "web.yml" */
static char *folder_of(const char *path)
{
	const char *last = strrchr(path, '/');

	return strndup(path, last ? (size_t)(last - path) + 1 : 0);
}

static int read_files(struct web_config *c, const char *path, char *error, size_t size)
{
	int err;

	c->folder = folder_of(path);
	if (!c->folder) {
		snprintf(error, size, "%s: no memory", path);
		return -ENOMEM;
	}
	err = read_named(c->folder, c->cert_file, &c->certificate, error, size);
	if (!err)
		err = read_named(c->folder, c->key_file, &c->key, error, size);
	if (!err)
		err = read_named(c->folder, c->client_ca_file, &c->authority, error, size);
	return err ? err : web_tls__check(path, c, error, size);
}

int web_config__load(const char *path, struct web_config **out, char *error, size_t size)
{
	struct web_config *c = NULL;
	char *text = NULL;
	size_t length = 0;
	int err = whole_file__read(path, &text, &length);

	if (err)
		snprintf(error, size, "%s: %s", path, strerror(-err));
	else
		err = web_config__parse(path, text, length, &c, error, size);
	free(text);
	if (!err)
		err = read_files(c, path, error, size);
	if (err)
		web_config__free(c);
	else
		*out = c;
	return err;
}

/* ---- the whole ---- */

bool web_config__has_tls(const struct web_config *config)
{
	return config && config->cert_file;
}

/* Not left behind in freed memory. */
static void forget(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void web_config__free(struct web_config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->user_count; i++) {
		free(c->user[i].name);
		forget(c->user[i].hash);
	}
	for (size_t i = 0; i < c->header_count; i++)
		free(c->header[i].value);
	free(c->folder);
	free(c->cert_file);
	free(c->key_file);
	free(c->client_ca_file);
	free(c->certificate);
	forget(c->key);
	free(c->authority);
	free(c);
}

static bool same_text(const char *a, const char *b)
{
	return !a == !b && (!a || strcmp(a, b) == 0);
}

static bool same_users(const struct web_config *a, const struct web_config *b)
{
	for (size_t i = 0; i < a->user_count; i++)
		if (!same_text(a->user[i].name, b->user[i].name) ||
		    !same_text(a->user[i].hash, b->user[i].hash))
			return false;
	return true;
}

static bool same_headers(const struct web_config *a, const struct web_config *b)
{
	for (size_t i = 0; i < a->header_count; i++)
		if (!same_text(a->header[i].name, b->header[i].name) ||
		    !same_text(a->header[i].value, b->header[i].value))
			return false;
	return true;
}

bool web_config__same(const struct web_config *a, const struct web_config *b)
{
	if (!a || !b)
		return a == b;
	return same_text(a->certificate, b->certificate) && same_text(a->key, b->key) &&
	       same_text(a->authority, b->authority) && same_text(a->priorities, b->priorities) &&
	       a->client_auth == b->client_auth && a->user_count == b->user_count &&
	       a->header_count == b->header_count && same_users(a, b) && same_headers(a, b);
}
