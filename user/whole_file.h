/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A whole file that may not be large. */
#ifndef SONDE_WHOLE_FILE_H
#define SONDE_WHOLE_FILE_H

#include <stddef.h>

#define WHOLE_FILE_MAX (1 << 20)

/* 0, or -errno; -EFBIG beyond WHOLE_FILE_MAX bytes. The text is the caller's, and NUL-terminated.
 */
int whole_file__read(const char *path, char **text, size_t *length);

#endif
