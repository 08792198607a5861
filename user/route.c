/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is the same for every request of a route stays, what names one thing is folded. In doubt it
 * is folded: a value in a label is a leak and a series of its own.
 */
#include "route.h"

#include <ctype.h>
#include "protocol/word.h"
#include "uuid.h"

#define SEGMENTS_MAX 10 /* what lies deeper becomes "/..." */
#define TOKEN_MIN    20 /* letters and digits mixed, so long: nobody named a route like that */
#define HASH_MIN     8
#define WORD_MAX     40
#define DIGITS_RUN   4 /* "order-20931": so many digits in a row are a number of something */

/* Length of the path: up to its query, fragment or parameters. */
static size_t path_length(struct slice target)
{
	static const bool ends[256] = {['?'] = true, ['#'] = true, [';'] = true};
	size_t n = 0;

	for (; target.length - n >= WORD_BYTES; n += WORD_BYTES) {
		uint64_t word = word__at(target.data + n);

		if (word__has(word, '?') || word__has(word, '#') || word__has(word, ';'))
			break;
	}
	while (n < target.length && !ends[target.data[n]])
		n++;
	return n;
}

/* "http://host/path" -> "/path" */
static struct slice after_authority(struct slice target)
{
	ptrdiff_t colon = slice__find(target, ':');
	ptrdiff_t slash;

	if (colon < 0 || !slice__starts(slice__from(target, (size_t)colon), "://"))
		return (struct slice){0};
	target = slice__from(target, (size_t)colon + 3);
	slash = slice__find(target, '/');
	return slash < 0 ? slice__text("/") : slice__from(target, (size_t)slash);
}

struct slice route__path(struct slice target)
{
	if (slice__equals(target, "*"))
		return target;
	if (target.length && target.data[0] != '/')
		target = after_authority(target);
	return slice__sub(target, 0, path_length(target));
}

/* ---- kinds of segments ---- */

struct makeup {
	size_t digits, hex_letters, letters, others; /* others but '-' and '_' */
	size_t longest_digits;
	bool escaped; /* percent-encoded or outside ASCII */
};

static struct makeup makeup_of(struct slice s)
{
	struct makeup m = {0};
	size_t run = 0;

	for (size_t i = 0; i < s.length; i++) {
		uint8_t c = s.data[i];

		run = isdigit(c) ? run + 1 : 0;
		if (run > m.longest_digits)
			m.longest_digits = run;
		m.digits += isdigit(c) != 0;
		m.letters += isalpha(c) != 0;
		m.hex_letters += isxdigit(c) && !isdigit(c);
		m.others += !isalnum(c) && c != '-' && c != '_';
		m.escaped |= c == '%' || c >= 0x80;
	}
	return m;
}

/* 2026-01-31, 2026-01, 20260131T..., with a time or not. */
static bool is_date(struct slice s, const struct makeup *m)
{
	if (s.length < 7 || m->digits < 6 || (s.data[0] != '1' && s.data[0] != '2'))
		return false;
	if (s.data[4] == '-' && isdigit(s.data[5]) && isdigit(s.data[6]))
		return m->letters <= 2;
	return s.length >= 15 && s.data[8] == 'T' && m->letters <= 2;
}

const char *route__fold(struct slice s)
{
	struct makeup m;

	if (!s.length)
		return NULL;
	if (uuid__is(s))
		return "{uuid}";
	m = makeup_of(s);
	if (is_date(s, &m))
		return "{date}";
	if (m.digits && !m.letters && !m.others)
		return "{id}";
	if (slice__find(s, '@') >= 0 || (m.escaped && slice__starts(s, "%40")))
		return "{email}";
	if (m.digits && s.length >= HASH_MIN && m.digits + m.hex_letters == s.length)
		return "{hash}";
	if (m.longest_digits >= DIGITS_RUN)
		return "{id}";
	if ((s.length >= TOKEN_MIN && m.digits && m.letters) || s.length > WORD_MAX || m.escaped)
		return "{token}";
	return NULL;
}

/* ---- writing ---- */

struct writer {
	char *out;
	size_t length;
};

static void put(struct writer *w, char c)
{
	if (w->length < ROUTE_MAX - 1)
		w->out[w->length++] = c;
}

static void put_text(struct writer *w, const char *text)
{
	while (*text)
		put(w, *text++);
}

static void put_plain(struct writer *w, struct slice s)
{
	for (size_t i = 0; i < s.length; i++) {
		uint8_t c = s.data[i];
		bool plain = c > ' ' && c < 0x7f && c != '"' && c != '\'' && c != '\\' &&
			     c != '`' && c != '<' && c != '>' && c != '{' && c != '}';

		put(w, plain ? (char)c : '_');
	}
}

/* "main.3f2a9c1b.js": what stands between dots is folded one by one. */
static void put_segment(struct writer *w, struct slice s)
{
	const char *whole =
		slice__find(s, '.') < 0 || slice__find(s, '@') >= 0 ? route__fold(s) : NULL;

	if (whole) {
		put_text(w, whole);
		return;
	}
	for (bool first = true; s.length || first; first = false) {
		ptrdiff_t dot = slice__find(s, '.');
		struct slice piece = dot < 0 ? s : slice__sub(s, 0, (size_t)dot);
		const char *fold = route__fold(piece);

		if (fold)
			put_text(w, fold);
		else
			put_plain(w, piece);
		if (dot >= 0)
			put(w, '.');
		s = dot < 0 ? (struct slice){0} : slice__from(s, (size_t)dot + 1);
	}
}

static void put_path(struct writer *w, struct slice path)
{
	for (int segments = 0; path.length; segments++) {
		struct slice rest = slice__from(path, 1); /* after the slash */
		ptrdiff_t end = slice__find(rest, '/');

		put(w, '/');
		if (segments == SEGMENTS_MAX) {
			put_text(w, "...");
			return;
		}
		put_segment(w, end < 0 ? rest : slice__sub(rest, 0, (size_t)end));
		path = end < 0 ? (struct slice){0} : slice__from(rest, (size_t)end);
	}
}

size_t route__template(struct slice target, char out[ROUTE_MAX])
{
	struct writer w = {.out = out};
	struct slice path = route__path(target);

	if (!path.length)
		put_text(&w, target.length ? "{authority}" : "/");
	else if (path.data[0] != '/')
		put_text(&w, "*");
	else
		put_path(&w, path);
	out[w.length] = '\0';
	return w.length;
}

/* ---- patterns ---- */

static struct slice next_segment(struct slice *path)
{
	ptrdiff_t end = slice__find(*path, '/');
	struct slice segment = end < 0 ? *path : slice__sub(*path, 0, (size_t)end);

	*path = end < 0 ? (struct slice){0} : slice__from(*path, (size_t)end + 1);
	return segment;
}

static bool is_parameter(struct slice segment)
{
	return segment.length >= 2 && segment.data[0] == '{' &&
	       segment.data[segment.length - 1] == '}';
}

static size_t segments_of(struct slice path)
{
	size_t count = 1;

	for (size_t i = 0; i < path.length; i++)
		count += path.data[i] == '/';
	return count;
}

bool route__fits(const char *pattern, struct slice path)
{
	struct slice wanted = slice__text(pattern);
	bool open =
		wanted.length >= 4 && slice__equals(slice__from(wanted, wanted.length - 4), "/...");
	size_t count;

	if (open)
		wanted.length -= 4;
	count = segments_of(wanted);
	if (open ? segments_of(path) < count : segments_of(path) != count)
		return false;
	for (; count; count--) {
		struct slice segment = next_segment(&wanted), given = next_segment(&path);

		if (is_parameter(segment)
			    ? !given.length
			    : given.length != segment.length ||
				      (given.length &&
				       memcmp(given.data, segment.data, given.length) != 0))
			return false;
	}
	return true;
}
