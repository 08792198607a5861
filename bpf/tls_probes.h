/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * In TLS libraries, at the beginning and the end of the functions that take and give plaintext. One
 * pair of programs for all of them: the probe's cookie says which function it is.
 */
#ifndef SONDE_BPF_TLS_PROBES_H
#define SONDE_BPF_TLS_PROBES_H

#if defined(__TARGET_ARCH_x86)
#define ARGUMENT_1(regs) ((regs)->di)
#define ARGUMENT_2(regs) ((regs)->si)
#define ARGUMENT_4(regs) ((regs)->cx)
#define ARGUMENT_5(regs) ((regs)->r8)
#define RESULT(regs)	 ((regs)->ax)
#else
#define ARGUMENT_1(regs) ((regs)->regs[0])
#define ARGUMENT_2(regs) ((regs)->regs[1])
#define ARGUMENT_4(regs) ((regs)->regs[3])
#define ARGUMENT_5(regs) ((regs)->regs[4])
#define RESULT(regs)	 ((regs)->regs[0])
#endif

static __always_inline u8 tls_call__direction(u8 call)
{
	return call == TLS_READ || call == TLS_READ_EX || call == TLS_READ_EARLY ? DIRECTION_RECV
										 : DIRECTION_SEND;
}

/* How many bytes of plaintext a call has moved; below 0: there is no end of such. */
static __always_inline s64 tls_call__bytes(const struct tls_thread *thread, u64 result)
{
	u64 bytes = 0;

	switch (thread->call) {
	case TLS_READ:
	case TLS_WRITE:
		return (s32)result;
	case TLS_SENDFILE:
		return (s64)result;
	case TLS_READ_EX:
	case TLS_WRITE_EX:
	case TLS_WRITE_EX2:
		if ((s32)result != 1)
			return -1;
		break;
	case TLS_READ_EARLY:
		if ((s32)result != 1 && (s32)result != 2)
			return -1;
		break;
	default:
		return -1;
	}
	if (bpf_probe_read_user(&bytes, sizeof(bytes), (void *)thread->moved))
		return -1;
	return bytes;
}

static __always_inline void tls__ended(u64 object, u8 direction)
{
	struct tls_session *session = tls_session__find(object);
	u32 flag = direction == DIRECTION_RECV ? STATE_SHUT_RECV : STATE_SHUT_SEND;

	if (!session || session->state.depth == CAPTURE_NOTHING || session->state.id & TLS_UNJOINED)
		return;
	if (!(__sync_fetch_and_or(&session->state.flags, flag) & flag))
		end__emit(&session->state, EVENT_SHUT, direction, 0);
}

/* A handshake within a read or write is part of it. */
static __always_inline bool tls_call__is_within(const struct tls_thread *thread, u64 object,
						u8 call)
{
	return call == TLS_HANDSHAKE && thread->session == object;
}

static __noinline int tls_call__done(const struct tls_thread *thread, u64 object, u64 result)
{
	u8 direction;
	s64 bytes;

	if (!thread)
		return 0;
	direction = tls_call__direction(thread->call);
	bytes = tls_call__bytes(thread, result);
	if (bytes > 0)
		tls__plaintext(thread, object, direction, bytes);
	else if (bytes == 0 && direction == DIRECTION_RECV && thread->call != TLS_READ_EARLY)
		tls__ended(object, direction);
	else if (thread->call != TLS_SHUTDOWN)
		tls_session__tell(tls_session__of(object), object, thread->slot);
	return 0;
}

static __always_inline void tls_call__enter(struct pt_regs *regs)
{
	u64 cookie = bpf_get_attach_cookie(regs);
	u8 call = TLS_COOKIE_CALL(cookie);
	u64 fourth = ARGUMENT_4(regs), fifth = ARGUMENT_5(regs);
	struct tls_thread *thread;

	/* Both are read here: the verifier allows no register at an offset that is computed. */
	asm volatile("" : "+r"(fourth), "+r"(fifth));
	if (call == TLS_FREE) {
		tls_session__delete(ARGUMENT_1(regs));
		return;
	}
	if (call == TLS_SHUTDOWN)
		tls__ended(ARGUMENT_1(regs), DIRECTION_SEND);
	thread = tls__thread(BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread) {
		count_loss(PROTOCOL_TLS, LOSS_STATE, 0);
		return;
	}
	if (tls_call__is_within(thread, ARGUMENT_1(regs), call) || !tls__allowed(thread))
		return;
	thread->session = ARGUMENT_1(regs);
	thread->buffer = ARGUMENT_2(regs);
	thread->moved = call == TLS_WRITE_EX2 ? fifth : fourth;
	thread->slot = TLS_COOKIE_SLOT(cookie);
	thread->call = call;
}

PROBE(tls_enter, tls_call__enter(regs))

static __always_inline void tls_call__leave(struct pt_regs *regs)
{
	struct tls_thread *thread = tls__thread(0);
	u64 object;

	if (!thread || !thread->session ||
	    thread->call != TLS_COOKIE_CALL(bpf_get_attach_cookie(regs)))
		return;
	object = thread->session;
	thread->session = 0;
	tls_call__done(thread, object, RESULT(regs));
}

PROBE(tls_leave, tls_call__leave(regs))

#endif
