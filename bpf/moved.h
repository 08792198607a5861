/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bytes have moved through a socket: the one body behind all ways in. */
#ifndef SONDE_BPF_MOVED_H
#define SONDE_BPF_MOVED_H

#define MSG_OOB	      0x01
#define MSG_PEEK      0x02
#define MSG_TRUNC     0x20
#define MSG_ERRQUEUE  0x2000
#define PRESSED_BYTES 1024 /* of each end of a long call, while the ring is filling up */
#define LONG_CALL     4096 /* bytes from which on it pays to ask whether a call is wanted */

/* A verdict of user space, where one may wait. */
static __always_inline void state__consult(struct state *state)
{
	u64 id = state->id;
	struct verdict *verdict = bpf_map_lookup_elem(&verdicts, &id);

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
static __always_inline int state__announce(struct state *state, const struct sock *sk)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
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

static __always_inline void call__write(struct call *call, const struct source *source)
{
	u64 address = source->address;

	if (source->kind == SOURCE_NONE)
		chunk__bare(call, call->left, source->flags);
	else if (source->kind == SOURCE_BUFFER)
		call__buffer(call, address);
	else if (source->count == 1 &&
		 !bpf_probe_read_user(&address, sizeof(address), (void *)address))
		call__buffer(call, address);
	else
		call__vector(call, address, source->count);
}

/*
 * Bytes that went through no hook, as splice(2)'s and TCP_ZEROCOPY_RECEIVE's: the kernel's own
 * count knows of them (copied_seq, which counts the FIN, too). They become a record without
 * payload.
 */
static __always_inline u32 state__unseen(struct state *state, const struct sock *sk, u32 ret)
{
	u32 copied;
	s32 unseen;

	if (!(state->flags & STATE_COPIED) || state->flags & (STATE_TLS | STATE_LEFT_OUT) ||
	    state->depth == CAPTURE_TLS)
		return 0;
	copied = tcp__copied_of_call(sk);
	unseen = copied - state->copied - ret;
	state->copied = copied;
	if (unseen > 0 && tcp__fin_taken(sk))
		unseen -= 1;
	return unseen > 0 ? unseen : 0;
}

static __always_inline void call__begin(struct call *call, struct state *state, u32 ret)
{
	call->position = __sync_fetch_and_add(&state->position[call->direction & 1], ret);
	call->time_ns = bpf_ktime_get_ns();
	call->connection = state->id;
	call->protocol = state->protocol;
	call->left = ret;
	call->flags = 0;
}

/* Whether calls on this socket are wanted, after what user space has left word of. */
static __always_inline bool state__wanted(struct state *state, u32 ret)
{
	if (bpf_get_current_pid_tgid() >> 32 == own_tgid)
		return false;
	if (state__wants_verdict(state, ret))
		state__consult(state);
	return state->depth != CAPTURE_NOTHING;
}

/* `announced`: what state__announce returned. */
static __noinline int moved_unseen_bytes(struct state *state, u32 unseen, int announced)
{
	struct call call = {.task = bpf_get_current_pid_tgid(), .direction = DIRECTION_RECV};

	call__begin(&call, state, unseen);
	if (announced)
		count_loss(state->protocol, LOSS_RING_FULL, unseen);
	else
		chunk__bare(&call, unseen, CHUNK_NO_BUFFER | CHUNK_SPLICED);
	return 0;
}

/* Called where nothing but unseen bytes can have moved. */
static __always_inline void moved_unseen(struct state *state, const struct sock *sk)
{
	u32 unseen = state__unseen(state, sk, 0);

	if (unseen && state__wanted(state, unseen))
		moved_unseen_bytes(state, unseen, state__announce(state, sk));
}

/*
 * What comes before the bytes themselves. False where no record is wanted or none can be written;
 * that is counted then.
 */
/*
 * A ring that fills up faster than it is drained would lose whole records. Long calls, which are
 * bodies and rows mostly, then give their beginning and end only: what is between is a gap of known
 * size.
 */
static __always_inline void call__set_limits(struct call *call, u8 depth, u32 ret)
{
	call->limit = SONDE_CALL_MAX;
	call->tail = SONDE_CHUNK_MAX;
	if (depth == CAPTURE_PROBE) {
		call->limit = SONDE_PROBE_BYTES;
		call->tail = 0;
	} else if (ret > LONG_CALL &&
		   bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > 3 * ring_alarm) {
		call->limit = PRESSED_BYTES;
		call->tail = PRESSED_BYTES;
	}
}

static __always_inline bool call__prepare(struct call *call, struct state *state,
					  const struct sock *sk, u32 ret, int announced)
{
	u32 unseen = 0;

	if (call->direction == DIRECTION_RECV)
		unseen = state__unseen(state, sk, ret);
	if (unseen)
		moved_unseen_bytes(state, unseen, announced);
	call__begin(call, state, ret);
	call->queue_ns = state__queue_time(state, call->direction, call->time_ns);
	call__set_limits(call, state->depth, ret);
	if (ret > LONG_CALL && call->position + ret <= state->skip_to[call->direction & 1])
		return false;
	if (!announced)
		return true;
	count_loss(state->protocol, LOSS_RING_FULL, ret);
	return false;
}

/*
 * Hooks are attached one by one. A request seen by the first of them whose answer the second one
 * missed would be given the next one's: so nothing counts until all are there.
 */
static __always_inline void state__before(struct state *state, const struct sock *sk)
{
	__sync_fetch_and_or(&state->flags, STATE_EXISTING);
	state__unseen(state, sk, 0);
}

/* A function of its own, for its room on the stack. */
static __noinline int moved(struct state *state, const struct sock *sk, u8 direction, u32 ret,
			    int flags)
{
	struct call call = {.task = bpf_get_current_pid_tgid(), .direction = direction};
	struct source source;

	if (!state)
		return 0;
	if (!hooked) {
		state__before(state, sk);
		return 0;
	}
	if (!state__wanted(state, ret) ||
	    !call__prepare(&call, state, sk, ret, state__announce(state, sk)))
		return 0;
	source__find(&source, state, direction);
	if (flags & MSG_TRUNC && direction == DIRECTION_RECV)
		source__none(&source, CHUNK_NO_BUFFER); /* tcp(7): discarded, not copied */
	call__write(&call, &source);
	return 0;
}

#endif
