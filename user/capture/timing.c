/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "capture/timing.h"

#define SECOND_NS 1000000000ull
#define LOOK_NS	  (10 * SECOND_NS)
#define MOST_NS	  (60 * SECOND_NS)

/* So few records are nothing to go by. */
static const double quiet = 100.0 / SECOND_NS;

void timing__init(struct timing *t, bool closely)
{
	*t = (struct timing){
		.look_ns = closely ? SECOND_NS : LOOK_NS,
		.most_ns = closely ? SECOND_NS : MOST_NS,
		.window_ns = closely ? SECOND_NS / 10 : SECOND_NS,
		.least_ns = closely ? SECOND_NS / 10 : SECOND_NS / 4,
	};
}

static void begin(struct timing *t, uint64_t now_ns, uint64_t records)
{
	t->runs = true;
	t->begun_ns = t->looked_ns = now_ns;
	t->begun_records = t->looked_records = records;
}

static void end(struct timing *t, uint64_t now_ns, uint64_t records)
{
	t->runs = false;
	t->rate = (double)(records - t->begun_records) / (double)(now_ns - t->begun_ns);
	t->looked_ns = now_ns;
	t->looked_records = records;
}

/* Twice as many come as while it was timed, or half as many. */
static bool has_changed(struct timing *t, uint64_t now_ns, uint64_t records)
{
	double then = t->rate + quiet, now = quiet;

	now += (double)(records - t->looked_records) / (double)(now_ns - t->looked_ns);
	t->looked_ns = now_ns;
	t->looked_records = records;
	return now > 2 * then || then > 2 * now;
}

static bool is_enough(const struct timing *t, uint64_t now_ns, uint64_t records)
{
	uint64_t taken_ns = now_ns - t->begun_ns;

	return taken_ns >= t->window_ns ||
	       (taken_ns >= t->least_ns && records - t->begun_records >= TIMING_ENOUGH);
}

enum timing_step timing__step(struct timing *t, uint64_t now_ns, uint64_t records)
{
	if (t->runs && is_enough(t, now_ns, records)) {
		end(t, now_ns, records);
		return TIMING_END;
	}
	if (t->runs)
		return TIMING_REST;
	if (!t->begun_ns || now_ns - t->begun_ns >= t->most_ns) {
		begin(t, now_ns, records);
		return TIMING_BEGIN;
	}
	if (now_ns - t->looked_ns < t->look_ns)
		return TIMING_REST;
	if (!has_changed(t, now_ns, records))
		return TIMING_LOOK;
	begin(t, now_ns, records);
	return TIMING_BEGIN;
}
