/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keeps what sonde costs (its own CPU time, and that of its programs in whoever runs them) within a
 * share of one core: by observing fewer connections, whole ones (budget.h decides how many).
 */
#ifndef SONDE_CPU_BUDGET_H
#define SONDE_CPU_BUDGET_H

#include <stdint.h>

struct capture;
struct engine;
struct cpu_budget;

struct sampling {
	double rate;	/* share of the connections that is observed; 1 without a budget */
	double used;	/* of one core, in the last seconds; 0 without a budget */
	double allowed; /* 0: there is no budget */
};

/* `millionths` of one core. NULL: no memory. Both must outlive it. */
struct cpu_budget *cpu_budget__new(uint32_t millionths, struct capture *capture,
				   struct engine *engine);
void cpu_budget__free(struct cpu_budget *budget); /* tolerates NULL */
/* Some times a second. */
void cpu_budget__tick(struct cpu_budget *budget, uint64_t now_ns);
/* NULL is tolerated: everything is observed. */
struct sampling cpu_budget__sampling(const struct cpu_budget *budget);

#endif
