/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Brings exchanges from a source to a tail page, in a thread of its own that begins when they are
 * wanted for the first time: a daemon that hangs holds no screen up. While they are not wanted
 * nothing is asked.
 */
#ifndef SONDE_VIEW_FOLLOWER_H
#define SONDE_VIEW_FOLLOWER_H

#include <stdbool.h>
#include <stddef.h>
#include "view/kept.h"
#include "view/source.h"

struct follower;

/* source must outlive it. NULL: no memory. */
struct follower *follower__new(struct source *source);
void follower__free(struct follower *follower); /* tolerates NULL; waits for no daemon */
/*
 * filter (tail_filter.h) decides what is brought from now on, of a recording also what is brought
 * anew. 0, or -errno: there is no thread.
 */
int follower__want(struct follower *follower, bool wanted, const char *filter);
/*
 * What came goes to the end of kept, which is cleared first where it began anew. trouble: why
 * nothing comes, or "". True: any of it changed.
 */
bool follower__take(struct follower *follower, struct kept *kept, char *trouble, size_t size);

#endif
