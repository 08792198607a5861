/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a function returns: the places for probes that leave its return address alone. */
#ifndef SONDE_TLS_RETURNS_H
#define SONDE_TLS_RETURNS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Disassembles the `size` bytes of a function and writes the offset of each of its return
 * instructions, at most `max`. How many; or -ENOTSUP: a machine or code that is not understood, or
 * a function that also ends otherwise (it jumps away, or where a register says), or never; -E2BIG:
 * more than `max`. `machine` is EM_X86_64 or EM_AARCH64.
 */
int returns__find(uint16_t machine, const uint8_t *code, size_t size, uint32_t *offsets,
		  size_t max);

#endif
