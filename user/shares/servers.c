/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The processes that serve HTTP, and what is known of each. */
#include <stdlib.h>
#include "shares/internal.h"

#define IDLE_NS	   600000000000ull /* a process without requests for so long is forgotten */
#define SWEEP_NS   100000000ull
#define SWEEP_STEP 64		 /* buckets looked at, at a time */
#define NEAR_NS	   1000000000ull /* doubts as near to one another as this are one */

/* The newest two are enough: requests are told before a third one can begin. */
void doubt__add(struct doubt *d, uint64_t from_ns, uint64_t to_ns)
{
	if (d[0].to_ns && from_ns <= d[0].to_ns + NEAR_NS) {
		d[0].from_ns = from_ns < d[0].from_ns ? from_ns : d[0].from_ns;
		d[0].to_ns = to_ns > d[0].to_ns ? to_ns : d[0].to_ns;
		return;
	}
	d[1] = d[0];
	d[0] = (struct doubt){from_ns, to_ns};
}

struct server *server__look_up(struct shares *s, uint32_t tgid)
{
	struct server *p = s->servers[shares__mix(tgid) % BUCKETS];

	while (p && p->tgid != tgid)
		p = p->next;
	if (p)
		s->recent = p;
	return p;
}

struct server *server__of(struct shares *s, uint32_t tgid)
{
	struct server *p = server__find(s, tgid), **bucket;

	if (p || s->server_count == PROCESSES_MAX)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->tgid = tgid;
	bucket = &s->servers[shares__mix(tgid) % BUCKETS];
	p->next = *bucket;
	*bucket = p;
	s->server_count++;
	return p;
}

void server__share(struct server *p, uint64_t time_ns)
{
	if (p->shared)
		return;
	p->shared = true;
	p->shared_ns = time_ns;
}

void servers__sweep(struct shares *s, uint64_t now_ns)
{
	if (now_ns < s->swept_ns + SWEEP_NS)
		return;
	s->swept_ns = now_ns;
	for (uint32_t i = 0; i < SWEEP_STEP; i++) {
		struct server **at = &s->servers[s->sweep++ % BUCKETS], *p;

		while ((p = *at)) {
			if (p->has_lone || p->open || p->ended || p->used_ns + IDLE_NS > now_ns) {
				at = &p->next;
				continue;
			}
			*at = p->next;
			s->recent = NULL;
			s->server_count--;
			free(p);
		}
	}
}
