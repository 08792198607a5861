/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "keys/patterns.h"

#include <stdlib.h>
#include <string.h>
#include "keys/key_template.h"
#include "rules/glob.h"

#define OWN_MAX	      64 /* patterns of the configuration at once */
#define TEMPLATES     200
#define TEMPLATES_MAX 10000
#define CAPACITY_MIN  64

/* A pattern by its number, and where the next one is whose text has the same few bits. */
struct known {
	uint32_t label;
	uint16_t next; /* 0: none */
};

struct key_patterns {
	struct labels *labels;
	char *own[OWN_MAX];
	uint16_t own_number[OWN_MAX];
	uint32_t own_count;
	struct key_learner *learner; /* NULL: nothing is made automatically */
	struct known *known;	     /* by number */
	uint32_t count, capacity;
	uint16_t bucket[256]; /* by a hash of the text; 0: empty */
	uint32_t templates, templates_max;
	uint64_t overflowed;
};

/* ---- numbers ---- */

static uint8_t bucket_of(struct slice text) /* FNV-1a; texts are few, and not chosen by strangers */
{
	uint32_t h = 0x811c9dc5;

	for (size_t i = 0; i < text.length; i++)
		h = (h ^ text.data[i]) * 0x01000193;
	return (uint8_t)(h ^ h >> 8 ^ h >> 16 ^ h >> 24);
}

static uint16_t find(const struct key_patterns *p, struct slice text)
{
	uint16_t number = p->bucket[bucket_of(text)];

	while (number && !slice__equals(text, labels__get(p->labels, p->known[number].label)->text))
		number = p->known[number].next;
	return number;
}

static bool grow(struct key_patterns *p)
{
	uint32_t capacity = p->capacity ? p->capacity * 2 : CAPACITY_MIN;
	struct known *known;

	if (p->count < p->capacity)
		return true;
	known = realloc(p->known, capacity * sizeof(*known));
	if (!known)
		return false;
	p->known = known;
	p->capacity = capacity;
	return true;
}

/* The number of a text that has none yet; `other` without memory. */
static uint16_t add(struct key_patterns *p, struct slice text)
{
	uint16_t *bucket = &p->bucket[bucket_of(text)];
	uint32_t label;

	if (p->count == KEY_PATTERNS_MIXED || !grow(p))
		return KEY_PATTERNS_OTHER;
	label = labels__key_pattern(p->labels, text);
	if (label == LABEL_OTHER)
		return KEY_PATTERNS_OTHER;
	p->known[p->count] = (struct known){label, *bucket};
	*bucket = (uint16_t)p->count++;
	return *bucket;
}

/* ---- keys ---- */

static uint16_t template_of(struct key_patterns *p, struct slice key)
{
	char out[KEY_TEMPLATE_MAX];
	size_t length = key_learner__template(p->learner, key, out);
	uint16_t number = length ? find(p, slice__of(out, length)) : 0;

	if (!number && length && p->templates < p->templates_max) {
		number = add(p, slice__of(out, length));
		p->templates += number > KEY_PATTERNS_OTHER;
	}
	if (number > KEY_PATTERNS_OTHER)
		return number;
	p->overflowed++;
	return KEY_PATTERNS_OTHER;
}

uint16_t key_patterns__of(struct key_patterns *p, struct slice key)
{
	if (key.length > KEY_BYTES_MAX)
		return KEY_PATTERNS_OTHER;
	for (uint32_t i = 0; i < p->own_count; i++)
		if (glob__fits(p->own[i], key))
			return p->own_number[i];
	return p->learner && key.length ? template_of(p, key) : KEY_PATTERNS_OTHER;
}

uint32_t key_patterns__label(const struct key_patterns *p, uint16_t pattern)
{
	return pattern < p->count ? p->known[pattern].label : LABEL_OTHER;
}

uint64_t key_patterns__overflowed(const struct key_patterns *p)
{
	return p->overflowed;
}

bool key_patterns__wanted(const struct key_patterns *p)
{
	return p->own_count || p->learner;
}

/* ---- life ---- */

static void clear_own(struct key_patterns *p)
{
	for (uint32_t i = 0; i < p->own_count; i++)
		free(p->own[i]);
	p->own_count = 0;
}

static void set_own(struct key_patterns *p, const char *const *patterns)
{
	clear_own(p);
	for (; patterns && *patterns && p->own_count < OWN_MAX; patterns++) {
		struct slice text = slice__text(*patterns);
		uint16_t number = find(p, text);
		char *copy = strdup(*patterns);

		if (!copy)
			return;
		p->own_number[p->own_count] = number ? number : add(p, text);
		p->own[p->own_count++] = copy;
	}
}

void key_patterns__set(struct key_patterns *p, const struct key_options *options)
{
	uint32_t most = options->templates ? options->templates : TEMPLATES;

	p->templates_max = most < TEMPLATES_MAX ? most : TEMPLATES_MAX;
	set_own(p, options->patterns);
	if (options->automatic && !p->learner)
		p->learner = key_learner__new();
	if (!options->automatic) {
		key_learner__free(p->learner);
		p->learner = NULL;
	}
}

struct key_patterns *key_patterns__new(struct labels *labels)
{
	struct key_patterns *p = calloc(1, sizeof(*p));

	if (!p || !grow(p)) {
		free(p);
		return NULL;
	}
	p->labels = labels;
	p->known[KEY_PATTERNS_NONE] = (struct known){LABEL_UNSEEN, 0};
	p->known[KEY_PATTERNS_OTHER] = (struct known){LABEL_OTHER, 0};
	p->count = KEY_PATTERNS_OTHER + 1;
	return p;
}

void key_patterns__free(struct key_patterns *p)
{
	if (!p)
		return;
	clear_own(p);
	key_learner__free(p->learner);
	free(p->known);
	free(p);
}
