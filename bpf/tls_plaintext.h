/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a library took or gave: written like what a socket moved, to the connection it is joined to.
 */
#ifndef SONDE_BPF_TLS_PLAINTEXT_H
#define SONDE_BPF_TLS_PLAINTEXT_H

/* A session whose socket no call has shown yet. */
static __noinline struct tls_session *tls_session__of(u64 object)
{
	struct tls_session *session = tls_session__find(object);

	if (session)
		return session;
	if (tls_session__add(object, TLS_UNJOINED | __sync_fetch_and_add(&tls_unjoined, 1), 0))
		count_loss(PROTOCOL_TLS, LOSS_STATE, 0);
	return tls_session__find(object);
}

/* user/ is told of it, and of its random number as soon as there is one: it may find its socket. */
static __noinline int tls_session__tell(struct tls_session *session, u64 object, u32 slot)
{
	u8 random[TLS_RANDOM] __attribute__((aligned(8))) = {};
	bool known;

	if (!session || !(session->state.id & TLS_UNJOINED) || session->told == TOLD_RANDOM)
		return 0;
	known = tls__random(random, object, slot);
	if (!known && session->told)
		return 0;
	process__announce(bpf_get_current_pid_tgid() >> 32);
	if (!tls__emit(session->state.id, object, slot, 0))
		session->told = known ? TOLD_RANDOM : TOLD;
	return 0;
}

/* Its socket may have been found meanwhile. */
static __always_inline void tls_session__settle(struct state *state)
{
	struct tls_joined *joined;
	u64 id = state->id;

	if (!(id & TLS_UNJOINED))
		return;
	joined = bpf_map_lookup_elem(&tls_joins, &id);
	if (!joined)
		return;
	state->id = joined->connection;
	state->fate = joined->fate;
	bpf_map_delete_elem(&tls_joins, &id);
}

/* What user/ decided by the ciphertext is not about the plaintext. */
static __always_inline bool tls_session__wanted(struct state *state, u32 bytes)
{
	bool wanted = state__wanted(state, bytes);

	if (state->depth != CAPTURE_TLS)
		return wanted;
	state->depth = CAPTURE_ALL;
	state->protocol = PROTOCOL_UNKNOWN;
	return true;
}

static __always_inline int tls_session__announce(struct state *state)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	int error = 0;

	if (state->last_tgid != tgid)
		error = process__announce(tgid);
	if (!error)
		state->last_tgid = tgid;
	return error;
}

static __noinline int tls__plaintext(const struct tls_thread *thread, u64 object, u8 direction,
				     u32 bytes)
{
	struct call call = {.task = bpf_get_current_pid_tgid(), .direction = direction};
	struct tls_session *session;
	struct state *state;
	u64 end;

	if (!thread)
		return 0;
	session = tls_session__of(object);
	if (!session)
		return 0;
	state = &session->state;
	tls_session__settle(state);
	tls_session__tell(session, object, thread->slot);
	if (state->depth == CAPTURE_NOTHING || sampling__leaves_out_plaintext(state) ||
	    !tls_session__wanted(state, bytes))
		return 0;
	call__begin(&call, state, bytes);
	end = call.position + bytes;
	call.flags = CHUNK_PLAINTEXT;
	if (direction == DIRECTION_RECV) {
		call.queue_ns = session->queue_ns;
		session->queue_ns = 0;
	}
	call__set_limits(&call, state->depth, bytes);
	if (bytes > LONG_CALL && end <= state->skip_to[direction & 1])
		return 0;
	if (tls_session__announce(state))
		count_loss(state->protocol, LOSS_RING_FULL, bytes);
	else if (thread->call == TLS_SENDFILE)
		chunk__bare(&call, bytes, CHUNK_NO_BUFFER);
	else
		call__buffer(&call, thread->buffer);
	return 0;
}

#endif
