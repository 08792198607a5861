/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a bug report needs, in one text file: versions, the machine, the configuration without
 * secrets and comments, a few seconds of the daemon's own metrics. No service, route or statement.
 */
#ifndef SONDE_BUNDLE_H
#define SONDE_BUNDLE_H

#include <stddef.h>
#include <stdio.h>

struct bundle_options {
	const char *config;	      /* a file; one that is not there is told as such */
	const char *socket, *address; /* of the daemon */
};

void bundle__write(const struct bundle_options *options, FILE *out);

/* Without comments, and with *** for what is called a secret. `text`: of `length` bytes. */
void bundle__configuration(const char *text, size_t length, FILE *out);
/* sonde's own metrics line by line, of the others how many series each has. `text` ends with a NUL.
 */
void bundle__metrics(const char *text, FILE *out);

#endif
