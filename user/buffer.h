/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Text that grows. A failed allocation marks it failed and turns further writes into nothing; check
 * once at the end. */
#ifndef SONDE_BUFFER_H
#define SONDE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct json_t; /* <jansson.h> */

struct buffer {
	char *data; /* NUL-terminated once anything was written; owned */
	size_t length;
	size_t capacity;
	bool failed;
	bool lent; /* set before the first write: of memory that is counted as an answer's (lent.h)
		    */
};

void buffer__clear(struct buffer *buffer); /* frees; the struct can be used again, as it was set */
void buffer__append(struct buffer *buffer, const char *data, size_t length);
void buffer__text(struct buffer *buffer, const char *text);
void buffer__json(struct buffer *buffer, const struct json_t *value); /* compact */
void buffer__printf(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
