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

/* ---- the same blocks to nghttp2's inflater, whatever is in them ---- */

#define DECODED 256

struct decoded {
	size_t count;
	size_t length; /* of all texts */
	struct {
		size_t name, value; /* lengths */
	} field[DECODED];
	uint8_t text[65536];
};

static void add_decoded(struct decoded *d, struct slice name, struct slice value)
{
	assert_true(d->count < DECODED &&
		    name.length + value.length <= sizeof(d->text) - d->length);
	d->field[d->count].name = name.length;
	d->field[d->count++].value = value.length;
	if (name.length)
		memcpy(d->text + d->length, name.data, name.length);
	if (value.length)
		memcpy(d->text + d->length + name.length, value.data, value.length);
	d->length += name.length + value.length;
}

static void take_decoded(void *context, const struct hpack_field *field)
{
	assert_true(field->known);
	add_decoded(context, field->name, field->value);
}

/* 0, or where nghttp2 refuses the block, its error. */
static int inflate(nghttp2_hd_inflater *inflater, const uint8_t *block, size_t length,
		   struct decoded *out)
{
	int flags = 0;
	ssize_t n;

	out->count = out->length = 0;
	while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
		nghttp2_nv nv;

		flags = 0;
		n = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, block, length, 1);
		if (n < 0)
			return (int)n;
		block += n;
		length -= (size_t)n;
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			add_decoded(out, slice__of(nv.name, nv.namelen),
				    slice__of(nv.value, nv.valuelen));
	}
	return nghttp2_hd_inflate_end_headers(inflater);
}

static size_t put_integer(uint8_t *out, uint8_t pattern, unsigned int prefix, uint32_t value)
{
	uint32_t mask = (1u << prefix) - 1;
	size_t n = 1;

	out[0] = pattern | (uint8_t)(value < mask ? value : mask);
	if (value < mask)
		return 1;
	for (value -= mask; value >= 128; value >>= 7)
		out[n++] = (uint8_t)(value | 0x80);
	out[n++] = (uint8_t)value;
	return n;
}

/* Plain, or said to be Huffman: its bits decode to something more often than not. */
static size_t put_string(uint8_t *out)
{
	uint32_t length = any(4) ? any(12) : any(200);
	size_t n = put_integer(out, any(40) ? 0 : 0x80, 7, length);

	for (uint32_t i = 0; i < length; i++)
		out[n++] = (uint8_t)(any(3) ? any(4) * 0x55 : any(256));
	return n;
}

/* Into either table, and now and then beyond. */
static uint32_t any_index(uint32_t entries)
{
	return 1 + any(61 + (any(30) ? entries : entries + 3));
}

/* Size updates, indices, literals of all three kinds. */
static size_t make_block(uint8_t *out, uint32_t entries)
{
	size_t n = 0;

	/* Only as many as there are for sure: blocks may evict what they refer to. */
	entries /= 2;
	for (uint32_t i = any(4) ? 0 : 1 + any(2); i; i--)
		n += put_integer(out + n, 0x20, 5, any(3) ? any(300) : any(4200));
	for (uint32_t i = 1 + any(10); i; i--) {
		static const uint8_t literal[] = {0x40, 0x00, 0x10};
		uint32_t kind = any(3);
		bool named = any(2);

		if (any(2)) {
			n += put_integer(out + n, 0x80, 7, any_index(entries));
			continue;
		}
		n += put_integer(out + n, literal[kind], kind ? 4 : 6,
				 named ? any_index(entries) : 0);
		n += named ? 0 : put_string(out + n);
		n += put_string(out + n);
	}
	return n;
}

static void compare_all(const struct decoded *ours, const struct decoded *theirs)
{
	assert_int_equal(ours->count, theirs->count);
	assert_memory_equal(ours->field, theirs->field, ours->count * sizeof(ours->field[0]));
	assert_int_equal(ours->length, theirs->length);
	if (ours->length)
		assert_memory_equal(ours->text, theirs->text, ours->length);
}

/* What nghttp2 decodes, we decode the same; what it refuses, we may bear. */
static void random_blocks_are_decoded_as_nghttp2_decodes_them(void **state)
{
	static struct decoded ours, theirs;
	size_t agreed = 0;

	(void)state;
	for (int i = 0; i < 4000; i++) {
		nghttp2_hd_inflater *inflater;
		struct hpack hpack;

		assert_int_equal(nghttp2_hd_inflate_new(&inflater), 0);
		hpack__init(&hpack, true);
		for (int k = 0; k < 40; k++) {
			uint8_t block[8192];
			size_t length = make_block(block, hpack.entry_count);

			ours.count = ours.length = 0;
			if (inflate(inflater, block, length, &theirs))
				break;
			assert_int_equal(hpack__decode(&hpack, slice__of(block, length),
						       take_decoded, &ours),
					 0);
			compare_all(&ours, &theirs);
			assert_int_equal(hpack.size,
					 nghttp2_hd_inflate_get_dynamic_table_size(inflater));
			agreed++;
		}
		hpack__clear(&hpack);
		nghttp2_hd_inflate_del(inflater);
	}
	assert_true(agreed > 20000);
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
		cmocka_unit_test(random_blocks_are_decoded_as_nghttp2_decodes_them),
		cmocka_unit_test(hostile_blocks_are_refused_or_decoded_within_bounds),
		cmocka_unit_test(huffman_examples_of_the_rfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
