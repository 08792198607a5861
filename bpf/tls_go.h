/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The same in Go programs (user/tls/go.c), where a call belongs to a goroutine, not to a thread,
 * and arguments and results are in registers of its own (src/cmd/compile/abi-internal.md).
 */
#ifndef SONDE_BPF_TLS_GO_H
#define SONDE_BPF_TLS_GO_H

#if defined(__TARGET_ARCH_x86)
#define GO_1(from) ((from)->ax)
#define GO_2(from) ((from)->bx)
#define GO_3(from) ((from)->cx)
#else
#define GO_1(from) ((from)->regs[0])
#define GO_2(from) ((from)->regs[1])
#define GO_3(from) ((from)->regs[2])
#endif

static __always_inline void goroutine__enter(struct pt_regs *regs)
{
	struct tls_key key = goroutine__key(regs);
	u64 cookie = bpf_get_attach_cookie(regs);
	u8 call = TLS_COOKIE_CALL(cookie);
	struct tls_thread fresh = {
		.session = GO_1(regs),
		.buffer = GO_2(regs),
		.size = call == TLS_WRITE ? GO_3(regs) : 0,
		.slot = TLS_COOKIE_SLOT(cookie),
		.call = call,
	};
	const struct tls_thread *thread = bpf_map_lookup_elem(&tls_goroutines, &key);

	if (thread && tls_call__is_within(thread, fresh.session, call))
		return;
	if (call == TLS_SHUTDOWN)
		tls__ended(fresh.session, DIRECTION_SEND);
	if (bpf_map_update_elem(&tls_goroutines, &key, &fresh, BPF_ANY))
		count_loss(PROTOCOL_TLS, LOSS_STATE, 0);
}

PROBE(tls_go_enter, goroutine__enter(regs))

/*
 * Nothing read is no end here: a reader whose deadline has passed returns so too (net/http does
 * that with every idle connection). Of a closed session nothing more comes.
 */
static __always_inline void goroutine__leave(struct pt_regs *regs)
{
	struct tls_key key = goroutine__key(regs);
	const struct tls_thread *found = bpf_map_lookup_elem(&tls_goroutines, &key);
	struct tls_thread thread;

	if (!found || found->call != TLS_COOKIE_CALL(bpf_get_attach_cookie(regs)))
		return;
	thread = *found;
	bpf_map_delete_elem(&tls_goroutines, &key);
	if (thread.call == TLS_SHUTDOWN)
		tls_session__delete(thread.session);
	else if (thread.call != TLS_HANDSHAKE && !thread.given && (s64)GO_1(regs) > 0)
		tls_call__done(&thread, thread.session, GO_1(regs));
}

PROBE(tls_go_leave, goroutine__leave(regs))

#endif
