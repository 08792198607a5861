/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash of 64 bits. Values that identify a person
 * are kept only as this, under a key made at start that never leaves the process: they can be told
 * apart and counted, and not be guessed back.
 */
#ifndef SONDE_SIPHASH_H
#define SONDE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t half[2];
};

/* 0, or -errno where the kernel has no random bytes for us. */
int siphash__new_key(struct siphash_key *out);
uint64_t siphash__of(const struct siphash_key *key, const void *data, size_t length);

#endif
