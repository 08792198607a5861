/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an executable without a library that can be probed does TLS with, as far as its bytes tell.
 */
#ifndef SONDE_TLS_INSPECT_H
#define SONDE_TLS_INSPECT_H

#include "engine.h"

/* Reads at most the first 128 MiB of the file. */
enum tls_reason tls__inspect(const char *path);

#endif
