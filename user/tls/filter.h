/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which executables' TLS is read: lists of their names, as the configuration has them. */
#ifndef SONDE_TLS_FILTER_H
#define SONDE_TLS_FILTER_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/types.h>
#include "tls.h"

struct tls_names {
	uint32_t count;
	char name[TLS_NAMES_MAX][TLS_NAME_BYTES];
};

struct tls_filter {
	struct tls_names include; /* empty: all */
	struct tls_names exclude; /* also of those that are included */
};

/* 0; -EINVAL: no name of a file (empty, too long, with a folder); -E2BIG: the list is full. */
int tls_names__add(struct tls_names *names, const char *name);
/* `path`: with folders or without. */
bool tls_filter__allows(const struct tls_filter *filter, const char *path);

#endif
