/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "redis_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include "elf_file.h"

#define CODE_MAX     16384 /* of one function */
#define TABLE_MAX    (256u << 10)
#define CONSTANT_MAX (32u << 20) /* of read-only data */

struct place {
	uint64_t address, size;
};

/* ---- where the file is in memory ---- */

/* proc_pid_maps(5): "start-end rwxp offset major:minor inode path". */
static bool is_first_mapping(const char *line, const struct elf_file *file, uint64_t *start)
{
	uint64_t offset, inode;
	unsigned int major_, minor_;

	if (sscanf(line, "%" SCNx64 "-%*x %*s %" SCNx64 " %x:%x %" SCNu64, start, &offset, &major_,
		   &minor_, &inode) != 5)
		return false;
	return !offset && inode == file->inode && major_ == major(file->device) &&
	       minor_ == minor(file->device);
}

/* What is added to addresses as linked. */
static int find_bias(const char *proc, uint32_t tgid, const struct elf_file *file, uint64_t *bias)
{
	char path[256], line[512];
	uint64_t start;
	FILE *maps;
	int err = -ENOENT;

	snprintf(path, sizeof(path), "%s/%u/maps", proc, tgid);
	maps = fopen(path, "re");
	if (!maps)
		return -errno;
	while (err && fgets(line, sizeof(line), maps))
		if (is_first_mapping(line, file, &start)) {
			*bias = start - (file->segment[0].address & ~0xfffull);
			err = 0;
		}
	fclose(maps);
	return err;
}

static bool read_memory(uint32_t tgid, uint64_t address, void *out, size_t size)
{
	struct iovec local = {out, size};
	struct iovec remote = {(void *)address, size};

	return process_vm_readv((pid_t)tgid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

/* ---- code that says where a variable is ---- */

static uint64_t relative(const uint8_t *at, uint64_t end)
{
	int32_t displacement;

	memcpy(&displacement, at, sizeof(displacement));
	return end + (uint64_t)(int64_t)displacement;
}

/* zmalloc_used_memory() of Redis before per-thread counters: mov rax, [rip + x]; ret. */
static uint64_t returned_variable(const struct elf_file *file, const struct place *function)
{
	uint8_t code[8];

	if (file->machine != EM_X86_64 || function->size != sizeof(code) ||
	    !elf_file__read(file, function->address, code, sizeof(code)) || code[0] != 0x48 ||
	    code[1] != 0x8b || code[2] != 0x05 || code[7] != 0xc3)
		return 0;
	return relative(code + 3, function->address + 7);
}

/*
 * performEvictions() counts evicted keys in one place: add qword [rip + x], 1 on a field of
 * `server`. Any second such field, and we do not know which it is.
 */
static uint64_t counted_field(const struct elf_file *file, const struct place *function,
			      const struct place *server)
{
	uint8_t code[CODE_MAX];
	uint64_t found = 0;

	if (file->machine != EM_X86_64 || function->size > sizeof(code) ||
	    !elf_file__read(file, function->address, code, function->size))
		return 0;
	for (size_t at = 0; at + 8 <= function->size; at++) {
		uint64_t field;

		if (code[at] != 0x48 || code[at + 1] != 0x83 || code[at + 2] != 0x05 ||
		    code[at + 7] != 1)
			continue;
		field = relative(code + at + 3, function->address + at + 8);
		if (field < server->address || field >= server->address + server->size)
			continue;
		if (found && found != field)
			return 0;
		found = field;
	}
	return found;
}

/* ---- the table of settings ---- */

struct names {
	uint64_t at[16]; /* where "maxmemory" stands among the constants, as linked */
	int count;
};

static void find_names(const struct elf_segment *s, const char *data, struct names *names)
{
	static const char name[] = "maxmemory"; /* with its NUL */
	const char *at = data, *end = data + s->file_size;

	while (names->count < 16 && (at = memmem(at, (size_t)(end - at), name, sizeof(name)))) {
		names->at[names->count++] = s->address + (uint64_t)(at - data);
		at++;
	}
}

static void find_constants(const struct elf_file *file, struct names *names)
{
	for (uint32_t i = 0; i < file->segment_count; i++) {
		const struct elf_segment *s = &file->segment[i];
		char *data;

		if (s->flags & (PF_W | PF_X) || s->file_size > CONSTANT_MAX)
			continue;
		data = malloc(s->file_size + 1);
		if (data && elf_file__read(file, s->address, data, s->file_size))
			find_names(s, data, names);
		free(data);
	}
}

static bool is_name(const struct names *names, uint64_t address)
{
	for (int i = 0; i < names->count; i++)
		if (names->at[i] == address)
			return true;
	return false;
}

/* An entry of config.c's table has its name, functions, and behind them where its value is: the
 * first address within `server` is that. The next entry is never reached: it begins with a name. */
static uint64_t value_of_entry(const uint64_t *words, size_t count, size_t at,
			       const struct place *server, uint64_t bias)
{
	for (size_t i = at + 1; i < count && i < at + 24; i++)
		if (words[i] - bias >= server->address &&
		    words[i] - bias < server->address + server->size)
			return words[i];
	return 0;
}

static uint64_t find_limit(const struct elf_file *file, uint32_t tgid, const struct place *table,
			   const struct place *server, uint64_t bias)
{
	size_t count = table->size / sizeof(uint64_t);
	struct names names = {.count = 0};
	uint64_t *words, found = 0;

	if (!count || table->size > TABLE_MAX)
		return 0;
	find_constants(file, &names);
	words = calloc(count, sizeof(*words));
	if (words && read_memory(tgid, bias + table->address, words, count * sizeof(*words)))
		for (size_t i = 0; i < count && !found; i++)
			if (is_name(&names, words[i] - bias))
				found = value_of_entry(words, count, i, server, bias);
	free(words);
	return found;
}

/* ---- */

static bool find_symbol(const struct elf_file *file, const char *name, struct place *out)
{
	return elf_file__symbol(file, name, &out->address, &out->size);
}

static int find_all(const struct elf_file *file, const char *proc, struct redis_inside *out)
{
	struct place server, function, table;
	uint64_t bias = 0, address;
	uint8_t probe;
	int err = find_bias(proc, out->tgid, file, &bias);

	if (err)
		return err;
	if (!find_symbol(file, "server", &server) ||
	    !find_symbol(file, "zmalloc_used_memory", &function))
		return -ENOENT;
	if (!read_memory(out->tgid, bias + server.address, &probe, 1))
		return -EPERM;
	address = returned_variable(file, &function);
	out->used_memory = address ? bias + address : 0;
	if (find_symbol(file, "performEvictions", &function)) {
		address = counted_field(file, &function, &server);
		out->evicted = address ? bias + address : 0;
	}
	if (find_symbol(file, "static_configs", &table) || find_symbol(file, "configs", &table))
		out->limit = find_limit(file, out->tgid, &table, &server, bias);
	return out->used_memory || out->evicted || out->limit ? 0 : -ENOENT;
}

int redis_inside__find(const char *proc, uint32_t tgid, struct redis_inside *out)
{
	struct elf_file file;
	char path[256];
	int err;

	*out = (struct redis_inside){.tgid = tgid};
	snprintf(path, sizeof(path), "%s/%u/exe", proc, tgid);
	err = elf_file__open(path, &file);
	if (err)
		return err;
	err = find_all(&file, proc, out);
	elf_file__close(&file);
	return err;
}

static bool read_number(const struct redis_inside *inside, uint64_t address, uint64_t *out,
			bool *known)
{
	*known = address && read_memory(inside->tgid, address, out, sizeof(*out));
	return *known || !address;
}

bool redis_inside__read(const struct redis_inside *inside, struct redis_numbers *out)
{
	*out = (struct redis_numbers){0};
	return read_number(inside, inside->used_memory, &out->used_memory,
			   &out->used_memory_known) &&
	       read_number(inside, inside->limit, &out->limit, &out->limit_known) &&
	       read_number(inside, inside->evicted, &out->evicted, &out->evicted_known);
}
