/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of this folder share; nobody else includes it. */
#ifndef SONDE_CAPTURE_INTERNAL_H
#define SONDE_CAPTURE_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "capture/capture.h"
#include "capture/areas.h"
#include "capture/merge.h"
#include "capture/ring.h"
#include "capture/timing.h"
#include "sonde.skel.h"

#define LINKS_MAX	48
#define KERNELS_TO_BOOT "(Debian 11 has linux-image-6.1, Ubuntu linux-generic-hwe)"
#define LOSS_KEYS	(PROTOCOL_COUNT * LOSS_REASON_COUNT)

/* Where doctor's facts are gathered. */
struct probes {
	struct capture_probe *out;
	size_t max, count;
	const char *way; /* the best one that loads; NULL: none yet */
};

struct loss {
	uint64_t events;
	uint64_t bytes;
};

struct capture {
	struct sonde_bpf *bpf;
	struct ring *ring;
	struct areas *areas; /* NULL: all goes through the ring */
	struct merge *merge;
	struct bpf_link *links[LINKS_MAX]; /* NULL behind the last one */
	enum capture_way way;
	uint32_t ring_bytes;
	uint32_t area_bytes; /* of one CPU; 0: none */
	int epoll;
	int wake; /* eventfd: somebody waits for who waits for the ring */
	int cpus;
	struct loss *per_cpu;
	struct loss told[LOSS_KEYS];
	uint32_t loss_generation;
	struct capture_stats stats;
	void (*take)(void *context, const struct event *event, uint32_t size);
	void *context;
	uint64_t now_ns;
	uint64_t taken; /* records */
	uint64_t drained_ns;
	uint64_t sockets; /* of the node, as last listed */
	bool sampling;
	struct timing timing;
	int stats_fd; /* while the kernel times our programs; else -1 */
	uint64_t measured_ns, measured_count, measured_time;
	double count_rate, time_rate; /* a nanosecond, as last measured */
	uint64_t extrapolated_ns;
	uint64_t misses_told;
	struct bpf_link *splices; /* of on_splice_from; NULL while nobody splices */
	bool with_tls;
	bool without_areas;
	const struct tls_filter *tls_filter;
	bool uprobe_multi; /* the kernel has it: one link for all places of a file */
};

/* Reads an iterator's output to its end; `take` (may be NULL) gets it in pieces. 0 or -errno. */
int iterator__run(struct bpf_program *program,
		  void (*take)(void *context, const void *bytes, size_t length), void *context);
/* Decides which programs of an object that is open are to be loaded. 0, or -errno with `error`. */
/* Attaches what was chosen and loaded; what is attached so far is in links also where it fails. */
int way__attach(struct sonde_bpf *bpf, struct bpf_link **links, size_t max);
/* Which of the TLS programs are loaded, and how they will be attached. */
void tls__choose(struct capture *capture, const struct btf *btf);
/* When they are loaded. */
void tls__loaded(const struct capture *capture);
bool tls__is_program(const struct sonde_bpf *bpf, const struct bpf_program *program);
int way__choose(struct capture *capture, char *error, size_t size);
struct kernel_version {
	unsigned int major, minor;
	char release[65]; /* uname -r */
};
/* False where it has no numbers. */
bool kernel__version(struct kernel_version *out);
/*
 * A copy of the caller's memory to a program's stack costs less of the kernel's checks
 * (CONFIG_HARDENED_USERCOPY) than one to a map: where the verifier lets the stack be read that was
 * written by a variable length (6715df8d5d24, Linux 6.3), and it is the task's own (until 6.13,
 * where programs get stacks of their CPU).
 */
bool kernel__checks_stack_faster(void);
/* A function of the kernel without which nothing of ours loads. */
struct kernel_need {
	const char *name; /* of what it is there for */
	const char *function;
	const char *since; /* Linux; distributions port such back */
	const char *use;
};
#define KERNEL_NEEDS 3
extern const struct kernel_need kernel_needs[KERNEL_NEEDS];
bool kernel__has(const struct btf *btf, const char *function);
/* The first one that is missing, or NULL. */
const struct kernel_need *kernel__lacks(const struct btf *btf);
/* What stands against loading: a line, never NULL. */
const char *kernel__refusal(void);
/* For doctor: what the kernel has, apart from the ways in. */
struct capture_probe *probes__add(struct probes *p, const char *name, int present);
void probes__kernel(struct probes *p, const struct btf *btf);
/* Programs may be preempted in this kernel (bpf/hold.h). */
bool hold__is_needed(void);
/* After all other choices of programs. */
void hold__choose(struct sonde_bpf *bpf);
/* Which of the two is the one to attach. */
struct bpf_program *hold__of(const struct sonde_bpf *bpf, struct bpf_program *plain);
/* What `program` misses; false where another one comes after it. */
bool hold__may_be_lost(const struct sonde_bpf *bpf, const struct bpf_program *program);
/* Of what such programs missed what nobody else did; never less than it was. */
uint64_t hold__lost(struct capture *capture, uint64_t missed);
/* Puts one line about `err` into `error`; returns it. */
int capture__fail(char *error, size_t size, int err, const char *what);
bool kernel__traces(const struct btf *btf, const char *tracepoint);
/* Memory that the kernel holds for the maps; some 50 us. */
uint64_t maps__bytes(const struct sonde_bpf *bpf);
/* Of one call of 120 bytes on a socket pair; 0: not known. */
uint64_t call__cost_ns(void);
/* Bytes that wait, in the ring and the areas. */
uint64_t capture__fill(const struct capture *capture);
/* Sums run time and misses over all programs. */
void capture__measure(struct capture *capture);

#endif
