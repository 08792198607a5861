/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "distinct.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 64

void distinct__init(struct distinct *w, uint64_t length_ns)
{
	*w = (struct distinct){.length_ns = length_ns};
}

void distinct__clear(struct distinct *w)
{
	free(w->at);
	w->at = NULL;
	w->capacity = w->count = 0;
}

static struct distinct_value *place(struct distinct_value *at, uint32_t capacity, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (capacity - 1);

	while (at[i].hash && at[i].hash != hash)
		i = (i + 1) & (capacity - 1);
	return &at[i];
}

static bool within(const struct distinct *w, const struct distinct_value *v, uint64_t now_ns)
{
	return v->hash && v->seen_ns + w->length_ns > now_ns;
}

/* Lays the table anew with what is still within the window, at most half full. */
static bool lay_anew(struct distinct *w, uint64_t now_ns)
{
	uint32_t live = 0, capacity = CAPACITY_FIRST;
	struct distinct_value *at;

	for (uint32_t i = 0; i < w->capacity; i++)
		live += within(w, &w->at[i], now_ns);
	while (capacity < 2 * (live + 1))
		capacity *= 2;
	at = calloc(capacity, sizeof(*at));
	if (!at)
		return false;
	for (uint32_t i = 0; i < w->capacity; i++)
		if (within(w, &w->at[i], now_ns))
			*place(at, capacity, w->at[i].hash) = w->at[i];
	free(w->at);
	w->at = at;
	w->capacity = capacity;
	w->count = live;
	return true;
}

void distinct__see(struct distinct *w, uint64_t hash, uint64_t now_ns)
{
	struct distinct_value *v;

	hash |= !hash;
	if (4 * (w->count + 1) > 3 * w->capacity && !lay_anew(w, now_ns)) {
		w->refused++;
		return;
	}
	v = place(w->at, w->capacity, hash);
	if (!v->hash && w->count >= DISTINCT_MAX) {
		w->refused++;
		return;
	}
	w->count += !v->hash;
	v->hash = hash;
	v->seen_ns = now_ns;
}

void distinct__forget(struct distinct *w, uint64_t hash)
{
	struct distinct_value *v;

	hash |= !hash;
	if (!w->capacity)
		return;
	v = place(w->at, w->capacity, hash);
	if (v->hash)
		v->seen_ns = 0; /* out of the window; swept with the next count */
}

uint32_t distinct__count(struct distinct *w, uint64_t now_ns)
{
	if (w->capacity)
		lay_anew(w, now_ns);
	return w->count;
}

void share__init(struct share *s, uint64_t length_ns)
{
	*s = (struct share){.length_ns = length_ns};
}

static void turn(struct share *s, uint64_t now_ns)
{
	uint64_t slot = s->length_ns / SHARE_SLOTS;

	if (!s->slot_ns || now_ns > s->slot_ns + s->length_ns) {
		memset(s->all, 0, sizeof(s->all));
		memset(s->part, 0, sizeof(s->part));
		s->slot_ns = now_ns;
	}
	while (now_ns >= s->slot_ns + slot) {
		s->newest = (s->newest + 1) % SHARE_SLOTS;
		s->all[s->newest] = s->part[s->newest] = 0;
		s->slot_ns += slot;
	}
}

void share__add(struct share *s, bool part, uint64_t now_ns)
{
	turn(s, now_ns);
	s->all[s->newest]++;
	s->part[s->newest] += part;
}

double share__percent(struct share *s, uint64_t now_ns)
{
	uint64_t all = 0, part = 0;

	turn(s, now_ns);
	for (uint32_t i = 0; i < SHARE_SLOTS; i++) {
		all += s->all[i];
		part += s->part[i];
	}
	return all ? 100.0 * (double)part / (double)all : -1;
}
