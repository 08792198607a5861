/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tls/library.h"

#include <stdlib.h>
#include <string.h>
#include "tls/go.h"
#include "tls/returns.h"

#define RANDOM_WITHIN 8192	  /* bytes of a session object */
#define CODE_MAX      (16u << 10) /* of one function */
#define ENDS_MAX      8

struct function {
	const char *name;
	uint8_t call;	/* enum tls_call */
	bool no_return; /* its end tells nothing */
};

/*
 * SSL_connect and SSL_accept end in SSL_do_handshake; of SSL_free only the beginning matters, since
 * behind it there is no session.
 */
static const struct function openssl[] = {
	{"SSL_read", TLS_READ, false},
	{"SSL_write", TLS_WRITE, false},
	{"SSL_read_ex", TLS_READ_EX, false},
	{"SSL_write_ex", TLS_WRITE_EX, false},
	{"SSL_write_ex2", TLS_WRITE_EX2, false},
	{"SSL_read_early_data", TLS_READ_EARLY, false},
	{"SSL_write_early_data", TLS_WRITE_EX, false},
	{"SSL_sendfile", TLS_SENDFILE, false},
	{"SSL_do_handshake", TLS_HANDSHAKE, false},
	{"SSL_shutdown", TLS_SHUTDOWN, false},
	{"SSL_free", TLS_FREE, true},
	{0},
};

/* gnutls_record_send ends in gnutls_record_send2. */
static const struct function gnutls[] = {
	{"gnutls_record_recv", TLS_READ, false},    {"gnutls_record_send", TLS_WRITE, false},
	{"gnutls_handshake", TLS_HANDSHAKE, false}, {"gnutls_bye", TLS_SHUTDOWN, false},
	{"gnutls_deinit", TLS_FREE, true},	    {0},
};

static const struct function *const tables[] = {
	[TLS_KIND_OPENSSL] = openssl,
	[TLS_KIND_GNUTLS] = gnutls,
};

const char *tls_kind__name(enum tls_kind kind)
{
	static const char *const names[] = {"none", "openssl", "gnutls", "go"};

	return kind < TLS_KIND_COUNT ? names[kind] : "unknown";
}

static void add(struct tls_library *out, uint64_t offset, uint8_t call, enum tls_place_kind kind)
{
	if (out->count < LIBRARY_POINTS_MAX)
		out->point[out->count++] = (struct tls_point){offset, call, (uint8_t)kind};
}

/* False: not all of a function's ends are return instructions of its own. */
static bool take_ends(const struct elf_file *file, const struct function *function,
		      uint64_t address, uint64_t size, struct tls_library *out)
{
	uint32_t ends[ENDS_MAX];
	uint64_t offset;
	uint8_t *code = size <= CODE_MAX ? malloc(size) : NULL;
	int count = -1;

	if (code && elf_file__read(file, address, code, size))
		count = returns__find(file->machine, code, size, ends, ENDS_MAX);
	free(code);
	for (int i = 0; i < count; i++) {
		if (!elf_file__code_offset(file, address + ends[i], &offset))
			return false;
		add(out, offset, function->call, TLS_AT_END);
	}
	return count > 0;
}

static bool take(const struct elf_file *file, const struct function *function,
		 struct tls_library *out)
{
	uint64_t address, size, offset;

	if (!elf_file__symbol(file, function->name, &address, &size) || !size ||
	    !elf_file__code_offset(file, address, &offset))
		return false;
	add(out, offset, function->call, TLS_AT_BEGIN);
	if (!function->no_return && !take_ends(file, function, address, size, out))
		add(out, offset, function->call, TLS_AT_RETURN);
	return true;
}

/* Without the first two of its functions it is none. */
static bool is_of(const struct elf_file *file, const struct function *table,
		  struct tls_library *out)
{
	if (!take(file, &table[0], out) || !take(file, &table[1], out)) {
		out->count = 0;
		return false;
	}
	for (const struct function *f = &table[2]; f->name; f++)
		take(file, f, out);
	return true;
}

/*
 * Of SSL_get_client_random, which copies it out of the session: `lea offset(%rdi), register` (Intel
 * SDM volume 2: REX.W 8D, mod 10, rm 111). Where it is otherwise, join.c finds it by searching.
 */
static void find_random(const struct elf_file *file, struct tls_place *out)
{
	uint64_t address, size;
	uint8_t code[96];

	if (file->machine != EM_X86_64 ||
	    !elf_file__symbol(file, "SSL_get_client_random", &address, &size) ||
	    size < sizeof(code) || !elf_file__read(file, address, code, sizeof(code)))
		return;
	for (size_t i = 0; i + 7 <= sizeof(code); i++) {
		if ((code[i] & 0xf8) != 0x48 || code[i + 1] != 0x8d || (code[i + 2] & 0xc7) != 0x87)
			continue;
		memcpy(&out->offset, code + i + 3, sizeof(out->offset));
		out->pointer = TLS_PLACE_DIRECT;
		if (out->offset >= RANDOM_WITHIN)
			out->offset = 0;
		return;
	}
}

void tls_library__find(const struct elf_file *file, struct tls_library *out)
{
	*out = (struct tls_library){.kind = TLS_KIND_NONE};
	if (tls_go__find(file, out)) {
		out->kind = TLS_KIND_GO;
		return;
	}
	for (int kind = TLS_KIND_GNUTLS; kind > TLS_KIND_NONE; kind--) {
		if (!is_of(file, tables[kind], out))
			continue;
		out->kind = (enum tls_kind)kind;
		find_random(file, &out->random);
		return;
	}
}
