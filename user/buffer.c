/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "buffer.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lent.h"

#define DOUBLED_TO (1u << 20) /* a long text's room stays near what it needs */

static size_t enough(const struct buffer *buffer, size_t needed)
{
	size_t capacity = buffer->capacity ? buffer->capacity : 256;

	while (capacity < needed)
		capacity += capacity < DOUBLED_TO ? capacity : capacity / 8;
	return capacity;
}

static bool reserve(struct buffer *buffer, size_t more)
{
	size_t capacity;
	char *data;

	if (buffer->failed || more > SIZE_MAX / 2 - buffer->length)
		return !(buffer->failed = true);
	if (buffer->length + more + 1 <= buffer->capacity)
		return true;
	capacity = enough(buffer, buffer->length + more + 1);
	data = buffer->lent ? lent__realloc(buffer->data, capacity)
			    : realloc(buffer->data, capacity);
	if (!data)
		return !(buffer->failed = true);
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

void buffer__clear(struct buffer *buffer)
{
	if (buffer->lent)
		lent__free(buffer->data);
	else
		free(buffer->data);
	*buffer = (struct buffer){.lent = buffer->lent};
}

void buffer__append(struct buffer *buffer, const char *data, size_t length)
{
	if (!reserve(buffer, length))
		return;
	if (length)
		memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void buffer__text(struct buffer *buffer, const char *text)
{
	buffer__append(buffer, text, strlen(text));
}

static int append_part(const char *data, size_t length, void *buffer)
{
	buffer__append(buffer, data, length);
	return 0;
}

void buffer__json(struct buffer *buffer, const struct json_t *value)
{
	if (json_dump_callback(value, append_part, buffer, JSON_COMPACT))
		buffer->failed = true;
}

void buffer__printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0 || !reserve(buffer, (size_t)length))
		return;
	va_start(arguments, format);
	vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
	va_end(arguments);
	buffer->length += (size_t)length;
}
