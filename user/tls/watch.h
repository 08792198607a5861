/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finds the files that hold TLS libraries and has each probed once, for all processes that use it
 * or will: those of the distribution at start, the others by the processes that map them.
 */
#ifndef SONDE_TLS_WATCH_H
#define SONDE_TLS_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include "engine.h"
#include "tls/library.h"

struct capture;
struct tls_filter;
struct tls_watch;

struct tls_watch_options {
	const char *proc; /* "/proc" */
	const struct tls_filter *filter;
};

/* Probes what is there already; some 10 ms. NULL: no memory. */
struct tls_watch *tls_watch__new(struct capture *capture, const struct tls_watch_options *options);
void tls_watch__free(struct tls_watch *watch); /* detaches; tolerates NULL */

/* A process began, or was seen to speak TLS: looks at its files, at most once a second for one
 * executable. */
void tls_watch__process(struct tls_watch *watch, uint32_t tgid);
/* Looks at what processes have begun or loaded since the last time; some 10 ms apart. */
void tls_watch__mapped(struct tls_watch *watch, uint64_t now_ns);
/* Time passes: goes on with the round through all processes. Some times a second. */
void tls_watch__tick(struct tls_watch *watch, uint64_t now_ns);

/*
 * Why a process's TLS connections cannot be read; TLS_REASON_UNJOINED: they can, its library is
 * probed. Looks at the process's files; the first time for an executable some 10 ms.
 */
enum tls_reason tls_watch__reason(struct tls_watch *watch, uint32_t tgid);

struct tls_watch_counts {
	uint32_t files[TLS_KIND_COUNT]; /* probed now, by the library in them */
	uint64_t refused;		/* times the kernel did not let us */
};
void tls_watch__counts(const struct tls_watch *watch, struct tls_watch_counts *out);

#endif
