/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "yaml_reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void complain(struct yaml_reader *r, size_t line, const char *format, va_list arguments)
{
	int used;

	if (r->failed)
		return;
	r->failed = true;
	used = snprintf(r->error, r->size, "%s:%zu: ", r->name, line);
	if (used > 0 && (size_t)used < r->size)
		vsnprintf(r->error + used, r->size - (size_t)used, format, arguments);
}

void yaml__fail(struct yaml_reader *r, const yaml_node_t *node, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(r, node ? node->start_mark.line + 1 : 1, format, arguments);
	va_end(arguments);
}

static void fail_at(struct yaml_reader *r, size_t line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void fail_at(struct yaml_reader *r, size_t line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(r, line, format, arguments);
	va_end(arguments);
}

/* What stands behind a `---` would be read by nobody. */
static void expect_end(struct yaml_reader *r, yaml_parser_t *parser)
{
	yaml_document_t second;

	if (!yaml_document_get_root_node(&r->document))
		return;
	if (!yaml_parser_load(parser, &second)) {
		fail_at(r, parser->problem_mark.line + 1, "this is not YAML: %s",
			parser->problem ? parser->problem : "it cannot be read");
		return;
	}
	if (yaml_document_get_root_node(&second))
		fail_at(r, second.start_mark.line + 1,
			"a second document begins here; one is all there can be");
	yaml_document_delete(&second);
}

int yaml_reader__open(struct yaml_reader *r, const char *name, const char *text, size_t length,
		      char *error, size_t size)
{
	yaml_parser_t parser;

	memset(r, 0, sizeof(*r));
	r->name = name;
	r->text = text;
	r->length = length;
	r->error = error;
	r->size = size;
	if (!yaml_parser_initialize(&parser)) {
		snprintf(error, size, "%s: no memory", name);
		return -ENOMEM;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	if (!yaml_parser_load(&parser, &r->document))
		fail_at(r, parser.problem_mark.line + 1, "this is not YAML: %s",
			parser.problem ? parser.problem : "it cannot be read");
	else
		expect_end(r, &parser);
	yaml_parser_delete(&parser);
	return r->failed ? -EINVAL : 0;
}

void yaml_reader__close(struct yaml_reader *r)
{
	yaml_document_delete(&r->document);
}

const yaml_node_t *yaml_reader__root(struct yaml_reader *r)
{
	return yaml_document_get_root_node(&r->document);
}

static const yaml_node_t *node_at(struct yaml_reader *r, int index)
{
	return yaml_document_get_node(&r->document, index);
}

const char *yaml__scalar(struct yaml_reader *r, const yaml_node_t *node)
{
	if (node && node->type == YAML_SCALAR_NODE) {
		const char *text = (const char *)node->data.scalar.value;

		if (strlen(text) == node->data.scalar.length)
			return text;
	}
	yaml__fail(r, node, "a single value is needed here, not a list or mapping");
	return NULL;
}

static void list_keys(const struct yaml_key *keys, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (; keys->name && used < size; keys++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "",
					 keys->name);
}

static const struct yaml_key *key_named(const struct yaml_key *keys, const char *name)
{
	for (; keys->name; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

static bool appears_before(struct yaml_reader *r, const yaml_node_t *mapping,
			   const yaml_node_pair_t *pair, const char *name)
{
	for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < pair; p++) {
		const yaml_node_t *key = node_at(r, p->key);

		if (key->type == YAML_SCALAR_NODE &&
		    strcmp((const char *)key->data.scalar.value, name) == 0)
			return true;
	}
	return false;
}

static void read_pair(struct yaml_reader *r, const yaml_node_t *mapping,
		      const yaml_node_pair_t *pair, const struct yaml_key *keys, void *target)
{
	const yaml_node_t *key_node = node_at(r, pair->key);
	const char *name = yaml__scalar(r, key_node);
	const struct yaml_key *key = name ? key_named(keys, name) : NULL;
	char known[512];

	if (!name)
		return;
	if (!key) {
		list_keys(keys, known, sizeof(known));
		yaml__fail(r, key_node, "there is no key `%.60s` here; the keys are: %s", name,
			   known);
	} else if (appears_before(r, mapping, pair, name)) {
		yaml__fail(r, key_node, "`%s` is given twice; keep one", name);
	} else {
		key->read(r, node_at(r, pair->value), key, (char *)target + key->offset);
	}
}

/* "web:" with all of its keys commented out. */
static bool is_nothing(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && !node->data.scalar.length &&
	       node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

void yaml__mapping(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *keys,
		   void *target)
{
	char known[512];

	if (r->failed || !node || is_nothing(node))
		return;
	if (node->type != YAML_MAPPING_NODE) {
		list_keys(keys, known, sizeof(known));
		yaml__fail(r, node, "a mapping is needed here, with keys of: %s", known);
		return;
	}
	for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
	     p < node->data.mapping.pairs.top && !r->failed; p++)
		read_pair(r, node, p, keys, target);
}

const yaml_node_t *yaml__get(struct yaml_reader *r, const yaml_node_t *mapping, const char *key)
{
	if (!mapping || mapping->type != YAML_MAPPING_NODE)
		return NULL;
	for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start;
	     p < mapping->data.mapping.pairs.top; p++) {
		const yaml_node_t *name = node_at(r, p->key);

		if (name->type == YAML_SCALAR_NODE &&
		    strcmp((const char *)name->data.scalar.value, key) == 0)
			return node_at(r, p->value);
	}
	return NULL;
}

void yaml__each(struct yaml_reader *r, const yaml_node_t *node,
		void (*take)(struct yaml_reader *reader, const yaml_node_t *item, void *context),
		void *context)
{
	if (r->failed || !node)
		return;
	if (node->type != YAML_SEQUENCE_NODE) {
		take(r, node, context);
		return;
	}
	for (const yaml_node_item_t *i = node->data.sequence.items.start;
	     i < node->data.sequence.items.top && !r->failed; i++)
		take(r, node_at(r, *i), context);
}

/* A number, and the unit behind it that it is to be multiplied by. */
struct unit {
	const char *name;
	unsigned long long factor;
};

static bool with_unit(const char *text, const struct unit *units, unsigned long long *out)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || end == text || text[0] == '-')
		return false;
	for (; units->name; units++)
		if (strcmp(end, units->name) == 0)
			return !__builtin_mul_overflow(number, units->factor, out);
	return false;
}

unsigned long long yaml__duration(struct yaml_reader *r, const yaml_node_t *node)
{
	static const struct unit units[] = {{"ms", 1000000ull},	      {"s", 1000000000ull},
					    {"m", 60000000000ull},    {"h", 3600000000000ull},
					    {"d", 86400000000000ull}, {0}};
	const char *text = yaml__scalar(r, node);
	unsigned long long ns = 0;

	if (text && !with_unit(text, units, &ns))
		yaml__fail(r, node,
			   "`%.40s` is no duration; write it like 250ms, 10s, 5m, 1h or 2d", text);
	return ns;
}

/* ---- readers for tables ---- */

void yaml__read_mapping(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			void *target)
{
	yaml__mapping(r, node, key->keys, target);
}

static bool is_choice(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		      const char *text)
{
	char all[256] = "";
	size_t used = 0;

	for (const char *const *c = key->choices; c && *c; c++) {
		if (strcmp(*c, text) == 0)
			return true;
		if (used < sizeof(all))
			used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
						 used ? ", " : "", *c);
	}
	if (key->choices)
		yaml__fail(r, node, "%s cannot be `%.60s`; it is one of: %s", key->name, text, all);
	return !key->choices;
}

void yaml__read_text(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		     void *target)
{
	const char *text = yaml__scalar(r, node);

	if (!text || !is_choice(r, node, key, text))
		return;
	if (strlen(text) >= key->size)
		yaml__fail(r, node, "%s is too long; at most %zu bytes fit", key->name,
			   key->size - 1);
	else
		strcpy(target, text);
}

void yaml__read_copy(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		     void *target)
{
	const char *text = yaml__scalar(r, node);
	char **out = target;

	if (!text || !is_choice(r, node, key, text))
		return;
	free(*out);
	*out = strdup(text);
	if (!*out)
		yaml__fail(r, node, "no memory");
}

void yaml__read_u32(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		    void *target)
{
	const char *text = yaml__scalar(r, node);
	char *end = NULL;
	long long number;

	if (!text)
		return;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno || end == text || *end || number < key->low || number > key->high)
		yaml__fail(r, node,
			   "%s cannot be `%.40s`; a whole number from %lld to %lld is needed",
			   key->name, text, key->low, key->high);
	else
		*(uint32_t *)target = (uint32_t)number;
}

void yaml__read_seconds(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
			void *target)
{
	unsigned long long ns = yaml__duration(r, node), seconds = ns / 1000000000ull;

	if (r->failed)
		return;
	if (ns % 1000000000ull)
		yaml__fail(r, node, "%s must be whole seconds, like 10s", key->name);
	else if (seconds < (unsigned long long)key->low || seconds > (unsigned long long)key->high)
		yaml__fail(r, node, "%s must be from %llds to %llds", key->name, key->low,
			   key->high);
	else
		*(uint32_t *)target = (uint32_t)seconds;
}

void yaml__read_bytes(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		      void *target)
{
	static const struct unit units[] = {
		{"", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}, {0}};
	const char *text = yaml__scalar(r, node);
	unsigned long long bytes;

	if (!text)
		return;
	if (!with_unit(text, units, &bytes) || bytes < (unsigned long long)key->low ||
	    bytes > (unsigned long long)key->high)
		yaml__fail(
			r, node,
			"%s cannot be `%.40s`; a size from %lld to %lld bytes is needed, like 8MiB",
			key->name, text, key->low, key->high);
	else
		*(uint32_t *)target = (uint32_t)bytes;
}

unsigned long long yaml__fingerprint(const struct yaml_reader *r, const yaml_node_t *node)
{
	size_t end = node->end_mark.index < r->length ? node->end_mark.index : r->length;
	unsigned long long hash = 0xcbf29ce484222325ull;

	for (size_t i = node->start_mark.index; i < end; i++)
		hash = (hash ^ (unsigned char)r->text[i]) * 0x100000001b3ull;
	return hash;
}

void yaml__ignore(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		  void *target)
{
	(void)r;
	(void)node;
	(void)key;
	(void)target;
}

void yaml__read_bool(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		     void *target)
{
	const char *text = yaml__scalar(r, node);

	if (!text)
		return;
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		yaml__fail(r, node, "%s cannot be `%.40s`; it is true or false", key->name, text);
	else
		*(bool *)target = text[0] == 't';
}
