/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "metrics/protobuf.h"

#include <string.h>

enum wire { WIRE_VARINT = 0, WIRE_I64 = 1, WIRE_LEN = 2 };

void protobuf__varint(struct buffer *out, uint64_t value)
{
	char bytes[10];
	size_t length = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[length++] = (char)(value | 0x80);
	bytes[length++] = (char)value;
	buffer__append(out, bytes, length);
}

static void tag(struct buffer *out, unsigned int field, enum wire wire)
{
	protobuf__varint(out, field << 3 | wire);
}

void protobuf__uint(struct buffer *out, unsigned int field, uint64_t value)
{
	tag(out, field, WIRE_VARINT);
	protobuf__varint(out, value);
}

uint64_t protobuf__zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

void protobuf__sint(struct buffer *out, unsigned int field, int64_t value)
{
	protobuf__uint(out, field, protobuf__zigzag(value));
}

void protobuf__double(struct buffer *out, unsigned int field, double value)
{
	uint64_t bits;
	char bytes[8];

	memcpy(&bits, &value, sizeof(bits));
	for (int i = 0; i < 8; i++)
		bytes[i] = (char)(bits >> (8 * i));
	tag(out, field, WIRE_I64);
	buffer__append(out, bytes, sizeof(bytes));
}

void protobuf__bytes(struct buffer *out, unsigned int field, const char *data, size_t length)
{
	tag(out, field, WIRE_LEN);
	protobuf__varint(out, length);
	if (length)
		buffer__append(out, data, length);
}
