/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a file has of TLS: which library it is, and where its probes go. */
#ifndef SONDE_TLS_LIBRARY_H
#define SONDE_TLS_LIBRARY_H

#include <stddef.h>
#include "capture/capture.h"
#include "elf_file.h"
#include "tls.h"

#define LIBRARY_POINTS_MAX 128

enum tls_kind { TLS_KIND_NONE, TLS_KIND_OPENSSL, TLS_KIND_GNUTLS, TLS_KIND_GO, TLS_KIND_COUNT };

struct tls_library {
	enum tls_kind kind;
	struct tls_place random; /* the client's number; offset 0: not known */
	size_t count;
	struct tls_point point[LIBRARY_POINTS_MAX];
};

/* Looks at a file that is open. The kind is TLS_KIND_NONE where it exports nothing of TLS. */
void tls_library__find(const struct elf_file *file, struct tls_library *out);
const char *tls_kind__name(enum tls_kind kind);

#endif
