/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Patterns of keys, kept from a command to its reply. Mostly all keys of a command fit the same
 * one, which its entry holds; where they do not, the list of them is a detail, and so is what the
 * reply tells of each. The keys themselves are not kept.
 */
#include "keys/patterns.h"
#include "protocol/redis_internal.h"

static struct redis *state_of(const struct parser *parser)
{
	return parser->state;
}

static void keep(struct parser *parser, struct pending *entry, uint16_t pattern)
{
	parser__keep_detail(parser, entry, DETAIL_KEYS, slice__of(&pattern, sizeof(pattern)));
}

void redis_patterns__key(struct parser *parser, struct pending *p, struct slice key)
{
	struct request *r = &state_of(parser)->request;
	uint16_t pattern = parser__key(parser, key), first = p->pattern;
	uint32_t before = r->named++;

	if (!before)
		p->pattern = pattern;
	else if (first == KEY_PATTERNS_MIXED)
		keep(parser, p, pattern);
	if (!before || first == pattern || first == KEY_PATTERNS_MIXED)
		return;
	p->pattern = KEY_PATTERNS_MIXED;
	while (before--)
		keep(parser, p, first);
	keep(parser, p, pattern);
}

/* ---- transactions: as the readings, the patterns are queued ---- */

static size_t queued(const struct reply *r)
{
	return details__get(r->queued_patterns, DETAIL_KEYS).length / sizeof(uint16_t);
}

void redis_patterns__queue(struct parser *parser, const struct pending *entry)
{
	struct reply *r = &state_of(parser)->reply;
	struct pending holder = {.details = r->queued_patterns};

	if (!redis_patterns__wanted(parser) || queued(r) != r->queued)
		return; /* not from its beginning, or it was too much: the rest is not told */
	keep(parser, &holder, entry->pattern);
	r->queued_patterns = holder.details;
}

void redis_patterns__unqueue(struct reply *r)
{
	details__free(r->queued_patterns);
	r->queued_patterns = NULL;
}

/* ---- replies ---- */

static uint16_t at(const struct details *details, uint32_t index)
{
	struct slice all =
		slice__from(details__get(details, DETAIL_KEYS), (size_t)index * sizeof(uint16_t));
	uint16_t pattern;

	return redis_pattern__next(&all, &pattern) ? pattern : KEY_PATTERNS_NONE;
}

static void found(struct parser *parser, struct pending *p, uint16_t pattern, uint32_t hits,
		  uint32_t misses)
{
	struct redis_found record = {pattern, (uint16_t)hits, (uint16_t)misses};

	if (pattern == KEY_PATTERNS_NONE || pattern == KEY_PATTERNS_MIXED || (!hits && !misses))
		return;
	parser__keep_detail(parser, p, DETAIL_FOUND, slice__of(&record, sizeof(record)));
}

static void queued_element(struct parser *parser, struct pending *p)
{
	const struct reply *r = &state_of(parser)->reply;
	uint32_t hits = 0, misses = 0;

	if (redis_reading__of_queued(r, &hits, &misses))
		found(parser, p, at(r->queued_patterns, r->head.form.elements - 1), hits, misses);
}

void redis_patterns__element(struct parser *parser)
{
	const struct reply_head *h = &state_of(parser)->reply.head;
	struct pending *p = pairing__front(&parser->pairing);

	if (!p || h->form.type == '>')
		return;
	if (redis_command__get(p->kind)->kind == COMMAND_EXEC)
		queued_element(parser, p);
	else if (p->pattern == KEY_PATTERNS_MIXED && redis_reading__of(p) == READ_EACH)
		found(parser, p, at(p->details, h->form.elements - 1), !h->element.nil,
		      h->element.nil);
}
