/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "queues/queue_settings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "metrics/metrics.h"
#include "queues/queue_kind.h"
#include "rules/bounds.h"
#include "rules/rule_set.h"

#define WITHIN_NS     (60 * 60 * 1000000000ull)
#define WITHIN_MAX    (7 * 24 * WITHIN_NS)
#define WORKERS_LIMIT 100000

static const char *const default_texts[] = {"0.001", "0.005", "0.01", "0.025", "0.05", "0.1",
					    "0.25",  "0.5",   "1",    "2",     "5",    "8",
					    "10",    "15",    "20",   "30",    "60"};
static const double default_values[] = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
					2,     5,     8,    10,	   15,	 20,  30,   60};
static const struct bounds default_bounds = {
	.text = default_texts, .value = default_values, .count = 17};

static const char *const suffixes[QUEUE_METRICS] = {
	[QUEUE_DEPTH] = "_queue_depth",
	[QUEUE_WORKERS] = "_workers",
	[QUEUE_UTILISATION] = "_worker_utilization_percent",
	[QUEUE_DURATION] = "_job_duration_seconds",
	[QUEUE_PROCESSED] = "_jobs_processed_total",
	[QUEUE_FAILED] = "_jobs_failed_total",
	[QUEUE_FAILURE_RATE] = "_job_failure_rate_percent",
};

/* ---- keys ---- */

static void read_kind(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		      void *target)
{
	const char *text = yaml__scalar(r, node);
	const struct queue_kind **kind = target;

	if (text)
		*kind = queue_kind__named(text);
	if (text && !*kind)
		yaml__fail(r, node, "%s cannot be `%.40s`; it is one of: %s", key->name, text,
			   queue_kinds__names());
}

static void read_within(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			void *target)
{
	unsigned long long ns = yaml__duration(r, node);

	if (!r->failed && (ns < 1000000000ull || ns > WITHIN_MAX))
		yaml__fail(r, node, "%s must be from 1s to 7d", key->name);
	*(uint64_t *)target = ns;
}

static void read_acknowledged(struct yaml_reader *r, const yaml_node_t *node,
			      const struct yaml_key *key, void *target)
{
	const char *text = yaml__scalar(r, node);

	if (text && strcmp(text, "early") != 0 && strcmp(text, "late") != 0)
		yaml__fail(r, node, "%s is `early` or `late`", key->name);
	else if (text)
		*(bool *)target = text[0] == 'l';
}

static void read_buckets(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			 void *target)
{
	struct queue_setting *s = target;

	(void)key;
	s->own_bounds = true;
	bounds__read(r, node, &s->bounds);
}

#define AT(field) .offset = offsetof(struct queue_setting, field)
#define COPY(key, field)                                                                           \
	{                                                                                          \
		.name = key, .read = yaml__read_copy, AT(field)                                    \
	}

static const struct yaml_key keys[] = {
	COPY("name", name),
	{.name = "kind", .read = read_kind, AT(kind)},
	COPY("queue", queue),
	COPY("metrics", metrics),
	COPY("prefix", prefix),
	COPY("waiting", waiting),
	COPY("active", active),
	COPY("failed", failed),
	{.name = "workers", .read = yaml__read_u32, AT(workers), .low = 1, .high = WORKERS_LIMIT},
	{.name = "within", .read = read_within, AT(within_ns)},
	{.name = "acknowledged", .read = read_acknowledged, AT(late)},
	{.name = "buckets", .read = read_buckets},
	{0},
};

/* ---- a whole queue ---- */

static bool is_list(const struct queue_setting *s)
{
	return s->kind == &list_kind;
}

static const char *wrong(const struct queue_setting *s)
{
	if (!s->name || !s->name[0])
		return "`name` is missing: what the metrics call the queue";
	if (!s->kind)
		return "`kind` is missing: what makes the queue";
	if (is_list(s) && !s->waiting)
		return "`waiting` is missing: the key of the list that jobs wait in";
	if (is_list(s) && (s->queue || s->prefix))
		return "`queue` and `prefix` are of other kinds; a list has keys: waiting, active, "
		       "failed";
	if (!is_list(s) && (s->waiting || s->active || s->failed))
		return "`waiting`, `active` and `failed` are of the kind list only";
	return NULL;
}

/* "accubooks-forecast" is accubooks_forecast to Prometheus. */
static char *made_metric_name(const char *name)
{
	char *made = malloc(strlen(name) + 2);
	size_t n = 0;

	if (!made)
		return NULL;
	if (isdigit((unsigned char)name[0]))
		made[n++] = '_';
	for (; *name; name++)
		made[n++] = isalnum((unsigned char)*name) ? *name : '_';
	made[n] = '\0';
	return made;
}

static bool is_metric_name(const char *text)
{
	if (!isalpha((unsigned char)text[0]) && text[0] != '_')
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && *text != '_')
			return false;
	return true;
}

static char *joined(const char *a, const char *b)
{
	char *text = malloc(strlen(a) + strlen(b) + 1);

	if (text)
		sprintf(text, "%s%s", a, b);
	return text;
}

static bool fill_defaults(struct queue_setting *s)
{
	bool good = true;

	if (!s->queue)
		s->queue = strdup(s->name);
	if (!s->metrics)
		s->metrics = made_metric_name(s->name);
	if (!s->within_ns)
		s->within_ns = WITHIN_NS;
	if (!s->own_bounds)
		s->bounds = default_bounds;
	for (int i = 0; s->metrics && i < QUEUE_METRICS; i++) {
		s->metric[i] = joined(s->metrics, suffixes[i]);
		good &= s->metric[i] != NULL;
	}
	return good && s->queue && s->metrics;
}

static void finish(struct yaml_reader *r, const yaml_node_t *item, struct queue_setting *s,
		   const struct queue_settings *others)
{
	const char *complaint = wrong(s);

	if (complaint)
		yaml__fail(r, item, "%s", complaint);
	else if (!fill_defaults(s))
		yaml__fail(r, item, "no memory");
	else if (!is_metric_name(s->metrics))
		yaml__fail(r, yaml__get(r, item, "metrics"),
			   "`%.60s` is nothing that a metric's name can begin with", s->metrics);
	for (uint32_t i = 0; !r->failed && i < others->count; i++)
		if (strcmp(others->setting[i]->name, s->name) == 0)
			yaml__fail(r, yaml__get(r, item, "name"),
				   "there is a queue `%.60s` already", s->name);
}

static void free_setting(struct queue_setting *s)
{
	char *texts[] = {s->name,    s->queue,	s->metrics, s->prefix,
			 s->waiting, s->active, s->failed};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		free(texts[i]);
	for (int i = 0; i < QUEUE_METRICS; i++)
		free(s->metric[i]);
	if (s->own_bounds)
		bounds__clear(&s->bounds);
	free(s);
}

static void take_setting(struct yaml_reader *r, const yaml_node_t *item, void *context)
{
	struct queue_settings *settings = context;
	struct queue_setting *s = calloc(1, sizeof(*s));

	if (!s || settings->count == QUEUES_MAX) {
		yaml__fail(r, item, "there are too many queues; at most %d", QUEUES_MAX);
		free(s);
		return;
	}
	yaml__mapping(r, item, keys, s);
	if (!r->failed)
		finish(r, item, s, settings);
	settings->setting[settings->count++] = s;
}

struct queue_settings *queue_settings__read(struct yaml_reader *r, const yaml_node_t *node)
{
	struct queue_settings *settings = calloc(1, sizeof(*settings));

	if (!settings)
		return NULL;
	settings->holders = 1;
	settings->fingerprint = yaml__fingerprint(r, node);
	yaml__each(r, node, take_setting, settings);
	return settings;
}

/* ---- names that are taken ---- */

static bool is_rule(const struct rule_set *rules, const char *name)
{
	for (uint32_t i = 0; rules && i < rules->count; i++)
		if (strcmp(rules->rule[i]->metric, name) == 0)
			return true;
	return false;
}

struct checking {
	const struct queue_settings *settings;
	const struct rule_set *rules;
	uint32_t at;
};

static void check_setting(struct yaml_reader *r, const yaml_node_t *item, void *context)
{
	struct checking *c = context;
	const struct queue_setting *s = c->settings->setting[c->at++];

	for (int i = 0; i < QUEUE_METRICS; i++) {
		if (metric__is_known(s->metric[i]))
			yaml__fail(
				r, item,
				"`%.60s` is a name of sonde's own metrics; choose other `metrics`",
				s->metric[i]);
		else if (is_rule(c->rules, s->metric[i]))
			yaml__fail(r, item,
				   "there is a rule for `%.60s` already; choose other `metrics`",
				   s->metric[i]);
	}
}

void queue_settings__check(struct yaml_reader *r, const yaml_node_t *node,
			   const struct queue_settings *settings, const struct rule_set *rules)
{
	struct checking checking = {settings, rules, 0};

	if (settings && node && !r->failed)
		yaml__each(r, node, check_setting, &checking);
}

struct queue_settings *queue_settings__hold(struct queue_settings *settings)
{
	settings->holders++;
	return settings;
}

void queue_settings__free(struct queue_settings *settings)
{
	if (!settings || --settings->holders)
		return;
	for (uint32_t i = 0; i < settings->count; i++)
		free_setting(settings->setting[i]);
	free(settings);
}
