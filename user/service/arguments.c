/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "service/arguments.h"

#include <stdio.h>
#include <string.h>

static void add(struct arguments *out, const char *text)
{
	if (out->count < ARGUMENTS_MAX)
		out->at[out->count++] = text;
}

/* A title or a joined command line: its words are the arguments. */
static void split_words(struct arguments *out)
{
	char *save = NULL;

	out->count = 0;
	for (char *word = strtok_r(out->copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		add(out, word);
}

void arguments__split(struct arguments *out, const char *bytes, size_t size)
{
	if (size > ARGUMENTS_SIZE)
		size = ARGUMENTS_SIZE;
	while (size && (bytes[size - 1] == '\0' || bytes[size - 1] == ' '))
		size--; /* the padding of a title */
	memcpy(out->copy, bytes, size);
	out->copy[size] = '\0';
	out->count = 0;
	snprintf(out->title, sizeof(out->title), "%.*s", TITLE_MAX - 1, out->copy);
	if (memchr(out->copy, '\0', size)) {
		for (size_t at = 0; at < size; at += strlen(out->copy + at) + 1)
			add(out, out->copy + at);
	} else {
		split_words(out);
	}
}

int arguments__operand(const struct arguments *a, int from, const char *const *with_value)
{
	for (int i = from; i < a->count; i++) {
		const char *text = a->at[i];

		if (strcmp(text, "--") == 0)
			return i + 1 < a->count ? i + 1 : 0;
		if (text[0] && (text[0] != '-' || !text[1]))
			return i;
		if (argument__is_one_of(text, with_value))
			i++;
	}
	return 0;
}

const char *arguments__value(const struct arguments *a, int from, const char *brief,
			     const char *full)
{
	size_t length = full ? strlen(full) : 0;

	for (int i = from; i < a->count; i++) {
		const char *text = a->at[i];

		if (full && strncmp(text, full, length) == 0 && text[length] == '=')
			return text + length + 1;
		if (i + 1 < a->count &&
		    ((brief && strcmp(text, brief) == 0) || (full && strcmp(text, full) == 0)))
			return a->at[i + 1];
	}
	return NULL;
}

bool argument__is_one_of(const char *text, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(text, *names) == 0)
			return true;
	return false;
}

const char *argument__base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}
