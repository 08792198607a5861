/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The life of TCP connections, and who listens. */
#ifndef SONDE_BPF_TCP_STATE_H
#define SONDE_BPF_TCP_STATE_H

static __always_inline void listener__add(const struct sock *sk, s32 by)
{
	struct listener key = {
		.netns = sock__netns(sk),
		.port = BPF_CORE_READ(sk, __sk_common.skc_num),
	};
	u32 *count = bpf_map_lookup_elem(&listeners, &key), one = 1;

	if (!count) {
		if (by > 0)
			bpf_map_update_elem(&listeners, &key, &one, BPF_ANY);
		return;
	}
	if (by < 0 && *count <= 1)
		bpf_map_delete_elem(&listeners, &key);
	else
		__sync_fetch_and_add(count, by);
}

/* One that may be counted already. */
static __always_inline void listener__remember(const struct sock *sk)
{
	struct listener key = {
		.netns = sock__netns(sk),
		.port = BPF_CORE_READ(sk, __sk_common.skc_num),
	};

	if (!bpf_map_lookup_elem(&listeners, &key))
		listener__add(sk, 1);
}

static __always_inline struct state *tcp__find(struct sock *sk)
{
	u64 id;

	if (!by_sys_exit)
		return bpf_sk_storage_get(&sockets, sk, 0, 0);
	id = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	return bpf_map_lookup_elem(&numbered_sockets, &id);
}

static __always_inline struct state *tcp__create(struct sock *sk)
{
	u64 id = bpf_get_socket_cookie(sk);
	struct state *state;

	if (by_sys_exit)
		return numbered__create(sk, id);
	state = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (state && !state->id)
		state__init(state, sk, id);
	return state;
}

/* connect() began: we are in the process that connects. */
static __always_inline void tcp__connects(struct sock *sk)
{
	struct state *state = tcp__create(sk);

	if (!state)
		return;
	state->role = ROLE_CLIENT;
	state->connect_ns = bpf_ktime_get_ns();
	state->connect_tgid = bpf_get_current_pid_tgid() >> 32;
}

static __always_inline void tcp__established(struct sock *sk, int from)
{
	struct state *state = tcp__create(sk);

	if (!state)
		return;
	state->role = from == TCP_SYN_SENT ? ROLE_CLIENT : ROLE_SERVER;
	state->established_ns = bpf_ktime_get_ns();
	if (!state->position[DIRECTION_RECV])
		state__start_copied(state, tcp__copied(sk));
}

static __noinline int connect__failed(struct state *state, const struct sock *sk, s32 error)
{
	struct open_event *event;
	u64 now = bpf_ktime_get_ns();

	if (!state || state->connect_tgid == own_tgid)
		return 0;
	event = bpf_ringbuf_reserve(&ring, sizeof(*event), 0);
	if (!event) {
		count_loss(PROTOCOL_UNKNOWN, LOSS_RING_FULL, 0);
		return 0;
	}
	open__fill(event, state, sk, now);
	event->event.type = EVENT_CONNECT_FAILED;
	event->tgid = state->connect_tgid;
	event->tid = 0;
	event->error = error;
	bpf_ringbuf_submit(event, wakeup(now));
	return 0;
}

static __always_inline void tcp__ended(struct sock *sk, int from, int to)
{
	struct state *state = tcp__find(sk);
	s32 error;

	if (!state)
		return;
	if (to == TCP_LAST_ACK) /* from CLOSE_WAIT: the other side ended first */
		state__shut(state, DIRECTION_RECV);
	if (to != TCP_CLOSE) {
		state__shut(state, DIRECTION_SEND);
		return;
	}
	error = BPF_CORE_READ(sk, sk_err);
	if (from == TCP_SYN_SENT)
		connect__failed(state, sk, error);
	else if (!tcp__unread(sk) || sock__is(sk, SOCK_DEAD))
		state__close(state, error);
	else
		state->error = error; /* its reader will have taken it when the socket goes */
}

/*
 * TCP may be done with a connection while bytes wait for their reader (both FINs seen: the state is
 * CLOSE then, its rest in TIME_WAIT another object). Such a one ends when its owner lets go of it.
 */
static __always_inline void tcp__destroyed(struct sock *sk)
{
	struct state *state = tcp__find(sk);

	if (!state)
		return;
	state__close(state, state->error ?: BPF_CORE_READ(sk, sk_err));
	if (by_sys_exit)
		numbered__delete(state);
}

static __always_inline void tcp__changed(struct sock *sk, int from, int to)
{
	if (!sock__observable(sk))
		return;
	if (to == TCP_LISTEN)
		listener__add(sk, 1);
	else if (from == TCP_LISTEN)
		listener__add(sk, -1);
	else if (to == TCP_SYN_SENT)
		tcp__connects(sk);
	else if (to == TCP_ESTABLISHED)
		tcp__established(sk, from);
	else if (to == TCP_FIN_WAIT1 || to == TCP_LAST_ACK || to == TCP_CLOSE)
		tcp__ended(sk, from, to);
}

static __always_inline void tcp__ready(struct sock *sk)
{
	struct state *state = tcp__find(sk);

	if (state && !state->ready_ns && state->role == ROLE_SERVER &&
	    state->depth != CAPTURE_NOTHING)
		state->ready_ns = bpf_ktime_get_ns();
}

TRACEPOINT("tp_btf/tcp_destroy_sock", on_destroy, tcp__destroyed(sk), struct sock *sk)
TRACEPOINT("tp_btf/sk_data_ready", on_data_ready, tcp__ready(sk), struct sock *sk)
PROGRAM_PLAIN("tp_btf/inet_sock_set_state", on_set_state, tcp__changed(sk, from, to),
	      struct sock *sk, int from, int to)

#ifdef SONDE_HOLDS
/*
 * Interrupts change states, too, of whatever socket, so who is current says nothing here; but no
 * socket changes twice at a time, and none to the same state again. Those that begin or end to
 * listen have no state of ours, and are their process'.
 */
static __always_inline bool tcp__change_is_mine(struct sock *sk, int from, int to,
						enum follower self)
{
	struct state *state;

	if (from == TCP_LISTEN || to == TCP_LISTEN)
		return pass__is_mine(PASS_LISTEN, self);
	if (self == FOLLOWS_NONE)
		return true;
	state = tcp__find(sk);
	return !state || state->changed != to;
}

static __always_inline void tcp__changed_to(struct sock *sk, int from, int to)
{
	struct state *state;

	tcp__changed(sk, from, to);
	state = tcp__find(sk);
	if (state)
		state->changed = to;
}

PROGRAMS_ASK("tp_btf/inet_sock_set_state", on_set_state, tcp__changed_to(sk, from, to),
	     tcp__change_is_mine(sk, from, to, self), struct sock *sk, int from, int to)
#endif

#endif
