/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A text is taken in as the pieces between its numbers. Where these are is looked for in a stretch
 * of it at once, a bit for each byte. Of a short path the bytes that do not matter are cleared.
 */
#include "raw_key.h"

#include "compiler.h"
#include "hash.h"
#include "protocol/ranges.h"
#include "uuid.h"

#define STRETCH	     64
#define DIGITS_RUN   4 /* route.c folds every piece that has so many digits in a row */
#define A_NUMBER     1 /* what stands between two pieces of a statement */
#define AS_IT_STANDS 2
#define A_STRING     3

/* Those of a UUID's bytes that are no dashes. */
#define UUID_DIGITS                                                                                \
	(((1ull << UUID_BYTES) - 1) & ~(1ull << 8 | 1ull << 13 | 1ull << 18 | 1ull << 23))

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

/* ---- short paths ---- */

/* Those that have DIGITS_RUN or more in a row. */
static uint64_t in_runs(uint64_t digits)
{
	uint64_t runs = digits & digits >> 1;

	runs &= runs >> 2; /* the first of each four */
	runs |= runs << 1;
	return runs | runs << 2;
}

/* Those of segments that are nothing but digits: however many and whichever, route.c calls it an
 * id.
 */
static uint64_t whole_segments(const uint8_t *path, struct marked_path marked)
{
	uint64_t whole = 0;

	for (uint64_t left = marked.digits; left;) {
		size_t at = (size_t)__builtin_ctzll(left);
		size_t n = (size_t)__builtin_ctzll(~(left >> at)); /* bit 63 is none */
		uint64_t run = ((1ull << n) - 1) << at;

		if (at && path[at - 1] == '/' && (at + n == marked.length || path[at + n] == '/'))
			whole |= run;
		left &= ~run;
	}
	return whole;
}

/* All but the first ones of other numbers: that may tell the millennium of a date. */
static uint64_t folded(const uint8_t *path, struct marked_path marked)
{
	uint64_t runs = in_runs(marked.digits);

	return (runs & runs << 1) | whole_segments(path, marked);
}

/* The word with zeros for digits where the lowest eight bits say so: bit i is spread over byte i.
 */
static inline uint64_t fold(uint64_t word, uint64_t bits)
{
	uint64_t bytes = (bits & 0xff) * WORD_ONES & 0x8040201008040201ull;

	bytes = (((bytes & ~WORD_TOPS) + ~WORD_TOPS) | bytes) &
		WORD_TOPS; /* tops of what is not 0 */
	return word & ~((bytes >> 7) * 0x0f);
}

static inline uint64_t key_of(uint64_t seed, const uint8_t *path, struct marked_path marked)
{
	uint64_t bits = folded(path, marked), hash = seed, word;
	size_t left = marked.length;

	for (; left > WORD_BYTES; left -= WORD_BYTES, path += WORD_BYTES, bits >>= WORD_BYTES) {
		word = word__at(path);
		hash = hash__step(hash, bits & 0xff ? fold(word, bits) : word);
	}
	if (marked.length >= WORD_BYTES)
		word = word__at(path + left - WORD_BYTES) >> 8 * (WORD_BYTES - left);
	else
		word = word__part(path, left);
	return hash__last(hash, fold(word, bits), marked.length);
}

/* Where a segment begins that is a UUID; a marked path has room for one. 0: nowhere. */
static size_t find_uuid(const uint8_t *path, size_t length)
{
	for (size_t at = 1; at + UUID_BYTES <= length; at++)
		if (path[at + 8] == '-' && path[at - 1] == '/' &&
		    (at + UUID_BYTES == length || path[at + UUID_BYTES] == '/') &&
		    uuid__is(slice__of(path + at, UUID_BYTES)))
			return at;
	return 0;
}

/* Whichever it is: as that of zeros, which no other segment is taken for. */
static APART uint64_t key_of_uuid(uint64_t seed, const uint8_t *path, struct marked_path marked,
				  size_t at)
{
	uint8_t copy[MARKED_MAX];

	memcpy(copy, path, marked.length);
	memcpy(copy + at, "00000000-0000-0000-0000-000000000000", UUID_BYTES);
	marked.digits |= UUID_DIGITS << at;
	return key_of(seed, copy, marked);
}

uint64_t raw_key__of_marked(uint64_t seed, const uint8_t *path, struct marked_path marked)
{
	size_t at = marked.length > UUID_BYTES ? find_uuid(path, marked.length) : 0;

	return at ? key_of_uuid(seed, path, marked, at) : key_of(seed, path, marked);
}

/* Dates are of the first or the second millennium. */
void raw_key__allow(const uint8_t *path, struct marked_path marked, uint8_t *least, uint8_t *spread)
{
	uint64_t later = folded(path, marked), runs = in_runs(marked.digits);

	for (size_t i = 0; i < marked.length; i++) {
		if (later >> i & 1)
			ranges__allow(least, spread, i, 1, '0', '9');
		else if (runs >> i & 1 && path[i] > '2')
			ranges__allow(least, spread, i, 1, '3', '9');
		else if (runs >> i & 1 && path[i] > '0')
			ranges__allow(least, spread, i, 1, '1', '2');
	}
}

/* ---- long paths ---- */

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

static bool of_long(uint64_t seed, struct slice target, uint64_t *key)
{
	struct pieces p = {seed, target.data, 0};
	const uint8_t *at = target.data, *end = target.data + target.length;

	while (at < end) {
		size_t length = end - at < STRETCH ? (size_t)(end - at) : STRETCH;
		struct marks m = marks_of(at, length, path__ends);

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

bool raw_key__of_target(uint64_t seed, struct slice target, uint64_t *key)
{
	size_t length = target.length < MARKED_MAX ? target.length : MARKED_MAX;
	struct marks m = marks_of(target.data, length, path__ends);
	struct marked_path path;

	if (!m.stops && target.length >= MARKED_MAX)
		return of_long(seed, target, key);
	path = path_marks__path(&(struct path_marks){m.digits, m.stops}, target.data, length);
	*key = raw_key__of_marked(seed, target.data, path);
	return path.length != 0;
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

/* Up to `end`. False: there is a quoted name, whose digits count. */
static bool leave_numbers_out(struct pieces *p, const uint8_t *at, const uint8_t *end)
{
	while (at < end) {
		size_t length = end - at < STRETCH ? (size_t)(end - at) : STRETCH;
		struct marks m = marks_of(at, length, begins_name);

		if (m.stops)
			return false;
		at = fold_sql(p, m.digits, at, length, end);
	}
	return true;
}

/* What may make a quote mean something else; `next` are the bytes behind those of `b`. */
static inline block_t unplain(block_t b, block_t next)
{
	return block__equal(b, '"') | block__equal(b, '\\') | block__equal(b, '$') |
	       (block__equal(b, '-') & block__equal(next, '-')) |
	       (block__equal(b, '/') & block__equal(next, '*'));
}

static inline uint32_t quotes_in(block_t b)
{
	return block__bits(block__equal(b, '\''));
}

/* Strings that end with the next quote for sure: no comment, nothing quoted otherwise. */
static bool has_plain_strings(struct slice sql)
{
	const uint8_t *at = sql.data, *end = at + sql.length;
	uint32_t quotes = 0; /* of which only matters whether they are even */
	size_t left;
	block_t b;

	for (; end - at > BLOCK_BYTES; at += BLOCK_BYTES) {
		b = block__at(at);
		if (block__any(unplain(b, block__at(at + 1))))
			return false;
		quotes ^= quotes_in(b);
	}
	left = (size_t)(end - at);
	b = block__part(at, left);
	quotes ^= quotes_in(b);
	return !__builtin_parity(quotes) && !block__any(unplain(b, block__part(at + 1, left - 1)));
}

static void leave_strings_out(struct pieces *p, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *quote, *close;

	while (at < end && (quote = memchr(at, '\'', (size_t)(end - at)))) {
		leave_numbers_out(p, at, quote);
		close = memchr(quote + 1, '\'', (size_t)(end - quote - 1));
		leave_out(p, quote + 1, A_STRING, close);
		at = close + 1;
	}
	leave_numbers_out(p, at, end);
}

/*
 * A number is a literal, of which nothing is left but that it is one (sql.c); so is a string, and
 * of a comment nothing is left at all. Only a quoted name keeps its digits.
 */
uint64_t raw_key__of_sql(uint64_t seed, struct slice sql)
{
	struct pieces p = {seed, sql.data, 0};
	const uint8_t *end = sql.data + sql.length;

	if (slice__find(sql, '\'') >= 0 && has_plain_strings(sql))
		leave_strings_out(&p, sql.data, end);
	else if (!leave_numbers_out(&p, sql.data, end))
		return hash__add(seed, sql.data, sql.length, AS_IT_STANDS);
	take(&p, end);
	return p.hash;
}

void raw_key__allow_sql(struct slice sql, uint8_t *least, uint8_t *spread)
{
	bool number = false;

	if (slice__find(sql, '"') >= 0)
		return;
	for (size_t i = 0; i < sql.length; i++) {
		bool digit = (uint8_t)(sql.data[i] - '0') < 10;

		number = digit && (number || (i && begins_number(sql.data[i - 1])));
		if (number)
			ranges__allow(least, spread, i, 1, '0', '9');
	}
}
