/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A send or receive has ended on a socket that the kernel vouches for: what to make of it. */
#ifndef SONDE_BPF_SOCKET_H
#define SONDE_BPF_SOCKET_H

static __noinline struct state *socket__create(struct sock *sk, u8 direction, u32 ret)
{
	struct state *state;

	if (!sock__observable(sk))
		return 0;
	state = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!state)
		count_loss(PROTOCOL_UNKNOWN, LOSS_STATE, ret);
	else
		state__init_late(state, sk, bpf_get_socket_cookie(sk), direction, ret);
	return state;
}

/* Something ended without bytes: nothing there yet, or nothing more to come. */
static __always_inline void state__received_none(struct state *state, const struct sock *sk,
						 int ret, int flags)
{
	if (!state || state->depth == CAPTURE_NOTHING)
		return;
	state->batch[DIRECTION_RECV].vector = 0;
	/* Of TCP its own tracepoints tell; here nothing is ever read again (af_unix(7)). */
	if (ret == -ECONNRESET && state->flags & STATE_UNIX)
		state__close(state, ECONNRESET);
	if (ret == 0 && !(flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))) {
		moved_unseen(state, sk);
		state__shut(state, DIRECTION_RECV);
	}
}

/* All but a call that is like the last one. */
static __always_inline int socket__received_at_length(struct sock *sk, struct state *state, int ret,
						      int flags)
{
	if (!state)
		state = socket__create(sk, DIRECTION_RECV, ret);
	if (!state || state->depth == CAPTURE_NOTHING ||
	    socket__is_left_out(state, sk, DIRECTION_RECV, ret))
		return 0;
	if (!socket__is_ciphertext(state, sk, DIRECTION_RECV, ret))
		moved(state, sk, DIRECTION_RECV, ret, flags);
	brief__decide(state);
	return 0;
}

static __always_inline int socket__sent_at_length(struct sock *sk, struct state *state, int ret,
						  int flags)
{
	if (!state)
		state = socket__create(sk, DIRECTION_SEND, ret);
	if (!state || state->depth == CAPTURE_NOTHING ||
	    socket__is_left_out(state, sk, DIRECTION_SEND, ret))
		return 0;
	if (!socket__is_ciphertext(state, sk, DIRECTION_SEND, ret))
		moved(state, sk, DIRECTION_SEND, ret, flags);
	else if (tls_go_programs)
		tls__sent(ret);
	brief__decide(state);
	return 0;
}

static __always_inline void socket__received(struct sock *sk, int ret, int flags)
{
	struct state *state;

	if (ret > 0 && flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
		return;
	state = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (ret <= 0) {
		state__received_none(state, sk, ret, flags);
		return;
	}
	if (state && state->depth == CAPTURE_NOTHING)
		return;
	if (!state || flags & MSG_TRUNC || !moved_briefly(state, sk, DIRECTION_RECV, ret))
		socket__received_at_length(sk, state, ret, flags);
}

static __always_inline void socket__sent(struct sock *sk, int ret, int flags)
{
	struct state *state = bpf_sk_storage_get(&sockets, sk, 0, 0);

	if (ret <= 0) {
		if (state)
			state->batch[DIRECTION_SEND].vector = 0;
		return;
	}
	if (state && state->depth == CAPTURE_NOTHING)
		return;
	if (!state || !moved_briefly(state, sk, DIRECTION_SEND, ret))
		socket__sent_at_length(sk, state, ret, flags);
}

#endif
