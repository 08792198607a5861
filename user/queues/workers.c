/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "queues/workers.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_NS (WORKER_SLOTS * WORKER_SLOT_NS)

void workers__clear(struct workers *w)
{
	free(w->at);
	*w = (struct workers){.given = w->given};
}

uint32_t workers__count(const struct workers *w)
{
	if (w->given && (w->seats || w->running))
		return w->given;
	return w->seats > w->running ? w->seats : w->running;
}

/* ---- time ---- */

static uint64_t slot_of(uint64_t time_ns)
{
	return time_ns / WORKER_SLOT_NS;
}

static void forget_old(struct workers *w, uint64_t now_ns)
{
	uint64_t from = slot_of(w->since_ns), to = slot_of(now_ns);

	if (to - from >= WORKER_SLOTS)
		from = to - WORKER_SLOTS;
	for (uint64_t n = from + 1; n <= to; n++)
		w->busy_ns[n % WORKER_SLOTS] = w->there_ns[n % WORKER_SLOTS] = 0;
}

/* What was so since the last time goes into the slots between. */
static void account(struct workers *w, uint64_t now_ns)
{
	uint64_t from = w->since_ns, end;

	if (now_ns <= from)
		return;
	if (!from)
		from = now_ns;
	else if (now_ns - from > WINDOW_NS)
		from = now_ns - WINDOW_NS + WORKER_SLOT_NS;
	forget_old(w, now_ns);
	for (; from < now_ns; from = end) {
		uint64_t slot = slot_of(from);

		end = (slot + 1) * WORKER_SLOT_NS < now_ns ? (slot + 1) * WORKER_SLOT_NS : now_ns;
		w->busy_ns[slot % WORKER_SLOTS] += w->running * (end - from);
		w->there_ns[slot % WORKER_SLOTS] += workers__count(w) * (end - from);
	}
	w->since_ns = now_ns;
}

/* Time that has passed was different from what was accounted; the newest slots take it. */
static void correct(uint64_t *slots, uint64_t now_ns, int64_t ns)
{
	uint64_t slot = slot_of(now_ns) + WORKER_SLOTS;

	if (ns > 0)
		slots[slot % WORKER_SLOTS] += (uint64_t)ns;
	for (int i = 0; i < WORKER_SLOTS && ns < 0; i++, slot--) {
		uint64_t *at = &slots[slot % WORKER_SLOTS];
		uint64_t part = *at < (uint64_t)-ns ? *at : (uint64_t)-ns;

		*at -= part;
		ns += (int64_t)part;
	}
}

static int64_t ago(uint64_t then_ns, uint64_t now_ns)
{
	uint64_t ns = now_ns > then_ns ? now_ns - then_ns : 0;

	return (int64_t)(ns < WINDOW_NS ? ns : WINDOW_NS);
}

/* ---- who ---- */

static struct worker *find(struct workers *w, uint64_t identity)
{
	for (uint32_t i = 0; identity && i < w->count; i++)
		if (w->at[i].identity == identity)
			return &w->at[i];
	return NULL;
}

static struct worker *place(struct workers *w)
{
	if (!w->at)
		w->at = calloc(WORKERS_MAX, sizeof(*w->at));
	for (uint32_t i = 0; w->at && i < w->count; i++)
		if (!w->at[i].identity)
			return &w->at[i];
	return w->at && w->count < WORKERS_MAX ? &w->at[w->count++] : NULL;
}

void workers__see(struct workers *w, const struct worker *who, uint64_t then_ns, uint64_t now_ns)
{
	struct worker *worker = find(w, who->identity);
	uint32_t before = workers__count(w);

	account(w, now_ns);
	if (!worker && who->identity) {
		worker = place(w);
		if (!worker)
			return;
		*worker = *who;
		w->seats += worker->most;
		correct(w->there_ns, now_ns, (workers__count(w) - before) * ago(then_ns, now_ns));
	}
	if (!worker)
		return;
	worker->connection = who->connection;
	worker->seen_ns = now_ns;
}

void workers__begin(struct workers *w, uint64_t identity, uint64_t then_ns, uint64_t now_ns)
{
	struct worker *worker = find(w, identity);
	uint32_t before = workers__count(w);

	account(w, now_ns);
	w->running++;
	if (worker && ++worker->running > worker->most) {
		worker->most++;
		w->seats++;
	}
	correct(w->busy_ns, now_ns, ago(then_ns, now_ns));
	correct(w->there_ns, now_ns, (workers__count(w) - before) * ago(then_ns, now_ns));
}

void workers__end(struct workers *w, uint64_t identity, uint64_t then_ns, uint64_t now_ns)
{
	struct worker *worker = find(w, identity);

	account(w, now_ns);
	if (worker && worker->running)
		worker->running--;
	if (w->running)
		w->running--;
	correct(w->busy_ns, now_ns, -ago(then_ns, now_ns));
}

uint64_t workers__did(struct workers *w, uint64_t identity, uint64_t from_ns, uint64_t to_ns,
		      uint64_t now_ns)
{
	struct worker *worker = find(w, identity);

	account(w, now_ns);
	if (worker && worker->ended_ns > from_ns)
		from_ns = worker->ended_ns;
	if (worker)
		worker->ended_ns = to_ns;
	correct(w->busy_ns, now_ns, ago(from_ns, to_ns));
	return from_ns;
}

void workers__ended(struct workers *w, uint64_t identity, uint64_t time_ns)
{
	struct worker *worker = find(w, identity);

	if (worker)
		worker->ended_ns = time_ns;
}

static void leave(struct workers *w, struct worker *worker, uint64_t left_ns, uint64_t now_ns)
{
	uint32_t before = workers__count(w);

	w->running -= worker->running < w->running ? worker->running : w->running;
	w->seats -= worker->most;
	*worker = (struct worker){0};
	correct(w->there_ns, now_ns, -((before - workers__count(w)) * ago(left_ns, now_ns)));
}

void workers__sweep(struct workers *w, uint64_t now_ns,
		    uint64_t (*gone)(void *context, const struct worker *worker), void *context)
{
	account(w, now_ns);
	for (uint32_t i = 0; i < w->count; i++) {
		uint64_t left = w->at[i].identity ? gone(context, &w->at[i]) : 0;

		if (left)
			leave(w, &w->at[i], left, now_ns);
	}
}

double workers__utilisation(struct workers *w, uint64_t now_ns)
{
	uint64_t busy = 0, there = 0;

	account(w, now_ns);
	for (int i = 0; i < WORKER_SLOTS; i++) {
		busy += w->busy_ns[i];
		there += w->there_ns[i];
	}
	if (!there)
		return -1;
	return busy < there ? 100.0 * (double)busy / (double)there : 100;
}
