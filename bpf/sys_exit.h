/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The third way in, for kernels without socket tracepoints whose trampolines are locked: the end of
 * every system call. It costs something where no socket is involved, and sees neither io_uring nor
 * the calls of 32-bit programs.
 */
#ifndef SONDE_BPF_SYS_EXIT_H
#define SONDE_BPF_SYS_EXIT_H

#define BATCH_MAX 64 /* messages of one recvmmsg or sendmmsg that are followed */
#define S_IFMT	  0170000
#define S_IFSOCK  0140000

/* A system call that moves bytes. */
struct transfer {
	struct source source;
	u64 fd;
	u32 flags;     /* MSG_* */
	int announced; /* what state__announce returned */
	u8 direction;
};

/* The socket behind a file descriptor of the current process. */
static __always_inline struct sock *fd__socket(u64 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct socket *socket;
	struct file *file;

	if (fd >= BPF_CORE_READ(table, max_fds) ||
	    bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + fd) || !file ||
	    (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

static __always_inline bool transfer__of(struct transfer *transfer, const struct pt_regs *regs)
{
	switch (REGISTER_CALL(regs)) {
	case SYS_READ:
	case SYS_READV:
	case SYS_PREADV2:
		return true;
	case SYS_RECVFROM:
	case SYS_RECVMMSG:
		transfer->flags = REGISTER_4(regs);
		return true;
	case SYS_RECVMSG:
		transfer->flags = REGISTER_3(regs);
		return true;
	case SYS_WRITE:
	case SYS_WRITEV:
	case SYS_PWRITEV2:
	case SYS_SENDTO:
	case SYS_SENDMSG:
	case SYS_SENDMMSG:
	case SYS_SENDFILE:
		transfer->direction = DIRECTION_SEND;
		return true;
	case SYS_SPLICE:
		return true;
	default:
		return false;
	}
}

static __always_inline struct state *numbered__find(const struct sock *sk, u8 direction, s64 ret)
{
	u64 id = sock__number(sk);
	struct state *state = bpf_map_lookup_elem(&numbered_sockets, &id);

	if (state || ret <= 0 || !id || !sock__observable(sk))
		return state;
	state = numbered__create(sk, id);
	if (!state)
		count_loss(PROTOCOL_UNKNOWN, LOSS_STATE, ret);
	else
		state__init_late(state, sk, id, direction, ret);
	return state;
}

/* A global function: verified once, not once a message. The socket comes as a number therefore. */
__noinline int transfer__write(struct transfer *transfer, struct state *state, u64 sk, u32 ret)
{
	struct call call = {.task = bpf_get_current_pid_tgid()};

	if (!transfer || !state)
		return 0;
	call.direction = transfer->direction;
	if (!call__prepare(&call, state, (const struct sock *)sk, ret, transfer->announced))
		return 0;
	if (transfer->flags & MSG_TRUNC && transfer->direction == DIRECTION_RECV)
		source__none(&transfer->source, CHUNK_NO_BUFFER);
	call__write(&call, &transfer->source);
	return 0;
}

/* recvmmsg and sendmmsg return the number of messages; each message has its length beside it. */
static __noinline int transfer__batch(struct transfer *transfer, struct state *state,
				      const struct sock *sk, u64 vector, u32 count)
{
	struct user_batch_entry entry;

	if (!transfer || !state)
		return 0;
	/* The kernel's count is that of the last message already. */
	__sync_fetch_and_and(&state->flags, ~STATE_COPIED);
	for (u32 i = 0; i < BATCH_MAX && i < count; i++) {
		if (bpf_probe_read_user(&entry, sizeof(entry), (void *)vector))
			break;
		vector += sizeof(entry);
		transfer->source.kind = SOURCE_VECTOR;
		transfer->source.address = entry.message.vector;
		transfer->source.count = entry.message.count;
		if ((u32)entry.length)
			transfer__write(transfer, state, (u64)sk, entry.length);
	}
	if (!(state->flags & STATE_UNIX))
		state__start_copied(state, tcp__copied(sk));
	if (count > BATCH_MAX)
		count_loss(state->protocol, LOSS_CAP, 0);
	return 0;
}

static __always_inline void transfer__take(struct transfer *transfer, const struct pt_regs *regs,
					   struct sock *sk, s64 ret)
{
	struct state *state = numbered__find(sk, transfer->direction, ret);
	long number = REGISTER_CALL(regs);

	if (!state || state->depth == CAPTURE_NOTHING)
		return;
	if (ret <= 0) {
		if (transfer->direction == DIRECTION_RECV)
			state__received_none(state, sk, (int)ret, transfer->flags);
		return;
	}
	if (socket__is_left_out(state, sk, transfer->direction, ret) ||
	    socket__is_ciphertext(state, sk, transfer->direction, ret) ||
	    !state__wanted(state, ret))
		return;
	transfer->announced = state__announce(state, sk);
	if (number == SYS_RECVMMSG || number == SYS_SENDMMSG) {
		transfer__batch(transfer, state, sk, REGISTER_2(regs), ret);
		return;
	}
	source__by_call(&transfer->source, state, transfer->direction, number, REGISTER_2(regs),
			REGISTER_3(regs));
	transfer__write(transfer, state, (u64)sk, ret);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long ret)
{
	struct transfer transfer = {};
	struct task_struct *task = bpf_get_current_task_btf();
	struct sock *sk;

	if ((ret < 0 && ret != -ECONNRESET) || CALLER_IS_COMPAT(task) ||
	    !transfer__of(&transfer, regs) || transfer.flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
		return 0;
	sk = fd__socket(REGISTER_1(regs));
	if (!sk && REGISTER_CALL(regs) == SYS_SPLICE) {
		transfer.direction = DIRECTION_SEND;
		sk = fd__socket(REGISTER_3(regs));
	}
	if (sk)
		transfer__take(&transfer, regs, sk, ret);
	return 0;
}

#endif
