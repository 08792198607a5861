/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tls/hello.h"

#include <string.h>
#include <sys/uio.h>

#define OBJECT_BYTES  8192 /* of OpenSSL 3's session object, which is some 6 KiB */
#define POINTER_BYTES 1024 /* of the object's beginning, where OpenSSL 1.1 points to the rest */
#define BEHIND_BYTES  1024
#define PAGE	      4096

const uint8_t *hello__random(const uint8_t *bytes, size_t length)
{
	/* Record: type, version, length; handshake: type, length, version; random. */
	if (length < 11 + TLS_RANDOM || bytes[0] != 0x16 || bytes[1] != 3 || bytes[5] != 1 ||
	    bytes[9] != 3)
		return NULL;
	return bytes + 11;
}

/* How many bytes could be read: all, or those before a page that is not there. */
static size_t read_memory(uint32_t tgid, uint64_t address, void *out, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t step = PAGE - ((address + done) & (PAGE - 1));
		struct iovec local, remote;

		if (step > size - done)
			step = size - done;
		local = (struct iovec){(char *)out + done, step};
		remote = (struct iovec){(void *)(uintptr_t)(address + done), step};
		if (process_vm_readv((pid_t)tgid, &local, 1, &remote, 1, 0) != (ssize_t)step)
			break;
		done += step;
	}
	return done;
}

static bool search(const uint8_t *bytes, size_t length, const uint8_t *random, uint32_t *offset)
{
	const uint8_t *found = memmem(bytes, length, random, TLS_RANDOM);

	if (found)
		*offset = (uint32_t)(found - bytes);
	return found != NULL;
}

static bool search_behind(uint32_t tgid, const uint8_t *object, size_t length,
			  const uint8_t *random, struct tls_place *out)
{
	uint8_t behind[BEHIND_BYTES];
	uint64_t pointer;

	if (length > POINTER_BYTES)
		length = POINTER_BYTES;
	for (uint32_t at = 0; at + sizeof(pointer) <= length; at += sizeof(pointer)) {
		memcpy(&pointer, object + at, sizeof(pointer));
		if (pointer < PAGE || pointer & 7 || pointer >> 47)
			continue;
		if (search(behind, read_memory(tgid, pointer, behind, sizeof(behind)), random,
			   &out->offset)) {
			out->pointer = at;
			return true;
		}
	}
	return false;
}

bool hello__search(uint32_t tgid, uint64_t session, const uint8_t *random, struct tls_place *out)
{
	uint8_t object[OBJECT_BYTES];
	size_t length = read_memory(tgid, session, object, sizeof(object));

	out->pointer = TLS_PLACE_DIRECT;
	return search(object, length, random, &out->offset) ||
	       search_behind(tgid, object, length, random, out);
}
