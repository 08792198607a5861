/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "queues/msgpack.h"

/* A big-endian number of 1, 2, 4 or 8 bytes at an offset. */
static bool big_endian(struct slice s, size_t offset, size_t size, uint64_t *out)
{
	if (s.length < offset + size)
		return false;
	*out = 0;
	for (size_t i = 0; i < size; i++)
		*out = *out << 8 | s.data[offset + i];
	return true;
}

/* The length that follows a type byte: `first` has one of 8 bits, the next ones of 16 and 32. */
static bool sized(struct slice s, uint8_t first, uint64_t *length, size_t *head)
{
	size_t size = (size_t)1 << (s.data[0] - first);

	*head = 1 + size;
	return big_endian(s, 1, size, length);
}

static bool take(struct slice *rest, uint64_t bytes)
{
	if (bytes > rest->length)
		return false;
	*rest = slice__from(*rest, (size_t)bytes);
	return true;
}

bool msgpack__string(struct slice *rest, struct slice *out)
{
	uint64_t length;
	size_t head = 1;

	if (!rest->length)
		return false;
	if ((rest->data[0] & 0xe0) == 0xa0)
		length = rest->data[0] & 0x1f;
	else if (rest->data[0] < 0xd9 || rest->data[0] > 0xdb ||
		 !sized(*rest, 0xd9, &length, &head))
		return false;
	if (rest->length - head < length)
		return false;
	*out = slice__sub(*rest, head, (size_t)length);
	return take(rest, head + length);
}

/* fix: type byte of the short form, its low four bits the count; long16: that of the 16-bit form.
 */
static bool counted(struct slice *rest, uint8_t fix, uint8_t long16, uint32_t *count)
{
	uint64_t n;
	size_t size;

	if (!rest->length)
		return false;
	if ((rest->data[0] & 0xf0) == fix) {
		*count = rest->data[0] & 0x0f;
		return take(rest, 1);
	}
	if (rest->data[0] != long16 && rest->data[0] != long16 + 1)
		return false;
	size = rest->data[0] == long16 ? 2 : 4;
	if (!big_endian(*rest, 1, size, &n))
		return false;
	*count = (uint32_t)n;
	return take(rest, 1 + size);
}

bool msgpack__array(struct slice *rest, uint32_t *count)
{
	return counted(rest, 0x90, 0xdc, count);
}

bool msgpack__map(struct slice *rest, uint32_t *count)
{
	return counted(rest, 0x80, 0xde, count);
}

static double as_float(uint64_t bits, size_t size)
{
	uint32_t half = (uint32_t)bits;
	double wide;
	float narrow;

	memcpy(&wide, &bits, sizeof(wide));
	memcpy(&narrow, &half, sizeof(narrow));
	return size == 8 ? wide : (double)narrow;
}

static int64_t as_signed(uint64_t bits, size_t size)
{
	switch (size) {
	case 1:
		return (int8_t)bits;
	case 2:
		return (int16_t)bits;
	case 4:
		return (int32_t)bits;
	default:
		return (int64_t)bits;
	}
}

bool msgpack__number(struct slice *rest, double *out)
{
	uint8_t type = rest->length ? rest->data[0] : 0xc1;
	size_t size;
	uint64_t n;

	if (type < 0x80 || type >= 0xe0) {
		*out = (int8_t)type;
		return take(rest, 1);
	}
	if (type < 0xca || type > 0xd3)
		return false;
	size = type < 0xcc ? (size_t)4 << (type - 0xca) : (size_t)1 << ((type - 0xcc) & 3);
	if (!big_endian(*rest, 1, size, &n))
		return false;
	if (type < 0xcc)
		*out = as_float(n, size);
	else if (type < 0xd0)
		*out = (double)n;
	else
		*out = (double)as_signed(n, size);
	return take(rest, 1 + size);
}

/* Binary and extension types: length, a type byte for extensions, bytes. */
static bool skip_bytes(struct slice *rest)
{
	uint8_t type = rest->data[0];
	uint64_t length;
	size_t head;

	if (type >= 0xd4 && type <= 0xd8)
		return take(rest, 2 + ((uint64_t)1 << (type - 0xd4)));
	if (type < 0xc4 || type > 0xc9)
		return false;
	if (!sized(*rest, type <= 0xc6 ? 0xc4 : 0xc7, &length, &head))
		return false;
	return take(rest, head + length + (type > 0xc6));
}

/* Without recursion: how many values are still to come, nested ones included. */
bool msgpack__skip(struct slice *rest)
{
	struct slice string;
	uint64_t left = 1;
	uint32_t count;
	double number;

	for (; left; left--) {
		if (!rest->length)
			return false;
		if (rest->data[0] == 0xc0 || rest->data[0] == 0xc2 || rest->data[0] == 0xc3) {
			take(rest, 1);
		} else if (msgpack__map(rest, &count)) {
			left += 2 * (uint64_t)count;
		} else if (msgpack__array(rest, &count)) {
			left += count;
		} else if (!msgpack__string(rest, &string) && !msgpack__number(rest, &number) &&
			   !skip_bytes(rest)) {
			return false;
		}
	}
	return true;
}
