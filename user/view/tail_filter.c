/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/tail_filter.h"

#include <stdio.h>
#include <string.h>

static void complain(struct tail_filter *f, const char *name, const char *wanted)
{
	if (!f->problem[0])
		snprintf(f->problem, sizeof(f->problem), "%s needs %s", name, wanted);
}

static bool is_one_of(const char *value, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(*names, value) == 0)
			return true;
	return false;
}

static void take_slower(struct tail_filter *f, const char *value)
{
	if (!line__duration(value, &f->line.slower_ns))
		complain(f, "slower", "a time: 250us, 100ms, 2s");
}

static void take_protocol(struct tail_filter *f, const char *value)
{
	static const char *const names[] = {"http", "postgres", "redis", NULL};

	if (is_one_of(value, names))
		f->line.protocol = value;
	else
		complain(f, "protocol", "http, postgres or redis");
}

static void take_side(struct tail_filter *f, const char *value)
{
	static const char *const names[] = {"server", "client", NULL};

	if (is_one_of(value, names))
		f->line.side = value;
	else
		complain(f, "side", "server or client");
}

static void take_text(const char **out, struct tail_filter *f, const char *name, const char *value)
{
	if (value[0])
		*out = value;
	else
		complain(f, name, "a value behind it");
}

static const char *const options[] = {"service",  "route", "status", "slower",
				      "protocol", "side",  NULL};

/* name: one of the options. */
static void take_option(struct tail_filter *f, const char *name, const char *value)
{
	if (strcmp(name, "slower") == 0)
		take_slower(f, value);
	else if (strcmp(name, "protocol") == 0)
		take_protocol(f, value);
	else if (strcmp(name, "side") == 0)
		take_side(f, value);
	else if (strcmp(name, "service") == 0)
		take_text(&f->line.service, f, name, value);
	else if (strcmp(name, "route") == 0)
		take_text(&f->line.route, f, name, value);
	else
		take_text(&f->line.status, f, name, value);
}

/* The name may have its value behind a `=`; else it is the next word. */
static void take_word(struct tail_filter *f, char *word, char **rest)
{
	char *name = word + (strncmp(word, "--", 2) == 0 ? 2 : 0), *equals = strchr(name, '=');
	const char *value;

	if (equals)
		*equals = '\0';
	if (!is_one_of(name, options)) {
		if (equals)
			*equals = '=';
		f->word[f->words++] = word;
		return;
	}
	value = equals ? equals + 1 : strtok_r(NULL, " ", rest);
	take_option(f, name, value ? value : "");
}

void tail_filter__parse(struct tail_filter *f, const char *text)
{
	char *rest = NULL, *word;

	memset(f, 0, sizeof(*f));
	snprintf(f->text, sizeof(f->text), "%s", text);
	for (word = strtok_r(f->text, " ", &rest); word && f->words < TAIL_FILTER_WORDS;
	     word = strtok_r(NULL, " ", &rest))
		take_word(f, word, &rest);
}

static bool holds(const json_t *e, const char *key, const char *word)
{
	const char *value = json_string_value(json_object_get(e, key));

	return value && strcasestr(value, word);
}

static bool shows(const json_t *e, const char *word)
{
	char status[64];

	line__status(e, status, sizeof(status));
	return strcasestr(line__subject(e), word) || strcasestr(status, word) ||
	       holds(e, "key_pattern", word) || holds(e, "service", word) ||
	       holds(e, "method", word) || holds(e, "protocol", word) || holds(e, "side", word) ||
	       holds(e, "comm", word);
}

bool tail_filter__admits(const struct tail_filter *f, const json_t *exchange)
{
	if (!line_filter__admits(&f->line, exchange))
		return false;
	for (size_t i = 0; i < f->words; i++)
		if (!shows(exchange, f->word[i]))
			return false;
	return true;
}
