/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sessions of TLS libraries. While a thread is in a call of its library, the socket calls that it
 * makes are that session's: so a session finds its socket, whatever lies between the two.
 */
#ifndef SONDE_BPF_TLS_SESSION_H
#define SONDE_BPF_TLS_SESSION_H

/* The register in which Go keeps its goroutine (src/cmd/compile/abi-internal.md). */
#if defined(__TARGET_ARCH_x86)
#define GOROUTINE(from) ((from)->r14)
#else
#define GOROUTINE(from) ((from)->regs[28])
#endif

/* The call that a thread is in. */
struct tls_thread {
	u64 session; /* the library's object; 0: in no call */
	u64 buffer;
	u64 moved; /* where the library leaves the number of bytes; 0: it returns it */
	u64 size;  /* of a write that is given when its ciphertext is sent; else 0 */
	u64 sent;  /* of its ciphertext */
	u32 slot;
	u8 call; /* enum tls_call */
	u8 given;
	u8 allowed; /* of the executable, where the configuration names some */
	u8 pad;
	u64 executable; /* struct file */
};

/* What `state` is for a socket: id, positions and verdicts of the plaintext. */
struct tls_session {
	struct state state;
	u64 queue_ns; /* of the ciphertext that was read last */
	u32 told;     /* TOLD_* of a session that is not joined */
	u32 pad;
};

#define TOLD	    1
#define TOLD_RANDOM 2 /* with the client's random number */

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct tls_thread);
} tls_threads SEC(".maps");

/* Preallocated, as older kernels want it of programs that may run anywhere; user/ sizes them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct tls_key);
	__type(value, struct tls_session);
} tls_sessions SEC(".maps");

/* The calls that goroutines are in; the key's session is the goroutine's address. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct tls_key);
	__type(value, struct tls_thread);
} tls_goroutines SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TLS_SLOTS_MAX);
	__type(key, u32);
	__type(value, struct tls_file);
} tls_files SEC(".maps");

/* What user/ found out: number of a session that was not joined -> its connection. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, struct tls_joined);
} tls_joins SEC(".maps");

__u64 tls_unjoined;    /* sessions that began with a number of their own */
__u32 tls_go_programs; /* that are or were probed */

static __always_inline struct tls_thread *tls__thread(u64 flags)
{
	return bpf_task_storage_get(&tls_threads, bpf_get_current_task_btf(), 0, flags);
}

static __always_inline struct tls_key goroutine__key(const struct pt_regs *regs)
{
	return (struct tls_key){
		.session = GOROUTINE(regs),
		.tgid = bpf_get_current_pid_tgid() >> 32,
	};
}

/* The call of a library that a system call was made in. Go keeps the goroutine's register there. */
static __noinline struct tls_thread *tls__caller(void)
{
	struct tls_thread *thread = tls__thread(0);
	struct pt_regs *regs;
	struct tls_key key;

	if ((thread && thread->session) || !tls_go_programs)
		return thread;
	regs = (struct pt_regs *)task_pt_regs(bpf_get_current_task_btf());
	key = goroutine__key(regs);
	return bpf_map_lookup_elem(&tls_goroutines, &key);
}

/* A function of its own, for its room on the stack. */
__noinline int tls_session__add(u64 object, u64 id, u32 fate)
{
	struct tls_key key = {.session = object, .tgid = bpf_get_current_pid_tgid() >> 32};
	struct tls_session fresh = {.state = {.id = id, .flags = STATE_PLAINTEXT, .fate = fate}};

	return bpf_map_update_elem(&tls_sessions, &key, &fresh, BPF_ANY);
}

static __always_inline struct tls_session *tls_session__find(u64 object)
{
	struct tls_key key = {.session = object, .tgid = bpf_get_current_pid_tgid() >> 32};

	return bpf_map_lookup_elem(&tls_sessions, &key);
}

static __always_inline void tls_session__delete(u64 object)
{
	struct tls_key key = {.session = object, .tgid = bpf_get_current_pid_tgid() >> 32};

	bpf_map_delete_elem(&tls_sessions, &key);
}

/* Everything of a session that began later has passed the probes. */
static __always_inline bool tls__attached_before(u32 slot, u64 time_ns)
{
	struct tls_file *file = bpf_map_lookup_elem(&tls_files, &slot);

	return file && file->attached_ns && time_ns > file->attached_ns;
}

/* Whether there is one where the library keeps it, after its first handshake message. */
static __always_inline bool tls__random(u8 *out, u64 object, u32 slot)
{
	struct tls_file *file = bpf_map_lookup_elem(&tls_files, &slot);
	u64 *words = (u64 *)out;

	if (!file || !file->random.offset ||
	    (file->random.pointer != TLS_PLACE_DIRECT &&
	     bpf_probe_read_user(&object, sizeof(object), (void *)(object + file->random.pointer))))
		return false;
	bpf_probe_read_user(out, TLS_RANDOM, (void *)(object + file->random.offset));
	return words[0] && words[1] && words[2] && words[3];
}

__noinline int tls__emit(u64 connection, u64 object, u32 slot, u16 flags)
{
	struct tls_event *event = bpf_ringbuf_reserve(&ring, sizeof(*event), 0);
	u64 now = bpf_ktime_get_ns();

	if (!event) {
		count_loss(PROTOCOL_TLS, LOSS_RING_FULL, 0);
		return -ENOSPC;
	}
	event__fill(&event->event, EVENT_TLS, flags, sizeof(*event), now);
	event->connection = connection;
	event->session = object;
	event->tgid = bpf_get_current_pid_tgid() >> 32;
	event->slot = slot;
	__builtin_memset(event->random, 0, sizeof(event->random));
	if (connection & TLS_UNJOINED)
		tls__random(event->random, object, slot);
	bpf_ringbuf_submit(event, wakeup(now));
	return 0;
}

#endif
