/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The state of a socket: where it comes from, and the events that tell of its life. */
#ifndef SONDE_BPF_STATE_H
#define SONDE_BPF_STATE_H

#define AF_UNIX	    1
#define AF_INET	    2
#define AF_INET6    10
#define SOCK_STREAM 1
#define IPPROTO_TCP 6
#define SOCK_DEAD   0 /* enum sock_flags, include/net/sock.h: closed by its owner */
#define SOCK_DONE   1 /* FIN received */

enum tcp_state {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT = 2,
	TCP_SYN_RECV = 3,
	TCP_FIN_WAIT1 = 4,
	TCP_TIME_WAIT = 6,
	TCP_CLOSE = 7,
	TCP_LAST_ACK = 9,
	TCP_LISTEN = 10,
	TCP_NEW_SYN_RECV = 12,
};

static __always_inline bool sock__observable(const struct sock *sk)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	if (BPF_CORE_READ(sk, sk_type) != SOCK_STREAM ||
	    BPF_CORE_READ_BITFIELD_PROBED(sk, sk_kern_sock))
		return false;
	if (family == AF_UNIX)
		return true;
	return (family == AF_INET || family == AF_INET6) &&
	       BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP;
}

static __always_inline u32 sock__netns(const struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

static __always_inline struct unix_address *unix__address(const struct sock *sk)
{
	return BPF_CORE_READ((const struct unix_sock *)sk, addr);
}

static __always_inline struct sock *unix__peer(const struct sock *sk)
{
	return BPF_CORE_READ((const struct unix_sock *)sk, peer);
}

/* accept() gives the new socket its listener's address; who connects has seldom one of its own. */
static __always_inline u8 unix__role(const struct sock *sk)
{
	struct sock *peer = unix__peer(sk);
	bool own = unix__address(sk) != 0, other = peer && unix__address(peer) != 0;

	if (own == other)
		return ROLE_UNKNOWN;
	return own ? ROLE_SERVER : ROLE_CLIENT;
}

/* For a connection whose handshake was not seen. */
static __always_inline u8 tcp__role(const struct sock *sk)
{
	struct listener key = {
		.netns = sock__netns(sk),
		.port = BPF_CORE_READ(sk, __sk_common.skc_num),
	};

	return bpf_map_lookup_elem(&listeners, &key) ? ROLE_SERVER : ROLE_CLIENT;
}

static __always_inline u32 tcp__copied(const struct sock *sk)
{
	return BPF_CORE_READ((const struct tcp_sock *)sk, copied_seq);
}

/*
 * The same where a call has ended, which is often: a socket that the kernel vouches for can be read
 * without a helper that guards against faults.
 */
static __always_inline u32 tcp__copied_of_socket(const struct sock *sk)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock((void *)sk);

	return tcp ? tcp->copied_seq : tcp__copied(sk);
}

static __always_inline u32 tcp__copied_of_call(const struct sock *sk)
{
	return by_sys_exit ? tcp__copied(sk) : tcp__copied_of_socket(sk);
}

/* Not yet taken by the owner, a FIN included. */
static __always_inline u32 tcp__unread(const struct sock *sk)
{
	const struct tcp_sock *tcp = (const struct tcp_sock *)sk;

	return BPF_CORE_READ(tcp, rcv_nxt) - BPF_CORE_READ(tcp, copied_seq);
}

static __always_inline bool sock__is(const struct sock *sk, u32 flag)
{
	return BPF_CORE_READ(sk, __sk_common.skc_flags) & (1UL << flag);
}

/* The FIN takes a number in the sequence (RFC 9293, 3.4), and so counts as copied in the end. */
static __always_inline bool tcp__fin_taken(const struct sock *sk)
{
	return sock__is(sk, SOCK_DONE) && tcp__unread(sk) == 0;
}

/*
 * Bytes that had passed before a socket without state was first seen, `ret` being those of the call
 * that has just ended. Both counters are the kernel's (RFC 4898); the sender's counts the SYN of an
 * active open.
 */
static __always_inline bool tcp__fresh(const struct sock *sk, u8 direction, u32 ret)
{
	const struct tcp_sock *tcp = (const struct tcp_sock *)sk;
	u32 unread = tcp__unread(sk);
	u32 unacked = BPF_CORE_READ(tcp, write_seq) - BPF_CORE_READ(tcp, snd_una);
	u64 received = BPF_CORE_READ(tcp, bytes_received) - unread;
	u64 sent = BPF_CORE_READ(tcp, bytes_acked) + unacked;

	if (direction == DIRECTION_RECV)
		return received == ret && sent <= 1;
	return received == 0 && sent <= (u64)ret + 1;
}

static __always_inline void state__init(struct state *state, const struct sock *sk, u64 id)
{
	state->id = id;
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX)
		state->flags = STATE_UNIX;
}

static __always_inline void state__start_copied(struct state *state, u32 copied)
{
	state->copied = copied;
	__sync_fetch_and_or(&state->flags, STATE_COPIED);
}

/* At the first byte of a socket whose beginning was not seen; of TCP that means it is older than we
 * are. */
static __always_inline void state__init_late(struct state *state, const struct sock *sk, u64 id,
					     u8 direction, u32 ret)
{
	state__init(state, sk, id);
	if (state->flags & STATE_UNIX) {
		state->role = unix__role(sk);
		if (bpf_ktime_get_ns() < settle_until)
			state->flags |= STATE_EXISTING;
		return;
	}
	state->role = tcp__role(sk);
	state__start_copied(state, tcp__copied(sk) - (direction == DIRECTION_RECV ? ret : 0));
	if (!tcp__fresh(sk, direction, ret))
		state->flags |= STATE_EXISTING;
}

static __always_inline void open__addresses(struct open_event *event, const struct sock *sk)
{
	event->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	event->netns = sock__netns(sk);
	event->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	event->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (event->family == AF_INET6) {
		event->event.flags |= OPEN_IPV6;
		BPF_CORE_READ_INTO(&event->local_address, sk,
				   __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
		BPF_CORE_READ_INTO(&event->remote_address, sk,
				   __sk_common.skc_v6_daddr.in6_u.u6_addr8);
		return;
	}
	BPF_CORE_READ_INTO((u32 *)event->local_address, sk, __sk_common.skc_rcv_saddr);
	BPF_CORE_READ_INTO((u32 *)event->remote_address, sk, __sk_common.skc_daddr);
}

static __always_inline void open__path(struct open_event *event, const struct sock *sk)
{
	struct sock *peer = unix__peer(sk);
	struct unix_address *address = unix__address(sk);
	u32 length;

	event->family = AF_UNIX;
	event->netns = sock__netns(sk);
	if (peer)
		event->peer = BPF_CORE_READ(peer, __sk_common.skc_cookie.counter);
	if (peer && (!address || event->role == ROLE_CLIENT))
		address = unix__address(peer);
	if (!address)
		return;
	length = BPF_CORE_READ(address, len) - sizeof(u16);
	if (length > SONDE_UNIX_PATH_MAX)
		return;
	bpf_probe_read_kernel(event->path, length, &address->name[0].sun_path);
	if (!event->path[0] && length > 0)
		event->path[0] = '@';
}

static __always_inline void open__fill(struct open_event *event, const struct state *state,
				       const struct sock *sk, u64 now)
{
	u64 task = bpf_get_current_pid_tgid();

	__builtin_memset(event, 0, sizeof(*event));
	event__fill(&event->event, EVENT_OPEN, state->flags & STATE_EXISTING ? OPEN_EXISTING : 0,
		    sizeof(*event), now);
	event->connection = state->id;
	event->connect_ns = state->connect_ns;
	event->established_ns = state->established_ns;
	event->tgid = task >> 32;
	event->tid = task;
	event->role = state->role;
	event->fate = state->fate;
	if (state->flags & STATE_UNIX)
		open__path(event, sk);
	else
		open__addresses(event, sk);
}

/* Claims the right to write EVENT_OPEN; gives it back where the ring is full. */
static __noinline int open__emit(struct state *state, const struct sock *sk)
{
	struct open_event *event;
	u64 now;

	if (!state || __sync_fetch_and_or(&state->flags, STATE_OPENED) & STATE_OPENED)
		return 0;
	event = bpf_ringbuf_reserve(&ring, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_and(&state->flags, ~STATE_OPENED);
		count_loss(state->protocol, LOSS_RING_FULL, 0);
		return -ENOSPC;
	}
	now = bpf_ktime_get_ns();
	open__fill(event, state, sk, now);
	bpf_ringbuf_submit(event, wakeup(now));
	return 0;
}

__noinline int end__emit(struct state *state, u16 type, u8 direction, s32 error)
{
	struct end_event *event;
	u64 now;

	if (!state)
		return 0;
	event = bpf_ringbuf_reserve(&ring, sizeof(*event), 0);
	if (!event) {
		count_loss(state->protocol, LOSS_RING_FULL, 0);
		return 0;
	}
	now = bpf_ktime_get_ns();
	event__fill(&event->event, type, state->flags & STATE_PLAINTEXT ? CHUNK_PLAINTEXT : 0,
		    sizeof(*event), now);
	event->connection = state->id;
	event->position[DIRECTION_RECV] = state->position[DIRECTION_RECV];
	event->position[DIRECTION_SEND] = state->position[DIRECTION_SEND];
	event->error = error;
	event->direction = direction;
	__builtin_memset(event->pad, 0, sizeof(event->pad));
	bpf_ringbuf_submit(event, wakeup(now));
	return 0;
}

static __always_inline void state__shut(struct state *state, u8 direction)
{
	u32 flag = direction == DIRECTION_RECV ? STATE_SHUT_RECV : STATE_SHUT_SEND;

	if (!(state->flags & STATE_OPENED) || state->depth == CAPTURE_NOTHING)
		return;
	if (!(__sync_fetch_and_or(&state->flags, flag) & flag))
		end__emit(state, EVENT_SHUT, direction, 0);
}

static __always_inline void state__close(struct state *state, s32 error)
{
	if (!(state->flags & STATE_OPENED) || state->depth == CAPTURE_NOTHING)
		return;
	if (!(__sync_fetch_and_or(&state->flags, STATE_CLOSED) & STATE_CLOSED))
		end__emit(state, EVENT_CLOSE, 0, error);
}

#endif
