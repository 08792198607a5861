/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts that rules are made of: conditions and values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rules/rule_set.h"

/* ---- lists of texts ---- */

static void take_text(struct yaml_reader *r, const yaml_node_t *item, void *context)
{
	struct texts *texts = context;
	const char *text = yaml__scalar(r, item);

	if (!text)
		return;
	if (texts->count == TEXTS_MAX) {
		yaml__fail(r, item, "the list is too long; at most %d items", TEXTS_MAX);
		return;
	}
	texts->at[texts->count] = strdup(text);
	if (texts->at[texts->count])
		texts->count++;
	else
		yaml__fail(r, item, "no memory");
}

void rule__read_texts(struct yaml_reader *r, const yaml_node_t *node, struct texts *out)
{
	yaml__each(r, node, take_text, out);
}

static void read_texts(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		       void *target)
{
	(void)key;
	rule__read_texts(r, node, target);
}

/* ---- conditions ---- */

/* The index of a choice, or -1 and a complaint. */
static int choice(struct yaml_reader *r, const yaml_node_t *node, const char *what,
		  const char *const *choices)
{
	const char *text = yaml__scalar(r, node);
	char all[256] = "";
	size_t used = 0;

	for (int i = 0; text && choices[i]; i++) {
		if (strcmp(choices[i], text) == 0)
			return i;
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", used ? ", " : "",
					 choices[i]);
	}
	if (text)
		yaml__fail(r, node, "%s cannot be `%.40s`; it is one of: %s", what, text, all);
	return -1;
}

static void read_protocol(struct yaml_reader *r, const yaml_node_t *node,
			  const struct yaml_key *key, void *target)
{
	static const char *const names[] = {"http", "postgres", "redis", NULL};
	static const enum protocol_id ids[] = {PROTOCOL_HTTP1, PROTOCOL_POSTGRES, PROTOCOL_REDIS};
	int i = choice(r, node, key->name, names);

	if (i >= 0)
		*(enum protocol_id *)target = ids[i];
}

static void read_side(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		      void *target)
{
	static const char *const names[] = {"server", "client", NULL};
	int i = choice(r, node, key->name, names);

	if (i >= 0)
		*(uint8_t *)target |= (uint8_t)(1u << i);
}

static void take_outcome(struct yaml_reader *r, const yaml_node_t *item, void *context)
{
	static const char *const names[] = {"ok", "error", "aborted", "lost", NULL};
	int i = choice(r, item, "outcome", names);

	if (i >= 0)
		*(uint8_t *)context |= (uint8_t)(1u << i);
}

static void read_outcome(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			 void *target)
{
	(void)key;
	yaml__each(r, node, take_outcome, target);
}

/* "200", "2xx", "400-499". */
static bool parse_status(const char *text, struct status_range *out)
{
	unsigned int low, high;
	char end;

	if (sscanf(text, "%3u-%3u%c", &low, &high, &end) == 2 && low >= 100 && low <= high &&
	    high <= 999) {
		*out = (struct status_range){(uint16_t)low, (uint16_t)high};
		return true;
	}
	if (strlen(text) == 3 && text[0] >= '1' && text[0] <= '9' && strcmp(text + 1, "xx") == 0) {
		low = (unsigned int)(text[0] - '0') * 100;
		*out = (struct status_range){(uint16_t)low, (uint16_t)(low + 99)};
		return true;
	}
	if (sscanf(text, "%3u%c", &low, &end) == 1 && low >= 100) {
		*out = (struct status_range){(uint16_t)low, (uint16_t)low};
		return true;
	}
	return false;
}

static void take_status(struct yaml_reader *r, const yaml_node_t *item, void *context)
{
	struct match *match = context;
	const char *text = yaml__scalar(r, item);

	if (!text)
		return;
	if (match->status_count == STATUS_MAX ||
	    !parse_status(text, &match->status[match->status_count]))
		yaml__fail(r, item, "status cannot be `%.20s`; write 200, 2xx or 400-499", text);
	else
		match->status_count++;
}

static void read_status(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			void *target)
{
	(void)key;
	yaml__each(r, node, take_status, target);
}

#define TEXTS(field)                                                                               \
	{                                                                                          \
		.name = #field, .read = read_texts, .offset = offsetof(struct match, field)        \
	}

static const struct yaml_key match_keys[] = {
	{.name = "protocol", .read = read_protocol, .offset = offsetof(struct match, protocol)},
	{.name = "side", .read = read_side, .offset = offsetof(struct match, sides)},
	{.name = "outcome", .read = read_outcome, .offset = offsetof(struct match, outcomes)},
	{.name = "status", .read = read_status},
	TEXTS(service),
	TEXTS(method),
	TEXTS(route),
	TEXTS(verb),
	TEXTS(table),
	TEXTS(fingerprint),
	TEXTS(command),
	TEXTS(key),
	{0},
};

static void belongs(struct yaml_reader *r, const yaml_node_t *node, const struct match *match,
		    const char *key, bool given, enum protocol_id protocol)
{
	if (given && match->protocol != protocol)
		yaml__fail(r, yaml__get(r, node, key),
			   "`%s` is of another protocol; this is about %s", key,
			   protocol_id__name(match->protocol));
}

void rule__read_match(struct yaml_reader *r, const yaml_node_t *node, struct match *out)
{
	yaml__mapping(r, node, match_keys, out);
	if (r->failed)
		return;
	if (!out->protocol) {
		yaml__fail(r, node, "which protocol? it is one of: http, postgres, redis");
		return;
	}
	belongs(r, node, out, "method", out->method.count, PROTOCOL_HTTP1);
	belongs(r, node, out, "route", out->route.count, PROTOCOL_HTTP1);
	belongs(r, node, out, "status", out->status_count, PROTOCOL_HTTP1);
	belongs(r, node, out, "verb", out->verb.count, PROTOCOL_POSTGRES);
	belongs(r, node, out, "table", out->table.count, PROTOCOL_POSTGRES);
	belongs(r, node, out, "fingerprint", out->fingerprint.count, PROTOCOL_POSTGRES);
	belongs(r, node, out, "command", out->command.count, PROTOCOL_REDIS);
	belongs(r, node, out, "key", out->key.count, PROTOCOL_REDIS);
}

/* ---- values ---- */

static void read_source(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			void *target)
{
	const char *names[SOURCE_COUNT + 1] = {0};
	int i;

	for (i = SOURCE_FIXED; i < SOURCE_COUNT; i++)
		names[i - SOURCE_FIXED] = sources[i].name;
	i = choice(r, node, key->name, names);
	if (i >= 0)
		*(uint8_t *)target = (uint8_t)(i + SOURCE_FIXED);
}

static void read_index(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		       void *target)
{
	uint32_t index = 0;

	yaml__read_u32(r, node, key, &index);
	*(uint16_t *)target = (uint16_t)index;
}

static void read_separator(struct yaml_reader *r, const yaml_node_t *node,
			   const struct yaml_key *key, void *target)
{
	const char *text = yaml__scalar(r, node);

	if (text && strlen(text) != 1)
		yaml__fail(r, node, "%s is one character", key->name);
	else if (text)
		*(char *)target = text[0];
}

#define VALUE(field) .offset = offsetof(struct value_spec, field)

static const struct yaml_key value_keys[] = {
	{.name = "from", .read = read_source, VALUE(source)},
	{.name = "name", .read = yaml__read_copy, VALUE(name)},
	{.name = "cookie", .read = yaml__read_copy, VALUE(cookie)},
	{.name = "index", .read = read_index, VALUE(index), .low = 1, .high = 60000},
	{.name = "separator", .read = read_separator, VALUE(separator)},
	/* of labels, read elsewhere */
	{.name = "values", .read = yaml__ignore},
	{.name = "limit", .read = yaml__ignore},
	{0},
};

void rule__read_value(struct yaml_reader *r, const yaml_node_t *node, struct value_spec *out)
{
	const struct source_info *info;

	out->separator = ':';
	yaml__mapping(r, node, value_keys, out);
	if (r->failed)
		return;
	info = &sources[out->source];
	if (!out->source)
		yaml__fail(r, node, "`from` is missing: where does the value come from?");
	else if (info->needs_name && !out->name)
		yaml__fail(r, node, "`name` is missing: from: %s needs one", info->name);
	else if (info->needs_index && !out->index)
		yaml__fail(r, node, "`index` is missing: from: %s needs one, counted from 1",
			   info->name);
	if (out->name &&
	    (out->source == SOURCE_REQUEST_HEADER || out->source == SOURCE_RESPONSE_HEADER))
		for (char *c = out->name; *c; c++)
			*c = (char)ascii_lower((uint8_t)*c);
}
