/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the compiler shall know of a function: hot ones keep few registers for those that are not.
 */
#ifndef SONDE_COMPILER_H
#define SONDE_COMPILER_H

/* Seldom called, from where every chunk or exchange passes. */
#define COLD __attribute__((noinline, cold))

/* Often called, from where another way is taken still more often. */
#define APART __attribute__((noinline))

#endif
