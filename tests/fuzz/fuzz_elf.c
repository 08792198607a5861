/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An executable or library of a stranger: what is found of TLS lies within the file. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "elf_file.h"
#include "tls/library.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct elf_file *file, size_t size)
{
	struct tls_library library;
	struct elf_section section;
	uint64_t address, length;
	char bytes[16];

	tls_library__find(file, &library);
	if (library.count > LIBRARY_POINTS_MAX)
		abort();
	for (size_t i = 0; i < library.count; i++)
		if (library.point[i].offset >= size)
			abort();
	if (elf_file__section(file, ".text", &section) &&
	    elf_file__read(file, section.address, bytes, sizeof(bytes)) && size < sizeof(bytes))
		abort();
	elf_file__symbol(file, "SSL_read", &address, &length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);
	struct elf_file file;

	if (fd < 0)
		return 0;
	if (write(fd, data, size) != (ssize_t)size) {
		close(fd);
		return 0;
	}
	if (elf_file__take(fd, &file))
		return 0;
	look(&file, size);
	elf_file__close(&file);
	return 0;
}
