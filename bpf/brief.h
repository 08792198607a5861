/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The short way of a call that is like the last one of its socket: everything about the connection
 * is known and told, its bytes are in one buffer, and few. moved() has the long way, and decides
 * when the short one may be taken from then on.
 */
#ifndef SONDE_BPF_BRIEF_H
#define SONDE_BPF_BRIEF_H

#define BRIEF_STACK 64 /* bytes of payload that are copied by way of the stack, which is small */

/* All that must be as it was when the short way was opened: whose call it is, and the verdicts. */
static __always_inline u64 brief__key(u32 tgid, u32 verdicts)
{
	return (u64)tgid << 32 | verdicts;
}

/* A call's bytes, so far as they are on the stack: what is behind them is never told. */
struct brief {
	u64 words[BRIEF_STACK / 8];
};

static __always_inline void brief__copy(u64 *to, const struct brief *from, u32 bytes)
{
#pragma unroll
	for (int i = 0; i < BRIEF_STACK / 32; i++) {
		if (i && bytes <= 32 * i)
			break;
		to[4 * i] = from->words[4 * i];
		to[4 * i + 1] = from->words[4 * i + 1];
		to[4 * i + 2] = from->words[4 * i + 2];
		to[4 * i + 3] = from->words[4 * i + 3];
	}
}

/* When the bytes that were taken had reached the socket; asked before the clock is, it is no later.
 */
static __always_inline u64 brief__ready(struct state *state, u8 direction)
{
	u64 ready = direction == DIRECTION_RECV ? *(volatile u64 *)&state->ready_ns : 0;

	if (ready)
		state->ready_ns = 0;
	return ready;
}

/* struct chunk in words, of a little-endian machine. */
static __always_inline u64 brief__fill(u64 *record, struct state *state,
				       const struct task_struct *task, u8 direction, u32 ret,
				       u32 head, u16 flags)
{
	u64 ready = brief__ready(state, direction), now = bpf_ktime_get_ns();
	u32 *half = (u32 *)record;

	half[0] = EVENT_CHUNK | (u32)flags << 16;
	half[1] = sizeof(struct chunk) + head;
	record[1] = now;
	record[2] = state->id;
	record[3] = __sync_fetch_and_add(&state->position[direction & 1], ret);
	record[4] = ready ? now - ready : 0;
	half[10] = ret;
	half[11] = head;
	half[12] = task->tgid;
	half[13] = task->pid;
	record[7] = direction | (u64)state->protocol << 8;
	return now;
}

/* A call that is about to be told. */
struct brief_call {
	struct state *state;
	const struct task_struct *task;
	u32 ret, head;
	u32 padded; /* head in words */
	u16 flags;
	u8 direction;
};

/* Finishes a record at a place that is owned. */
static __always_inline void brief__finish(const struct brief_call *call, struct area *area,
					  u64 place, u32 lap, u64 *record)
{
	u64 now = brief__fill(record, call->state, call->task, call->direction, call->ret,
			      call->head, call->flags);
	u64 next = place + sizeof(struct chunk) + call->padded;

	if ((next ^ place) & lap)
		next &= ~((u64)lap - 1);
	area__disown(area, next);
	area__alarm(area, lap, next, now);
}

/*
 * Few bytes, by way of the stack. The caller's memory is read in words: what is no more of its
 * buffer is behind the record's end. False: nothing was changed, the long way is to be gone.
 */
static __always_inline bool brief__write_stacked(const struct brief_call *call, u64 buffer)
{
	u32 lap = area_bytes;
	u64 place, *record;
	struct brief bytes;
	struct area *area;

	if (bpf_probe_read_user(&bytes, call->padded, (void *)buffer))
		return false;
	area = area__of_cpu();
	if (!area)
		return false;
	place = area__place(area);
	if (!area__has_room(area, lap, place + sizeof(struct chunk) + call->padded) ||
	    !area__own(area, place))
		return false;
	record = (u64 *)(area->data + (place & (lap - 1)));
	brief__copy(record + sizeof(struct chunk) / 8, &bytes, call->padded);
	brief__finish(call, area, place, lap, record);
	return true;
}

static __always_inline bool brief__write(const struct brief_call *call, u64 buffer)
{
	struct area *area = area__of_cpu();
	u32 lap = area_bytes;
	u64 place, *record;

	/* Linux 6.1 must see the bound here, too. */
	if (!area || call->padded > BRIEF_MAX)
		return false;
	place = area__place(area);
	if (!area__has_room(area, lap, place + sizeof(struct chunk) + call->padded) ||
	    !area__own(area, place))
		return false;
	record = (u64 *)(area->data + (place & (lap - 1)));
	if (call->head &&
	    bpf_probe_read_user(record + sizeof(struct chunk) / 8, call->padded, (void *)buffer)) {
		area__disown(area, place);
		return false;
	}
	brief__finish(call, area, place, lap, record);
	return true;
}

/*
 * Whose calls are not told by the registers with which the task entered the kernel. A task that
 * uses io_uring may be doing its deferred work on the way back to the user.
 */
static __always_inline bool brief__is_plain(const struct task_struct *task)
{
	if (task->flags & (PF_IO_WORKER | PF_KTHREAD) || CALLER_IS_COMPAT(task))
		return false;
	return !bpf_core_field_exists(task->io_uring) || !task->io_uring;
}

/* Nothing is decided here but what source__find decides; what is not so plain goes the long way. */
static __always_inline bool brief__take(struct state *state, const struct task_struct *task,
					u8 direction, u32 ret)
{
	struct brief_call brief = {state, task, ret, ret, (ret + 7) & ~7u, 0, direction};
	struct pt_regs *regs = (struct pt_regs *)task_pt_regs((struct task_struct *)task);
	const bool send = direction == DIRECTION_SEND;
	long call = REGISTER_CALL(regs);
	u64 buffer = REGISTER_2(regs);

	if (call != (send ? SYS_WRITE : SYS_READ) && call != (send ? SYS_SENDTO : SYS_RECVFROM)) {
		if (send && call == SYS_SENDFILE) {
			brief.head = brief.padded = 0;
			brief.flags = CHUNK_NO_BUFFER;
			return brief__write(&brief, 0);
		}
		/* the address is what an iovec begins with */
		if (call != (send ? SYS_WRITEV : SYS_READV) || REGISTER_3(regs) != 1 ||
		    bpf_probe_read_user(&buffer, sizeof(buffer), (void *)buffer))
			return false;
	}
	asm volatile("" : "+r"(brief.padded)); /* its bound must be seen, not that of ret */
	if (by_stack && brief.padded <= BRIEF_STACK)
		return brief__write_stacked(&brief, buffer);
	return brief__write(&brief, buffer);
}

/* False: the long way is to be gone, and nothing was changed. */
static __always_inline bool moved_briefly(struct state *state, struct sock *sk, u8 direction,
					  u32 ret)
{
	const struct task_struct *task = bpf_get_current_task_btf();
	u32 copied;

	if (state->like != brief__key(task->tgid, verdict_generation) || ret > BRIEF_MAX ||
	    !brief__is_plain(task))
		return false;
	if (direction == DIRECTION_SEND || !(state->flags & STATE_COPIED))
		return brief__take(state, task, direction, ret);
	copied = tcp__copied_of_socket(sk);
	if (copied - state->copied != ret || !brief__take(state, task, direction, ret))
		return false;
	state->copied = copied;
	return true;
}

/*
 * After a call that went the long way. TLS may still begin on a connection of few bytes
 * (tls__may_take); of another depth not every call is told in full. With the threshold of sampling
 * the verdicts' generation changes (user/capture/stats.c).
 */
static __always_inline void brief__decide(struct state *state)
{
	bool brief = with_areas && hooked && state->protocol != PROTOCOL_UNKNOWN &&
		     state->depth == CAPTURE_ALL && state->flags & STATE_OPENED &&
		     !(with_tls && tls__may_take(state)) && !state->batch[DIRECTION_RECV].vector &&
		     !state->batch[DIRECTION_SEND].vector &&
		     (!with_sampling || state->fate <= sampling_threshold);

	state->like = brief ? brief__key(state->last_tgid, state->verdicts) : 0;
}

#endif
