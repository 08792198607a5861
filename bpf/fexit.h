/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The second way in: the returns of the functions through which every send and receive passes
 * (Linux >= 5.15, and BPF trampolines). net/ipv4/af_inet.c, net/ipv6/af_inet6.c,
 * net/unix/af_unix.c; user/ leaves out what the running kernel has not: sendpage went with
 * Linux 6.5.
 */
#ifndef SONDE_BPF_FEXIT_H
#define SONDE_BPF_FEXIT_H

#define FEXIT_SEND(function)                                                                       \
	SEC("fexit/" #function)                                                                    \
	int BPF_PROG(on_##function, struct socket *socket, void *message, u64 size, int ret)       \
	{                                                                                          \
		struct sock *sk = socket->sk;                                                      \
                                                                                                   \
		if (sk)                                                                            \
			socket__sent(sk, ret, 0);                                                  \
		return 0;                                                                          \
	}

#define FEXIT_RECEIVE(function)                                                                    \
	SEC("fexit/" #function)                                                                    \
	int BPF_PROG(on_##function, struct socket *socket, void *message, u64 size, int flags,     \
		     int ret)                                                                      \
	{                                                                                          \
		struct sock *sk = socket->sk;                                                      \
                                                                                                   \
		if (sk)                                                                            \
			socket__received(sk, ret, flags);                                          \
		return 0;                                                                          \
	}

/* sendfile and splice to a socket until Linux 6.5; later they are sendmsg with MSG_SPLICE_PAGES. */
#define FEXIT_SENDPAGE(function)                                                                   \
	SEC("fexit/" #function)                                                                    \
	int BPF_PROG(on_##function, struct socket *socket, void *page, int offset, u64 size,       \
		     int flags, long ret)                                                          \
	{                                                                                          \
		struct sock *sk = socket->sk;                                                      \
                                                                                                   \
		if (sk)                                                                            \
			socket__sent(sk, ret, flags);                                              \
		return 0;                                                                          \
	}

/* splice(2) from a socket. */
#define FEXIT_SPLICE(function)                                                                     \
	SEC("fexit/" #function)                                                                    \
	int BPF_PROG(on_##function, struct socket *socket, void *position, void *pipe, u64 size,   \
		     unsigned int flags, long ret)                                                 \
	{                                                                                          \
		struct sock *sk = socket->sk;                                                      \
                                                                                                   \
		if (sk)                                                                            \
			socket__received(sk, ret, 0);                                              \
		return 0;                                                                          \
	}

FEXIT_SEND(inet_sendmsg)
FEXIT_SEND(inet6_sendmsg)
FEXIT_SEND(unix_stream_sendmsg)
FEXIT_RECEIVE(inet_recvmsg)
FEXIT_RECEIVE(inet6_recvmsg)
FEXIT_RECEIVE(unix_stream_recvmsg)
FEXIT_SENDPAGE(inet_sendpage)
FEXIT_SENDPAGE(unix_stream_sendpage)
FEXIT_SPLICE(tcp_splice_read)
FEXIT_SPLICE(unix_stream_splice_read)

#endif
