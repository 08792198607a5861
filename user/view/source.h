/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the model document comes from: a daemon, a capture of our own, or a recording. */
#ifndef SONDE_SOURCE_H
#define SONDE_SOURCE_H

#include <jansson.h>
#include <stddef.h>
#include "buffer.h"
#include "config.h"
#include "view/model.h"

struct source;

/*
 * recording: that file; else a daemon at the local socket; else one at address ("127.0.0.1:9867");
 * else, where neither answers and `own` is allowed, a capture in this process. 0 or -errno with one
 * line in error; -EPERM: BPF may not be loaded here.
 */
struct source_options {
	const char *recording; /* NULL: live */
	const char *socket, *address;
	const struct config *config; /* outlives the source, as the recording's name does */
	bool daemon_only;
	bool with_past; /* of a recording: source__past is wanted */
};
int source__open(const struct source_options *options, struct source **out, char *error,
		 size_t size);
void source__close(struct source *source); /* tolerates NULL */
/* The document as it is now; a new reference, or NULL with one line in error. */
json_t *source__model(struct source *source, char *error, size_t size);
/*
 * Any thread. Appends what /api/tail answers (tail.h): exchanges that ended since `after`; of a
 * recording -ENOENT. A daemon's answer is waited for, in cancellation points (pthreads(7)).
 */
int source__tail(const struct source *source, uint64_t after, struct buffer *out, char *error,
		 size_t size);
const char *source__recording(const struct source *source); /* NULL: it is live */
const struct config *source__config(const struct source *source);
/* What a recording's rows did over its time (view/past.h); NULL: not wanted, or it is live. */
const struct model *source__past(const struct source *source);
/* Of a recording there is only one document. */
bool source__is_live(const struct source *source);
/* After source__model failed: a daemon that went may come again. */
bool source__may_return(const struct source *source);

#endif
