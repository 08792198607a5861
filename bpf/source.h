/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the bytes of the call in progress lie in its caller's memory. The socket hooks do not tell;
 * the registers with which the task entered the kernel do.
 */
#ifndef SONDE_BPF_SOURCE_H
#define SONDE_BPF_SOURCE_H

#define PF_IO_WORKER 0x00000010 /* include/linux/sched.h */
#define PF_KTHREAD   0x00200000

enum source_kind { SOURCE_NONE, SOURCE_BUFFER, SOURCE_VECTOR };

struct source {
	u64 address; /* of the buffer, or of the vector */
	u64 count;   /* bytes of the buffer, or entries of the vector */
	u16 kind;
	u16 flags; /* CHUNK_*: why there is none */
	u32 batch; /* 1 + index of the message in a recvmmsg or sendmmsg, else 0 */
};

/* The user's struct iovec, msghdr and mmsghdr of 64-bit callers: fixed by the system call
 * interface. */
struct user_vector {
	u64 address;
	u64 length;
};

struct user_message {
	u64 name;
	u64 name_length;
	u64 vector;
	u64 count;
	u64 control;
	u64 control_length;
	u64 flags;
};

struct user_batch_entry {
	struct user_message message;
	u64 length;
};

#if defined(__TARGET_ARCH_x86)
enum syscall {
	SYS_READ = 0,
	SYS_WRITE = 1,
	SYS_READV = 19,
	SYS_WRITEV = 20,
	SYS_SENDFILE = 40,
	SYS_SENDTO = 44,
	SYS_RECVFROM = 45,
	SYS_SENDMSG = 46,
	SYS_RECVMSG = 47,
	SYS_SPLICE = 275,
	SYS_RECVMMSG = 299,
	SYS_SENDMMSG = 307,
	SYS_PREADV2 = 327,
	SYS_PWRITEV2 = 328,
	SYS_IO_URING_ENTER = 426,
};
#define TS_COMPAT	    0x0002 /* arch/x86/include/asm/thread_info.h */
#define REGISTER_CALL(regs) ((regs)->orig_ax)
#define REGISTER_1(regs)    ((regs)->di)
#define REGISTER_2(regs)    ((regs)->si)
#define REGISTER_3(regs)    ((regs)->dx)
#define REGISTER_4(regs)    ((regs)->r10)
/*
 * ax is -ENOSYS from the entry of a system call until its end (arch/x86/entry/entry_64.S). Anything
 * else means that the kernel runs deferred work, io_uring's, on the way back to the user.
 */
#define CALL_RUNS(regs)	       ((s64)(regs)->ax == -38)
#define CALLER_IS_COMPAT(task) ((task)->thread_info.status & TS_COMPAT)
#else
enum syscall {
	SYS_READ = 63,
	SYS_WRITE = 64,
	SYS_READV = 65,
	SYS_WRITEV = 66,
	SYS_SENDFILE = 71,
	SYS_SPLICE = 76,
	SYS_SENDTO = 206,
	SYS_RECVFROM = 207,
	SYS_SENDMSG = 211,
	SYS_RECVMSG = 212,
	SYS_RECVMMSG = 243,
	SYS_SENDMMSG = 269,
	SYS_PREADV2 = 286,
	SYS_PWRITEV2 = 287,
	SYS_IO_URING_ENTER = 426,
};
#define TIF_32BIT	       (1 << 22) /* arch/arm64/include/asm/thread_info.h */
#define REGISTER_CALL(regs)    ((regs)->syscallno)
#define REGISTER_1(regs)       ((regs)->orig_x0)
#define REGISTER_2(regs)       ((regs)->regs[1])
#define REGISTER_3(regs)       ((regs)->regs[2])
#define REGISTER_4(regs)       ((regs)->regs[3])
#define CALL_RUNS(regs)	       true
#define CALLER_IS_COMPAT(task) ((task)->thread_info.flags & TIF_32BIT)
#endif

static __always_inline void source__none(struct source *source, u16 flags)
{
	source->kind = SOURCE_NONE;
	source->flags = flags;
}

static __always_inline void source__message(struct source *source, u64 address)
{
	struct user_message message;

	if (bpf_probe_read_user(&message, sizeof(message), (void *)address)) {
		source__none(source, CHUNK_UNREADABLE);
		return;
	}
	source->kind = SOURCE_VECTOR;
	source->address = message.vector;
	source->count = message.count;
}

/* The hook fires once a message: the how-manieth of this call it is, the socket's state remembers.
 */
static __always_inline void source__batch(struct source *source, struct batch *batch, u64 vector,
					  u32 entries)
{
	u32 tid = bpf_get_current_pid_tgid(), index = 0;

	if (batch->vector == vector && batch->tid == tid && batch->next < entries)
		index = batch->next;
	batch->vector = vector;
	batch->tid = tid;
	batch->next = index + 1;
	source->batch = index + 1;
	source__message(source, vector + index * sizeof(struct user_batch_entry));
}

static __always_inline void source__by_call(struct source *source, struct state *state,
					    u8 direction, long call, u64 second, u64 third)
{
	struct batch *batch = &state->batch[direction & 1];

	if (call == SYS_RECVMMSG || call == SYS_SENDMMSG) {
		source__batch(source, batch, second, third);
		return;
	}
	if (batch->vector)
		batch->vector = 0;
	switch (call) {
	case SYS_READ:
	case SYS_WRITE:
	case SYS_RECVFROM:
	case SYS_SENDTO:
		source->kind = SOURCE_BUFFER;
		source->address = second;
		source->count = third;
		return;
	case SYS_READV:
	case SYS_WRITEV:
	case SYS_PREADV2:
	case SYS_PWRITEV2:
		source->kind = SOURCE_VECTOR;
		source->address = second;
		source->count = third;
		return;
	case SYS_RECVMSG:
	case SYS_SENDMSG:
		source__message(source, second);
		return;
	case SYS_SENDFILE:
		source__none(source, CHUNK_NO_BUFFER);
		return;
	case SYS_SPLICE:
		source__none(source, CHUNK_NO_BUFFER | CHUNK_SPLICED);
		return;
	case SYS_IO_URING_ENTER:
		source__none(source, CHUNK_IO_URING);
		return;
	default:
		source__none(source, CHUNK_COMPAT);
	}
}

static __always_inline void source__find(struct source *source, struct state *state, u8 direction)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)task_pt_regs(task);

	source->batch = 0;
	source->flags = 0;
	source->count = 0;
	source->address = 0;
	if (task->flags & PF_IO_WORKER)
		source__none(source, CHUNK_IO_URING);
	else if (task->flags & PF_KTHREAD || CALLER_IS_COMPAT(task))
		source__none(source, CHUNK_COMPAT);
	else if (!CALL_RUNS(regs))
		source__none(source, CHUNK_IO_URING);
	else
		source__by_call(source, state, direction, REGISTER_CALL(regs), REGISTER_2(regs),
				REGISTER_3(regs));
}

#endif
