/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tls/go_table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW	      (256u << 10)
#define FUNCTIONS_MAX 4000000u
#define NAME_BYTES    96
#define WANTED_MAX    8

/* Values of pcHeader.magic. */
#define GO_1_16 0xfffffffau
#define GO_1_18 0xfffffff0u
#define GO_1_20 0xfffffff1u

/* A part of the file that is walked through from its begin to its end. */
struct window {
	const struct elf_file *file;
	uint8_t *bytes;
	uint64_t offset; /* in the file */
	size_t size;
};

struct table {
	const struct elf_file *file;
	struct elf_section section;
	uint32_t magic;
	uint64_t functions;		 /* how many */
	uint64_t text;			 /* address of the first */
	uint64_t names, names_end, list; /* in the section */
};

struct wanted {
	struct go_function *function;
	uint64_t name; /* offset in the names; UINT64_MAX: not there */
};

/* `size` bytes at an offset; NULL: not there. They are there until the next call. */
static const uint8_t *window__at(struct window *w, uint64_t offset, size_t size, uint64_t end)
{
	if (offset > end || size > end - offset || size > WINDOW)
		return NULL;
	if (offset < w->offset || offset + size > w->offset + w->size) {
		w->offset = offset;
		w->size = end - offset < WINDOW ? (size_t)(end - offset) : WINDOW;
		if (!elf_file__read_at(w->file, offset, w->bytes, w->size)) {
			w->size = 0;
			return NULL;
		}
	}
	return w->bytes + (offset - w->offset);
}

static uint64_t word(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static uint32_t half(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

/* Since Go 1.26 the header does not say where the text begins; nothing else is in that section. */
static uint64_t text_of(const struct elf_file *file, uint64_t said)
{
	struct elf_section text;

	if (said)
		return said;
	return elf_file__section(file, ".text", &text) ? text.address : 0;
}

/*
 * magic, 0, 0, quantum, pointer size, then words: functions, files, (Go 1.18: text start,) offsets
 * of names, units, files, pcs and the list of functions.
 */
static int open_table(const struct elf_file *file, struct table *out)
{
	uint8_t header[8 + 8 * 8];
	const uint8_t *words = header + 8;

	*out = (struct table){.file = file};
	if (!elf_file__section(file, ".gopclntab", &out->section) &&
	    !elf_file__section(file, ".data.rel.ro.gopclntab", &out->section))
		return -ENOENT;
	if (out->section.size < sizeof(header) ||
	    !elf_file__read_at(file, out->section.offset, header, sizeof(header)))
		return -EBADMSG;
	out->magic = half(header);
	if ((out->magic != GO_1_16 && out->magic != GO_1_18 && out->magic != GO_1_20) ||
	    header[7] != sizeof(uint64_t))
		return -ENOTSUP;
	out->functions = word(words);
	words += 16;
	if (out->magic != GO_1_16) {
		out->text = text_of(file, word(words));
		words += 8;
	}
	out->names = word(words);
	out->names_end = word(words + 8);
	out->list = word(words + 32);
	if (out->names >= out->names_end || out->names_end > out->section.size ||
	    out->list >= out->section.size || out->functions > FUNCTIONS_MAX)
		return -EBADMSG;
	return 0;
}

/* ---- names ---- */

static void find_names_within(const uint8_t *bytes, size_t size, uint64_t at, struct wanted *wanted,
			      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		/* Each ends with a NUL, and so does the one before it. */
		char name[NAME_BYTES + 2] = "";
		size_t length = strlen(wanted[i].function->name);
		const uint8_t *found;

		if (wanted[i].name != UINT64_MAX || length > NAME_BYTES)
			continue;
		memcpy(name + 1, wanted[i].function->name, length + 1);
		found = memmem(bytes, size, name, length + 2);
		if (found)
			wanted[i].name = at + (uint64_t)(found - bytes) + 1;
	}
}

static int find_names(const struct table *t, struct window *w, struct wanted *wanted, size_t count)
{
	uint64_t end = t->section.offset + t->names_end;

	for (uint64_t at = t->names; at < t->names_end; at += WINDOW - NAME_BYTES - 2) {
		size_t size = t->names_end - at < WINDOW ? (size_t)(t->names_end - at) : WINDOW;
		const uint8_t *bytes = window__at(w, t->section.offset + at, size, end);

		if (!bytes)
			return -EBADMSG;
		find_names_within(bytes, size, at - t->names, wanted, count);
		if (size < WINDOW)
			break;
	}
	return 0;
}

/* ---- functions ---- */

/* The list's entry: where the function begins, and where more is said about it. */
static bool read_entry(const struct table *t, struct window *w, uint64_t index, uint64_t *address,
		       uint64_t *more)
{
	size_t size = t->magic == GO_1_16 ? 16 : 8;
	const uint8_t *entry = window__at(w, t->section.offset + t->list + index * size, size,
					  t->section.offset + t->section.size);

	if (!entry)
		return false;
	*address = t->magic == GO_1_16 ? word(entry) : t->text + half(entry);
	*more = t->magic == GO_1_16 ? word(entry + 8) : half(entry + 4);
	return true;
}

/* _func: entry, then the offset of its name. */
static bool read_name(const struct table *t, struct window *w, uint64_t more, uint64_t *name)
{
	size_t entry = t->magic == GO_1_16 ? 8 : 4;
	const uint8_t *bytes;

	if (more > t->section.size)
		return false;
	bytes = window__at(w, t->section.offset + t->list + more, entry + 4,
			   t->section.offset + t->section.size);
	if (bytes)
		*name = half(bytes + entry);
	return bytes;
}

static int find_functions(const struct table *t, struct window *list, struct window *mores,
			  const struct wanted *wanted, size_t count)
{
	uint64_t address, next, more, name = 0, ignored;

	for (uint64_t i = 0; i < t->functions; i++) {
		if (!read_entry(t, list, i, &address, &more) || !read_name(t, mores, more, &name))
			return -EBADMSG;
		for (size_t k = 0; k < count; k++) {
			if (wanted[k].name != name)
				continue;
			/* Behind the last one stands where the text ends. */
			if (!read_entry(t, list, i + 1, &next, &ignored) || next <= address)
				return -EBADMSG;
			wanted[k].function->address = address;
			wanted[k].function->size = next - address;
		}
	}
	return 0;
}

static int find(const struct table *t, struct window *w, struct window *mores,
		struct go_function *functions, size_t count)
{
	struct wanted wanted[WANTED_MAX];
	bool any = false;
	int err;

	for (size_t i = 0; i < count; i++) {
		functions[i].address = functions[i].size = 0;
		wanted[i] = (struct wanted){&functions[i], UINT64_MAX};
	}
	err = find_names(t, w, wanted, count);
	for (size_t i = 0; i < count; i++)
		any |= wanted[i].name != UINT64_MAX;
	return err || !any ? err : find_functions(t, w, mores, wanted, count);
}

int go_table__find(const struct elf_file *file, struct go_function *functions, size_t count)
{
	struct table table;
	struct window list = {.file = file}, mores = {.file = file};
	int err = count <= WANTED_MAX ? open_table(file, &table) : -E2BIG;

	if (err)
		return err;
	list.bytes = malloc(WINDOW);
	mores.bytes = malloc(WINDOW);
	err = list.bytes && mores.bytes ? find(&table, &list, &mores, functions, count) : -ENOMEM;
	free(list.bytes);
	free(mores.bytes);
	return err;
}

/* ---- build info ---- */

/* "go1.19.8", "devel go1.25-..." -> 119, 125 */
static unsigned int release_of(const char *version)
{
	const char *go = strstr(version, "go");
	char *end;
	unsigned long major, minor;

	if (!go)
		return 0;
	major = strtoul(go + 2, &end, 10);
	if (*end != '.' || major > 9)
		return 0;
	minor = strtoul(end + 1, NULL, 10);
	return minor < 100 ? (unsigned int)(major * 100 + minor) : 0;
}

/*
 * Since Go 1.18 the version stands behind 32 bytes of header, with its length in one byte; before,
 * the header points to a string of Go, a pointer and a length.
 */
unsigned int go__release(const struct elf_file *file)
{
	static const char magic[] = "\xff Go buildinf:";
	uint8_t bytes[32 + 1 + 64] = {0}, string[16];
	char version[65] = "";
	struct elf_section info;
	size_t length;

	if (!elf_file__section(file, ".go.buildinfo", &info) || info.size < 32 ||
	    !elf_file__read_at(file, info.offset, bytes,
			       info.size < sizeof(bytes) ? info.size : sizeof(bytes)) ||
	    memcmp(bytes, magic, sizeof(magic) - 1) != 0)
		return 0;
	if (bytes[15] & 2) {
		length = bytes[32] < 64 ? bytes[32] : 64;
		memcpy(version, bytes + 33, length);
		return release_of(version);
	}
	if (!elf_file__read(file, word(bytes + 16), string, sizeof(string)))
		return 0;
	length = word(string + 8) < 64 ? (size_t)word(string + 8) : 64;
	return elf_file__read(file, word(string), version, length) ? release_of(version) : 0;
}
