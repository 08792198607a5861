/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The first way in: the kernel's own tracepoints at the end of every send and receive on a socket
 * (Linux >= 6.3). They give a trusted socket, and cost nothing where no socket is involved.
 */
#ifndef SONDE_BPF_SOCKET_TRACEPOINTS_H
#define SONDE_BPF_SOCKET_TRACEPOINTS_H

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
static __always_inline void received_none(struct sock *sk, int ret, int flags)
{
	struct state *state = bpf_sk_storage_get(&sockets, sk, 0, 0);

	if (!state)
		return;
	state->batch[DIRECTION_RECV].vector = 0;
	if (ret == 0 && !(flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE)))
		state__shut(state, DIRECTION_RECV);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_recv_length, struct sock *sk, int ret, int flags)
{
	struct state *state;

	if (ret <= 0) {
		received_none(sk, ret, flags);
		return 0;
	}
	if (flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
		return 0;
	state = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!state)
		state = socket__create(sk, DIRECTION_RECV, ret);
	if (state && state->depth != CAPTURE_NOTHING)
		moved(state, sk, DIRECTION_RECV, ret, flags);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_send_length, struct sock *sk, int ret, int flags)
{
	struct state *state = bpf_sk_storage_get(&sockets, sk, 0, 0);

	if (ret <= 0) {
		if (state)
			state->batch[DIRECTION_SEND].vector = 0;
		return 0;
	}
	if (!state)
		state = socket__create(sk, DIRECTION_SEND, ret);
	if (state && state->depth != CAPTURE_NOTHING)
		moved(state, sk, DIRECTION_SEND, ret, flags);
	return 0;
}

#endif
