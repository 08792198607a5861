/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Exported symbols and bytes of an ELF file (64 bit, this machine's byte order). The files are
 * strangers': every offset and size is checked, and nothing is mapped, since a file that is cut
 * short while it is looked at must not end us (SIGBUS).
 */
#ifndef SONDE_ELF_FILE_H
#define SONDE_ELF_FILE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ELF_SEGMENTS_MAX 32

struct elf_segment {
	uint64_t address, offset, file_size, memory_size;
	uint32_t flags; /* PF_R, PF_W, PF_X */
};

struct elf_section {
	uint64_t address, offset, size;
};

struct elf_file {
	int fd;
	dev_t device;
	ino_t inode;
	uint16_t machine; /* EM_X86_64 ... */
	uint32_t segment_count;
	struct elf_segment segment[ELF_SEGMENTS_MAX]; /* PT_LOAD */
	Elf64_Sym *symbols;			      /* of .dynsym; owned */
	size_t symbol_count;
	char *names; /* of .dynstr, ends with a NUL; owned */
	size_t names_size;
	Elf64_Ehdr header;
};

/* 0, -EBADMSG (no such file, or one that contradicts itself), -ENOMEM, -errno. */
int elf_file__open(const char *path, struct elf_file *out);
/* The same of a descriptor, which is the file's from now on (closed also where it fails). */
int elf_file__take(int fd, struct elf_file *out);
void elf_file__close(struct elf_file *file);

/* A defined symbol's address (as linked) and size; false: it is not exported. */
bool elf_file__symbol(const struct elf_file *file, const char *name, uint64_t *address,
		      uint64_t *size);
/* Where in the file the code at an address is; false: it is none. */
bool elf_file__code_offset(const struct elf_file *file, uint64_t address, uint64_t *offset);
/* Bytes at an address as linked; false: they are not in the file. */
bool elf_file__read(const struct elf_file *file, uint64_t address, void *out, size_t size);

/* A section that has bytes in the file; false: there is none of that name. */
bool elf_file__section(const struct elf_file *file, const char *name, struct elf_section *out);
/* Bytes at an offset in the file. */
bool elf_file__read_at(const struct elf_file *file, uint64_t offset, void *out, size_t size);

#endif
