/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whose connection it is: its process, that process's service, and whether it is observed at all.
 */
#include "again.h"
#include "connection_internal.h"

static void take(struct connections *t, struct connection *c, const struct process *process)
{
	connection__count_moved(c);
	again__stop(c);
	c->service = process->service;
	c->own = process->own && !c->protocol;
	c->ignored = process->ignored;
	pools__move(&t->engine->pools, c, t->engine->now_ns);
}

static const struct process *owner_of(struct connections *t, const struct connection *c)
{
	bool serves = c->role == ROLE_SERVER && !c->path[0];

	return processes__owner(t->engine->processes, c->tgid, serves ? c->local_port : 0);
}

void owner__set(struct connections *t, struct connection *c, uint32_t tgid)
{
	if (c->tgid == tgid || !tgid)
		return;
	c->tgid = tgid;
	take(t, c, owner_of(t, c));
}

/* One whose process has ended long ago keeps its service. */
static void rename_one(struct connections *t, struct connection *c)
{
	const struct process *process = owner_of(t, c);

	if (process->tgid)
		take(t, c, process);
}

void owner__rename_all(struct connections *t)
{
	t->renames = processes__renames(t->engine->processes);
	for (uint32_t i = 0; i < t->bucket_count; i++)
		for (struct connection *c = t->bucket[i]; c; c = c->next)
			if (c->tgid)
				rename_one(t, c);
}

/* What is being answered is told first: nothing is lost by leaving. */
bool owner__may_leave(const struct connection *c)
{
	if (!c->ignored)
		return c->own; /* `sonde top` and its like; bpf/ leaves out the daemon itself */
	return !c->protocol || (!c->protocol->multiplexed && !c->parser.pairing.count && !c->held);
}

/* Of what turns out to be no protocol of ours nothing counts. */
void connection__count_moved(struct connection *c)
{
	for (int d = 0; c->protocol && d < DIRECTION_COUNT; d++) {
		uint64_t moved = c->stream[d].position - c->stream[d].counted;

		c->stream[d].counted += moved;
		if (moved)
			processes__moved(c->engine->processes, c->service, (enum direction)d,
					 moved);
	}
}
