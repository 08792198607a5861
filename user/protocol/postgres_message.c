/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "protocol/postgres_message.h"

#define SHORT_MAX    30000u /* libpq's limit for types that are never long */
#define STRENGTH_TWO 2	    /* so many messages in a row that fit are no accident */

bool postgres_message__is_ready(struct slice b)
{
	return b.length == POSTGRES_READY_LENGTH && b.data[0] == 'Z' && slice__u32(b, 1) == 5 &&
	       (b.data[5] == 'I' || b.data[5] == 'T' || b.data[5] == 'E');
}

bool postgres_message__text(struct slice content, size_t *at, struct slice *text)
{
	struct slice rest = slice__from(content, *at);
	ptrdiff_t end;

	if (rest.length && !rest.data[0]) { /* the unnamed portal and statement */
		*text = slice__of(rest.data, 0);
		*at += 1;
		return true;
	}
	end = slice__find(rest, 0);
	if (end < 0)
		return false;
	*text = slice__sub(rest, 0, (size_t)end);
	*at += (size_t)end + 1;
	return true;
}

struct slice postgres_message__field(struct slice content, char letter)
{
	struct slice text;

	for (size_t at = 0; at < content.length && content.data[at];) {
		uint8_t type = content.data[at++];

		if (!postgres_message__text(content, &at, &text))
			break;
		if (type == (uint8_t)letter)
			return text;
	}
	return slice__of(content.data, 0);
}

#define LONG(type)	   [type] = POSTGRES_LENGTH_MAX + 1
#define BARE(type)	   [type] = 1
#define SHORT(type, times) [type] = SHORT_MAX * (times) + 1

const uint32_t postgres_request_limits[256] = {
	LONG('Q'),     LONG('P'),     LONG('B'),     LONG('F'),	    LONG('d'),
	SHORT('E', 3), SHORT('D', 3), SHORT('C', 3), SHORT('f', 3), SHORT('p', 3),
	BARE('S'),     BARE('H'),     BARE('X'),     BARE('c'),
};

const uint32_t postgres_response_limits[256] = {
	LONG('D'),	LONG('d'),	LONG('T'),	LONG('t'),	LONG('V'),
	LONG('E'),	LONG('N'),	LONG('A'),	SHORT('C', 10), SHORT('S', 10),
	SHORT('R', 10), SHORT('v', 10), SHORT('K', 10), SHORT('G', 10), SHORT('H', 10),
	SHORT('W', 10), ['Z'] = 2,	BARE('1'),	BARE('2'),	BARE('3'),
	BARE('n'),	BARE('s'),	BARE('I'),	BARE('c'),
};

/* ---- shapes ---- */

enum shape { SHAPE_WRONG, SHAPE_POSSIBLE, SHAPE_SURE };

/* Reads along a message's content, of which only the first part may be there. */
struct reader {
	struct slice content;
	size_t at;
	bool out; /* the content was at its end too early */
};

static struct slice read_text(struct reader *r)
{
	struct slice text = {0};

	if (!r->out && !postgres_message__text(r->content, &r->at, &text))
		r->out = true;
	return text;
}

static void read_bytes(struct reader *r, uint64_t n)
{
	if (r->out || n > r->content.length - r->at)
		r->out = true;
	else
		r->at += (size_t)n;
}

static uint16_t read_u16(struct reader *r)
{
	size_t at = r->at;

	read_bytes(r, 2);
	return r->out ? 0 : slice__u16(r->content, at);
}

static uint32_t read_u32(struct reader *r)
{
	size_t at = r->at;

	read_bytes(r, 4);
	return r->out ? 0 : slice__u32(r->content, at);
}

/* A whole message must have been read to its end exactly; of a part nothing more can be said. */
static enum shape judged(const struct reader *r, const struct postgres_message *m,
			 enum shape fitting)
{
	if (!m->whole)
		return r->out ? fitting : SHAPE_WRONG; /* less in it than its length says */
	return !r->out && r->at == m->length ? fitting : SHAPE_WRONG;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Where the statement begins behind white space, comments and parentheses. */
static size_t first_word(struct slice sql)
{
	size_t at = 0;

	while (at < sql.length) {
		struct slice rest = slice__from(sql, at);

		if (is_space(rest.data[0]) || rest.data[0] == '(' || rest.data[0] == ';') {
			at++;
		} else if (slice__starts(rest, "--")) {
			ptrdiff_t end = slice__find(rest, '\n');

			at = end < 0 ? sql.length : at + (size_t)end;
		} else if (slice__starts(rest, "/*")) {
			for (at += 2; at < sql.length; at++)
				if (sql.data[at - 1] == '*' && sql.data[at] == '/')
					break;
			at++;
		} else {
			break;
		}
	}
	return at;
}

static bool begins_with_verb(struct slice sql)
{
	static const char *const verbs[] = {
		"select",   "insert",	  "update",  "delete",	 "with",     "begin",	 "commit",
		"rollback", "start",	  "end",     "abort",	 "set",	     "show",	 "copy",
		"create",   "alter",	  "drop",    "truncate", "declare",  "fetch",	 "move",
		"close",    "prepare",	  "execute", "listen",	 "unlisten", "notify",	 "lock",
		"explain",  "vacuum",	  "analyze", "merge",	 "values",   "table",	 "call",
		"do",	    "deallocate", "discard", "reset",	 "release",  "savepoint"};
	size_t at = first_word(sql), end = at;
	struct slice word;

	while (end < sql.length && end - at < 16 && ascii_lower(sql.data[end]) >= 'a' &&
	       ascii_lower(sql.data[end]) <= 'z')
		end++;
	word = slice__sub(sql, at, end - at);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (slice__equals_nocase(word, verbs[i]))
			return true;
	return false;
}

static enum shape query_shape(const struct postgres_message *m)
{
	struct reader r = {.content = m->content};

	read_text(&r);
	return judged(&r, m, begins_with_verb(m->content) ? SHAPE_SURE : SHAPE_POSSIBLE);
}

static enum shape parse_shape(const struct postgres_message *m)
{
	struct reader r = {.content = m->content};
	struct slice sql;

	read_text(&r);
	sql = slice__from(m->content, r.at);
	if (r.out)
		return judged(&r, m, SHAPE_POSSIBLE);
	read_text(&r);
	read_bytes(&r, 4ull * read_u16(&r));
	return judged(&r, m, begins_with_verb(sql) ? SHAPE_SURE : SHAPE_POSSIBLE);
}

static bool formats_fit(struct reader *r)
{
	for (uint32_t n = read_u16(r); n && !r->out; n--)
		if (read_u16(r) > 1)
			return false;
	return true;
}

static enum shape bind_shape(const struct postgres_message *m)
{
	struct reader r = {.content = m->content};
	uint32_t n, length;

	read_text(&r);
	read_text(&r);
	if (!formats_fit(&r))
		return SHAPE_WRONG;
	for (n = read_u16(&r); n && !r.out; n--) {
		length = read_u32(&r);
		if (length != UINT32_MAX)
			read_bytes(&r, length);
	}
	if (!formats_fit(&r))
		return SHAPE_WRONG;
	return judged(&r, m, m->length > 8 && m->content.length > 8 ? SHAPE_SURE : SHAPE_POSSIBLE);
}

/* Close and Describe: 'S' or 'P' and a name. */
static enum shape named_shape(const struct postgres_message *m)
{
	struct reader r = {.content = m->content};

	read_bytes(&r, 1);
	if (!r.out && m->content.data[0] != 'S' && m->content.data[0] != 'P')
		return SHAPE_WRONG;
	read_text(&r);
	return judged(&r, m, SHAPE_POSSIBLE);
}

static enum shape execute_shape(const struct postgres_message *m)
{
	struct reader r = {.content = m->content};

	read_text(&r);
	read_u32(&r);
	return judged(&r, m, SHAPE_POSSIBLE);
}

static enum shape request_shape(const struct postgres_message *m)
{
	switch (m->type) {
	case 'Q':
		return query_shape(m);
	case 'P':
		return parse_shape(m);
	case 'B':
		return bind_shape(m);
	case 'C':
	case 'D':
		return named_shape(m);
	case 'E':
		return execute_shape(m);
	default:
		return SHAPE_POSSIBLE;
	}
}

/* "INSERT 0 1": capitals first, printable to its end. */
static enum shape tag_shape(const struct postgres_message *m)
{
	struct slice tag;
	size_t at = 0;

	if (m->length < 2 || m->length > 64 || !m->whole)
		return SHAPE_WRONG;
	if (!postgres_message__text(m->content, &at, &tag) || at != m->length)
		return SHAPE_WRONG;
	for (size_t i = 0; i < tag.length; i++)
		if (tag.data[i] < ' ' || tag.data[i] > '~')
			return SHAPE_WRONG;
	return tag.data[0] >= 'A' && tag.data[0] <= 'Z' ? SHAPE_SURE : SHAPE_WRONG;
}

/* RowDescription: a name, table, column, type, size, modifier, format (0 or 1) each. */
static enum shape description_shape(const struct postgres_message *m)
{
	struct reader r = {.content = m->content};
	uint32_t seen = 0;

	for (uint32_t n = read_u16(&r); n && !r.out; n--) {
		read_text(&r);
		read_bytes(&r, 16);
		if (read_u16(&r) > 1)
			return SHAPE_WRONG;
		seen += !r.out;
	}
	return judged(&r, m, seen ? SHAPE_SURE : SHAPE_POSSIBLE);
}

static enum shape row_shape(const struct postgres_message *m)
{
	struct reader r = {.content = m->content};
	uint32_t length;

	for (uint32_t n = read_u16(&r); n && !r.out; n--) {
		length = read_u32(&r);
		if (length != UINT32_MAX)
			read_bytes(&r, length);
	}
	return judged(&r, m, SHAPE_POSSIBLE);
}

/* ErrorResponse, NoticeResponse: the first field is the severity, in the server's language. */
static enum shape error_shape(const struct postgres_message *m)
{
	struct slice code = postgres_message__field(m->content, 'C');

	if (!m->content.length || m->content.data[0] != 'S')
		return SHAPE_WRONG;
	if (m->whole && (m->length < 3 || m->content.data[m->length - 1] != 0))
		return SHAPE_WRONG;
	return code.length == 5 ? SHAPE_SURE : m->whole ? SHAPE_WRONG : SHAPE_POSSIBLE;
}

static enum shape status_shape(const struct postgres_message *m)
{
	struct reader r = {.content = m->content};

	read_text(&r);
	read_text(&r);
	return judged(&r, m, SHAPE_POSSIBLE);
}

static enum shape ready_shape(const struct postgres_message *m)
{
	if (!m->whole)
		return SHAPE_POSSIBLE;
	return strchr("ITE", m->content.data[0]) && m->content.data[0] ? SHAPE_SURE : SHAPE_WRONG;
}

static enum shape response_shape(const struct postgres_message *m)
{
	switch (m->type) {
	case 'C':
		return tag_shape(m);
	case 'T':
		return description_shape(m);
	case 'D':
		return row_shape(m);
	case 'E':
	case 'N':
		return error_shape(m);
	case 'S':
		return status_shape(m);
	case 'Z':
		return ready_shape(m);
	default:
		return SHAPE_POSSIBLE;
	}
}

bool postgres_message__chain(struct slice b, bool request, bool sure)
{
	bool certain = false;
	uint32_t fitting = 0;

	while (b.length >= POSTGRES_HEADER) {
		struct postgres_message m;
		enum shape shape;

		postgres_message__read(b, &m);
		if (!postgres_message__allowed(&m, request))
			return false;
		shape = request ? request_shape(&m) : response_shape(&m);
		if (shape == SHAPE_WRONG)
			return false;
		certain |= shape == SHAPE_SURE;
		fitting += m.whole;
		if (!m.whole)
			return certain || fitting >= (sure ? STRENGTH_TWO : 1);
		b = slice__from(b, POSTGRES_HEADER + m.length);
	}
	return certain || fitting >= (sure ? STRENGTH_TWO : 1);
}
