/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "web/listen.h"
#include "health_settings.h"
#include "memory_limit.h"
#include "pool_settings.h"
#include "quantity.h"
#include "queues/queue_settings.h"
#include "rules/rule_set.h"
#include "service/service_set.h"
#include "whole_file.h"
#include "yaml_reader.h"

void config__defaults(struct config *config)
{
	static const uint16_t ports[] = {80, 8000, 8080, 8888, 3000, 5000, 9000};

	memset(config, 0, sizeof(*config));
	strcpy(config->web.listen_address, "127.0.0.1:9867");
	strcpy(config->web.socket, "/run/sonde/sonde.sock");
	config->capture.way = CAPTURE_AUTO;
	config->capture.ring_bytes = 8 << 20;
	config->areas = true;
	config->tls.enabled = true;
	config->hardening.enabled = true;
	config->time_shares = true;
	config->limits.connections = 100000;
	config->limits.routes_per_service = 200;
	config->limits.statements = 2000;
	config->keys.templates = 200;
	config->limits.series = 2000;
	config->limits.idle_seconds = 3600;
	memcpy(config->http_ports, ports, sizeof(ports));
	strcpy(config->kubernetes.logs, "/var/log/containers");
	strcpy(config->log.level, "info");
	strcpy(config->log.format, "logfmt");
}

/* An idle daemon takes 0.2 to 0.4 % of a core (docs/limits.md): less would sample for ever. */
#define CPU_MIN 5000

int config__cpu(const char *text, uint32_t *millionths, char *error, size_t size)
{
	uint32_t share = 0;

	if (strcmp(text, "none") != 0 && (quantity__share(text, &share) || share < CPU_MIN)) {
		snprintf(error, size,
			 "cannot be `%.40s`; it is a share of one core from 0.5%% on, like 2%% or "
			 "0.02, or none",
			 text);
		return -EINVAL;
	}
	*millionths = share;
	return 0;
}

int config__memory(const char *text, uint64_t *bytes, char *error, size_t size)
{
	uint64_t limit = 0;

	if (strcmp(text, "none") != 0 && (quantity__size(text, &limit) || !limit)) {
		snprintf(error, size, "cannot be `%.40s`; it is a size like 64M or 64MiB, or none",
			 text);
		return -EINVAL;
	}
	*bytes = limit;
	return 0;
}

/* The ring is mapped, so it counts as resident. */
int config__check(const struct config *config, char *error, size_t size)
{
	uint64_t least = MEMORY_LIMIT_MIN + config->capture.ring_bytes;

	if (!config->limits.memory || config->limits.memory >= least)
		return 0;
	snprintf(error, size,
		 "a memory limit of %llu bytes is too low; with a ring of %u KiB it takes %lluMiB "
		 "at least",
		 (unsigned long long)config->limits.memory, config->capture.ring_bytes >> 10,
		 (unsigned long long)(least + (1 << 20) - 1) >> 20);
	return -EINVAL;
}

/* ---- keys that are more than a table line ---- */

static void read_memory(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			void *target)
{
	const char *text = yaml__scalar(r, node);
	char error[160];

	if (text && config__memory(text, target, error, sizeof(error)))
		yaml__fail(r, node, "%s %s", key->name, error);
}

static void read_cpu(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		     void *target)
{
	const char *text = yaml__scalar(r, node);
	char error[160];

	if (text && config__cpu(text, target, error, sizeof(error)))
		yaml__fail(r, node, "%s %s", key->name, error);
}

static void read_way(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		     void *target)
{
	const char *text = yaml__scalar(r, node);

	if (text && capture_way__parse(text, target))
		yaml__fail(r, node,
			   "%s cannot be `%.40s`; it is one of: auto, socket_tracepoints, fexit, "
			   "sys_exit",
			   key->name, text);
}

static void read_address(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			 void *target)
{
	const char *text = yaml__scalar(r, node);

	if (text && text[0] && !listen__is_address(text))
		yaml__fail(r, node,
			   "%s cannot be `%.60s`; write it like 127.0.0.1:9867 or [::1]:9867, or "
			   "\"\" for none",
			   key->name, text);
	else
		yaml__read_text(r, node, key, target);
}

static void read_ring(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		      void *target)
{
	uint32_t bytes = 0;

	yaml__read_bytes(r, node, key, &bytes);
	if (r->failed)
		return;
	if (bytes & (bytes - 1))
		yaml__fail(r, node, "%s must be a power of two, like 8MiB", key->name);
	else
		*(uint32_t *)target = bytes;
}

static void read_naming(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			void *target)
{
	const char *text = yaml__scalar(r, node);

	if (text && naming__parse(text, target))
		yaml__fail(r, node, "%s cannot be `%.40s`; it is one of: spec, otel, both",
			   key->name, text);
}

struct list {
	struct config *config;
	size_t count;
};

static bool has_room(struct yaml_reader *r, const yaml_node_t *item, const struct list *list)
{
	if (list->count < CONFIG_LIST_MAX)
		return true;
	yaml__fail(r, item, "the list is too long; at most %d items", CONFIG_LIST_MAX);
	return false;
}

static void take_route(struct yaml_reader *r, const yaml_node_t *item, void *context)
{
	struct list *list = context;
	const char *text = yaml__scalar(r, item);

	if (!text || !has_room(r, item, list))
		return;
	if (text[0] != '/' || strlen(text) > 200)
		yaml__fail(r, item,
			   "a route is a path of at most 200 bytes, like /orders/{order}/items");
	else if (!(list->config->routes[list->count++] = strdup(text)))
		yaml__fail(r, item, "no memory");
}

static void take_key_pattern(struct yaml_reader *r, const yaml_node_t *item, void *context)
{
	struct list *list = context;
	const char *text = yaml__scalar(r, item);

	if (!text || !has_room(r, item, list))
		return;
	if (!text[0] || strlen(text) > KEY_PATTERN_MAX)
		yaml__fail(r, item, "a pattern of keys has 1 to %d bytes, like user:*:session",
			   KEY_PATTERN_MAX);
	else if (!(list->config->keys.patterns[list->count++] = strdup(text)))
		yaml__fail(r, item, "no memory");
}

static void add_executable(struct yaml_reader *r, const yaml_node_t *item, void *context)
{
	const char *name = yaml__scalar(r, item);
	int err = name ? tls_names__add(context, name) : 0;

	if (err == -E2BIG)
		yaml__fail(r, item, "more than %d executables", TLS_NAMES_MAX);
	else if (err)
		yaml__fail(r, item,
			   "`%.80s` is no executable's name; it is 1 to %d bytes, without folders",
			   name, TLS_NAME_BYTES - 1);
}

static void read_executables(struct yaml_reader *r, const yaml_node_t *node,
			     const struct yaml_key *key, void *target)
{
	struct tls_names *names = target;

	(void)key;
	names->count = 0;
	yaml__each(r, node, add_executable, names);
}

static void read_routes(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			void *target)
{
	struct list list = {.config = target};

	(void)key;
	yaml__each(r, node, take_route, &list);
}

static void read_key_patterns(struct yaml_reader *r, const yaml_node_t *node,
			      const struct yaml_key *key, void *target)
{
	struct list list = {.config = target};

	(void)key;
	yaml__each(r, node, take_key_pattern, &list);
}

static void take_port(struct yaml_reader *r, const yaml_node_t *item, void *context)
{
	static const struct yaml_key port = {.name = "a port", .low = 1, .high = 65535};
	struct list *list = context;
	uint32_t number = 0;

	if (!has_room(r, item, list))
		return;
	yaml__read_u32(r, item, &port, &number);
	list->config->http_ports[list->count++] = (uint16_t)number;
}

static void read_ports(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		       void *target)
{
	struct list list = {.config = target};

	(void)key;
	memset(list.config->http_ports, 0, sizeof(list.config->http_ports));
	yaml__each(r, node, take_port, &list);
}

static void read_rules(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		       void *target)
{
	struct rule_set **set = target;

	(void)key;
	*set = rule_set__read(r, node);
	if (!*set)
		yaml__fail(r, node, "no memory");
}

static void read_services(struct yaml_reader *r, const yaml_node_t *node,
			  const struct yaml_key *key, void *target)
{
	struct service_set **set = target;

	(void)key;
	*set = service_set__read(r, node);
	if (!*set)
		yaml__fail(r, node, "no memory");
}

static void read_queues(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			void *target)
{
	struct queue_settings **settings = target;

	(void)key;
	*settings = queue_settings__read(r, node);
	if (!*settings)
		yaml__fail(r, node, "no memory");
}

static void read_pools(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		       void *target)
{
	struct pool_settings **settings = target;

	(void)key;
	*settings = pool_settings__read(r, node);
	if (!*settings)
		yaml__fail(r, node, "no memory");
}

static struct health_settings *health_of(struct yaml_reader *r, const yaml_node_t *node,
					 struct health_settings **settings)
{
	if (!*settings)
		*settings = health_settings__new();
	if (!*settings)
		yaml__fail(r, node, "no memory");
	return *settings;
}

static void read_health(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			void *target)
{
	struct health_settings *settings = health_of(r, node, target);

	(void)key;
	if (settings)
		health_settings__read(r, node, settings);
}

static void read_summary(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			 void *target)
{
	struct health_settings *settings = health_of(r, node, target);

	(void)key;
	if (settings)
		health_settings__read_summary(r, node, settings);
}

/* ---- the tables ---- */

#define AT(field) .offset = offsetof(struct config, field)
#define TEXT(key, field)                                                                           \
	{                                                                                          \
		.name = key, .read = yaml__read_text, AT(field),                                   \
		.size = sizeof(((struct config *)0)->field)                                        \
	}
#define CHOICE(key, field, list)                                                                   \
	{                                                                                          \
		.name = key, .read = yaml__read_text, AT(field),                                   \
		.size = sizeof(((struct config *)0)->field), .choices = list                       \
	}
#define NUMBER(key, field, min, max)                                                               \
	{                                                                                          \
		.name = key, .read = yaml__read_u32, AT(field), .low = min, .high = max            \
	}
#define SECTION(key, table)                                                                        \
	{                                                                                          \
		.name = key, .read = yaml__read_mapping, .keys = table                             \
	}

static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const formats[] = {"logfmt", "json", NULL};

static const struct yaml_key web_keys[] = {
	{.name = "listen_address",
	 .read = read_address,
	 AT(web.listen_address),
	 .size = sizeof(((struct config *)0)->web.listen_address)},
	TEXT("socket", web.socket),
	TEXT("socket_group", web.socket_group),
	TEXT("config_file", web.config_file),
	{0},
};

static const struct yaml_key capture_keys[] = {
	{.name = "way", .read = read_way, AT(capture.way)},
	{.name = "areas", .read = yaml__read_bool, AT(areas)},
	{.name = "ring", .read = read_ring, AT(capture.ring_bytes), .low = 65536, .high = 1 << 30},
	{0},
};

static const struct yaml_key tls_keys[] = {
	{.name = "enabled", .read = yaml__read_bool, AT(tls.enabled)},
	{.name = "include", .read = read_executables, AT(tls.filter.include)},
	{.name = "exclude", .read = read_executables, AT(tls.filter.exclude)},
	{0},
};

static const struct yaml_key hardening_keys[] = {
	{.name = "enabled", .read = yaml__read_bool, AT(hardening.enabled)},
	{0},
};

static const struct yaml_key limit_keys[] = {
	NUMBER("connections", limits.connections, 16, 10000000),
	NUMBER("routes_per_service", limits.routes_per_service, 1, 100000),
	NUMBER("statements", limits.statements, 1, 1000000),
	NUMBER("key_patterns", keys.templates, 1, 10000),
	NUMBER("series", limits.series, 10, 1000000),
	{.name = "idle", .read = yaml__read_seconds, AT(limits.idle_seconds), .high = 864000},
	{.name = "cpu", .read = read_cpu, AT(limits.cpu)},
	{.name = "memory", .read = read_memory, AT(limits.memory)},
	{0},
};

static const struct yaml_key key_keys[] = {
	{.name = "patterns", .read = read_key_patterns},
	{.name = "automatic", .read = yaml__read_bool, AT(keys.automatic)},
	{0},
};

static const struct yaml_key kubernetes_keys[] = {
	TEXT("logs", kubernetes.logs),
	{0},
};

static const struct yaml_key metrics_keys[] = {
	{.name = "naming", .read = read_naming, AT(formats.naming)},
	{.name = "native_histograms", .read = yaml__read_bool, AT(formats.native_histograms)},
	{.name = "exemplars", .read = yaml__read_bool, AT(formats.exemplars)},
	{0},
};

static const struct yaml_key log_keys[] = {
	CHOICE("level", log.level, levels),
	CHOICE("format", log.format, formats),
	{0},
};

static const struct yaml_key root_keys[] = {
	SECTION("web", web_keys),
	SECTION("capture", capture_keys),
	SECTION("tls", tls_keys),
	SECTION("limits", limit_keys),
	{.name = "routes", .read = read_routes},
	SECTION("keys", key_keys),
	{.name = "http_ports", .read = read_ports},
	{.name = "services", .read = read_services, AT(services)},
	{.name = "rules", .read = read_rules, AT(rules)},
	{.name = "queues", .read = read_queues, AT(queues)},
	{.name = "pools", .read = read_pools, AT(pools)},
	{.name = "health", .read = read_health, AT(health)},
	{.name = "summary", .read = read_summary, AT(health)},
	{.name = "time_shares", .read = yaml__read_bool, AT(time_shares)},
	SECTION("metrics", metrics_keys),
	SECTION("hardening", hardening_keys),
	SECTION("kubernetes", kubernetes_keys),
	SECTION("log", log_keys),
	{0},
};

/* With the line of the limit, or of the ring's where that came by itself. */
static void check_memory(struct yaml_reader *r, const struct config *config, int err)
{
	const yaml_node_t *root = err ? NULL : yaml_reader__root(r);
	const yaml_node_t *limits = root ? yaml__get(r, root, "limits") : NULL;
	char error[160];

	if (limits && !r->failed && config__check(config, error, sizeof(error)))
		yaml__fail(r, yaml__get(r, limits, "memory"), "%s", error);
}

int config__parse(const char *name, const char *text, size_t length, struct config *config,
		  char *error, size_t size)
{
	struct yaml_reader reader;
	struct config fresh;
	int err = yaml_reader__open(&reader, name, text, length, error, size);

	config__defaults(&fresh);
	if (!err && yaml_reader__root(&reader)) {
		yaml__mapping(&reader, yaml_reader__root(&reader), root_keys, &fresh);
		queue_settings__check(&reader,
				      yaml__get(&reader, yaml_reader__root(&reader), "queues"),
				      fresh.queues, fresh.rules);
	}
	check_memory(&reader, &fresh, err);
	if (reader.failed)
		err = -EINVAL;
	yaml_reader__close(&reader);
	if (err) {
		config__clear(&fresh);
		return err;
	}
	config__clear(config);
	*config = fresh;
	return 0;
}

int config__load(const char *path, struct config *config, char *error, size_t size)
{
	char *text = NULL;
	size_t length = 0;
	int err = whole_file__read(path, &text, &length);

	if (err)
		snprintf(error, size, "%s: %s", path, strerror(-err));
	else
		err = config__parse(path, text, length, config, error, size);
	free(text);
	return err;
}

void config__clear(struct config *config)
{
	for (size_t i = 0; i < CONFIG_LIST_MAX; i++) {
		free(config->routes[i]);
		config->routes[i] = NULL;
		free(config->keys.patterns[i]);
		config->keys.patterns[i] = NULL;
	}
	service_set__free(config->services);
	config->services = NULL;
	rule_set__free(config->rules);
	config->rules = NULL;
	queue_settings__free(config->queues);
	config->queues = NULL;
	health_settings__free(config->health);
	config->health = NULL;
	pool_settings__free(config->pools);
	config->pools = NULL;
}

void config__keys(const struct config *config, struct key_options *out)
{
	out->patterns = (const char *const *)config->keys.patterns;
	out->automatic = config->keys.automatic;
	out->templates = config->keys.templates;
}

void config__engine(const struct config *config, struct engine_options *out)
{
	out->labels.routes_per_service = config->limits.routes_per_service;
	out->labels.statements = config->limits.statements;
	out->labels.route_patterns = (const char *const *)config->routes;
	config__keys(config, &out->keys);
	out->connections_max = config->limits.connections;
	out->http_ports = config->http_ports;
	out->services = config->services;
	out->pod_logs = config->kubernetes.logs;
}
