/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which connections are observed where a CPU budget forbids to observe all. A connection's fate is
 * a hash of both of its ends, whichever comes first: so the two sockets of a connection within this
 * node share it, and a connection is observed whole or not at all. Left out, a call costs the
 * look-up of its socket's state. Without a budget the verifier leaves all of it out.
 */
#ifndef SONDE_BPF_SAMPLING_H
#define SONDE_BPF_SAMPLING_H

const volatile bool with_sampling;
__u32 sampling_threshold; /* fates up to it are observed; SONDE_FATES: all */
__u64 sampled_out;	  /* connections that were left out; one that came back counts again */

/* The finaliser of MurmurHash3, half of it: neighbouring ports must not share their fate. */
static __always_inline u64 fate__mix(u64 value)
{
	value ^= value >> 33;
	value *= 0xff51afd7ed558ccdULL;
	return value ^ value >> 33;
}

/* The same for an IPv4 address and its IPv4-mapped IPv6 one (RFC 4291 section 2.5.5.2). */
static __always_inline u64 fate__of_end(const u32 *address, u16 port)
{
	u64 middle = address[2] == bpf_htonl(0xffff) ? 0 : address[2];

	return fate__mix(fate__mix((u64)address[0] << 32 | address[1]) +
			 (middle << 32 | address[3]) * 31 + port);
}

static __always_inline u64 fate__of_tcp(const struct sock *sk)
{
	u32 local[4] = {}, remote[4] = {};

	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6) {
		BPF_CORE_READ_INTO(&local, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
		BPF_CORE_READ_INTO(&remote, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
	} else {
		local[3] = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
		remote[3] = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	}
	return fate__of_end(local, BPF_CORE_READ(sk, __sk_common.skc_num)) +
	       fate__of_end(remote, bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport)));
}

/* Each end of a pair is its other end's other end; an address got this way may be reckoned with. */
static __always_inline u64 fate__of_unix(const struct sock *sk)
{
	struct sock *peer = unix__peer(sk);

	return fate__mix((u64)peer) + (peer ? fate__mix((u64)unix__peer(peer)) : 0);
}

/* A whole number from 1 to SONDE_FATES. */
static __always_inline u32 fate__of(const struct state *state, const struct sock *sk)
{
	u64 ends = state->flags & STATE_UNIX ? fate__of_unix(sk) : fate__of_tcp(sk);

	return 1 + (fate__mix(ends) >> 32) % SONDE_FATES;
}

/* It goes on somewhere in its middle; that nobody takes it for where it stopped, a byte is missing.
 */
static __always_inline void state__come_back(struct state *state)
{
	state->like = 0;
	__sync_fetch_and_and(&state->flags, ~(STATE_OPENED | STATE_LEFT_OUT));
	__sync_fetch_and_or(&state->flags, STATE_EXISTING);
	__sync_fetch_and_add(&state->position[DIRECTION_RECV], 1);
	__sync_fetch_and_add(&state->position[DIRECTION_SEND], 1);
	state->skip_to[DIRECTION_RECV] = state->skip_to[DIRECTION_SEND] = 0;
	state->ready_ns = 0;
	if (state->flags & STATE_TLS || state->depth == CAPTURE_TLS)
		return;
	state->depth = CAPTURE_ALL;
	state->protocol = PROTOCOL_UNKNOWN;
}

/* True where nothing is to be made of a call. */
static __noinline int sampling__decide(struct state *state, const struct sock *sk)
{
	if (!state)
		return 1;
	if (!state->fate)
		state->fate = fate__of(state, sk);
	if (state->fate > sampling_threshold) {
		state->like = 0;
		if (!(__sync_fetch_and_or(&state->flags, STATE_LEFT_OUT) & STATE_LEFT_OUT))
			__sync_fetch_and_add(&sampled_out, 1);
		return 1;
	}
	if (state->flags & STATE_LEFT_OUT) {
		state__come_back(state);
		state__unseen(state, sk, 0); /* what passed meanwhile */
		state__announce(state, sk);
	}
	return 0;
}

static __always_inline bool sampling__leaves_out(struct state *state, const struct sock *sk)
{
	if (!with_sampling)
		return false;
	if (state->fate && state->fate <= sampling_threshold && !(state->flags & STATE_LEFT_OUT))
		return false;
	return sampling__decide(state, sk);
}

/* The same of a TLS session's plaintext; it has its socket's fate, and none until that is known. */
static __always_inline bool sampling__leaves_out_plaintext(struct state *state)
{
	if (!with_sampling)
		return false;
	if (state->fate > sampling_threshold) {
		__sync_fetch_and_or(&state->flags, STATE_LEFT_OUT);
		return true;
	}
	if (state->flags & STATE_LEFT_OUT)
		state__come_back(state);
	return false;
}

#endif
