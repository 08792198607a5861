/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Keeps a view's tail page in exchanges, as long as somebody looks at it or did a moment ago. */
#ifndef SONDE_VIEW_TAIL_FEED_H
#define SONDE_VIEW_TAIL_FEED_H

#include "view/follower.h"
#include "view/view.h"

/* Who comes back so soon (seconds) finds it going on; later it begins anew. */
#define TAIL_LINGERS 30

struct tail_feed {
	struct follower *follower;
	struct kept latest;
	struct kept held; /* of a frozen view, from when it was */
	bool holding;
	double shown_at; /* the page, for the last time; 0: never */
};

/* True: the page's rows are others now. */
bool tail_feed__update(struct tail_feed *feed, struct view *view, double now);
void tail_feed__clear(struct tail_feed *feed);

#endif
