/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/tail_feed.h"

#include <stdio.h>

static void hold(struct tail_feed *feed, bool held)
{
	if (held == feed->holding)
		return;
	if (held)
		kept__copy(&feed->held, &feed->latest);
	else
		kept__clear(&feed->held);
	feed->holding = held;
}

/* A filter that is half typed decides what is shown, not yet what is kept. */
static int want(struct tail_feed *feed, const struct view *v, double now)
{
	bool here = v->page == PAGE_TAIL;

	if (here)
		feed->shown_at = now;
	if (!feed->shown_at || (here && v->typing))
		return 0;
	return follower__want(feed->follower, now - feed->shown_at < TAIL_LINGERS,
			      here ? v->filter : v->other_filter);
}

bool tail_feed__update(struct tail_feed *feed, struct view *v, double now)
{
	bool changed = false;

	hold(feed, v->frozen || v->saving);
	v->tail = feed->holding ? &feed->held : &feed->latest;
	if (want(feed, v, now)) {
		changed = !v->tail_trouble[0];
		snprintf(v->tail_trouble, sizeof(v->tail_trouble), "no thread to follow with");
	} else {
		changed = follower__take(feed->follower, &feed->latest, v->tail_trouble,
					 sizeof(v->tail_trouble));
	}
	return changed && v->page == PAGE_TAIL && !feed->holding;
}

void tail_feed__clear(struct tail_feed *feed)
{
	follower__free(feed->follower);
	kept__clear(&feed->latest);
	kept__clear(&feed->held);
}
