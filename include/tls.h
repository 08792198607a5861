/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What user/ tells the probes in TLS libraries. A probe's cookie says which function of which file
 * it is in: TLS_COOKIE(slot, call). Like event.h it includes nothing.
 */
#ifndef SONDE_TLS_H
#define SONDE_TLS_H

#define TLS_SLOTS_MAX  1024 /* files that are probed at one time */
#define TLS_NAMES_MAX  64   /* executables on a list of the configuration */
#define TLS_NAME_BYTES 64   /* of such a name, with its NUL */

/* What a probed function does, and so where its arguments and its result are. */
enum tls_call {
	TLS_CALL_NONE = 0,
	TLS_HANDSHAKE = 1,  /* (session) */
	TLS_READ = 2,	    /* (session, buffer, size) -> bytes, or <= 0 */
	TLS_WRITE = 3,	    /* the same */
	TLS_READ_EX = 4,    /* (session, buffer, size, *bytes) -> 1 and *bytes */
	TLS_WRITE_EX = 5,   /* the same */
	TLS_WRITE_EX2 = 6,  /* (session, buffer, size, flags, *bytes) -> 1 and *bytes */
	TLS_READ_EARLY = 7, /* as TLS_READ_EX, but 0 is failure, 1 success, 2 success at the end */
	TLS_SENDFILE = 8,   /* (session, fd, offset, size, flags) -> bytes: no buffer */
	TLS_SHUTDOWN = 9,   /* (session): nothing more is written */
	TLS_FREE = 10,	    /* (session) */
	TLS_CALL_COUNT = 11
};

#define TLS_COOKIE(slot, call)	((__u64)(slot) << 8 | (call))
#define TLS_COOKIE_CALL(cookie) ((cookie)&0xff)
#define TLS_COOKIE_SLOT(cookie) ((__u32)((cookie) >> 8))

#define TLS_RANDOM 32

/*
 * Where a library keeps the client's random number, which is in the clear in the ClientHello (RFC
 * 8446 section 4.1.2): in its session object, or in one that the object points to.
 */
struct tls_place {
	__u32 pointer; /* where in the session object; UINT32_MAX: in the object itself */
	__u32 offset;  /* 0: not known */
};
#define TLS_PLACE_DIRECT 0xffffffffU

/* A probed file, as bpf/ knows it; key: its slot. */
struct tls_file {
	__u64 attached_ns; /* all of its probes are in place: what begins later is seen whole */
	struct tls_place random;
};

/* A session as its process knows it. */
struct tls_key {
	__u64 session; /* address of the library's object */
	__u32 tgid;
	__u32 pad;
};

/* What a session is joined to. */
struct tls_joined {
	__u64 connection;
	__u32 fate; /* as in its struct open_event */
	__u32 pad;
};

/*
 * Connections are socket cookies. A session that was in no call of its library when its bytes moved
 * (the program moves them by itself: Node, Python's asyncio) has a number of its own with this bit
 * set; user/tls/join.c finds out which socket it is. Its EVENT_TLS is told with that number first.
 */
#define TLS_UNJOINED (1ULL << 62)

#endif
