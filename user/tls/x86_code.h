/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lengths and branches of x86-64 instructions (Intel SDM volume 2, chapter 2 and appendix A). */
#ifndef SONDE_TLS_X86_CODE_H
#define SONDE_TLS_X86_CODE_H

#include <stddef.h>
#include <stdint.h>

enum x86_kind {
	X86_OTHER,
	X86_RETURN,
	X86_JUMP,	   /* also conditional: to `target` */
	X86_JUMP_COMPUTED, /* to where a register or memory says */
};

struct x86_instruction {
	enum x86_kind kind;
	uint32_t length; /* 1 to 15 */
	int64_t target;	 /* of X86_JUMP, from the instruction's first byte */
};

/* Reads the instruction at `code`. 0, or -EBADMSG: there is none, or it ends behind `size`. */
int x86__decode(const uint8_t *code, size_t size, struct x86_instruction *out);

#endif
