/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The first way in: the kernel's own tracepoints at the end of every send and receive on a socket
 * (Linux >= 6.3). They give a trusted socket, and cost nothing where no socket is involved.
 */
#ifndef SONDE_BPF_SOCKET_TRACEPOINTS_H
#define SONDE_BPF_SOCKET_TRACEPOINTS_H

TRACEPOINT_FOR_SURE("tp_btf/sock_recv_length", on_recv_length, PASS_RECV,
		    socket__received(sk, ret, flags), struct sock *sk, int ret, int flags)
TRACEPOINT_FOR_SURE("tp_btf/sock_send_length", on_send_length, PASS_SEND,
		    socket__sent(sk, ret, flags), struct sock *sk, int ret, int flags)

/*
 * splice(2) from a TCP socket passes no tracepoint of its own, but this one, which every receive
 * passes, too. So user/ attaches it only once somebody was seen splicing; until then such bytes are
 * noticed by the next receive (state__unseen).
 */
SEC("tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(on_splice_from, struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)task_pt_regs(task);
	struct state *state;

	if (task->flags & PF_KTHREAD || REGISTER_CALL(regs) != SYS_SPLICE || !CALL_RUNS(regs))
		return 0;
	state = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (state && state->depth != CAPTURE_NOTHING)
		moved_unseen(state, sk);
	return 0;
}

#endif
