/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "pool_settings.h"

#include <stdlib.h>
#include <string.h>
#include "rules/glob.h"
#include "rules/rule_set.h"

#define CONNECTIONS_LIMIT 1000000

static void read_texts(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		       void *target)
{
	(void)key;
	rule__read_texts(r, node, target);
}

static void read_per(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		     void *target)
{
	const char *text = yaml__scalar(r, node);
	bool process = text && strcmp(text, "process") == 0;

	if (text && !process && strcmp(text, "service") != 0)
		yaml__fail(r, node, "%s cannot be `%.40s`; it is one of: service, process",
			   key->name, text);
	*(bool *)target = process;
}

static void read_milliseconds(struct yaml_reader *r, const yaml_node_t *node,
			      const struct yaml_key *key, void *target)
{
	unsigned long long ms = yaml__duration(r, node) / 1000000;

	if (ms > UINT32_MAX)
		yaml__fail(r, node, "%s is at most 49 days", key->name);
	*(uint32_t *)target = (uint32_t)ms;
}

#define AT(field) .offset = offsetof(struct pool_setting, field)

static const struct yaml_key keys[] = {
	{.name = "service", .read = read_texts, AT(service)},
	{.name = "database", .read = read_texts, AT(database)},
	{.name = "max", .read = yaml__read_u32, AT(max), .low = 1, .high = CONNECTIONS_LIMIT},
	{.name = "min", .read = yaml__read_u32, AT(min), .low = 0, .high = CONNECTIONS_LIMIT},
	{.name = "per", .read = read_per, AT(per_process)},
	{.name = "idle_timeout", .read = read_milliseconds, AT(idle_timeout_ms)},
	{.name = "connection_timeout", .read = read_milliseconds, AT(connection_timeout_ms)},
	{0},
};

static void take_setting(struct yaml_reader *r, const yaml_node_t *item, void *context)
{
	struct pool_settings *settings = context;
	struct pool_setting *s = &settings->setting[settings->count];

	if (settings->count == POOL_SETTINGS_MAX) {
		yaml__fail(r, item, "there are too many pools; at most %d", POOL_SETTINGS_MAX);
		return;
	}
	settings->count++;
	yaml__mapping(r, item, keys, s);
	if (r->failed)
		return;
	s->has_max = yaml__get(r, item, "max");
	s->has_min = yaml__get(r, item, "min");
	s->has_idle_timeout = yaml__get(r, item, "idle_timeout");
	s->has_connection_timeout = yaml__get(r, item, "connection_timeout");
	if (s->has_max && s->has_min && s->min > s->max)
		yaml__fail(r, item, "min is above max");
}

struct pool_settings *pool_settings__read(struct yaml_reader *reader, const yaml_node_t *node)
{
	struct pool_settings *settings = calloc(1, sizeof(*settings));

	if (settings)
		yaml__each(reader, node, take_setting, settings);
	return settings;
}

void pool_settings__free(struct pool_settings *settings)
{
	if (!settings)
		return;
	for (uint32_t i = 0; i < settings->count; i++) {
		texts__clear(&settings->setting[i].service);
		texts__clear(&settings->setting[i].database);
	}
	free(settings);
}

static bool fits(const struct texts *texts, const char *text)
{
	for (uint32_t i = 0; i < texts->count; i++)
		if (glob__fits(texts->at[i], slice__of(text, strlen(text))))
			return true;
	return texts->count == 0;
}

const struct pool_setting *pool_settings__find(const struct pool_settings *settings,
					       const char *service, const char *database)
{
	for (uint32_t i = 0; settings && i < settings->count; i++)
		if (fits(&settings->setting[i].service, service) &&
		    fits(&settings->setting[i].database, database))
			return &settings->setting[i];
	return NULL;
}
