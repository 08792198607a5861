/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From Linux 7.0 on a task may be preempted while a tracepoint's program runs for it (a46023d5616e,
 * "Guard __DECLARE_TRACE() use of __DO_TRACE_CALL() with SRCU-fast"). The kernel then takes the
 * next task's call on that CPU for a recursion, and leaves the program out: a call is missed. So
 * there every program has a twin that holds the CPU while it works, chosen by user/capture/hold.c.
 * Not one program that asks: Linux 5.15 refuses even a call of a kernel function that is never
 * made.
 */
#ifndef SONDE_BPF_HOLD_H
#define SONDE_BPF_HOLD_H

#ifdef SONDE_HOLDS /* libbpf 0.5 insists on kernel functions that are marked as dispensable */
extern void bpf_preempt_disable(void) __weak __ksym;
extern void bpf_preempt_enable(void) __weak __ksym;

#define HELD(section, name, work, parameters...)                                                   \
	SEC(section)                                                                               \
	int BPF_PROG(name##_held, ##parameters)                                                    \
	{                                                                                          \
		bpf_preempt_disable();                                                             \
		work;                                                                              \
		bpf_preempt_enable();                                                              \
		return 0;                                                                          \
	}
#else
#define HELD(section, name, work, parameters...)
#endif

/* A program at a tracepoint, `name`, and its twin: `work` is one call. */
#define TRACEPOINT(section, name, work, parameters...)                                             \
	SEC(section)                                                                               \
	int BPF_PROG(name, ##parameters)                                                           \
	{                                                                                          \
		work;                                                                              \
		return 0;                                                                          \
	}                                                                                          \
	HELD(section, name, work, ##parameters)

#endif
