/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one contract between bpf/ and user/: what the ring buffer delivers, and, byte for byte, what
 * a recording holds (docs/recording.md). Includes nothing; whoever includes it provides __u8 ...
 * __u64 (vmlinux.h in bpf/, linux/types.h in user/). Native byte order, padded by hand, sizes
 * asserted below.
 *
 * Times are CLOCK_MONOTONIC nanoseconds (bpf_ktime_get_ns). Process ids are those of the initial
 * pid namespace. A connection is named by its socket's kernel cookie, never by (pid, fd).
 */
#ifndef SONDE_EVENT_H
#define SONDE_EVENT_H

#define SONDE_EVENT_VERSION 1

#define SONDE_COMM_MAX	    16
#define SONDE_PATH_MAX	    256
#define SONDE_UNIX_PATH_MAX 108
/* Most bytes of payload one chunk record carries; a longer call becomes several records. */
#define SONDE_CHUNK_MAX 16384
/* Most bytes captured of one call, over all its records. */
#define SONDE_CALL_MAX (64 * SONDE_CHUNK_MAX)

enum protocol_id {
	PROTOCOL_UNKNOWN = 0, /* not decided yet */
	PROTOCOL_HTTP1 = 1,
	PROTOCOL_HTTP2 = 2,
	PROTOCOL_POSTGRES = 3,
	PROTOCOL_REDIS = 4,
	PROTOCOL_TLS = 5,    /* ciphertext: never parsed */
	PROTOCOL_OPAQUE = 6, /* known to be none of ours, or no longer (after an upgrade) */
	PROTOCOL_COUNT = 7
};

enum role { ROLE_UNKNOWN = 0, ROLE_SERVER = 1, ROLE_CLIENT = 2 };

/* As the owner of the socket sees it. */
enum direction { DIRECTION_RECV = 0, DIRECTION_SEND = 1, DIRECTION_COUNT = 2 };

/* How much of a connection bpf/ delivers. */
enum capture_depth {
	CAPTURE_ALL =
		0, /* every byte up to SONDE_CALL_MAX a call (undecided and known protocols) */
	CAPTURE_PROBE = 1, /* the first SONDE_PROBE_BYTES of every call: waiting to recognise it */
	CAPTURE_NOTHING = 2, /* no event at all from now on, not even the close */
	CAPTURE_TLS = 3 /* ciphertext: none of it, but the close, and what a TLS library reads */
};
#define SONDE_PROBE_BYTES 64

/* What sampling decides by: a share of the fates is observed. */
#define SONDE_FATES 65536

enum loss_reason {
	LOSS_RING_FULL = 0,  /* no room in the ring buffer: the record was never written */
	LOSS_UNREADABLE = 1, /* the caller's memory could not be read */
	LOSS_CAP = 2,	     /* more than a capture or memory limit allows */
	LOSS_RESYNC = 3,     /* passed over while finding the next sure boundary */
	LOSS_ATTACHED = 4,   /* began before sonde was attached */
	LOSS_NO_BUFFER =
		5,	  /* io_uring, 32-bit callers, kernel callers: no user buffer to be found */
	LOSS_STATE = 6,	  /* no memory for the socket's state in bpf/ */
	LOSS_MISSED = 7,  /* the kernel did not run the program (recursion), see bpf_prog_info */
	LOSS_PARSER = 8,  /* the bytes contradict the protocol */
	LOSS_SAMPLED = 9, /* in flight when its connection was left out, to keep the CPU budget */
	LOSS_MEMORY = 10, /* to stay below the memory limit */
	LOSS_REASON_COUNT = 11
};

enum event_type {
	EVENT_CHUNK = 1, /* struct chunk */
	EVENT_OPEN = 2,	 /* struct open_event: before a connection's first chunk */
	EVENT_SHUT = 3,	 /* struct end_event: one direction has ended (FIN) */
	EVENT_CLOSE = 4, /* struct end_event: the connection is gone */
	EVENT_PROCESS =
		5,	/* struct process_event: before a process's first chunk, and after exec */
	EVENT_EXIT = 6, /* struct exit_event */
	EVENT_CONNECT_FAILED =
		7,	/* struct open_event with its error set: no connection came of it */
	EVENT_LOSS = 8, /* struct loss_event: made in user/ from the counters of bpf/ */
	EVENT_TLS = 9, /* struct tls_event: from now on a connection's plaintext, from position 0 */
	EVENT_TYPE_COUNT = 10
};

/* What every record starts with. */
struct event {
	__u16 type;  /* enum event_type */
	__u16 flags; /* CHUNK_* for a chunk, OPEN_* for an open */
	__u32 size;  /* bytes of the whole record, this header included */
	__u64 time_ns;
};

/* struct event.flags of a chunk; CHUNK_PLAINTEXT of an end, too: its positions are the plaintext's
 */
#define CHUNK_UNREADABLE                                                                           \
	0x01 /* length moved, but the buffer could not be read (in whole or from some point on) */
#define CHUNK_NO_BUFFER                                                                            \
	0x02 /* sendfile or splice: the bytes passed no user buffer (no loss in a body) */
#define CHUNK_CUT	0x04 /* more was moved than is captured, by SONDE_CALL_MAX or depth */
#define CHUNK_IO_URING	0x08 /* moved by io_uring: buffer unknown */
#define CHUNK_COMPAT	0x10 /* moved by a 32-bit caller or the kernel itself: buffer unknown */
#define CHUNK_CONTINUED 0x20 /* a further record of the same call as the one before */
#define CHUNK_PLAINTEXT 0x40 /* read at a TLS library, not at the socket */
#define CHUNK_SPLICED	0x80 /* the call was splice(2): the peer socket may be spliced from */

/* One call's bytes. data holds the first `head` bytes of the run of `length` that starts at
 * `position`. */
struct chunk {
	struct event event;
	__u64 connection;
	__u64 position; /* bytes of this direction before this record, since bpf/ first saw the
			   socket */
	__u64 queue_ns; /* recv: delivered to the socket -> read; 0 where not known */
	__u32 length;	/* bytes of the stream that this record stands for */
	__u32 head;	/* bytes captured, at most length */
	__u32 tgid;
	__u32 tid;
	__u8 direction; /* enum direction */
	__u8 protocol;	/* enum protocol_id as bpf/ knew it */
	__u8 pad[6];
	__u8 data[];
};

#define OPEN_EXISTING                                                                              \
	0x01 /* the connection is older than the observation: it starts somewhere in its middle */
#define OPEN_IPV6 0x02 /* of AF_INET6 (v4-mapped addresses stay mapped) */

struct open_event {
	struct event event;
	__u64 connection;
	__u64 peer;	      /* AF_UNIX: the cookie of the other end, 0 where it has none yet */
	__u64 connect_ns;     /* client: connect() began; 0 unknown */
	__u64 established_ns; /* 0 unknown */
	__u32 tgid;
	__u32 tid;
	__u32 netns;  /* inode number of the network namespace */
	__s32 error;  /* EVENT_CONNECT_FAILED: positive errno (ECONNREFUSED, ETIMEDOUT ...) */
	__u16 family; /* AF_INET, AF_INET6, AF_UNIX */
	__u16 local_port;
	__u16 remote_port; /* host byte order; 0 for AF_UNIX */
	__u8 role;	   /* enum role */
	__u8 pad;
	__u8 local_address[16]; /* IPv4 in the first four */
	__u8 remote_address[16];
	char path[SONDE_UNIX_PATH_MAX]; /* AF_UNIX: the bound path of the server's end; abstract
					   names begin with '@' */
	__u32 fate; /* of the connection where there is sampling: 1 to SONDE_FATES; else 0 */
};

struct end_event {
	struct event event;
	__u64 connection;
	__u64 position[DIRECTION_COUNT]; /* bytes that had passed by then */
	__s32 error;			 /* positive errno (ECONNRESET ...), 0 orderly */
	__u8 direction;			 /* EVENT_SHUT: which one ended */
	__u8 pad[3];
};

/*
 * A TLS session was joined to its socket. Chunks with CHUNK_PLAINTEXT follow, the socket's own
 * bytes do no more. event.flags: OPEN_EXISTING where the session is older than the probes.
 */
struct tls_event {
	struct event event;
	__u64 connection;
	__u64 session; /* address of the library's object */
	__u32 tgid;
	__u32 slot;	 /* of the probed file (tls.h) */
	__u8 random[32]; /* the client's, of a session that is not joined; zeros: not known */
};

struct process_event {
	struct event event;
	__u64 start_ns; /* task start, boot time clock: with tgid, names a process for ever */
	__u64 cgroup_id;
	__u32 tgid;
	__u32 parent;
	__u32 arguments_size; /* bytes of arguments that are valid; NULs separate them */
	__u32 pad;
	char comm[SONDE_COMM_MAX];
	char executable[SONDE_PATH_MAX]; /* within its mount namespace's root; "" unknown */
	char cgroup[SONDE_PATH_MAX];	 /* path of the default hierarchy; "" unknown */
	char arguments[SONDE_PATH_MAX];
};

struct exit_event {
	struct event event;
	__u32 tgid;
	__u32 pad;
};

struct loss_event {
	struct event event;
	__u64 events; /* records not written since the last such event */
	__u64 bytes;  /* payload bytes that they stood for */
	__u8 protocol;
	__u8 reason; /* enum loss_reason */
	__u8 pad[6];
};

/* What user/ leaves for bpf/ about a connection; key: the connection's cookie. */
struct verdict {
	__u8 protocol; /* enum protocol_id */
	__u8 depth;    /* enum capture_depth */
	__u8 pad[6];
	__u64 skip_to[DIRECTION_COUNT]; /* calls that end at or before this position need no record
					 */
};

_Static_assert(sizeof(struct event) == 16, "event");
_Static_assert(sizeof(struct chunk) == 64, "chunk");
_Static_assert(sizeof(struct open_event) == 216, "open_event");
_Static_assert(sizeof(struct end_event) == 48, "end_event");
_Static_assert(sizeof(struct process_event) == 832, "process_event");
_Static_assert(sizeof(struct exit_event) == 24, "exit_event");
_Static_assert(sizeof(struct loss_event) == 40, "loss_event");
_Static_assert(sizeof(struct tls_event) == 72, "tls_event");
_Static_assert(sizeof(struct verdict) == 24, "verdict");

#endif
