/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* HPACK against nghttp2's own deflater, with tables of several sizes, and attached late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <nghttp2/nghttp2.h>
#include "protocol/hpack.h"

#define FIELDS 12

struct expected {
	const nghttp2_nv *nv;
	size_t at;
	size_t unknown;
};

static void compare(void *context, const struct hpack_field *field)
{
	struct expected *e = context;
	const nghttp2_nv *nv = &e->nv[e->at++];

	if (!field->known) {
		e->unknown++;
		return;
	}
	assert_int_equal(field->name.length, nv->namelen);
	assert_memory_equal(field->name.data, nv->name, nv->namelen);
	assert_int_equal(field->value.length, nv->valuelen);
	if (nv->valuelen)
		assert_memory_equal(field->value.data, nv->value, nv->valuelen);
}

static uint32_t seed = 12345;

static uint32_t any(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static char text[FIELDS][2][600];

static void fill_fields(nghttp2_nv *nv)
{
	static const char *const names[] = {":path", "cookie",	    "x-request-id", "user-agent",
					    "etag",  "grpc-status", "x-long",	    ":authority"};

	for (size_t i = 0; i < FIELDS; i++) {
		const char *name = names[any(8)];
		size_t length = any(3) ? any(30) : any(500);

		strcpy(text[i][0], name);
		for (size_t k = 0; k < length; k++)
			text[i][1][k] = (char)(any(4) ? 'a' + any(any(2) ? 3 : 26) : 1 + any(255));
		if (any(3) == 0)
			length = (size_t)sprintf(text[i][1], "value-%u", any(5));
		nv[i] = (nghttp2_nv){.name = (uint8_t *)text[i][0],
				     .namelen = strlen(name),
				     .value = (uint8_t *)text[i][1],
				     .valuelen = length,
				     .flags = any(10) ? 0 : NGHTTP2_NV_FLAG_NO_INDEX};
	}
}

/* Encodes `rounds` blocks; the decoder joins at round `join`. Returns how many fields stayed
 * unknown, last. */
static size_t converse(size_t rounds, size_t join, size_t *last_unknown)
{
	nghttp2_hd_deflater *deflater;
	struct hpack hpack;
	size_t unknown = 0;

	assert_int_equal(nghttp2_hd_deflate_new(&deflater, 65536), 0);
	hpack__init(&hpack, join == 0);
	for (size_t i = 0; i < rounds; i++) {
		nghttp2_nv nv[FIELDS];
		struct expected e = {.nv = nv};
		uint8_t block[16384];
		ssize_t length;

		if (any(20) == 0)
			nghttp2_hd_deflate_change_table_size(deflater, any(8) * 1000);
		fill_fields(nv);
		length = nghttp2_hd_deflate_hd(deflater, block, sizeof(block), nv, FIELDS);
		assert_true(length > 0);
		if (i < join)
			continue;
		assert_int_equal(
			hpack__decode(&hpack, slice__of(block, (size_t)length), compare, &e), 0);
		assert_int_equal(e.at, FIELDS);
		unknown += e.unknown;
		*last_unknown = e.unknown;
	}
	hpack__clear(&hpack);
	nghttp2_hd_deflate_del(deflater);
	return unknown;
}

static void everything_is_decoded_as_nghttp2_encoded_it(void **state)
{
	size_t last;

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(converse(200, 0, &last), 0);
}

static void attached_late_nothing_is_wrong_and_soon_nothing_unknown(void **state)
{
	size_t last = 1, unknown = 0;

	(void)state;
	for (int i = 0; i < 20; i++)
		unknown += converse(400, 20, &last);
	assert_true(unknown > 0);
	assert_int_equal(last, 0);
}

static void ignore(void *context, const struct hpack_field *field)
{
	size_t *sum = context;

	*sum += field->name.length + field->value.length;
}

static void hostile_blocks_are_refused_or_decoded_within_bounds(void **state)
{
	struct hpack hpack;
	size_t sum = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint8_t *block = malloc(64);
		size_t length = any(64);

		hpack__init(&hpack, any(2));
		for (size_t k = 0; k < length; k++)
			block[64 - length + k] = (uint8_t)any(256);
		hpack__decode(&hpack, slice__of(block + 64 - length, length), ignore, &sum);
		for (size_t k = 0; k < length; k++)
			block[64 - length + k] = (uint8_t)any(256);
		hpack__decode(&hpack, slice__of(block + 64 - length, length), ignore, &sum);
		assert_true(hpack.size <= hpack.max_size);
		hpack__clear(&hpack);
		free(block);
	}
}

static void huffman_examples_of_the_rfc(void **state)
{
	/* RFC 7541 C.4.1 and C.6.1 */
	static const uint8_t url[] = {0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a,
				      0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff};
	static const uint8_t code[] = {0x64, 0x02};
	static const uint8_t long_padding[] = {0x64, 0x02, 0xff};
	uint8_t out[64];

	(void)state;
	assert_int_equal(huffman__decode(slice__of(url, sizeof(url)), out, sizeof(out)), 15);
	assert_memory_equal(out, "www.example.com", 15);
	assert_int_equal(huffman__decode(slice__of(code, sizeof(code)), out, sizeof(out)), 3);
	assert_memory_equal(out, "302", 3);
	assert_int_equal(huffman__decode(slice__of(long_padding, 3), out, sizeof(out)), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_decoded_as_nghttp2_encoded_it),
		cmocka_unit_test(attached_late_nothing_is_wrong_and_soon_nothing_unknown),
		cmocka_unit_test(hostile_blocks_are_refused_or_decoded_within_bounds),
		cmocka_unit_test(huffman_examples_of_the_rfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
