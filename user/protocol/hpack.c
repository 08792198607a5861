/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "hpack.h"

#include <errno.h>
#include <stdlib.h>

#define ENTRY_OVERHEAD 32 /* RFC 7541 section 4.1 */
#define STATIC_COUNT   61
#define INTEGER_MAX    (1u << 28)

struct hpack_entry {
	uint32_t offset; /* of the name in text; the value follows */
	uint32_t name;	 /* bytes kept */
	uint32_t value;
	uint32_t size; /* as section 4.1 counts it, of the whole */
	bool known;
};

struct text_pair {
	const char *name;
	const char *value;
};

/* RFC 7541 appendix A. */
static const struct text_pair static_table[STATIC_COUNT + 1] = {
	{"", ""},
	{":authority", ""},
	{":method", "GET"},
	{":method", "POST"},
	{":path", "/"},
	{":path", "/index.html"},
	{":scheme", "http"},
	{":scheme", "https"},
	{":status", "200"},
	{":status", "204"},
	{":status", "206"},
	{":status", "304"},
	{":status", "400"},
	{":status", "404"},
	{":status", "500"},
	{"accept-charset", ""},
	{"accept-encoding", "gzip, deflate"},
	{"accept-language", ""},
	{"accept-ranges", ""},
	{"accept", ""},
	{"access-control-allow-origin", ""},
	{"age", ""},
	{"allow", ""},
	{"authorization", ""},
	{"cache-control", ""},
	{"content-disposition", ""},
	{"content-encoding", ""},
	{"content-language", ""},
	{"content-length", ""},
	{"content-location", ""},
	{"content-range", ""},
	{"content-type", ""},
	{"cookie", ""},
	{"date", ""},
	{"etag", ""},
	{"expect", ""},
	{"expires", ""},
	{"from", ""},
	{"host", ""},
	{"if-match", ""},
	{"if-modified-since", ""},
	{"if-none-match", ""},
	{"if-range", ""},
	{"if-unmodified-since", ""},
	{"last-modified", ""},
	{"link", ""},
	{"location", ""},
	{"max-forwards", ""},
	{"proxy-authenticate", ""},
	{"proxy-authorization", ""},
	{"range", ""},
	{"referer", ""},
	{"refresh", ""},
	{"retry-after", ""},
	{"server", ""},
	{"set-cookie", ""},
	{"strict-transport-security", ""},
	{"transfer-encoding", ""},
	{"user-agent", ""},
	{"vary", ""},
	{"via", ""},
	{"www-authenticate", ""},
};

void hpack__init(struct hpack *hpack, bool begun)
{
	*hpack = (struct hpack){.max_size = HPACK_TABLE_DEFAULT, .incomplete = !begun};
}

void hpack__clear(struct hpack *hpack)
{
	free(hpack->entry);
	free(hpack->text);
	*hpack = (struct hpack){.max_size = hpack->max_size, .incomplete = hpack->incomplete};
}

void hpack__forget(struct hpack *hpack)
{
	hpack__clear(hpack);
	hpack->incomplete = true;
}

static struct hpack_entry *entry_at(const struct hpack *h, uint32_t from_oldest)
{
	/* Never called while there is no entry. NOLINTNEXTLINE(clang-analyzer-core.DivideZero) */
	return &h->entry[(h->entry_first + from_oldest) % h->entry_capacity];
}

static void evict(struct hpack *h, uint32_t limit)
{
	while (h->entry_count && h->size > limit) {
		struct hpack_entry *oldest = entry_at(h, 0);

		h->size -= oldest->size;
		h->text_first = oldest->offset + oldest->name + oldest->value;
		h->entry_first = (h->entry_first + 1) % h->entry_capacity;
		h->entry_count--;
	}
	if (!h->entry_count)
		h->text_first = h->text_end = 0;
}

static bool room_for_entry(struct hpack *h)
{
	uint32_t capacity = h->entry_capacity ? h->entry_capacity * 2 : 16;
	struct hpack_entry *entry;

	if (h->entry_count < h->entry_capacity)
		return true;
	entry = malloc(capacity * sizeof(*entry));
	if (!entry)
		return false;
	for (uint32_t i = 0; i < h->entry_count; i++)
		entry[i] = *entry_at(h, i);
	free(h->entry);
	h->entry = entry;
	h->entry_capacity = capacity;
	h->entry_first = 0;
	return true;
}

/* Moves the live text to the front, then grows if that is not enough; at most twice the table's
 * size. */
static bool room_for_text(struct hpack *h, uint32_t length)
{
	uint32_t live = h->text_end - h->text_first, capacity = h->text_capacity;
	uint8_t *text;

	if (length <= h->text_capacity - h->text_end)
		return true;
	if (live)
		memmove(h->text, h->text + h->text_first, live);
	for (uint32_t i = 0; i < h->entry_count; i++)
		entry_at(h, i)->offset -= h->text_first;
	h->text_first = 0;
	h->text_end = live;
	if (length <= capacity / 2 && live <= capacity / 2)
		return true;
	while (capacity < 2 * (live + length))
		capacity = capacity ? capacity * 2 : 512;
	text = realloc(h->text, capacity);
	if (!text)
		return false;
	h->text = text;
	h->text_capacity = capacity;
	return true;
}

/* size: of the whole field, of which name and value may be the kept beginning. */
static int insert(struct hpack *h, const struct hpack_field *field, uint32_t size)
{
	uint32_t name = (uint32_t)field->name.length, value = (uint32_t)field->value.length;

	evict(h, size > h->max_size ? 0 : h->max_size - size);
	if (size > h->max_size) {
		h->incomplete = false; /* an entry larger than the table empties it, section 4.4 */
		return 0;
	}
	if (!room_for_entry(h) || !room_for_text(h, name + value))
		return -ENOMEM;
	if (name)
		memcpy(h->text + h->text_end, field->name.data, name);
	if (value)
		memcpy(h->text + h->text_end + name, field->value.data, value);
	*entry_at(h, h->entry_count++) = (struct hpack_entry){.offset = h->text_end,
							      .name = name,
							      .value = value,
							      .size = size,
							      .known = field->known};
	h->text_end += name + value;
	h->size += size;
	return 0;
}

/* There is no text yet where all that was inserted is empty. */
static struct slice text_at(const struct hpack *h, uint32_t offset, uint32_t length)
{
	return length ? slice__of(h->text + offset, length) : (struct slice){0};
}

/* Index of section 2.3.3 into both tables; false where it points nowhere. */
static bool look_up(const struct hpack *h, uint32_t index, struct hpack_field *field,
		    uint32_t *size)
{
	const struct hpack_entry *entry;

	*field = (struct hpack_field){.known = true};
	*size = 0;
	if (!index)
		return false;
	if (index <= STATIC_COUNT) {
		field->name = slice__text(static_table[index].name);
		field->value = slice__text(static_table[index].value);
		return true;
	}
	index -= STATIC_COUNT + 1;
	if (index >= h->entry_count) {
		field->known = false;
		return h->incomplete;
	}
	entry = entry_at(h, h->entry_count - 1 - index);
	field->name = text_at(h, entry->offset, entry->name);
	field->value = text_at(h, entry->offset + entry->name, entry->value);
	field->known = entry->known;
	*size = entry->size;
	return true;
}

/* Section 5.1. Advances *at; false where it is cut or absurd. */
static bool integer(struct slice block, size_t *at, unsigned int prefix, uint32_t *out)
{
	uint32_t mask = (1u << prefix) - 1;
	uint64_t value;

	if (*at >= block.length)
		return false;
	value = block.data[(*at)++] & mask;
	if (value == mask) {
		for (unsigned int shift = 0;; shift += 7) {
			uint8_t byte;

			if (*at >= block.length || shift > 28)
				return false;
			byte = block.data[(*at)++];
			value += (uint64_t)(byte & 0x7f) << shift;
			if (!(byte & 0x80))
				break;
		}
	}
	*out = (uint32_t)value;
	return value < INTEGER_MAX;
}

/* Section 5.2. out: what is kept of it, in scratch where it was Huffman-coded; *whole: its decoded
 * length. */
static bool string(struct slice block, size_t *at, uint8_t *scratch, struct slice *out,
		   uint32_t *whole)
{
	bool huffman = *at < block.length && block.data[*at] & 0x80;
	uint32_t length;
	ptrdiff_t decoded;

	if (!integer(block, at, 7, &length) || length > block.length - *at)
		return false;
	*out = slice__sub(block, *at, length);
	*at += length;
	if (huffman) {
		decoded = huffman__decode(*out, scratch, HPACK_TEXT_MAX);
		if (decoded < 0)
			return false;
		*out = slice__of(scratch, (size_t)decoded);
	}
	*whole = (uint32_t)out->length;
	if (out->length > HPACK_TEXT_MAX)
		out->length = HPACK_TEXT_MAX;
	return true;
}

/* Sections 6.2.1 to 6.2.3. */
static int literal(struct hpack *h, struct slice block, size_t *at, hpack_take take, void *context)
{
	uint8_t names[HPACK_TEXT_MAX], values[HPACK_TEXT_MAX];
	bool index_it = (block.data[*at] & 0xc0) == 0x40;
	uint32_t index, name_size, value_size, ignored;
	struct hpack_field field;

	if (!integer(block, at, index_it ? 6 : 4, &index))
		return -EBADMSG;
	if (index) {
		if (!look_up(h, index, &field, &ignored))
			return -EBADMSG;
		name_size = (uint32_t)field.name.length;
		if (field.name.length) /* the table may move under it when inserting */
			memcpy(names, field.name.data, field.name.length);
		field.name.data = names;
	} else {
		field = (struct hpack_field){.known = true};
		if (!string(block, at, names, &field.name, &name_size))
			return -EBADMSG;
	}
	if (!string(block, at, values, &field.value, &value_size))
		return -EBADMSG;
	take(context, &field);
	return index_it ? insert(h, &field, name_size + value_size + ENTRY_OVERHEAD) : 0;
}

static int indexed(struct hpack *h, struct slice block, size_t *at, hpack_take take, void *context)
{
	struct hpack_field field;
	uint32_t index, size;

	if (!integer(block, at, 7, &index) || !look_up(h, index, &field, &size))
		return -EBADMSG;
	if (!field.known)
		field.name = field.value = (struct slice){0};
	take(context, &field);
	return 0;
}

static int resize(struct hpack *h, struct slice block, size_t *at)
{
	uint32_t size;

	if (!integer(block, at, 5, &size))
		return -EBADMSG;
	h->max_size = size < HPACK_TABLE_MAX ? size : HPACK_TABLE_MAX;
	h->incomplete |= size > HPACK_TABLE_MAX;
	evict(h, h->max_size);
	if (!size)
		h->incomplete = false; /* emptied at the far end as well */
	return 0;
}

int hpack__decode(struct hpack *h, struct slice block, hpack_take take, void *context)
{
	for (size_t at = 0; at < block.length;) {
		uint8_t first = block.data[at];
		int error;

		if (first & 0x80)
			error = indexed(h, block, &at, take, context);
		else if ((first & 0xe0) == 0x20)
			error = resize(h, block, &at);
		else
			error = literal(h, block, &at, take, context);
		if (error)
			return error;
	}
	return 0;
}
