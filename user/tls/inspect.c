/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tls/inspect.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WINDOW	   (1u << 20)
#define FILE_MAX   (128u << 20)
#define MARK_MAX   32
#define MARK(text) text, sizeof(text) - 1

/* Bytes that are in every file of that kind, the most telling first. */
static const struct mark {
	const char *bytes;
	size_t length;
	enum tls_reason reason;
} marks[] = {
	{MARK("\xff Go buildinf:"), TLS_REASON_GO}, /* Go's debug/buildinfo */
	{MARK("/rustls-"), TLS_REASON_RUSTLS},	    /* paths in messages of its panics */
	{MARK("OpenSSL 3."), TLS_REASON_STRIPPED},
	{MARK("OpenSSL 1."), TLS_REASON_STRIPPED},
	{MARK("BoringSSL"), TLS_REASON_STRIPPED},
	{MARK("CLIENT_RANDOM"), TLS_REASON_STRIPPED}, /* for key logs, in both */
};
#define MARKS (sizeof(marks) / sizeof(marks[0]))

/* The first of the marks that is there, or `best`. */
static size_t best_mark(const char *bytes, size_t length, size_t best)
{
	for (size_t i = 0; i < best; i++)
		if (memmem(bytes, length, marks[i].bytes, marks[i].length))
			return i;
	return best;
}

enum tls_reason tls__inspect(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *window = malloc(WINDOW);
	size_t best = MARKS;

	/* Windows overlap, so that no mark is cut. */
	for (off_t at = 0; fd >= 0 && window && best && at < FILE_MAX; at += WINDOW - MARK_MAX) {
		ssize_t length = pread(fd, window, WINDOW, at);

		if (length <= 0)
			break;
		best = best_mark(window, (size_t)length, best);
		if (length < (ssize_t)WINDOW)
			break;
	}
	if (fd >= 0)
		close(fd);
	free(window);
	return best < MARKS ? marks[best].reason : TLS_REASON_UNKNOWN_LIBRARY;
}
