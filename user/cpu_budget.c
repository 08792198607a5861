/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cpu_budget.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include "budget.h"
#include "capture/capture.h"
#include "connection.h"
#include "engine.h"
#include "log.h"

#define SECOND_NS 1000000000ull
#define SETTLE_NS 20000000ull /* a program that has read the threshold before has ended by then */

struct cpu_budget {
	struct budget budget;
	struct capture *capture;
	struct engine *engine;
	uint64_t read_ns, spent_ns; /* the last reading */
	uint64_t lowered_ns; /* when fewer became observed; 0: all that are left out are gone */
	bool exhausted;	     /* less than a thousandth would be too much: said once */
};

struct cpu_budget *cpu_budget__new(uint32_t millionths, struct capture *capture,
				   struct engine *engine)
{
	struct cpu_budget *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	budget__init(&b->budget, millionths / 1e6);
	b->capture = capture;
	b->engine = engine;
	return b;
}

void cpu_budget__free(struct cpu_budget *b)
{
	free(b);
}

static uint64_t time_ns(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * SECOND_NS + (uint64_t)time->tv_usec * 1000;
}

static uint64_t spent_ns(struct capture *capture)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return time_ns(&usage.ru_utime) + time_ns(&usage.ru_stime) + capture__run_ns(capture);
}

static uint32_t threshold_of(const struct budget *budget)
{
	return SONDE_FATES >> budget->level;
}

/* Whose fate is not known was announced in a record that got lost; it ends by itself. */
static bool is_left_out(void *context, const struct connection *c)
{
	const struct cpu_budget *b = context;

	return c->fate > threshold_of(&b->budget);
}

/* bpf/ leaves them out at once; what it had written by then is counted first. */
static void let_go(struct cpu_budget *b)
{
	if (capture__drained_ns(b->capture) < b->lowered_ns + SETTLE_NS)
		return;
	b->lowered_ns = 0;
	connections__let_go(b->engine->connections, is_left_out, b, UINT32_MAX, LOSS_SAMPLED);
}

static void say(const struct budget *budget, double used)
{
	log__write(LOG_WARN, "sampling",
		   "%.2f%% of a core is used, %.2f%% is allowed: 1 connection in %u is observed "
		   "from now on",
		   used * 100, budget->share * 100, 1u << budget->level);
}

static void apply(struct cpu_budget *b, unsigned before, double used, uint64_t now_ns)
{
	capture__sample(b->capture, threshold_of(&b->budget));
	if (b->budget.level > before)
		b->lowered_ns = now_ns;
	say(&b->budget, used);
}

static void watch_the_end(struct cpu_budget *b)
{
	bool over = b->budget.level == BUDGET_LEVELS - 1 && b->budget.used > b->budget.share;

	if (over && !b->exhausted)
		log__write(LOG_WARN, "sampling",
			   "%.2f%% of a core is used though 1 connection in %u is observed: the "
			   "budget is too small for this node",
			   b->budget.used * 100, 1u << b->budget.level);
	b->exhausted = over;
}

static void step(struct cpu_budget *b, uint64_t now_ns)
{
	uint64_t spent = spent_ns(b->capture);
	unsigned before = b->budget.level;
	double used = (double)(spent - b->spent_ns) / (double)(now_ns - b->read_ns);
	bool first = !b->read_ns;

	b->spent_ns = spent;
	b->read_ns = now_ns;
	if (first)
		return; /* what the start took is no cost of the observation */
	if (budget__step(&b->budget, used))
		apply(b, before, used, now_ns);
	watch_the_end(b);
}

void cpu_budget__tick(struct cpu_budget *b, uint64_t now_ns)
{
	if (b->lowered_ns)
		let_go(b);
	if (now_ns - b->read_ns >= SECOND_NS)
		step(b, now_ns);
}

struct sampling cpu_budget__sampling(const struct cpu_budget *b)
{
	if (!b)
		return (struct sampling){.rate = 1};
	return (struct sampling){.rate = budget__rate(&b->budget),
				 .used = b->budget.used,
				 .allowed = b->budget.share};
}
