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
 * - so those that must see all are followed by others, NAME_again to NAME_last, each of which does
 *   the work if none before it has. Only what all of them miss is lost: whoever does the work may
 *   be preempted then, so it takes one waiting task for each of them, on one CPU.
 *
 * user/capture/hold.c chooses. Not one program that asks: Linux 5.15 refuses even a call of a
 * kernel function that is never made.
 */
#ifndef SONDE_BPF_HOLD_H
#define SONDE_BPF_HOLD_H

/* What the programs that follow each other tell each other: for each tracepoint on its own. */
enum pass { PASS_RECV, PASS_SEND, PASS_LISTEN, PASS_COUNT };

enum follower { FOLLOWS_NONE, FOLLOWS_ONE, FOLLOWS_TWO, FOLLOWS_THREE, FOLLOWS_ALL };

#define SEEN(follower) (1u << (follower))
#define PASS_COUNTS    (1u << 31) /* began when all were attached: what it lacks was missed */

/* Of the newest call of a task that one of the programs saw: which of them did. */
struct passes {
	u32 seen[PASS_COUNT];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct passes);
} marks SEC(".maps");

__u64 done_in_vain; /* calls whose work was done, but whose last program was left out, so far */
__u64 done_for_now; /* of tasks' newest calls; user/ has them counted */

static __always_inline bool pass__lacks_last(u32 seen)
{
	return (seen & (PASS_COUNTS | SEEN(FOLLOWS_ALL))) == PASS_COUNTS;
}

/* So many calls of a task were not lost, though the last program missed them. */
static __always_inline u32 passes__in_vain(const struct passes *passes)
{
	return pass__lacks_last(passes->seen[PASS_RECV]) +
	       pass__lacks_last(passes->seen[PASS_SEND]);
}

#ifdef SONDE_HOLDS /* libbpf 0.5 insists on kernel functions that are marked as dispensable */
extern void bpf_preempt_disable(void) __weak __ksym;
extern void bpf_preempt_enable(void) __weak __ksym;

/*
 * Whether the work is the caller's. Each program leaves its mark, and they run in their order: a
 * mark of the same one, or of one behind it, is an earlier call's. Of the programs that saw a call
 * exactly one does the work; unless all that saw the task's call before stand in front of them all.
 * Then it is not done, but nothing is found in vain either, so that it is among the lost ones.
 * Without memory for marks it is the last one's.
 */
static __always_inline bool pass__is_mine(enum pass pass, enum follower self)
{
	struct passes *passes = bpf_task_storage_get(&marks, bpf_get_current_task_btf(), 0,
						     BPF_LOCAL_STORAGE_GET_F_CREATE);
	u32 seen, by;

	if (!passes)
		return self == FOLLOWS_ALL;
	seen = passes->seen[pass];
	by = seen & ~PASS_COUNTS;
	if (by && by < SEEN(self)) {
		passes->seen[pass] = seen | SEEN(self);
		return false;
	}
	if (pass != PASS_LISTEN && pass__lacks_last(seen))
		__sync_fetch_and_add(&done_in_vain, 1);
	passes->seen[pass] = SEEN(self) | (hooked ? PASS_COUNTS : 0);
	return true;
}

/* Of a task that ends. More than once does no harm. */
static __always_inline void passes__end(void)
{
	struct passes *passes = bpf_task_storage_get(&marks, bpf_get_current_task_btf(), 0, 0);

	if (!passes)
		return;
	__sync_fetch_and_add(&done_in_vain, passes__in_vain(passes));
	__builtin_memset(passes, 0, sizeof(*passes));
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

/* Works if `mine`, which may ask who it is: `self`. */
#define PROGRAM_ASKS(section, name, which, work, mine, parameters...)                              \
	SEC(section)                                                                               \
	int BPF_PROG(name, ##parameters)                                                           \
	{                                                                                          \
		const enum follower self __attribute__((unused)) = which;                          \
                                                                                                   \
		if (!(mine))                                                                       \
			return 0;                                                                  \
		bpf_preempt_disable();                                                             \
		work;                                                                              \
		bpf_preempt_enable();                                                              \
		return 0;                                                                          \
	}

/* All that follow each other. Programs of a tracepoint run in the order they were attached in. */
#define PROGRAMS_ASK(section, name, work, mine, parameters...)                                     \
	PROGRAM_ASKS(section, name##_held, FOLLOWS_NONE, work, mine, ##parameters)                 \
	PROGRAM_ASKS(section, name##_again, FOLLOWS_ONE, work, mine, ##parameters)                 \
	PROGRAM_ASKS(section, name##_again2, FOLLOWS_TWO, work, mine, ##parameters)                \
	PROGRAM_ASKS(section, name##_again3, FOLLOWS_THREE, work, mine, ##parameters)              \
	PROGRAM_ASKS(section, name##_last, FOLLOWS_ALL, work, mine, ##parameters)

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
#define PROGRAMS_ASK(section, name, work, mine, parameters...)
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

/* With those that follow. A mark is the task's: not for what interrupts pass, too. */
#define TRACEPOINT_FOR_SURE(section, name, pass, work, parameters...)                              \
	PROGRAM_PLAIN(section, name, work, ##parameters)                                           \
	PROGRAMS_ASK(section, name, work, pass__is_mine(pass, self), ##parameters)

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
