/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Header blocks to our decoder, to one that joins late, and to nghttp2's inflater: what nghttp2
 * takes we decode the same, and who came late knows less but nothing else.
 */
#include <nghttp2/nghttp2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "protocol/hpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIELDS 256
#define TEXT   HPACK_TEXT_MAX

struct field {
	bool known;
	uint32_t name, value;
	uint8_t text[2 * TEXT];
};

struct decoded {
	size_t count;
	struct field field[FIELDS];
};

static void take(void *context, const struct hpack_field *field)
{
	struct decoded *d = context;
	struct field *f = &d->field[d->count];

	if (field->name.length > TEXT || field->value.length > TEXT)
		abort();
	if (d->count++ >= FIELDS)
		return;
	*f = (struct field){.known = field->known,
			    .name = (uint32_t)field->name.length,
			    .value = (uint32_t)field->value.length};
	if (f->name)
		memcpy(f->text, field->name.data, f->name);
	if (f->value)
		memcpy(f->text + f->name, field->value.data, f->value);
}

static bool inflate(nghttp2_hd_inflater *inflater, const uint8_t *block, size_t length,
		    struct decoded *out)
{
	int flags = 0;

	out->count = 0;
	while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
		struct hpack_field field = {.known = true};
		nghttp2_nv nv;
		ssize_t n;

		flags = 0;
		n = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, block, length, 1);
		if (n < 0)
			return false;
		block += n;
		length -= (size_t)n;
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT))
			continue;
		if (nv.namelen > TEXT || nv.valuelen > TEXT)
			return false; /* more than we keep */
		field.name = slice__of(nv.name, nv.namelen);
		field.value = slice__of(nv.value, nv.valuelen);
		take(out, &field);
	}
	return nghttp2_hd_inflate_end_headers(inflater) == 0 && out->count <= FIELDS;
}

static void same(const struct decoded *a, const struct decoded *b)
{
	if (a->count != b->count)
		abort();
	for (size_t i = 0; i < a->count; i++) {
		const struct field *x = &a->field[i], *y = &b->field[i];

		if (!y->known)
			continue;
		if (!x->known || x->name != y->name || x->value != y->value ||
		    memcmp(x->text, y->text, x->name + x->value) != 0)
			abort();
	}
}

/* The input: the block at which the late one joins, then blocks of {length, bytes}. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct decoded theirs, ours, late;
	nghttp2_hd_inflater *inflater;
	struct hpack begun, joined;
	unsigned int number = 0;

	if (!size || nghttp2_hd_inflate_new(&inflater))
		return 0;
	hpack__init(&begun, true);
	hpack__init(&joined, false);
	for (size_t at = 1; at < size; number++) {
		size_t length = data[at++];

		if (length > size - at)
			length = size - at;
		ours.count = late.count = 0;
		if (!inflate(inflater, data + at, length, &theirs))
			break;
		if (hpack__decode(&begun, slice__of(data + at, length), take, &ours))
			abort();
		same(&theirs, &ours);
		if (begun.size != nghttp2_hd_inflate_get_dynamic_table_size(inflater))
			abort();
		if (number >= data[0] % 8) {
			if (hpack__decode(&joined, slice__of(data + at, length), take, &late))
				abort();
			same(&ours, &late);
		}
		at += length;
	}
	hpack__clear(&begun);
	hpack__clear(&joined);
	nghttp2_hd_inflate_del(inflater);
	return 0;
}
