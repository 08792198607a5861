/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A key is cut at its separators. A word is a program's own where it was seen in many surroundings
 * (the rest of the key, hashed), at a place where few different words stand: "user" of user:1,
 * user:2 ..., "session" of user:1:session, user:2:session ... Of user:alice the word alice was only
 * ever seen behind "user:"; where alice, bob and others stand, none of them is told any more. Until
 * it is known, a word is {name}. What is remembered are hashes under a key of this process.
 */
#include "keys/key_template.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "route.h"
#include "rules/siphash.h"
#include "uuid.h"

#define PIECES_MAX     12   /* what lies deeper is "..." */
#define NODES	       2048 /* a power of two */
#define NODES_MAX      (NODES * 3 / 4)
#define ENOUGH	       20 /* of 64 bits: some two dozen surroundings */
#define WORDS_MAX      16 /* at one place; more are names of things */
#define WORDS_MAX_ROOT 64
#define NAME	       "{name}"

/* A place: what stands before it, as a template. Or a word at a place. */
struct node {
	uint64_t id;   /* 0: free */
	uint64_t seen; /* of a place: how many words; of a word: a bit for a surrounding's hash */
};

struct key_learner {
	struct siphash_key secret;
	uint32_t count;
	bool full; /* a node was wanted and not to be had, for the key at hand */
	struct node node[NODES];
};

struct piece {
	struct slice text;
	const char *fold; /* NULL: a word, or nothing that is known */
	char separator;	  /* before it; 0: none */
};

struct pieces {
	struct piece at[PIECES_MAX];
	uint32_t count;
	bool more;
};

/* ---- cutting ---- */

static void add(struct pieces *p, char separator, struct slice text)
{
	if (p->count == PIECES_MAX) {
		p->more = true;
		return;
	}
	p->at[p->count++] = (struct piece){text, route__fold(text), separator};
}

static bool ends_in_uuid(struct slice s)
{
	return s.length >= UUID_BYTES && uuid__is(slice__from(s, s.length - UUID_BYTES));
}

/* Of "task-meta-<UUID>" and "order_12": where that begins which is of one thing; 0: nowhere. */
static size_t tail_of(struct slice s)
{
	const char *whole = route__fold(s);
	size_t at = s.length;

	if (whole && strcmp(whole, "{id}") != 0 && strcmp(whole, "{token}") != 0)
		return 0;
	if (ends_in_uuid(s))
		at -= UUID_BYTES;
	else
		while (at && isdigit(s.data[at - 1]))
			at--;
	return at > 1 && at < s.length && strchr("-_", s.data[at - 1]) ? at : 0;
}

static void add_part(struct pieces *p, char separator, struct slice part)
{
	size_t tail = tail_of(part);

	if (!tail) {
		add(p, separator, part);
		return;
	}
	add(p, separator, slice__sub(part, 0, tail - 1));
	add(p, (char)part.data[tail - 1], slice__from(part, tail));
}

/* Dots separate, but for those of an address. */
static void add_parts(struct pieces *p, char separator, struct slice s)
{
	ptrdiff_t dot = slice__find(s, '@') < 0 ? slice__find(s, '.') : -1;

	for (; dot >= 0; dot = slice__find(s, '.')) {
		add_part(p, separator, slice__sub(s, 0, (size_t)dot));
		s = slice__from(s, (size_t)dot + 1);
		separator = '.';
	}
	add_part(p, separator, s);
}

static void cut(struct slice key, struct pieces *p)
{
	char separator = 0;
	size_t begin = 0;

	p->count = 0;
	p->more = false;
	for (size_t i = 0; i < key.length; i++) {
		if (!key.data[i] || !strchr(":/|,#{}", key.data[i]))
			continue;
		add_parts(p, separator, slice__sub(key, begin, i - begin));
		separator = (char)key.data[i];
		begin = i + 1;
	}
	add_parts(p, separator, slice__from(key, begin));
}

/* ---- learning ---- */

static uint64_t hash(const struct key_learner *l, struct slice bytes)
{
	return siphash__of(&l->secret, bytes.data, bytes.length);
}

/* The multiply-and-fold of wyhash; places begin with a secret, so that no factor is 0 but by
 * chance.
 */
static uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t product =
		(__uint128_t)(a ^ 0x9e3779b97f4a7c15ull) * (b ^ 0xe7037ed1a0b428dbull);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* NULL: it is not there. */
static struct node *find(struct key_learner *l, uint64_t id, struct node **where)
{
	struct node *node = &l->node[id % NODES];

	while (node->id && node->id != id)
		node = node == &l->node[NODES - 1] ? l->node : node + 1;
	*where = node;
	return node->id ? node : NULL;
}

static struct node *find_or_add(struct key_learner *l, uint64_t id)
{
	struct node *where, *node = find(l, id |= !id, &where);

	if (node)
		return node;
	if (l->count == NODES_MAX) {
		l->full = true;
		return NULL;
	}
	l->count++;
	*where = (struct node){.id = id};
	return where;
}

/* NULL: of the words of this place none is told. */
static struct node *word_at(struct key_learner *l, uint64_t place, uint64_t word, bool root)
{
	struct node *of_place = find_or_add(l, place), *where, *node;
	uint64_t id = mix(place, word), most = root ? WORDS_MAX_ROOT : WORDS_MAX;

	if (!of_place || of_place->seen > most)
		return NULL;
	node = find(l, id |= !id, &where);
	if (node)
		return node;
	if (of_place->seen == most) { /* one word too many */
		of_place->seen++;
		return NULL;
	}
	node = find_or_add(l, id);
	of_place->seen += node != NULL;
	return node;
}

static bool is_word(struct slice s)
{
	for (size_t i = 0; i < s.length; i++)
		if (!isalnum(s.data[i]) && s.data[i] != '-' && s.data[i] != '_')
			return false;
	return s.length && !isdigit(s.data[0]);
}

static bool is_enough(const struct node *node)
{
	return __builtin_popcountll(node->seen) >= ENOUGH;
}

static bool is_known(struct key_learner *l, uint64_t place, struct slice key, struct slice word,
		     uint64_t hashed)
{
	size_t begin = (size_t)(word.data - key.data);
	struct node *node = word_at(l, place, hashed, !begin);
	uint64_t around;

	if (!node || is_enough(node))
		return node;
	around = mix(hash(l, slice__sub(key, 0, begin)),
		     hash(l, slice__from(key, begin + word.length)));
	node->seen |= 1ull << (around >> 58);
	return is_enough(node);
}

/* ---- writing ---- */

struct writer {
	char *out;
	size_t length;
};

static void put(struct writer *w, struct slice text)
{
	for (size_t i = 0; i < text.length && w->length < KEY_TEMPLATE_MAX - 1; i++)
		w->out[w->length++] = (char)text.data[i];
}

/* What a piece is told as; *place is what stands before it, and then with it. */
static struct slice told(struct key_learner *l, uint64_t *place, struct slice key,
			 const struct piece *p)
{
	struct slice text = slice__text(p->fold ? p->fold : NAME);
	uint64_t hashed;

	if (!p->fold && is_word(p->text)) {
		hashed = hash(l, p->text);
		if (is_known(l, *place, key, p->text, hashed)) {
			*place = mix(*place, hashed);
			return p->text;
		}
	}
	if (!p->text.length)
		return p->text;
	*place = mix(*place, text.data[1]); /* "{id}", "{uuid}" ...: all begin otherwise */
	return text;
}

size_t key_learner__template(struct key_learner *l, struct slice key, char out[KEY_TEMPLATE_MAX])
{
	struct writer w = {.out = out};
	struct pieces pieces;
	uint64_t place = l->secret.half[0];

	cut(key, &pieces);
	l->full = false;
	for (uint32_t i = 0; i < pieces.count; i++) {
		const struct piece *p = &pieces.at[i];

		if (p->separator)
			put(&w, slice__of(&p->separator, 1));
		place = mix(place, (uint8_t)p->separator);
		put(&w, told(l, &place, key, p));
	}
	if (pieces.more)
		put(&w, slice__text("..."));
	out[w.length] = '\0';
	return l->full ? 0 : w.length;
}

/* ---- life ---- */

struct key_learner *key_learner__new(void)
{
	struct key_learner *l = calloc(1, sizeof(*l));

	if (l && siphash__new_key(&l->secret)) {
		free(l);
		return NULL;
	}
	return l;
}

void key_learner__free(struct key_learner *l)
{
	free(l);
}
