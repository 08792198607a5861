/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The short way of a call that is like the last one of its socket: everything about the connection
 * is known and told, its bytes are in one buffer, and few. moved() has the long way, and decides
 * when the short one may be taken from then on.
 */
#ifndef SONDE_BPF_BRIEF_H
#define SONDE_BPF_BRIEF_H

/*
 * What a record of the current call has: bytes at *buffer, or (sendfile) none, and *flags say why.
 * False where that is not so plain. Nothing is decided here but what source__find decides.
 */
static __always_inline bool brief__source(const struct task_struct *task, u64 *buffer, u16 *flags)
{
	struct pt_regs *regs = (struct pt_regs *)task_pt_regs((struct task_struct *)task);
	long call;

	if (task->flags & (PF_IO_WORKER | PF_KTHREAD) || CALLER_IS_COMPAT(task) || !CALL_RUNS(regs))
		return false;
	call = REGISTER_CALL(regs);
	if (call == SYS_SENDFILE) {
		*flags = CHUNK_NO_BUFFER;
		return true;
	}
	*buffer = REGISTER_2(regs);
	if (call == SYS_READ || call == SYS_WRITE || call == SYS_RECVFROM || call == SYS_SENDTO)
		return true;
	/* the address is what an iovec begins with */
	return (call == SYS_WRITEV || call == SYS_READV) && REGISTER_3(regs) == 1 &&
	       !bpf_probe_read_user(buffer, sizeof(*buffer), (void *)*buffer);
}

static __always_inline bool brief__may(const struct state *state, const struct task_struct *task,
				       u32 ret)
{
	return state->brief && ret <= BRIEF_MAX && state->last_tgid == (u32)task->tgid &&
	       state->verdicts == verdict_generation &&
	       (!with_sampling || state->fate <= sampling_threshold);
}

static __always_inline void brief__fill(struct chunk *chunk, struct state *state,
					const struct task_struct *task, u8 direction, u32 ret,
					u32 head, u16 flags)
{
	u64 now = bpf_ktime_get_ns();

	event__fill(&chunk->event, EVENT_CHUNK, flags, sizeof(*chunk) + head, now);
	chunk->connection = state->id;
	chunk->position = __sync_fetch_and_add(&state->position[direction & 1], ret);
	chunk->queue_ns = state__queue_time(state, direction, now);
	chunk->length = ret;
	chunk->head = head;
	chunk->tgid = task->tgid;
	chunk->tid = task->pid;
	chunk->direction = direction;
	chunk->protocol = state->protocol;
	__builtin_memset(chunk->pad, 0, sizeof(chunk->pad));
}

/* False: the long way is to be gone, and nothing was changed. */
static __always_inline bool moved_briefly(struct state *state, struct sock *sk, u8 direction,
					  u32 ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool counted = direction == DIRECTION_RECV && state->flags & STATE_COPIED;
	struct chunk *chunk;
	struct area *area;
	u32 copied = 0, head;
	u64 buffer = 0, at;
	u16 missing = 0;

	if (!area_bytes || !brief__may(state, task, ret))
		return false;
	if (counted) {
		copied = tcp__copied_of_call(sk);
		if (copied - state->copied != ret)
			return false;
	}
	if (!brief__source(task, &buffer, &missing))
		return false;
	head = missing ? 0 : ret;
	area = area__own(sizeof(*chunk) + head, &at);
	if (!area)
		return false;
	chunk = area__record(area, at);
	if (head && bpf_probe_read_user(chunk->data, head, (void *)buffer)) {
		area__disown(area, at);
		return false;
	}
	brief__fill(chunk, state, task, direction, ret, head, missing);
	if (counted)
		state->copied = copied;
	at = area__behind(at, sizeof(*chunk) + head);
	area__disown(area, at);
	area__alarm(area, at, chunk->event.time_ns);
	return true;
}

/*
 * After a call that went the long way. TLS may still begin on a connection of few bytes
 * (tls__may_take); of another depth not every call is told in full.
 */
static __always_inline void brief__decide(struct state *state)
{
	state->brief = hooked && state->protocol != PROTOCOL_UNKNOWN &&
		       state->depth == CAPTURE_ALL && state->flags & STATE_OPENED &&
		       !(with_tls && tls__may_take(state)) &&
		       !state->batch[DIRECTION_RECV].vector && !state->batch[DIRECTION_SEND].vector;
}

#endif
