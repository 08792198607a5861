/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Functions of a Go program, by the table that its run time needs itself (src/internal/abi and
 * src/runtime/symtab.go: pcHeader, funcnametab, functab): stripped programs have it too.
 */
#ifndef SONDE_TLS_GO_TABLE_H
#define SONDE_TLS_GO_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include "elf_file.h"

struct go_function {
	const char *name; /* "package/path.(*Type).Method" */
	uint64_t address; /* as linked; 0: the program has none of that name */
	uint64_t size;	  /* with what fills up the room to the next one */
};

/*
 * Fills address and size of the `count` functions that are asked for by name. Reads in pieces: the
 * tables of large programs have some 100 MB. 0; -ENOENT: no Go program; -ENOTSUP: a table of a form
 * that is not known (Go 1.16 and newer are); -EBADMSG: it contradicts itself; -ENOMEM.
 */
int go_table__find(const struct elf_file *file, struct go_function *functions, size_t count);

/*
 * The release that built a program, as 100 * major + minor (119: Go 1.19), from its build info
 * (src/debug/buildinfo); 0: it has none.
 */
unsigned int go__release(const struct elf_file *file);

#endif
