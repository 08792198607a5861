/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The models that a view shows, one after the other. While one is held the next ones are made all
 * the same, so that rates and latencies over time have no hole when it is let go. Pure.
 */
#ifndef SONDE_VIEW_PICTURE_H
#define SONDE_VIEW_PICTURE_H

#include "view/model.h"

struct picture {
	struct model *shown;	  /* NULL: nothing yet */
	struct model *latest;	  /* the same one, unless it is held */
	json_t *document;	  /* latest's */
	const struct model *past; /* of a recording, whose rows have a history; borrowed */
	bool held;
};

/* The newest document; the reference becomes the picture's. -EPROTO: it is of another version. */
int picture__take(struct picture *picture, json_t *document, bool live);
/* What is let go shows the latest. True: something else is shown now. */
bool picture__hold(struct picture *picture, bool held);
void picture__clear(struct picture *picture);

#endif
