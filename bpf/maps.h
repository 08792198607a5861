/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs share among each other and with user/capture. */
#ifndef SONDE_BPF_MAPS_H
#define SONDE_BPF_MAPS_H

#define STATE_OPENED	0x01 /* EVENT_OPEN was written */
#define STATE_SHUT_RECV 0x02 /* EVENT_SHUT was written */
#define STATE_SHUT_SEND 0x04
#define STATE_CLOSED	0x08
#define STATE_EXISTING	0x10 /* bytes had passed before the first one that was seen */
#define STATE_UNIX	0x20
#define STATE_COPIED	0x40  /* state.copied is known */
#define STATE_TLS	0x80  /* joined to a TLS session: its bytes are ciphertext */
#define STATE_PLAINTEXT 0x100 /* not a socket's state, but that of a TLS session */
#define STATE_LEFT_OUT	0x200 /* by sampling */

/* Where a recvmmsg or sendmmsg in progress stands: the tracepoint fires once a message. */
struct batch {
	u64 vector;
	u32 tid;
	u32 next;
};

/* One socket. */
struct state {
	u64 id;
	u64 position[DIRECTION_COUNT];
	u64 skip_to[DIRECTION_COUNT];
	u64 ready_ns; /* when unread bytes reached the socket, 0: none or not known */
	u64 connect_ns;
	u64 established_ns;
	u64 tls_session; /* STATE_TLS: the library's object */
	struct batch batch[DIRECTION_COUNT];
	u32 flags;  /* STATE_* */
	u32 copied; /* what tcp_sock.copied_seq is after all receives that were seen */
	u32 connect_tgid;
	u32 last_tgid; /* whose EVENT_PROCESS is known to be written */
	u32 verdicts;  /* value of verdict_generation when the verdicts were last asked */
	u8 role;
	u8 protocol;
	u8 depth;
	u8 error;   /* with which it ended while bytes were unread; errno or 0 */
	u32 fate;   /* of its connection where there is sampling; 0: not known yet */
	u8 changed; /* to which TCP state it was told to have gone last (hold.h) */
	u8 pad[3];
	u64 like; /* brief__key() of the calls that may go the short way (brief.h); 0: none */
};

struct listener {
	u32 netns;
	u32 port;
};

struct loss_counter {
	u64 events;
	u64 bytes;
};

/* Twice what may be in it: lets the verifier see that offset + length stays inside. */
struct scratch {
	u8 header[sizeof(struct chunk)] __attribute__((aligned(8)));
	u8 data[2 * SONDE_CHUNK_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring SEC(".maps");

/* Memory of a CPU for its own records (area.h): mapped by user/, which sizes it. */
#define BRIEF_MAX  4096 /* bytes of payload that a record there has at most */
#define AREA_OWNED 1	/* a bit of struct area.place: somebody is writing */

struct area {
	u64 place; /* behind the newest record; only ever grows */
	u64 pad[7];
	u64 consumed; /* by user/ */
	u64 pad2[7];
	u8 data[];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(struct area));
} areas SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct state);
} sockets SEC(".maps");

/* The same by connection, where a hook has no socket that storage could hang on (sys_exit.h). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u64);
	__type(value, struct state);
} numbered_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u64);
	__type(value, struct verdict);
} verdicts SEC(".maps");

/* Processes whose EVENT_PROCESS was written: tgid -> start time. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, u64);
} processes SEC(".maps");

/* Ports that are being listened on -> by how many sockets (SO_REUSEPORT, several addresses). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct listener);
	__type(value, u32);
} listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROTOCOL_COUNT *LOSS_REASON_COUNT);
	__type(key, u32);
	__type(value, struct loss_counter);
} losses SEC(".maps");

/*
 * One a CPU and direction: an interrupt's softirq may run the other program. Not a per-CPU map,
 * whose values end at 32 KiB (PCPU_MIN_UNIT_SIZE); user/ sizes it by the number of possible CPUs.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DIRECTION_COUNT);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

__u32 hooked;	    /* the hooks are attached */
__u64 settle_until; /* an AF_UNIX socket first seen before that time is older than the hooks */

/* Set before loading: the verifier leaves out what the way in has no use for. */
const volatile bool by_sys_exit; /* states are in numbered_sockets, not with the socket */
const volatile bool with_tls;	 /* TLS libraries are probed */
const volatile bool with_areas;
const volatile __u32 area_bytes; /* of a lap of an area, a power of two */
/* A copy to the stack is checked faster by the kernel than one to a map (brief.h). */
const volatile bool by_stack;

__u32 own_tgid;		  /* sonde itself is never observed */
__u32 verdict_generation; /* grows when user/ left a verdict that decided connections must see, too
			   */
__u32 ring_alarm;	  /* bytes in the ring beyond which user/ is woken at once */
__u32 loss_generation;	  /* grows with every loss that was counted */

#endif
