/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "health_settings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rules/glob.h"
#include "rules/rule_set.h"

struct health_settings *health_settings__new(void)
{
	struct health_settings *settings = calloc(1, sizeof(*settings));

	if (settings)
		settings->error_percent = ERROR_PERCENT;
	return settings;
}

void health_settings__free(struct health_settings *settings)
{
	if (settings)
		texts__clear(&settings->services);
	free(settings);
}

static void read_services(struct yaml_reader *r, const yaml_node_t *node,
			  const struct yaml_key *key, void *target)
{
	(void)key;
	rule__read_texts(r, node, target);
}

static const struct yaml_key keys[] = {
	{.name = "services",
	 .read = read_services,
	 .offset = offsetof(struct health_settings, services)},
	{.name = "error_percent",
	 .read = yaml__read_u32,
	 .offset = offsetof(struct health_settings, error_percent),
	 .low = 1,
	 .high = 100},
	{0},
};

void health_settings__read(struct yaml_reader *reader, const yaml_node_t *node,
			   struct health_settings *settings)
{
	yaml__mapping(reader, node, keys, settings);
}

/* ---- the summary ---- */

static bool is_name(const char *text)
{
	if (!*text || strlen(text) >= SUMMARY_NAME_MAX)
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && *text != '_')
			return false;
	return true;
}

static void read_value(struct yaml_reader *r, const char *section, const yaml_node_pair_t *pair,
		       struct health_settings *settings)
{
	const yaml_node_t *node = yaml_document_get_node(&r->document, pair->key);
	const char *name = yaml__scalar(r, node);
	const char *metric = yaml__scalar(r, yaml_document_get_node(&r->document, pair->value));
	struct summary_value *v = &settings->summary[settings->summary_count];

	if (!name || !metric)
		return;
	if (settings->summary_count == SUMMARY_VALUES_MAX || !is_name(name) ||
	    strlen(metric) >= sizeof(v->metric)) {
		yaml__fail(r, node,
			   "the summary has at most %d values, named with letters, digits and _",
			   SUMMARY_VALUES_MAX);
		return;
	}
	snprintf(v->section, sizeof(v->section), "%s", section);
	snprintf(v->name, sizeof(v->name), "%s", name);
	snprintf(v->metric, sizeof(v->metric), "%s", metric);
	settings->summary_count++;
}

static void read_section(struct yaml_reader *r, const char *name, const yaml_node_t *node,
			 struct health_settings *settings)
{
	if (node->type != YAML_MAPPING_NODE) {
		yaml__fail(r, node, "%s is a mapping of names to metrics", name);
		return;
	}
	for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
	     p < node->data.mapping.pairs.top && !r->failed; p++)
		read_value(r, name, p, settings);
}

void health_settings__read_summary(struct yaml_reader *reader, const yaml_node_t *node,
				   struct health_settings *settings)
{
	static const char *const sections[] = {"queue", "business"};

	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++) {
		const yaml_node_t *section = yaml__get(reader, node, sections[i]);

		if (section)
			read_section(reader, sections[i], section, settings);
	}
}

bool health_settings__names(const struct health_settings *settings, const char *service)
{
	for (uint32_t i = 0; i < settings->services.count; i++)
		if (glob__fits(settings->services.at[i], slice__of(service, strlen(service))))
			return true;
	return false;
}
