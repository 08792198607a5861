/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From Linux 7.0 on a task may be preempted while a tracepoint's program runs for it (a46023d5616e,
 * "Guard __DECLARE_TRACE() use of __DO_TRACE_CALL() with SRCU-fast"). The kernel then takes the
 * next task's call on that CPU for a recursion, and leaves the program out (__bpf_trace_run): a
 * call is missed. So there
 *
 * - every program has a twin NAME_held that holds the CPU while it works, so that nothing of a CPU
 *   is shared with a half-done one. It may still be preempted when it lets go of it, and counts as
 *   running then;
 * - so those that must see all are followed by a third one, NAME_again, which does the work that
 * was not done. Only what it misses, too, can be lost.
 *
 * user/capture/hold.c chooses. Not one program that asks: Linux 5.15 refuses even a call of a
 * kernel function that is never made.
 */
#ifndef SONDE_BPF_HOLD_H
#define SONDE_BPF_HOLD_H

/* Whether the work of the tracepoint that the task is at was done. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u32);
} done SEC(".maps");

__u64 done_in_vain; /* marks that the last program did not take, found so far */
__u64 done_for_now; /* those that are still with their tasks; user/ has them counted */

#ifdef SONDE_HOLDS /* libbpf 0.5 insists on kernel functions that are marked as dispensable */
extern void bpf_preempt_disable(void) __weak __ksym;
extern void bpf_preempt_enable(void) __weak __ksym;

static __always_inline u32 *done__of_task(void)
{
	return bpf_task_storage_get(&done, bpf_get_current_task_btf(), 0,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
}

static __always_inline void done__set(void)
{
	u32 *mark = done__of_task();

	if (!mark)
		return;
	if (*mark)
		__sync_fetch_and_add(&done_in_vain, 1);
	*mark = 1;
}

/* Of a task that ends. */
static __always_inline void done__end(void)
{
	u32 *mark = bpf_task_storage_get(&done, bpf_get_current_task_btf(), 0, 0);

	if (!mark || !*mark)
		return;
	__sync_fetch_and_add(&done_in_vain, 1);
	*mark = 0;
}

/* Without memory for the mark the work counts as done: rather lost than told twice. */
static __always_inline bool done__is(void)
{
	u32 *mark = done__of_task();

	if (!mark)
		count_loss(PROTOCOL_UNKNOWN, LOSS_STATE, 0);
	return !mark || *mark;
}

/* The same, by the last one to ask. */
static __always_inline bool done__take(void)
{
	u32 *mark = done__of_task();

	if (!mark || !*mark)
		return !mark;
	*mark = 0;
	return true;
}

#define PROGRAM_HELD(section, name, work, parameters...)                                           \
	SEC(section)                                                                               \
	int BPF_PROG(name##_held, ##parameters)                                                    \
	{                                                                                          \
		bpf_preempt_disable();                                                             \
		work;                                                                              \
		bpf_preempt_enable();                                                              \
		return 0;                                                                          \
	}

/* Behind the others: programs of a tracepoint run in the order they were attached in. */
#define PROGRAM_BEHIND(section, name, work, is_done, parameters...)                                \
	SEC(section)                                                                               \
	int BPF_PROG(name, ##parameters)                                                           \
	{                                                                                          \
		if (is_done)                                                                       \
			return 0;                                                                  \
		bpf_preempt_disable();                                                             \
		work;                                                                              \
		bpf_preempt_enable();                                                              \
		return 0;                                                                          \
	}
#define PROBE_HELD(name, work)                                                                     \
	SEC("uprobe/" #name "_held")                                                               \
	int name##_held(struct pt_regs *regs)                                                      \
	{                                                                                          \
		bpf_preempt_disable();                                                             \
		work;                                                                              \
		bpf_preempt_enable();                                                              \
		return 0;                                                                          \
	}
#else
#define PROBE_HELD(name, work)
#define PROGRAM_HELD(section, name, work, parameters...)
#define PROGRAM_BEHIND(section, name, work, is_done, parameters...)
#endif

#define PROGRAM_PLAIN(section, name, work, parameters...)                                          \
	SEC(section)                                                                               \
	int BPF_PROG(name, ##parameters)                                                           \
	{                                                                                          \
		work;                                                                              \
		return 0;                                                                          \
	}

/* A program and its twin: `work` is one call. */
#define TRACEPOINT(section, name, work, parameters...)                                             \
	PROGRAM_PLAIN(section, name, work, ##parameters)                                           \
	PROGRAM_HELD(section, name, work, ##parameters)

/* With the other two. A mark is the task's: not for what interrupts pass, too. */
#define TRACEPOINT_FOR_SURE(section, name, work, parameters...)                                    \
	PROGRAM_PLAIN(section, name, work, ##parameters)                                           \
	PROGRAM_HELD(section, name, work; done__set(), ##parameters)                               \
	PROGRAM_BEHIND(section, name##_again, work; done__set(), done__is(), ##parameters)         \
	PROGRAM_BEHIND(section, name##_last, work, done__take(), ##parameters)

/*
 * In a library, and its twin: nothing is missed there, but the kernel gives a program a stack of
 * its CPU (bpf_enable_priv_stack in kernel/bpf/verifier.c, Linux 6.13), whoever else runs it
 * meanwhile.
 */
#define PROBE(name, work)                                                                          \
	SEC("uprobe/" #name)                                                                       \
	int name(struct pt_regs *regs)                                                             \
	{                                                                                          \
		work;                                                                              \
		return 0;                                                                          \
	}                                                                                          \
	PROBE_HELD(name, work)

#endif
