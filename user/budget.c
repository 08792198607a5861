/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "budget.h"

#include <stdbool.h>

#define WAIT	      2	  /* seconds in which `used` still has some of the level before */
#define WEIGHT	      0.5 /* of the newest second */
#define CALM	      5	  /* seconds of calm before more is observed */
#define PATIENCE_MAX  320 /* seconds, where trying has failed again and again */
#define TRIED_SECONDS 30  /* a try that holds for so long has succeeded */
#define ROOM	      0.8 /* share of the budget below which a try may succeed */
#define MUCH_ROOM     0.4 /* below which it does succeed: twice as much fits */

void budget__init(struct budget *b, double share)
{
	*b = (struct budget){.share = share, .patience = CALM, .since_try = PATIENCE_MAX};
}

double budget__rate(const struct budget *b)
{
	return 1.0 / (double)(1u << b->level);
}

static int change(struct budget *b, unsigned level)
{
	b->level = level;
	b->seconds = 0;
	b->waiting = WAIT;
	return 1;
}

/* Half the connections cost about half: as many halvings as it takes. */
static unsigned needed(const struct budget *b)
{
	unsigned level = b->level;

	for (double used = b->used; used > b->share && level < BUDGET_LEVELS - 1; used /= 2)
		level++;
	return level;
}

static int observe_less(struct budget *b)
{
	unsigned level = needed(b);

	if (b->since_try < TRIED_SECONDS && b->patience < PATIENCE_MAX)
		b->patience *= 2; /* the last try has failed */
	b->since_try = PATIENCE_MAX;
	b->seconds = 0;
	return level == b->level ? 0 : change(b, level);
}

static int observe_more(struct budget *b)
{
	b->since_try = 0;
	return change(b, b->level - 1);
}

int budget__step(struct budget *b, double used)
{
	bool fits;

	b->since_try += b->since_try < PATIENCE_MAX;
	if (b->since_try == TRIED_SECONDS)
		b->patience = CALM;
	if (b->waiting) {
		b->waiting--;
		b->used = used; /* of what was before, nothing is kept */
		return 0;
	}
	b->used += WEIGHT * (used - b->used);
	if (b->used > b->share)
		return observe_less(b);
	fits = b->level && b->used < ROOM * b->share;
	b->seconds = fits ? b->seconds + 1 : 0;
	if (fits &&
	    (b->seconds >= b->patience || (b->seconds >= CALM && b->used < MUCH_ROOM * b->share)))
		return observe_more(b);
	return 0;
}
