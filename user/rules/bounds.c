/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rules/bounds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BOUNDS_MAX 64

struct buckets {
	char *text[BOUNDS_MAX];
	double value[BOUNDS_MAX];
	size_t count;
};

static void take_bucket(struct yaml_reader *r, const yaml_node_t *item, void *context)
{
	struct buckets *b = context;
	const char *text = yaml__scalar(r, item);
	char *end = NULL;
	double value = text ? strtod(text, &end) : 0;

	if (!text)
		return;
	if (end == text || *end || !isfinite(value) || b->count == BOUNDS_MAX ||
	    (b->count && value <= b->value[b->count - 1])) {
		yaml__fail(r, item,
			   "buckets are at most %d numbers, each larger than the one before",
			   BOUNDS_MAX);
		return;
	}
	b->value[b->count] = value;
	b->text[b->count] = strdup(text);
	if (b->text[b->count])
		b->count++;
}

void bounds__read(struct yaml_reader *r, const yaml_node_t *node, struct bounds *out)
{
	struct buckets b = {0};
	const char **texts;
	double *values;

	yaml__each(r, node, take_bucket, &b);
	texts = calloc(b.count + 1, sizeof(*texts));
	values = calloc(b.count + 1, sizeof(*values));
	if (!texts || !values)
		yaml__fail(r, node, "no memory");
	for (size_t i = 0; i < b.count && texts && values; i++) {
		texts[i] = b.text[i];
		values[i] = b.value[i];
	}
	*out = (struct bounds){.text = texts, .value = values, .count = b.count};
}

void bounds__clear(struct bounds *bounds)
{
	for (size_t i = 0; i < bounds->count; i++)
		free((char *)(uintptr_t)bounds->text[i]);
	free((void *)(uintptr_t)bounds->text);
	free((void *)(uintptr_t)bounds->value);
	*bounds = (struct bounds){0};
}
