/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTIONS_MAX	 512
#define SECTION_NAME_MAX 64
#define TABLE_MAX	 (64u << 20) /* a larger symbol table is none that we want */

static bool read_at(int fd, uint64_t offset, void *out, size_t size)
{
	char *to = out;

	if (offset > INT64_MAX - size)
		return false;
	while (size) {
		ssize_t n = pread(fd, to, size, (off_t)offset);

		if (n <= 0)
			return false;
		to += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return true;
}

/* NULL: not there, too large, or no memory. One NUL is put behind it. */
static void *read_table(int fd, uint64_t offset, uint64_t size)
{
	char *table = size <= TABLE_MAX ? malloc(size + 1) : NULL;

	if (!table || !read_at(fd, offset, table, size)) {
		free(table);
		return NULL;
	}
	table[size] = '\0';
	return table;
}

static bool check_header(const Elf64_Ehdr *header)
{
	return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
	       header->e_ident[EI_CLASS] == ELFCLASS64 &&
	       header->e_ident[EI_DATA] ==
		       (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB) &&
	       header->e_phentsize == sizeof(Elf64_Phdr);
}

static bool read_segments(struct elf_file *file, const Elf64_Ehdr *header)
{
	Elf64_Phdr segment;

	for (uint32_t i = 0; i < header->e_phnum; i++) {
		if (!read_at(file->fd, header->e_phoff + i * sizeof(segment), &segment,
			     sizeof(segment)))
			return false;
		if (segment.p_type != PT_LOAD)
			continue;
		if (file->segment_count == ELF_SEGMENTS_MAX || segment.p_filesz > segment.p_memsz ||
		    segment.p_vaddr + segment.p_memsz < segment.p_vaddr)
			return false;
		file->segment[file->segment_count++] =
			(struct elf_segment){segment.p_vaddr, segment.p_offset, segment.p_filesz,
					     segment.p_memsz, segment.p_flags};
	}
	return file->segment_count > 0;
}

static bool read_symbols(struct elf_file *file, const Elf64_Shdr *symbols, const Elf64_Shdr *names)
{
	if (symbols->sh_entsize != sizeof(Elf64_Sym))
		return false;
	file->symbols = read_table(file->fd, symbols->sh_offset, symbols->sh_size);
	file->names = read_table(file->fd, names->sh_offset, names->sh_size);
	if (!file->symbols || !file->names)
		return false;
	file->symbol_count = symbols->sh_size / sizeof(Elf64_Sym);
	file->names_size = names->sh_size;
	return true;
}

/* Stripped files keep .dynsym, since the dynamic linker needs it. */
static bool read_sections(struct elf_file *file, const Elf64_Ehdr *header)
{
	Elf64_Shdr section, names;

	if (header->e_shnum > SECTIONS_MAX || header->e_shentsize != sizeof(section))
		return false;
	for (uint32_t i = 0; i < header->e_shnum; i++) {
		if (!read_at(file->fd, header->e_shoff + i * sizeof(section), &section,
			     sizeof(section)))
			return false;
		if (section.sh_type != SHT_DYNSYM)
			continue;
		return section.sh_link < header->e_shnum &&
		       read_at(file->fd, header->e_shoff + section.sh_link * sizeof(names), &names,
			       sizeof(names)) &&
		       read_symbols(file, &section, &names);
	}
	return true; /* a static program exports nothing */
}

static int load(struct elf_file *file)
{
	Elf64_Ehdr *header = &file->header;
	struct stat status;

	if (fstat(file->fd, &status))
		return -errno;
	file->device = status.st_dev;
	file->inode = status.st_ino;
	if (!read_at(file->fd, 0, header, sizeof(*header)) || !check_header(header))
		return -EBADMSG;
	file->machine = header->e_machine;
	return read_segments(file, header) && read_sections(file, header) ? 0 : -EBADMSG;
}

int elf_file__take(int fd, struct elf_file *out)
{
	int err;

	*out = (struct elf_file){.fd = fd};
	err = load(out);
	if (err)
		elf_file__close(out);
	return err;
}

int elf_file__open(const char *path, struct elf_file *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	*out = (struct elf_file){.fd = -1};
	return fd < 0 ? -errno : elf_file__take(fd, out);
}

void elf_file__close(struct elf_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->symbols);
	free(file->names);
	*file = (struct elf_file){.fd = -1};
}

bool elf_file__symbol(const struct elf_file *file, const char *name, uint64_t *address,
		      uint64_t *size)
{
	for (size_t i = 0; i < file->symbol_count; i++) {
		const Elf64_Sym *symbol = &file->symbols[i];

		if (symbol->st_shndx == SHN_UNDEF || symbol->st_name >= file->names_size ||
		    strcmp(file->names + symbol->st_name, name) != 0)
			continue;
		*address = symbol->st_value;
		*size = symbol->st_size;
		return true;
	}
	return false;
}

bool elf_file__read(const struct elf_file *file, uint64_t address, void *out, size_t size)
{
	for (uint32_t i = 0; i < file->segment_count; i++) {
		const struct elf_segment *s = &file->segment[i];

		if (address >= s->address && address - s->address <= s->file_size &&
		    size <= s->file_size - (address - s->address))
			return read_at(file->fd, s->offset + (address - s->address), out, size);
	}
	return false;
}

/* Where the file says it goes on may be beyond its end. */
static bool has_byte(const struct elf_file *file, uint64_t offset)
{
	char byte;

	return read_at(file->fd, offset, &byte, 1);
}

bool elf_file__code_offset(const struct elf_file *file, uint64_t address, uint64_t *offset)
{
	for (uint32_t i = 0; i < file->segment_count; i++) {
		const struct elf_segment *s = &file->segment[i];

		if (!(s->flags & PF_X) || address < s->address ||
		    address - s->address >= s->file_size)
			continue;
		*offset = s->offset + (address - s->address);
		return has_byte(file, *offset);
	}
	return false;
}

bool elf_file__read_at(const struct elf_file *file, uint64_t offset, void *out, size_t size)
{
	return read_at(file->fd, offset, out, size);
}

static bool read_section(const struct elf_file *file, uint32_t index, Elf64_Shdr *out)
{
	const Elf64_Ehdr *header = &file->header;

	return index < header->e_shnum && header->e_shnum <= SECTIONS_MAX &&
	       header->e_shentsize == sizeof(*out) &&
	       read_at(file->fd, header->e_shoff + index * sizeof(*out), out, sizeof(*out));
}

bool elf_file__section(const struct elf_file *file, const char *name, struct elf_section *out)
{
	char found[SECTION_NAME_MAX];
	size_t length = strlen(name) + 1;
	Elf64_Shdr section, names;

	if (length > sizeof(found) || !read_section(file, file->header.e_shstrndx, &names))
		return false;
	for (uint32_t i = 0; read_section(file, i, &section); i++) {
		if (section.sh_type == SHT_NOBITS || section.sh_name >= names.sh_size ||
		    length > names.sh_size - section.sh_name ||
		    !read_at(file->fd, names.sh_offset + section.sh_name, found, length) ||
		    memcmp(found, name, length) != 0)
			continue;
		*out = (struct elf_section){section.sh_addr, section.sh_offset, section.sh_size};
		return true;
	}
	return false;
}
