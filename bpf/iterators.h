/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Passes over what exists already; user space runs them by reading. */
#ifndef SONDE_BPF_ITERATORS_H
#define SONDE_BPF_ITERATORS_H

/* Which process is reading, by its id in the initial namespace: ours, at start. */
SEC("iter/task")
int find_self(struct bpf_iter__task *context)
{
	if (!context->task)
		return 0;
	own_tgid = bpf_get_current_pid_tgid() >> 32;
	return 0;
}

/* Marks of bpf/hold.h. */
SEC("iter/task")
int find_done(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct passes *passes = task ? bpf_task_storage_get(&marks, task, 0, 0) : 0;

	if (passes)
		done_for_now += passes__in_vain(passes);
	return 0;
}

/*
 * Listening ports; and every connection gets its cookie. Run before the hooks are attached, so that
 * the first bytes of a busy connection find its role; and again behind them, for what began between
 * the two.
 */
SEC("iter/tcp")
int find_listeners(struct bpf_iter__tcp *context)
{
	struct sock_common *common = context->sk_common;
	struct sock *sk = (struct sock *)common;

	if (!common)
		return 0;
	if (common->skc_state == TCP_LISTEN && !hooked)
		listener__add(sk, 1);
	else if (common->skc_state == TCP_LISTEN)
		listener__remember(sk);
	else
		bpf_get_socket_cookie(sk);
	return 0;
}

/* Connected AF_UNIX sockets: theirs is no handshake that could tell later which are old. */
SEC("iter/unix")
int find_unix(struct bpf_iter__unix *context)
{
	struct unix_sock *unix_sk = context->unix_sk;
	struct sock *sk = (struct sock *)unix_sk;
	struct state *state;
	u64 id;

	if (!unix_sk || !sock__observable(sk) || !unix__peer(sk))
		return 0;
	id = bpf_get_socket_cookie(sk);
	if (by_sys_exit) {
		id = sock__number(sk);
		if (!id || bpf_map_lookup_elem(&numbered_sockets, &id))
			return 0;
		state = numbered__create(sk, id);
	} else {
		if (bpf_sk_storage_get(&sockets, sk, 0, 0))
			return 0; /* in use: what is known of it must stay */
		state = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	}
	if (!state)
		return 0;
	state__init_late(state, sk, id, 0, 0);
	__sync_fetch_and_or(&state->flags, STATE_EXISTING);
	return 0;
}

/*
 * Bytes that were spliced from sockets before the hook for it was attached. Nobody is in a call
 * here: they are told as those of the process that used the socket last.
 */
SEC("iter/tcp")
int find_spliced(struct bpf_iter__tcp *context)
{
	struct sock_common *common = context->sk_common;
	struct sock *sk = (struct sock *)common;
	struct call call = {.direction = DIRECTION_RECV};
	struct state *state;
	u32 unseen;

	if (!common || common->skc_state == TCP_LISTEN)
		return 0;
	state = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!state || state->depth == CAPTURE_NOTHING || !(state->flags & STATE_OPENED))
		return 0;
	unseen = state__unseen(state, sk, 0);
	if (!unseen)
		return 0;
	call.task = (u64)state->last_tgid << 32;
	call__begin(&call, state, unseen);
	chunk__bare(&call, unseen, CHUNK_NO_BUFFER | CHUNK_SPLICED);
	return 0;
}

static __always_inline void list(struct seq_file *seq, const struct sock *sk)
{
	u64 id = by_sys_exit ? sock__number(sk) : BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);

	if (id)
		bpf_seq_write(seq, &id, sizeof(id));
}

/* The cookies of all sockets that exist. */
SEC("iter/unix")
int list_unix(struct bpf_iter__unix *context)
{
	struct unix_sock *sk = context->unix_sk;

	if (sk)
		list(context->meta->seq, (const struct sock *)sk);
	return 0;
}

/* Without those that stand for nobody's socket any more, or for nobody's yet. */
SEC("iter/tcp")
int list_tcp(struct bpf_iter__tcp *context)
{
	struct sock_common *sk = context->sk_common;

	if (sk && sk->skc_state != TCP_TIME_WAIT && sk->skc_state != TCP_NEW_SYN_RECV)
		list(context->meta->seq, (const struct sock *)sk);
	return 0;
}

#endif
