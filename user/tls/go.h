/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* crypto/tls of Go programs: where its functions begin and return. */
#ifndef SONDE_TLS_GO_H
#define SONDE_TLS_GO_H

#include <stdbool.h>
#include "tls/library.h"

/*
 * True: the file is a Go program that can be probed; `out` has its points. False: it is none, has
 * no crypto/tls, or was built before arguments were passed in registers (Go 1.17; on arm64 1.18).
 */
bool tls_go__find(const struct elf_file *file, struct tls_library *out);

#endif
