/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Loading and attaching the BPF programs, and draining their ring buffer. All that knows about BPF.
 */
#ifndef SONDE_CAPTURE_H
#define SONDE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>
#include "event.h"
#include "tls.h"

struct capture;
struct tls_filter;

enum capture_way {
	CAPTURE_AUTO = 0,
	CAPTURE_SOCKET_TRACEPOINTS, /* tp_btf/sock_send_length, sock_recv_length: Linux >= 6.3 */
	CAPTURE_FEXIT,		    /* fexit of inet and unix sendmsg, recvmsg: Linux >= 5.15 */
	CAPTURE_SYS_EXIT,	    /* tp_btf/sys_exit */
	CAPTURE_WAY_COUNT
};

struct capture_options {
	enum capture_way way;
	uint32_t ring_bytes; /* a power of two, default 8 MiB */
	bool without_areas; /* short records go to the ring, too, not to their CPU's (bpf/area.h) */
	bool without_tls;   /* nothing is to be attached to TLS libraries */
	const struct tls_filter *tls_filter; /* whose TLS is read; NULL: all */
	bool sampling; /* capture__sample will be called: calls cost a comparison more */
};

/* What was read from the kernel about its own work. */
struct capture_stats {
	uint64_t ring_bytes;
	uint64_t ring_fill;	/* bytes waiting now */
	uint64_t ring_fill_max; /* since the start */
	uint64_t run_count;	/* of all programs; 0 where bpf_stats are off */
	uint64_t run_time_ns;
	uint64_t map_entries; /* verdicts waiting; whoever asks adds capture__map_entries() */
	uint64_t recursion_misses;
	uint64_t drain_delay_ns; /* newest: written -> read */
	uint64_t drain_delay_max_ns;
	uint64_t call_ns;     /* of a socket call without us, measured at the start; 0: not known */
	uint64_t map_bytes;   /* of the kernel's memory, as of the last sweep */
	uint64_t sampled_out; /* connections left out; one that came back counts again */
};

/*
 * Loads, attaches, finds the sockets that are open already. On failure *out is untouched, a
 * negative errno is returned and `error` holds one line that says what, where and what to do.
 * -EPERM: this machine does not let us load BPF.
 */
int capture__open(const struct capture_options *options, struct capture **out, char *error,
		  size_t size);
void capture__close(struct capture *capture); /* detaches everything; tolerates NULL */

enum capture_way capture__way(const struct capture *capture);
const char *capture_way__name(enum capture_way way); /* "socket_tracepoints", "fexit", "sys_exit" */
int capture_way__parse(const char *name, enum capture_way *out); /* 0 or -EINVAL */

/*
 * Hands every waiting event to `take`, at most `max` (0: all that are there now), then the losses
 * that bpf/ counted since, as EVENT_LOSS. Returns how many; never blocks.
 */
int capture__drain(struct capture *capture, uint32_t max,
		   void (*take)(void *context, const struct event *event, uint32_t size),
		   void *context);
/* Waits until there is something worth draining, at most timeout_ms. */
int capture__wait(struct capture *capture, int timeout_ms);
/* From another thread: makes capture__wait return at once. */
void capture__wake(struct capture *capture);
/* Leaves word for bpf/ about a connection. */
void capture__verdict(void *capture, uint64_t connection, const struct verdict *verdict);
void capture__stats(struct capture *capture, struct capture_stats *out);
/* Counts them, which takes time: for another thread than the one that drains. */
uint64_t capture__map_entries(const struct capture *capture);

/* Fates up to it are observed from now on; SONDE_FATES: all. Only where options.sampling was set.
 */
void capture__sample(struct capture *capture, uint32_t threshold);
/* Everything that was written before that time (CLOCK_MONOTONIC) has been taken. */
uint64_t capture__drained_ns(const struct capture *capture);
/* Sockets of the node, as last listed. */
uint64_t capture__sockets(const struct capture *capture);
/* CPU time of our programs in whoever ran them; where the kernel does not tell, by the events. */
uint64_t capture__run_ns(struct capture *capture);
/* Calls gone for each of the `count` connection ids whose socket does not exist any more. */
int capture__sweep(struct capture *capture, const uint64_t *ids, size_t count,
		   void (*gone)(void *context, uint64_t id), void *context);

/* ---- TLS libraries (user/tls/ finds them) ---- */

/* What is at a place in a file where a probe goes. */
enum tls_place_kind {
	TLS_AT_RETURN,	     /* a function begins there; its return address is to be changed */
	TLS_AT_END,	     /* a return instruction */
	TLS_AT_GO_END,	     /* the same of a Go program */
	TLS_AT_BEGIN,	     /* a function begins there */
	TLS_AT_GO_BEGIN,     /* the same of a Go program */
	TLS_PLACE_KIND_COUNT /* in the order of attaching: what begins is then seen to end */
};

/* One place in a file where a probe goes. */
struct tls_point {
	uint64_t offset; /* in the file */
	uint8_t call;	 /* enum tls_call */
	uint8_t kind;	 /* enum tls_place_kind */
};

struct tls_links;

/* 0; -ENOTSUP: this kernel does not load the programs; -EPERM: not permitted to probe. */
int capture__tls_ready(const struct capture *capture);
/*
 * Probes a file in all processes that use it and will. `slot` (below TLS_SLOTS_MAX) is the
 * caller's; `path` may be /proc/self/fd/N. Nothing is attached where a part of it fails.
 */
int capture__tls_attach(struct capture *capture, const char *path, uint32_t slot,
			const struct tls_point *points, size_t count, struct tls_links **out);
void capture__tls_detach(struct capture *capture, struct tls_links *links); /* tolerates NULL */
/* When a file's probes were in place (CLOCK_MONOTONIC); 0: it is not probed. */
uint64_t capture__tls_attached_ns(const struct capture *capture, uint32_t slot);
/* Where the library of a slot keeps the client's random number (tls.h). */
struct tls_place capture__tls_random(const struct capture *capture, uint32_t slot);
void capture__tls_set_random(struct capture *capture, uint32_t slot, struct tls_place place);
/* Tells bpf/ which connection a session is that it has given the number `session`. */
void capture__tls_joined(struct capture *capture, uint64_t session,
			 const struct tls_joined *joined);
/* Forgets the sessions of processes that are gone. */
void capture__tls_sweep(struct capture *capture);

/* For doctor: one line per fact. present: 1 yes, 0 no, -1 unknown; `advice` "" where nothing is to
 * do. */
struct capture_probe {
	const char *name;
	int present;
	char detail[256];
	char advice[160];
};
size_t capture__probe(struct capture_probe *out, size_t max);

#endif
