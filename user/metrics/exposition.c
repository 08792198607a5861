/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "metrics/internal.h"
#include "metrics/otel.h"
#include "metrics/writer.h"
#include "queues/queues.h"
#include "rules/rules.h"

static void expose_family(struct writer *w, const struct family *family, enum side side,
			  const struct snapshot *snapshot)
{
	const struct snapshot_table *table = &snapshot->table[family->group][side];

	if (!family->name[side])
		return;
	writer__family(w, family->name[side], family->type, family->unit, family->help);
	for (uint32_t i = 0; i < table->count; i++)
		family->write(w, family, &table->series[i]);
}

static void expose(const struct snapshot *snapshot, const struct formats *formats,
		   enum exposition format, struct buffer *out)
{
	struct writer writer;

	writer__init(&writer, format, out);
	writer.native = formats->native_histograms;
	writer.wall_offset_ns = snapshot->wall_offset_ns;
	for (size_t i = 0; i < family_count; i++)
		for (int side = 0; side < SIDE_COUNT; side++)
			if (formats->naming != NAMING_OTEL || !families[i].name[side] ||
			    !otel__replaces(families[i].name[side]))
				expose_family(&writer, &families[i], (enum side)side, snapshot);
	if (formats->naming != NAMING_SPEC)
		otel__expose(&writer, snapshot);
	databases__expose(&writer, snapshot);
	caches__expose(&writer, snapshot);
	resources__expose(&writer, snapshot);
	pods__expose(&writer, snapshot);
	health__expose(&writer, snapshot);
	queues_copy__expose(snapshot->queues, &writer);
	rules_copy__expose(snapshot->rules, &writer);
	writer__clear_labels(&writer);
	self__expose(&writer, snapshot);
	writer__finish(&writer);
}

void snapshot__expose(const struct snapshot *snapshot, enum exposition format, struct buffer *out)
{
	expose(snapshot, &snapshot->formats, format, out);
}

bool snapshot__speaks_protobuf(const struct snapshot *snapshot)
{
	return snapshot->formats.native_histograms;
}

/* The head of every HTTP request is kept until it is answered, where trace ids are wanted. */
void metrics__set_formats(struct metrics *metrics, const struct formats *formats)
{
	uint32_t details = formats->exemplars ? DETAIL_BIT(DETAIL_REQUEST_HEAD) : 0;

	metrics->formats = *formats;
	for (int side = 0; side < SIDE_COUNT; side++) {
		engine__want_also(metrics->engine, PROTOCOL_HTTP1, (enum side)side, details);
		engine__want_also(metrics->engine, PROTOCOL_HTTP2, (enum side)side, details);
	}
}

void metrics__set_rules(struct metrics *metrics, struct rules *rules)
{
	metrics->rules = rules;
}

void metrics__set_queues(struct metrics *metrics, struct queues *queues)
{
	metrics->queues = queues;
}

void metrics__set_pools(struct metrics *metrics, const struct pool_settings *settings)
{
	metrics->pool_settings = settings;
}

void metrics__set_health(struct metrics *metrics, const struct health_settings *settings)
{
	metrics->health_settings = settings;
}

/* sonde's own all begin with one of two words; the others are in the catalogue. */
bool metric__is_known(const char *name)
{
	if (strncmp(name, "sonde_", 6) == 0 || strncmp(name, "process_", 8) == 0)
		return true;
	if (databases__is_known(name) || resources__is_known(name) || pods__is_known(name) ||
	    caches__is_known(name) || otel__is_known(name) ||
	    strcmp(name, "system_health_status") == 0)
		return true;
	for (size_t i = 0; i < family_count; i++)
		for (int side = 0; side < SIDE_COUNT; side++)
			if (families[i].name[side] && strcmp(families[i].name[side], name) == 0)
				return true;
	return false;
}

/* Any metric there is, declared ones included: found where all of them are told. */
double snapshot__sum(const struct snapshot *snapshot, const char *metric)
{
	size_t length = strlen(metric);
	struct buffer text = {0};
	double sum = 0;
	bool found = false;

	expose(snapshot, &(struct formats){.naming = NAMING_BOTH}, EXPOSITION_PROMETHEUS, &text);
	for (const char *line = text.data; line && *line; line = strchr(line, '\n') + 1) {
		const char *end = strchr(line, '\n');

		if (strncmp(line, metric, length) == 0 &&
		    (line[length] == '{' || line[length] == ' ')) {
			sum += strtod((const char *)memrchr(line, ' ', (size_t)(end - line)) + 1,
				      NULL);
			found = true;
		}
	}
	buffer__clear(&text);
	return found ? sum : (double)NAN;
}
