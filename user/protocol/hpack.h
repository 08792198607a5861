/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * HPACK (RFC 7541) as an observer needs it: tolerant, bounded, and honest about what it never saw.
 * An index into entries that were inserted before we looked yields an unknown field, never a wrong
 * one.
 */
#ifndef SONDE_HPACK_H
#define SONDE_HPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "slice.h"

#define HPACK_TABLE_DEFAULT 4096	/* SETTINGS_HEADER_TABLE_SIZE, RFC 9113 section 6.5.2 */
#define HPACK_TABLE_MAX	    (64 * 1024) /* a larger one is followed for its newest part only */
#define HPACK_TEXT_MAX	    2048	/* of one name or value; the rest is counted, not kept */

/* One direction's dynamic table. Zeroed is a valid empty table; memory is taken at the first
 * insertion. */
struct hpack {
	struct hpack_entry *entry; /* a ring, newest last */
	uint32_t entry_capacity;
	uint32_t entry_first;
	uint32_t entry_count;
	uint8_t *text; /* names and values of the entries, in order */
	uint32_t text_capacity;
	uint32_t text_first;
	uint32_t text_end;
	uint32_t size;	   /* as RFC 7541 section 4.1 counts it */
	uint32_t max_size; /* 0 until initialised */
	bool incomplete;   /* older entries exist that we do not know */
};

struct hpack_field {
	struct slice name;  /* both valid during the call only */
	struct slice value; /* at most HPACK_TEXT_MAX */
	bool known;	    /* false: an index that was never seen; name and value are empty */
};

typedef void (*hpack_take)(void *context, const struct hpack_field *field);

void hpack__init(struct hpack *hpack, bool begun);
void hpack__clear(struct hpack *hpack);
/* A header block was missed: what the table holds now is not known any more. */
void hpack__forget(struct hpack *hpack);
/* Decodes one whole header block. 0, -EBADMSG where it contradicts RFC 7541, -ENOMEM. */
int hpack__decode(struct hpack *hpack, struct slice block, hpack_take take, void *context);
/*
 * A Huffman string (RFC 7541 section 5.2) into out; returns its decoded length, which may exceed
 * size (the rest is dropped), or -1 where it is malformed.
 */
ptrdiff_t huffman__decode(struct slice in, uint8_t *out, size_t size);

#endif
