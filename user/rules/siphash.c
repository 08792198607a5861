/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "siphash.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int siphash__new_key(struct siphash_key *out)
{
	ssize_t got = getrandom(out, sizeof(*out), 0);

	if (got < 0)
		return -errno;
	return got == (ssize_t)sizeof(*out) ? 0 : -EIO;
}

static uint64_t rotate(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static void round_of(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static void compress(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	round_of(v);
	round_of(v);
	v[0] ^= word;
}

static uint64_t little_endian(const uint8_t *bytes, size_t length)
{
	uint64_t word = 0;

	for (size_t i = 0; i < length; i++)
		word |= (uint64_t)bytes[i] << (8 * i);
	return word;
}

uint64_t siphash__of(const struct siphash_key *key, const void *data, size_t length)
{
	uint64_t v[4] = {key->half[0] ^ 0x736f6d6570736575ull, key->half[1] ^ 0x646f72616e646f6dull,
			 key->half[0] ^ 0x6c7967656e657261ull,
			 key->half[1] ^ 0x7465646279746573ull};
	const uint8_t *bytes = data;
	size_t whole = length & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8)
		compress(v, little_endian(bytes + i, 8));
	compress(v, little_endian(bytes + whole, length - whole) | (uint64_t)length << 56);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		round_of(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
