/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/picture.h"

#include <errno.h>

static void show_latest(struct picture *p)
{
	if (p->shown != p->latest)
		model__free(p->shown);
	p->shown = p->latest;
}

/* Of a recording there is one document: it is about all of it. */
int picture__take(struct picture *p, json_t *document, bool live)
{
	const struct model *before = p->latest ? p->latest : p->past;
	struct model *model = model__new(document, live ? p->document : NULL, before);

	if (!model) {
		json_decref(document);
		return -EPROTO;
	}
	json_decref(p->document);
	p->document = document;
	if (p->latest != p->shown)
		model__free(p->latest);
	p->latest = model;
	if (!p->held || !p->shown)
		show_latest(p);
	return 0;
}

bool picture__hold(struct picture *p, bool held)
{
	bool changes = !held && p->shown != p->latest;

	p->held = held;
	if (changes)
		show_latest(p);
	return changes;
}

void picture__clear(struct picture *p)
{
	if (p->latest != p->shown)
		model__free(p->latest);
	model__free(p->shown);
	json_decref(p->document);
	*p = (struct picture){0};
}
