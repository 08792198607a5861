/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bytes have moved through a socket: the one body behind all ways in. */
#ifndef SONDE_BPF_MOVED_H
#define SONDE_BPF_MOVED_H

#define MSG_OOB	     0x01
#define MSG_PEEK     0x02
#define MSG_TRUNC    0x20
#define MSG_ERRQUEUE 0x2000
#define LONG_CALL    4096 /* bytes from which on it pays to ask whether a call is wanted */

/* A verdict of user space, where one may wait. */
static __always_inline void state__consult(struct state *state)
{
	struct verdict *verdict = bpf_map_lookup_elem(&verdicts, &state->id);
	u64 id = state->id;

	state->verdicts = verdict_generation;
	if (!verdict)
		return;
	state->protocol = verdict->protocol;
	state->depth = verdict->depth;
	state->skip_to[DIRECTION_RECV] = verdict->skip_to[DIRECTION_RECV];
	state->skip_to[DIRECTION_SEND] = verdict->skip_to[DIRECTION_SEND];
	if (verdict->protocol != PROTOCOL_UNKNOWN && verdict->depth != CAPTURE_PROBE)
		bpf_map_delete_elem(&verdicts, &id);
}

static __always_inline bool state__wants_verdict(const struct state *state, u32 ret)
{
	return state->protocol == PROTOCOL_UNKNOWN || state->depth == CAPTURE_PROBE ||
	       ret > LONG_CALL || state->verdicts != verdict_generation;
}

/* The process and the connection, before their first chunk. */
static __always_inline int state__announce(struct state *state, const struct sock *sk, u32 tgid)
{
	int error;

	if (state->last_tgid != tgid) {
		error = process__announce(tgid);
		if (error)
			return error;
		state->last_tgid = tgid;
	}
	return state->flags & STATE_OPENED ? 0 : open__emit(state, sk);
}

static __always_inline u64 state__queue_time(struct state *state, u8 direction, u64 now)
{
	u64 ready = state->ready_ns;

	if (direction != DIRECTION_RECV || !ready)
		return 0;
	state->ready_ns = 0;
	return now > ready ? now - ready : 0;
}

static __always_inline void call__write(struct call *call, struct state *state, u8 direction,
					int flags)
{
	struct source source;

	source__find(&source, state, direction);
	if (flags & MSG_TRUNC && direction == DIRECTION_RECV)
		source__none(&source, CHUNK_NO_BUFFER); /* tcp(7): discarded, not copied */
	if (source.kind == SOURCE_NONE)
		chunk__bare(call, call->left, source.flags);
	else if (source.kind == SOURCE_BUFFER)
		call__buffer(call, source.address);
	else if (source.count == 1 &&
		 !bpf_probe_read_user(&source.address, sizeof(u64), (void *)source.address))
		call__buffer(call, source.address);
	else
		call__vector(call, source.address, source.count);
}

static __always_inline void moved(struct state *state, const struct sock *sk, u8 direction, u32 ret,
				  int flags)
{
	u64 task = bpf_get_current_pid_tgid();
	struct call call = {.left = ret, .task = task, .direction = direction};

	if ((u32)(task >> 32) == own_tgid)
		return;
	if (state__wants_verdict(state, ret)) {
		state__consult(state);
		if (state->depth == CAPTURE_NOTHING)
			return;
	}
	call.position = __sync_fetch_and_add(&state->position[direction], ret);
	if (ret > LONG_CALL && call.position + ret <= state->skip_to[direction]) {
		state->ready_ns = 0;
		return;
	}
	call.time_ns = bpf_ktime_get_ns();
	call.queue_ns = state__queue_time(state, direction, call.time_ns);
	call.connection = state->id;
	call.protocol = state->protocol;
	call.limit = state->depth == CAPTURE_PROBE ? SONDE_PROBE_BYTES : SONDE_CALL_MAX;
	if (state__announce(state, sk, task >> 32)) {
		count_loss(state->protocol, LOSS_RING_FULL, ret);
		return;
	}
	call__write(&call, state, direction, flags);
}

#endif
