/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/past.h"

static void set_time(json_t *document, const struct past *p, uint64_t time_ns)
{
	json_object_set_new_nocheck(document, "started_ns", json_integer((json_int_t)p->first_ns));
	json_object_set_new_nocheck(document, "time_ns", json_integer((json_int_t)time_ns));
}

static uint64_t end_of(const struct past *p, int part)
{
	double width = (double)(p->last_ns - p->first_ns) / HEAT_INTERVALS;

	return p->first_ns + (uint64_t)(width * (part + 1));
}

/* Nothing had happened yet: what the first part is compared with. */
static json_t *beginning(const struct past *p)
{
	json_t *document = json_pack("{s:i,s:s}", "version", 1, "source", "recording");

	set_time(document, p, p->first_ns);
	return document;
}

/* A document that could not be made leaves its exchanges to the next part. */
static void end_part(struct past *p)
{
	json_t *document = p->document(p->context);
	struct model *model;

	if (!p->before)
		p->before = beginning(p);
	set_time(document, p, end_of(p, p->parts++));
	model = document ? model__new(document, p->before, p->model) : NULL;
	if (!model) {
		json_decref(document);
		return;
	}
	json_decref(p->before);
	p->before = document;
	model__free(p->model);
	p->model = model;
}

void past__before(struct past *p, uint64_t time_ns)
{
	while (p->parts < HEAT_INTERVALS - 1 && time_ns > end_of(p, p->parts))
		end_part(p);
}

void past__finish(struct past *p)
{
	while (p->parts < HEAT_INTERVALS)
		end_part(p);
}

void past__clear(struct past *p)
{
	json_decref(p->before);
	model__free(p->model);
	p->before = NULL;
	p->model = NULL;
}
