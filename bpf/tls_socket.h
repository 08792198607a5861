/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sockets under TLS: joined to the session in whose call they are used, their bytes left alone. */
#ifndef SONDE_BPF_TLS_SOCKET_H
#define SONDE_BPF_TLS_SOCKET_H

#define STARTTLS_BYTES 4096 /* of plaintext on a known protocol, before a session may begin */

/* Of a TLS record's header (RFC 8446 section 5.1): its type, then 3.x. */
#define RECORD_CHANGE_CIPHER 20
#define RECORD_HANDSHAKE     22
#define RECORD_DATA	     23

/* sys_exit.h comes when the call is over, and its registers are no more those of one. */
static __always_inline void tls__source(struct source *source, struct state *state, u8 direction)
{
	struct pt_regs *regs;

	if (!by_sys_exit) {
		source__find(source, state, direction);
		return;
	}
	regs = (struct pt_regs *)task_pt_regs(bpf_get_current_task_btf());
	source__by_call(source, state, direction, REGISTER_CALL(regs), REGISTER_2(regs),
			REGISTER_3(regs));
}

/* The type of the record with which the call's bytes begin; 0: they are none. */
static __noinline u8 tls__record(struct state *state, u8 direction, u32 ret)
{
	struct source source = {};
	u64 address;
	u8 bytes[3];

	if (!state || ret < sizeof(bytes))
		return 0;
	tls__source(&source, state, direction);
	if (source.batch) /* looked at, not taken */
		state->batch[direction & 1].next = source.batch - 1;
	address = source.address;
	if (source.kind == SOURCE_NONE ||
	    (source.kind == SOURCE_VECTOR &&
	     bpf_probe_read_user(&address, sizeof(address), (void *)address)) ||
	    bpf_probe_read_user(bytes, sizeof(bytes), (void *)address))
		return 0;
	if (bytes[0] < RECORD_CHANGE_CIPHER || bytes[0] > RECORD_DATA || bytes[1] != 3 ||
	    bytes[2] > 4)
		return 0;
	return bytes[0];
}

/* No data has passed where a session is still at its handshake, which is in the clear at first. */
static __always_inline bool tls__began(const struct state *state, u32 slot, u8 record)
{
	if (record == RECORD_HANDSHAKE || record == RECORD_CHANGE_CIPHER)
		return true;
	return state->established_ns && tls__attached_before(slot, state->established_ns);
}

/* One session has one socket, until it begins anew. */
static __noinline int tls__join(struct state *state, const struct sock *sk, u64 object, u32 slot,
				u8 record)
{
	struct tls_session *session = tls_session__find(object);

	if (!state)
		return 0;
	if (session && session->state.id && !(session->state.id & TLS_UNJOINED) &&
	    record != RECORD_HANDSHAKE)
		return 0;
	if (tls_session__add(object, state->id, state->fate)) {
		count_loss(PROTOCOL_TLS, LOSS_STATE, 0);
		return 0;
	}
	state->tls_session = object;
	__sync_fetch_and_or(&state->flags, STATE_TLS);
	state__announce(state, sk);
	tls__emit(state->id, object, slot, tls__began(state, slot, record) ? 0 : OPEN_EXISTING);
	return 0;
}

static __always_inline void tls__keep_queue_time(struct state *state, u64 object, u8 direction)
{
	u64 queue_ns = state__queue_time(state, direction, bpf_ktime_get_ns());
	struct tls_session *session = queue_ns ? tls_session__find(object) : 0;

	if (session)
		session->queue_ns = queue_ns;
}

/* Whether a call's bytes are ciphertext, of which no more is to be made. */
static __noinline int tls__takes(struct state *state, const struct sock *sk, u8 direction, u32 ret)
{
	struct tls_thread *thread = tls__caller();
	bool known;
	u8 record;

	if (!state)
		return 0;
	known = state->flags & STATE_TLS || state->depth == CAPTURE_TLS;
	if (!thread || !thread->session)
		return known;
	if (!(state->flags & STATE_TLS) || state->tls_session != thread->session) {
		record = tls__record(state, direction, ret);
		if (record)
			tls__join(state, sk, thread->session, thread->slot, record);
	}
	if (!(state->flags & STATE_TLS))
		return known;
	tls__keep_queue_time(state, thread->session, direction);
	return 1;
}

/* Sockets that are known to carry something else cost a comparison, but for their first bytes. */
static __always_inline bool tls__may_take(const struct state *state)
{
	return state->protocol == PROTOCOL_UNKNOWN || state->flags & STATE_TLS ||
	       state->depth == CAPTURE_TLS ||
	       state->position[DIRECTION_RECV] + state->position[DIRECTION_SEND] < STARTTLS_BYTES;
}

static __always_inline bool socket__is_ciphertext(struct state *state, const struct sock *sk,
						  u8 direction, u32 ret)
{
	return with_tls && hooked && tls__may_take(state) && tls__takes(state, sk, direction, ret);
}

/* A socket is left out: so is the session whose ciphertext it carries, whichever it is. */
static __noinline int tls__leave_out(struct state *state, u8 direction, u32 ret)
{
	struct tls_thread *thread = tls__caller();

	if (!state || !thread || !thread->session || !tls__record(state, direction, ret) ||
	    tls_session__add(thread->session, state->id, state->fate))
		return 0;
	state->tls_session = thread->session;
	__sync_fetch_and_or(&state->flags, STATE_TLS);
	return 0;
}

static __always_inline bool socket__is_left_out(struct state *state, const struct sock *sk,
						u8 direction, u32 ret)
{
	if (!sampling__leaves_out(state, sk))
		return false;
	if (with_tls && hooked && !(state->flags & STATE_TLS))
		tls__leave_out(state, direction, ret);
	return true;
}

/*
 * Where others read while one writes, the answer may be read before the write returns, or the
 * connection be closed. So a write is given when the kernel has taken its last record: ciphertext
 * is longer than what is in it. Not by sys_exit, whose stack has no room for it.
 */
static __noinline int tls__sent(u32 bytes)
{
	struct tls_thread *thread = tls__caller();

	if (!thread || !thread->size || thread->given)
		return 0;
	thread->sent += bytes;
	if (thread->sent < thread->size)
		return 0;
	thread->given = 1;
	return tls__plaintext(thread, thread->session, DIRECTION_SEND, thread->size);
}

#endif
