/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A list of patterns of the configuration. */
#ifndef SONDE_TEXTS_H
#define SONDE_TEXTS_H

#include <stdint.h>

#define TEXTS_MAX 32

/* Any of these fits; none at all: everything does. Owned. */
struct texts {
	uint32_t count;
	char *at[TEXTS_MAX];
};

void texts__clear(struct texts *texts);

#endif
