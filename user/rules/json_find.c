/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "json_find.h"

#include <stdlib.h>

struct cursor {
	const uint8_t *at, *end;
};

static void pass_space(struct cursor *c)
{
	while (c->at < c->end &&
	       (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
		c->at++;
}

static bool take(struct cursor *c, char byte)
{
	pass_space(c);
	if (c->at >= c->end || *c->at != (uint8_t)byte)
		return false;
	c->at++;
	return true;
}

/* After the opening quote (RFC 8259 section 7); false where the end is not there. */
static bool pass_string(struct cursor *c, struct slice *out)
{
	const uint8_t *first = c->at;

	for (; c->at < c->end; c->at++) {
		if (*c->at == '"') {
			*out = slice__of(first, (size_t)(c->at - first));
			c->at++;
			return true;
		}
		if (*c->at == '\\')
			c->at++;
	}
	c->at = c->end;
	return false;
}

static bool ends_scalar(uint8_t byte)
{
	return byte == ',' || byte == '}' || byte == ']' || byte == ' ' || byte == '\n' ||
	       byte == '\r' || byte == '\t';
}

/* A number or word; a text that ends within it is cut: its value is not known. */
static bool pass_scalar(struct cursor *c, bool whole, struct slice *out)
{
	const uint8_t *first = c->at;

	while (c->at < c->end && !ends_scalar(*c->at))
		c->at++;
	*out = slice__of(first, (size_t)(c->at - first));
	return out->length && (c->at < c->end || whole);
}

/* Passes over an object or array by counting brackets outside of strings: no recursion, any depth.
 */
static bool pass_nested(struct cursor *c)
{
	size_t depth = 0;
	struct slice ignored;

	while (c->at < c->end) {
		uint8_t byte = *c->at++;

		if (byte == '"' && !pass_string(c, &ignored))
			return false;
		if (byte == '{' || byte == '[')
			depth++;
		if ((byte == '}' || byte == ']') && --depth == 0)
			return true;
	}
	return false;
}

static bool pass_value(struct cursor *c)
{
	struct slice ignored;

	pass_space(c);
	if (c->at >= c->end)
		return false;
	if (*c->at == '{' || *c->at == '[')
		return pass_nested(c);
	if (take(c, '"'))
		return pass_string(c, &ignored);
	return pass_scalar(c, false, &ignored);
}

/* Leaves the cursor at the value of the member; false where it is not there. */
static bool enter_member(struct cursor *c, struct slice name)
{
	struct slice key;

	for (bool first = true;; first = false) {
		if (!first && !take(c, ','))
			return false;
		if (!take(c, '"') || !pass_string(c, &key) || !take(c, ':'))
			return false;
		if (key.length == name.length && memcmp(key.data, name.data, name.length) == 0)
			return true;
		if (!pass_value(c))
			return false;
	}
}

static bool enter_element(struct cursor *c, struct slice index)
{
	unsigned long n = 0;

	for (size_t i = 0; i < index.length; i++) {
		if (index.data[i] < '0' || index.data[i] > '9' || n > 100000)
			return false;
		n = n * 10 + (unsigned long)(index.data[i] - '0');
	}
	for (; n; n--)
		if (!pass_value(c) || !take(c, ','))
			return false;
	return true;
}

static bool enter(struct cursor *c, struct slice name)
{
	if (take(c, '{'))
		return enter_member(c, name);
	if (take(c, '['))
		return enter_element(c, name);
	return false;
}

bool json__find(struct slice text, const char *path, struct slice *out)
{
	struct cursor c = {text.data, text.data + text.length};

	while (*path) {
		const char *dot = strchr(path, '.');
		size_t length = dot ? (size_t)(dot - path) : strlen(path);

		if (!enter(&c, slice__of(path, length)))
			return false;
		path += length + (dot != NULL);
	}
	pass_space(&c);
	if (c.at >= c.end || *c.at == '{' || *c.at == '[')
		return false;
	if (take(&c, '"'))
		return pass_string(&c, out);
	return pass_scalar(&c, text.length && c.at == text.data, out);
}
