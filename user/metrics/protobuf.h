/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Fields of Protocol Buffers messages (protobuf.dev/programming-guides/encoding), appended. */
#ifndef SONDE_PROTOBUF_H
#define SONDE_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>
#include "buffer.h"

void protobuf__varint(struct buffer *out, uint64_t value);
/* int32, uint64, enum: as they are; sint32, sint64: zigzag */
void protobuf__uint(struct buffer *out, unsigned int field, uint64_t value);
void protobuf__sint(struct buffer *out, unsigned int field, int64_t value);
void protobuf__double(struct buffer *out, unsigned int field, double value);
/* string, bytes, an inner message, packed numbers */
void protobuf__bytes(struct buffer *out, unsigned int field, const char *data, size_t length);
uint64_t protobuf__zigzag(int64_t value);

#endif
