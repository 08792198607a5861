/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * States of sockets for a way in that cannot hang them on the socket. A TCP connection's number is
 * its cookie, which its first change of state gives it; an AF_UNIX socket may have none, so its
 * number is its inode's, marked.
 */
#ifndef SONDE_BPF_NUMBERED_H
#define SONDE_BPF_NUMBERED_H

#define NUMBER_IS_INODE (1ULL << 63)

static __always_inline struct inode *sock__inode(const struct sock *sk)
{
	struct socket_alloc *alloc = (struct socket_alloc *)BPF_CORE_READ(sk, sk_socket);

	return alloc ? &alloc->vfs_inode : 0;
}

static __always_inline u64 sock__number(const struct sock *sk)
{
	u64 cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	struct inode *inode;

	if (cookie && BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX)
		return cookie;
	inode = sock__inode(sk);
	return inode ? NUMBER_IS_INODE | BPF_CORE_READ(inode, i_ino) : 0;
}

/* A function of its own, for its room on the stack. */
__noinline int numbered__add(u64 id, u32 flags)
{
	struct state fresh = {.id = id, .flags = flags};

	bpf_map_update_elem(&numbered_sockets, &id, &fresh, BPF_NOEXIST);
	return 0;
}

static __always_inline struct state *numbered__create(const struct sock *sk, u64 id)
{
	struct state *state = bpf_map_lookup_elem(&numbered_sockets, &id);

	if (state)
		return state;
	numbered__add(id, BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX ? STATE_UNIX : 0);
	return bpf_map_lookup_elem(&numbered_sockets, &id);
}

static __always_inline void numbered__delete(const struct state *state)
{
	u64 id = state->id;

	bpf_map_delete_elem(&numbered_sockets, &id);
}

#endif
