/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A Go program's stacks move, and its run time walks them: a changed return address (uretprobe)
 * would end it. So each return instruction has a probe of its own. Calls and their returns are
 * matched by goroutine, since a goroutine may go on in another thread.
 */
#include "tls/go.h"

#include <stdlib.h>
#include "tls/go_table.h"
#include "tls/returns.h"

#define CODE_MAX (64u << 10) /* of one function */

/* What each does; every other way to read, write or shake hands passes one of them. */
static const struct {
	const char *name;
	enum tls_call call;
} functions[] = {
	{"crypto/tls.(*Conn).Read", TLS_READ},
	{"crypto/tls.(*Conn).Write", TLS_WRITE},
	{"crypto/tls.(*Conn).handshakeContext", TLS_HANDSHAKE},
	{"crypto/tls.(*Conn).Close", TLS_SHUTDOWN},
};
#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

/* go.dev/s/regabi: amd64 since 1.17, arm64 since 1.18. */
static bool passes_in_registers(const struct elf_file *file)
{
	unsigned int release = go__release(file);

	return (file->machine == EM_X86_64 && release >= 117) ||
	       (file->machine == EM_AARCH64 && release >= 118);
}

static bool add(struct tls_library *out, const struct elf_file *file, uint64_t address,
		enum tls_call call, enum tls_place_kind kind)
{
	uint64_t offset;

	if (out->count == LIBRARY_POINTS_MAX || !elf_file__code_offset(file, address, &offset))
		return false;
	out->point[out->count++] = (struct tls_point){offset, (uint8_t)call, (uint8_t)kind};
	return true;
}

static bool take(const struct elf_file *file, const struct go_function *function,
		 enum tls_call call, struct tls_library *out)
{
	uint32_t returns[LIBRARY_POINTS_MAX];
	uint8_t *code = function->size <= CODE_MAX ? malloc(function->size) : NULL;
	int count = -1;

	if (code && elf_file__read(file, function->address, code, function->size))
		count = returns__find(file->machine, code, function->size, returns,
				      LIBRARY_POINTS_MAX);
	free(code);
	if (count <= 0 || !add(out, file, function->address, call, TLS_AT_GO_BEGIN))
		return false;
	for (int i = 0; i < count; i++)
		if (!add(out, file, function->address + returns[i], call, TLS_AT_GO_END))
			return false;
	return true;
}

bool tls_go__find(const struct elf_file *file, struct tls_library *out)
{
	struct go_function found[FUNCTIONS];

	if (!passes_in_registers(file))
		return false;
	for (size_t i = 0; i < FUNCTIONS; i++)
		found[i].name = functions[i].name;
	if (go_table__find(file, found, FUNCTIONS))
		return false;
	for (size_t i = 0; i < FUNCTIONS; i++) {
		if (!found[i].address || !take(file, &found[i], functions[i].call, out)) {
			out->count = 0;
			return false;
		}
	}
	return true;
}
