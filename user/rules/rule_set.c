/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rules/rule_set.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "metrics/metrics.h"
#include "rules/bounds.h"

#define WINDOW_NS (5 * 60 * 1000000000ull)
#define WITHIN_NS (60 * 60 * 1000000000ull)
#define LIMIT_MAX 200

/* ---- keys ---- */

static void read_type(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		      void *target)
{
	static const char *const names[] = {"counter", "distinct", "gauge", "percent", "histogram"};
	const char *text = yaml__scalar(r, node);
	struct rule *rule = target;

	for (int i = 0; text && i < 5; i++)
		if (strcmp(text, names[i]) == 0) {
			rule->type = (enum rule_type)i;
			rule->has_type = true;
			return;
		}
	if (text)
		yaml__fail(r, node,
			   "%s cannot be `%.40s`; it is one of: counter, distinct, gauge, percent, "
			   "histogram",
			   key->name, text);
}

static void read_on(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		    void *target)
{
	struct rule *rule = target;

	(void)key;
	rule->has_on = true;
	rule__read_match(r, node, &rule->on);
}

static void read_part(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		      void *target)
{
	struct rule *rule = target;

	(void)key;
	rule->has_part = true;
	rule__read_match(r, node, &rule->part);
}

static void read_of(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		    void *target)
{
	struct rule *rule = target;

	(void)key;
	rule->has_of = true;
	rule__read_value(r, node, &rule->of);
}

static void read_begin_on(struct yaml_reader *r, const yaml_node_t *node,
			  const struct yaml_key *key, void *target)
{
	(void)key;
	rule__read_match(r, node, &((struct rule *)target)->begin);
}

static void read_begin_key(struct yaml_reader *r, const yaml_node_t *node,
			   const struct yaml_key *key, void *target)
{
	(void)key;
	rule__read_value(r, node, &((struct rule *)target)->key);
}

static const struct yaml_key begin_keys[] = {
	{.name = "on", .read = read_begin_on}, {.name = "key", .read = read_begin_key}, {0}};

static void read_begin(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		       void *target)
{
	struct rule *rule = target;

	(void)key;
	rule->has_begin = true;
	yaml__mapping(r, node, begin_keys, rule);
	if (!r->failed && (!rule->begin.protocol || !rule->key.source))
		yaml__fail(r, node, "begin needs `on` and `key`");
}

static void read_window(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			void *target)
{
	unsigned long long ns = yaml__duration(r, node);

	if (!r->failed && (ns < 1000000000ull || ns > 7 * 86400 * 1000000000ull))
		yaml__fail(r, node, "%s must be from 1s to 7d", key->name);
	else
		*(uint64_t *)target = ns;
}

static void read_unit(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		      void *target)
{
	const char *text = yaml__scalar(r, node);

	if (text && strcmp(text, "seconds") != 0 && strcmp(text, "milliseconds") != 0)
		yaml__fail(r, node, "%s is `seconds` or `milliseconds`", key->name);
	else if (text)
		*(bool *)target = text[0] == 's';
}

static void read_buckets(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			 void *target)
{
	(void)key;
	bounds__read(r, node, &((struct rule *)target)->bounds);
}

/* ---- labels ---- */

static bool is_name(const char *text, bool colon)
{
	if (!isalpha((unsigned char)text[0]) && text[0] != '_')
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && *text != '_' && !(colon && *text == ':'))
			return false;
	return true;
}

static void read_label(struct yaml_reader *r, const yaml_node_t *name, const yaml_node_t *node,
		       struct rule *rule)
{
	static const struct yaml_key limit = {.name = "limit", .low = 1, .high = LIMIT_MAX};
	struct rule_label *label = &rule->label[rule->label_count];
	const char *text = yaml__scalar(r, name);
	const yaml_node_t *given;

	if (!text)
		return;
	if (rule->label_count == RULE_LABELS_MAX || !is_name(text, false) ||
	    strcmp(text, "le") == 0) {
		yaml__fail(r, name, "`%.40s` is no label's name, or there are more than %d labels",
			   text, RULE_LABELS_MAX);
		return;
	}
	rule->label_count++;
	label->name = strdup(text);
	rule__read_value(r, node, &label->value);
	rule__read_texts(r, yaml__get(r, node, "values"), &label->values);
	given = yaml__get(r, node, "limit");
	if (given)
		yaml__read_u32(r, given, &limit, &label->limit);
	if (!r->failed && !label->values.count && !label->limit) {
		if (!sources[label->value.source].bounded)
			yaml__fail(
				r, node,
				"the label `%s` has no bound; give the `values` it may have, or a "
				"`limit` of how many",
				text);
		label->limit = LIMIT_MAX;
	}
}

static void read_labels(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			void *target)
{
	(void)key;
	if (node->type != YAML_MAPPING_NODE) {
		yaml__fail(r, node,
			   "labels are a mapping of names to where their values come from");
		return;
	}
	for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
	     p < node->data.mapping.pairs.top && !r->failed; p++)
		read_label(r, yaml_document_get_node(&r->document, p->key),
			   yaml_document_get_node(&r->document, p->value), target);
}

static const struct yaml_key rule_keys[] = {
	{.name = "metric", .read = yaml__read_copy, .offset = offsetof(struct rule, metric)},
	{.name = "help", .read = yaml__read_copy, .offset = offsetof(struct rule, help)},
	{.name = "type", .read = read_type},
	{.name = "on", .read = read_on},
	{.name = "part", .read = read_part},
	{.name = "of", .read = read_of},
	{.name = "begin", .read = read_begin},
	{.name = "window", .read = read_window, .offset = offsetof(struct rule, window_ns)},
	{.name = "within", .read = read_window, .offset = offsetof(struct rule, within_ns)},
	{.name = "unit", .read = read_unit, .offset = offsetof(struct rule, in_seconds)},
	{.name = "buckets", .read = read_buckets},
	{.name = "labels", .read = read_labels},
	{0},
};

/* ---- a whole rule ---- */

static const char *missing(const struct rule *rule)
{
	if (!rule->metric)
		return "`metric` is missing: its name";
	if (!rule->has_type)
		return "`type` is missing: counter, distinct, gauge, percent or histogram";
	if (!rule->has_on)
		return "`on` is missing: which exchanges it is about";
	if ((rule->type == RULE_DISTINCT || rule->type == RULE_GAUGE) && !rule->has_of)
		return "`of` is missing: the value";
	if (rule->type == RULE_PERCENT && !rule->has_part)
		return "`part` is missing: which of them are counted";
	if (rule->type == RULE_HISTOGRAM && (!rule->has_of || !rule->bounds.count))
		return "`of` and `buckets` are needed: the value (or the key of the end), and the "
		       "bounds";
	return NULL;
}

static const char *misnamed(const struct rule *rule)
{
	size_t length = strlen(rule->metric);

	if (!is_name(rule->metric, true))
		return "is no metric's name";
	if (rule->type == RULE_COUNTER &&
	    (length < 7 || strcmp(rule->metric + length - 6, "_total") != 0))
		return "is a counter: its name must end in _total";
	if (metric__is_known(rule->metric))
		return "is a name of sonde's own metrics; choose another";
	return NULL;
}

static bool fits_protocol(const struct value_spec *value, const struct match *match)
{
	enum protocol_id needed = sources[value->source].protocol;

	return !value->source || needed == PROTOCOL_UNKNOWN || needed == match->protocol;
}

/* Route parameters are named by the rule's own route. */
static void give_route(struct yaml_reader *r, const yaml_node_t *node, struct value_spec *value,
		       const struct match *match)
{
	char wanted[128];

	if (value->source != SOURCE_ROUTE_PARAMETER)
		return;
	snprintf(wanted, sizeof(wanted), "{%s}", value->name);
	for (uint32_t i = 0; i < match->route.count && !value->route; i++)
		if (strstr(match->route.at[i], wanted))
			value->route = strdup(match->route.at[i]);
	if (!value->route)
		yaml__fail(r, node, "no route of this rule holds %s", wanted);
}

static void finish_value(struct yaml_reader *r, const yaml_node_t *node, struct value_spec *value,
			 const struct match *match)
{
	if (!fits_protocol(value, match))
		yaml__fail(r, node, "from: %s is not of %s", sources[value->source].name,
			   protocol_id__name(match->protocol));
	else
		give_route(r, node, value, match);
}

static void finish(struct yaml_reader *r, const yaml_node_t *node, struct rule *rule,
		   const struct rule_set *set)
{
	const char *wrong = missing(rule);

	if (wrong) {
		yaml__fail(r, node, "%s", wrong);
		return;
	}
	wrong = misnamed(rule);
	if (wrong)
		yaml__fail(r, yaml__get(r, node, "metric"), "`%.60s` %s", rule->metric, wrong);
	for (uint32_t i = 0; i < set->count; i++)
		if (strcmp(set->rule[i]->metric, rule->metric) == 0)
			yaml__fail(r, yaml__get(r, node, "metric"),
				   "there is a rule for `%.60s` already", rule->metric);
	for (uint32_t i = 0; i < rule->label_count; i++)
		finish_value(r, node, &rule->label[i].value, &rule->on);
	finish_value(r, node, &rule->of, &rule->on);
	finish_value(r, node, &rule->key, &rule->begin);
	if (!rule->window_ns)
		rule->window_ns = WINDOW_NS;
	if (!rule->within_ns)
		rule->within_ns = WITHIN_NS;
	if (!rule->help)
		rule->help = strdup("Of a rule of the configuration.");
}

static void free_rule(struct rule *rule)
{
	match__clear(&rule->on);
	match__clear(&rule->part);
	match__clear(&rule->begin);
	value_spec__clear(&rule->of);
	value_spec__clear(&rule->key);
	for (uint32_t i = 0; i < rule->label_count; i++) {
		free(rule->label[i].name);
		value_spec__clear(&rule->label[i].value);
		texts__clear(&rule->label[i].values);
	}
	bounds__clear(&rule->bounds);
	free(rule->metric);
	free(rule->help);
	free(rule);
}

static void take_rule(struct yaml_reader *r, const yaml_node_t *item, void *context)
{
	struct rule_set *set = context;
	struct rule *rule = calloc(1, sizeof(*rule));

	if (!rule || set->count == RULES_MAX) {
		yaml__fail(r, item, "too many rules; at most %d", RULES_MAX);
		free(rule);
		return;
	}
	yaml__mapping(r, item, rule_keys, rule);
	if (!r->failed)
		finish(r, item, rule, set);
	set->rule[set->count++] = rule;
}

struct rule_set *rule_set__read(struct yaml_reader *r, const yaml_node_t *node)
{
	struct rule_set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->holders = 1;
	set->fingerprint = yaml__fingerprint(r, node);
	yaml__each(r, node, take_rule, set);
	return set;
}

struct rule_set *rule_set__hold(struct rule_set *set)
{
	set->holders++;
	return set;
}

void rule_set__free(struct rule_set *set)
{
	if (!set || --set->holders)
		return;
	for (uint32_t i = 0; i < set->count; i++)
		free_rule(set->rule[i]);
	free(set);
}

static uint32_t wanted_by(const struct rule *rule, const struct match *match,
			  enum protocol_id protocol, enum side side)
{
	uint32_t wanted = match__wanted(match);

	if (match->protocol != protocol || (match->sides && !(match->sides & 1u << side)))
		return 0;
	if (match == &rule->begin)
		return wanted | sources[rule->key.source].wanted;
	wanted |= sources[rule->of.source].wanted | match__wanted(&rule->part);
	for (uint32_t i = 0; i < rule->label_count; i++)
		wanted |= sources[rule->label[i].value.source].wanted;
	return wanted;
}

uint32_t rule_set__wanted(const struct rule_set *set, enum protocol_id protocol, enum side side)
{
	uint32_t wanted = 0;

	for (uint32_t i = 0; i < set->count; i++) {
		const struct rule *rule = set->rule[i];

		wanted |= wanted_by(rule, &rule->on, protocol, side);
		if (rule->has_begin)
			wanted |= wanted_by(rule, &rule->begin, protocol, side);
	}
	return wanted;
}
