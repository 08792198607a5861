/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tls/x86_code.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define LENGTH_MAX 15

/* What follows an opcode. */
enum form {
	INVALID,
	PLAIN,
	BYTE,	   /* an immediate of 1 byte */
	WORD,	   /* of 2 */
	ENTER,	   /* of 3 */
	FULL,	   /* of 4, of 2 with the operand size prefix */
	REGISTER,  /* as FULL, of 8 with REX.W: mov */
	ADDRESS,   /* of 8, of 4 with the address size prefix */
	BRANCH,	   /* of 4, whatever the operand size */
	OPERAND,   /* ModRM */
	OPERAND_B, /* and 1 byte */
	OPERAND_F, /* and 4, or 2 */
	TEST_B,	   /* ModRM; 1 byte where its reg is 0 or 1 */
	TEST_F,	   /* the same with 4 */
};

/* Opcodes from `first` on have this form (appendix A, tables ), up to the next entry. */
struct range {
	uint8_t first;
	uint8_t form;
};

static const struct range one_byte[] = {
	{0x00, OPERAND},  {0x04, BYTE},	     {0x05, FULL},	{0x06, INVALID},
	{0x08, OPERAND},  {0x0c, BYTE},	     {0x0d, FULL},	{0x0e, INVALID},
	{0x10, OPERAND},  {0x14, BYTE},	     {0x15, FULL},	{0x16, INVALID},
	{0x18, OPERAND},  {0x1c, BYTE},	     {0x1d, FULL},	{0x1e, INVALID},
	{0x20, OPERAND},  {0x24, BYTE},	     {0x25, FULL},	{0x26, INVALID},
	{0x28, OPERAND},  {0x2c, BYTE},	     {0x2d, FULL},	{0x2e, INVALID},
	{0x30, OPERAND},  {0x34, BYTE},	     {0x35, FULL},	{0x36, INVALID},
	{0x38, OPERAND},  {0x3c, BYTE},	     {0x3d, FULL},	{0x3e, INVALID},
	{0x50, PLAIN},	  {0x60, INVALID},   {0x63, OPERAND},	{0x64, INVALID},
	{0x68, FULL},	  {0x69, OPERAND_F}, {0x6a, BYTE},	{0x6b, OPERAND_B},
	{0x6c, PLAIN},	  {0x70, BYTE},	     {0x80, OPERAND_B}, {0x81, OPERAND_F},
	{0x82, INVALID},  {0x83, OPERAND_B}, {0x84, OPERAND},	{0x90, PLAIN},
	{0x9a, INVALID},  {0x9b, PLAIN},     {0xa0, ADDRESS},	{0xa4, PLAIN},
	{0xa8, BYTE},	  {0xa9, FULL},	     {0xaa, PLAIN},	{0xb0, BYTE},
	{0xb8, REGISTER}, {0xc0, OPERAND_B}, {0xc2, WORD},	{0xc3, PLAIN},
	{0xc4, INVALID},  {0xc6, OPERAND_B}, {0xc7, OPERAND_F}, {0xc8, ENTER},
	{0xc9, PLAIN},	  {0xca, WORD},	     {0xcb, PLAIN},	{0xcd, BYTE},
	{0xce, INVALID},  {0xcf, PLAIN},     {0xd0, OPERAND},	{0xd4, INVALID},
	{0xd7, PLAIN},	  {0xd8, OPERAND},   {0xe0, BYTE},	{0xe8, BRANCH},
	{0xea, INVALID},  {0xeb, BYTE},	     {0xec, PLAIN},	{0xf0, INVALID},
	{0xf1, PLAIN},	  {0xf2, INVALID},   {0xf4, PLAIN},	{0xf6, TEST_B},
	{0xf7, TEST_F},	  {0xf8, PLAIN},     {0xfe, OPERAND},
};

static const struct range two_bytes[] = {
	{0x00, OPERAND},   {0x04, INVALID},   {0x05, PLAIN},	 {0x0a, INVALID},
	{0x0b, PLAIN},	   {0x0c, INVALID},   {0x0d, OPERAND},	 {0x0e, PLAIN},
	{0x0f, OPERAND_B}, {0x10, OPERAND},   {0x24, INVALID},	 {0x28, OPERAND},
	{0x30, PLAIN},	   {0x36, INVALID},   {0x37, PLAIN},	 {0x38, INVALID},
	{0x40, OPERAND},   {0x70, OPERAND_B}, {0x74, OPERAND},	 {0x77, PLAIN},
	{0x78, OPERAND},   {0x80, BRANCH},    {0x90, OPERAND},	 {0xa0, PLAIN},
	{0xa3, OPERAND},   {0xa4, OPERAND_B}, {0xa5, OPERAND},	 {0xa6, INVALID},
	{0xa8, PLAIN},	   {0xab, OPERAND},   {0xac, OPERAND_B}, {0xad, OPERAND},
	{0xba, OPERAND_B}, {0xbb, OPERAND},   {0xc2, OPERAND_B}, {0xc3, OPERAND},
	{0xc4, OPERAND_B}, {0xc7, OPERAND},   {0xc8, PLAIN},	 {0xd0, OPERAND},
};

#define FORM(table, opcode) form_of(table, sizeof(table) / sizeof((table)[0]), opcode)

static enum form form_of(const struct range *table, size_t count, uint8_t opcode)
{
	while (count > 1 && table[count - 1].first > opcode)
		count--;
	return (enum form)table[count - 1].form;
}

struct reader {
	const uint8_t *code;
	size_t size, at;
	uint8_t opcode;
	uint8_t map; /* 0: one byte; 1: 0F; 2: 0F 38; 3: 0F 3A */
	uint8_t modrm;
	bool small, wide; /* operand size prefix, REX.W */
	bool small_address;
	bool beyond;
};

static uint8_t next(struct reader *r)
{
	if (r->at < r->size)
		return r->code[r->at++];
	r->beyond = true;
	return 0;
}

static uint8_t prefixes(struct reader *r)
{
	for (;;) {
		uint8_t byte = next(r);

		if (byte == 0x66)
			r->small = true;
		else if (byte == 0x67)
			r->small_address = true;
		else if (byte != 0xf0 && byte != 0xf2 && byte != 0xf3 && (byte & 0xe7) != 0x26 &&
			 (byte & 0xfe) != 0x64)
			return byte;
		if (r->beyond || r->at > LENGTH_MAX)
			return 0x06; /* no instruction */
	}
}

/* VEX and EVEX (chapter 2.3 and 2.7): the map is in the prefix, and all but one have a ModRM. */
static enum form vector(struct reader *r, uint8_t prefix)
{
	uint8_t first = next(r);

	r->map = prefix == 0xc5 ? 1 : first & (prefix == 0x62 ? 7 : 31);
	for (int more = prefix == 0x62 ? 2 : prefix == 0xc4; more > 0; more--)
		next(r);
	r->opcode = next(r);
	if (r->map == 1 && r->opcode == 0x77)
		return PLAIN; /* vzeroupper */
	if (r->map == 1)
		return FORM(two_bytes, r->opcode) == OPERAND_B ? OPERAND_B : OPERAND;
	if (r->map == 0 || r->map > 6 || r->map == 4)
		return INVALID;
	return r->map == 3 ? OPERAND_B : OPERAND;
}

static enum form escaped(struct reader *r)
{
	r->opcode = next(r);
	r->map = 1;
	if (r->opcode != 0x38 && r->opcode != 0x3a)
		return FORM(two_bytes, r->opcode);
	r->map = r->opcode == 0x38 ? 2 : 3;
	r->opcode = next(r);
	return r->map == 2 ? OPERAND : OPERAND_B;
}

static enum form opcode(struct reader *r)
{
	r->opcode = prefixes(r);
	if ((r->opcode & 0xf0) == 0x40) { /* REX */
		r->wide = r->opcode & 8;
		r->opcode = next(r);
	}
	if (r->opcode == 0xc4 || r->opcode == 0xc5 || r->opcode == 0x62)
		return vector(r, r->opcode);
	if (r->opcode == 0x0f)
		return escaped(r);
	return FORM(one_byte, r->opcode);
}

/* ModRM, SIB and displacement (chapter 2.1.3). */
static void operand(struct reader *r)
{
	uint8_t mode, base;

	r->modrm = next(r);
	mode = r->modrm >> 6;
	base = r->modrm & 7;
	if (mode == 3)
		return;
	if (base == 4)
		base = next(r) & 7;
	if (mode == 1)
		r->at += 1;
	else if (mode == 2 || base == 5)
		r->at += 4;
}

static size_t immediate(const struct reader *r, enum form form)
{
	bool test = (r->modrm >> 3 & 7) < 2;
	size_t full = r->small && !r->wide ? 2 : 4;

	switch (form) {
	case BYTE:
	case OPERAND_B:
		return 1;
	case WORD:
		return 2;
	case ENTER:
		return 3;
	case FULL:
	case OPERAND_F:
		return full;
	case REGISTER:
		return r->wide ? 8 : full;
	case ADDRESS:
		return r->small_address ? 4 : 8;
	case BRANCH:
		return 4;
	case TEST_B:
		return test ? 1 : 0;
	case TEST_F:
		return test ? full : 0;
	default:
		return 0;
	}
}

static void jump(const struct reader *r, size_t immediate, struct x86_instruction *out)
{
	int32_t far = 0;

	out->kind = X86_JUMP;
	if (immediate == 1)
		far = (int8_t)r->code[r->at - 1];
	else
		memcpy(&far, r->code + r->at - sizeof(far), sizeof(far));
	out->target = (int64_t)r->at + far;
}

static void tell(const struct reader *r, size_t immediate, struct x86_instruction *out)
{
	uint8_t op = r->opcode;

	*out = (struct x86_instruction){.length = (uint32_t)r->at};
	if (r->map == 1 && (op & 0xf0) == 0x80 && immediate == 4)
		jump(r, immediate, out);
	if (r->map)
		return;
	if ((op & 0xf0) == 0x70 || (op & 0xfc) == 0xe0 || op == 0xe9 || op == 0xeb)
		jump(r, immediate, out);
	else if (op == 0xc2 || op == 0xc3)
		out->kind = X86_RETURN;
	else if (op == 0xff && ((r->modrm >> 3 & 7) == 4 || (r->modrm >> 3 & 7) == 5))
		out->kind = X86_JUMP_COMPUTED;
}

int x86__decode(const uint8_t *code, size_t size, struct x86_instruction *out)
{
	struct reader r = {.code = code, .size = size};
	enum form form = opcode(&r);
	size_t after;

	if (form >= OPERAND)
		operand(&r);
	after = immediate(&r, form);
	r.at += after;
	if (form == INVALID || r.beyond || r.at > size || r.at > LENGTH_MAX)
		return -EBADMSG;
	tell(&r, after, out);
	return 0;
}
