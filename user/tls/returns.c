/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tls/returns.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "tls/x86_code.h"

struct returns {
	uint32_t *offsets;
	size_t max;
	int count;
};

static int add(struct returns *r, size_t offset)
{
	if ((size_t)r->count == r->max)
		return -E2BIG;
	r->offsets[r->count++] = (uint32_t)offset;
	return 0;
}

static bool is_within(int64_t target, size_t size)
{
	return target >= 0 && (uint64_t)target < size;
}

static int find_x86(const uint8_t *code, size_t size, struct returns *out)
{
	struct x86_instruction instruction;
	int err = 0;

	for (size_t at = 0; at < size && !err; at += instruction.length) {
		if (x86__decode(code + at, size - at, &instruction))
			return -ENOTSUP;
		if (instruction.kind == X86_RETURN)
			err = add(out, at);
		else if (instruction.kind == X86_JUMP_COMPUTED ||
			 (instruction.kind == X86_JUMP &&
			  !is_within((int64_t)at + instruction.target, size)))
			return -ENOTSUP;
	}
	return err;
}

static int64_t sign_extend(uint32_t value, int bits)
{
	return (int64_t)((uint64_t)value << (64 - bits)) >> (64 - bits);
}

/* How far a branch goes, in bytes; 0: it is none (Arm ARM C4.1, "Branches"). */
static int64_t arm_branch(uint32_t word)
{
	if ((word & 0xfc000000) == 0x14000000) /* B */
		return sign_extend(word & 0x3ffffff, 26) * 4;
	if ((word & 0xff000000) == 0x54000000 || (word & 0x7e000000) == 0x34000000)
		return sign_extend(word >> 5 & 0x7ffff, 19) * 4; /* B.cond, CBZ, CBNZ */
	if ((word & 0x7e000000) == 0x36000000)
		return sign_extend(word >> 5 & 0x3fff, 14) * 4; /* TBZ, TBNZ */
	return 0;
}

static int find_arm(const uint8_t *code, size_t size, struct returns *out)
{
	uint32_t word;
	int err = 0;

	for (size_t at = 0; at + sizeof(word) <= size && !err; at += sizeof(word)) {
		memcpy(&word, code + at, sizeof(word));
		if ((word & 0xfffffc1f) == 0xd65f0000 || (word & 0xfffffbff) == 0xd65f0bff)
			err = add(out, at); /* RET, RETAA, RETAB */
		else if ((word & 0xfffffc1f) == 0xd61f0000 ||
			 !is_within((int64_t)at + arm_branch(word), size))
			return -ENOTSUP; /* BR */
	}
	return err;
}

int returns__find(uint16_t machine, const uint8_t *code, size_t size, uint32_t *offsets, size_t max)
{
	struct returns out = {offsets, max, 0};
	int err = -ENOTSUP;

	if (machine == EM_X86_64)
		err = find_x86(code, size, &out);
	else if (machine == EM_AARCH64)
		err = find_arm(code, size, &out);
	if (err)
		return err;
	return out.count ? out.count : -ENOTSUP;
}
