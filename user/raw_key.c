/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A text is taken in as the pieces between its numbers. Where these are is looked for in a stretch
 * of it at once, a bit for each byte.
 */
#include "raw_key.h"

#include "hash.h"
#include "protocol/block.h"

#define STRETCH	     64
#define DIGITS_RUN   4 /* route.c folds every piece that has so many digits in a row */
#define A_NUMBER     1 /* what stands between two pieces of a statement */
#define AS_IT_STANDS 2

/* A bit for each byte of a stretch. */
struct marks {
	uint64_t digits;
	uint64_t stops; /* those that the caller looks for */
};

struct pieces {
	uint64_t hash;
	const uint8_t *piece; /* what is not taken in yet begins here */
	uint64_t mark;	      /* what stood before it */
};

static inline void take(struct pieces *p, const uint8_t *end)
{
	p->hash = hash__add(p->hash, p->piece, (size_t)(end - p->piece), p->mark);
}

/* Up to `end`; then something of which nothing but the mark is of interest, up to `next`. */
static void leave_out(struct pieces *p, const uint8_t *end, uint64_t mark, const uint8_t *next)
{
	take(p, end);
	p->mark = mark;
	p->piece = next;
}

static inline void add_marks(struct marks *m, block_t b, block_t stops, size_t at)
{
	m->digits |= (uint64_t)block__bits(block__digits(b)) << at;
	m->stops |= (uint64_t)block__bits(stops) << at;
}

/* Behind a stop nothing needs to be marked. */
__attribute__((always_inline)) static inline struct marks
marks_of(const uint8_t *bytes, size_t length, block_t (*stops_of)(block_t b))
{
	struct marks m = {0};
	size_t at = 0;
	block_t b;

	for (; length - at >= BLOCK_BYTES && !m.stops; at += BLOCK_BYTES) {
		b = block__at(bytes + at);
		add_marks(&m, b, stops_of(b), at);
	}
	if (at == length || m.stops)
		return m;
	at = length < BLOCK_BYTES ? 0 : length - BLOCK_BYTES;
	b = at ? block__at(bytes + at) : block__part(bytes, length);
	add_marks(&m, b, stops_of(b), at);
	return m;
}

/* How many digits a number has that begins at bit `at`; it may go on behind the stretch. */
static inline size_t digits_at(uint64_t digits, size_t at, const uint8_t *stretch, size_t length,
			       const uint8_t *end)
{
	uint64_t others = ~(digits >> at);
	size_t n = others ? (size_t)__builtin_ctzll(others) : STRETCH;

	if (at + n == length)
		while (stretch + at + n < end && (uint8_t)(stretch[at + n] - '0') < 10)
			n++;
	return n;
}

/* From bit `at` on there are no digits for n bytes. */
static inline uint64_t behind(uint64_t digits, size_t at, size_t n)
{
	return at + n < STRETCH ? digits >> (at + n) << (at + n) : 0;
}

/* ---- paths ---- */

static inline block_t ends_path(block_t b)
{
	return block__equal(b | 4, '?') | block__equal(b, '#') | block__equal(b, '%'); /* and ';' */
}

/*
 * route.c folds what has DIGITS_RUN digits in a row, whichever they are: it looks at how many there
 * are and where, and at the first one (the millennium of a date).
 */
static const uint8_t *fold_path(struct pieces *p, uint64_t digits, const uint8_t *stretch,
				size_t length, const uint8_t *end)
{
	const uint8_t *next = stretch + length;

	while (digits) {
		size_t at = (size_t)__builtin_ctzll(digits);
		size_t n = digits_at(digits, at, stretch, length, end);

		if (n >= DIGITS_RUN)
			leave_out(p, stretch + at + 1, n, stretch + at + n);
		if (at + n > length)
			next = stretch + at + n;
		digits = behind(digits, at, n);
	}
	return next;
}

bool raw_key__of_target(uint64_t seed, struct slice target, uint64_t *key)
{
	struct pieces p = {seed, target.data, 0};
	const uint8_t *at = target.data, *end = target.data + target.length;

	while (at < end) {
		size_t length = end - at < STRETCH ? (size_t)(end - at) : STRETCH;
		struct marks m = marks_of(at, length, ends_path);

		if (m.stops) {
			length = (size_t)__builtin_ctzll(m.stops);
			end = at + length;
			if (*end == '%') /* route.c judges it by its digits as well */
				return false;
			m.digits &= (1ull << length) - 1;
		}
		at = fold_path(&p, m.digits, at, length, end);
	}
	take(&p, end);
	*key = p.hash;
	return true;
}

/* ---- statements ---- */

static inline block_t begins_name(block_t b)
{
	return block__equal(b, '"');
}

/* Bytes that end a word, a parameter and a dollar quote's tag, so that a digit begins a number. */
static bool begins_number(uint8_t before)
{
	static const bool begins[256] = {
		[' '] = true, ['\n'] = true, ['\t'] = true, [','] = true, ['('] = true,
		['['] = true, ['='] = true,  ['<'] = true,  ['>'] = true, ['+'] = true,
		['-'] = true, ['*'] = true,  ['/'] = true,  ['.'] = true,
	};

	return begins[before];
}

static const uint8_t *fold_sql(struct pieces *p, uint64_t digits, const uint8_t *stretch,
			       size_t length, const uint8_t *end)
{
	const uint8_t *next = stretch + length;

	while (digits) {
		size_t at = (size_t)__builtin_ctzll(digits);
		size_t n = digits_at(digits, at, stretch, length, end);
		const uint8_t *number = stretch + at;

		if (number > p->piece && begins_number(number[-1]))
			leave_out(p, number, A_NUMBER, number + n);
		if (at + n > length)
			next = number + n;
		digits = behind(digits, at, n);
	}
	return next;
}

/*
 * A number is a literal, of which nothing is left but that it is one (sql.c); so is a string, and
 * of a comment nothing is left at all. Only a quoted name keeps its digits.
 */
uint64_t raw_key__of_sql(uint64_t seed, struct slice sql)
{
	struct pieces p = {seed, sql.data, 0};
	const uint8_t *at = sql.data, *end = sql.data + sql.length;

	while (at < end) {
		size_t length = end - at < STRETCH ? (size_t)(end - at) : STRETCH;
		struct marks m = marks_of(at, length, begins_name);

		if (m.stops)
			return hash__add(seed, sql.data, sql.length, AS_IT_STANDS);
		at = fold_sql(&p, m.digits, at, length, end);
	}
	take(&p, end);
	return p.hash;
}
