/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "protocol/http1_head.h"

#include <string.h>
#include "protocol/block.h"

#define METHOD_MAX 16

/* Padded with zeros, to be compared as words. */
static const uint8_t methods[HTTP_METHOD_COUNT][WORD_BYTES] = {
	[HTTP_GET] = "GET",	    [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",
	[HTTP_PUT] = "PUT",	    [HTTP_DELETE] = "DELETE", [HTTP_CONNECT] = "CONNECT",
	[HTTP_OPTIONS] = "OPTIONS", [HTTP_TRACE] = "TRACE",   [HTTP_PATCH] = "PATCH",
};

/* ---- request line: method SP target SP HTTP/1.x (RFC 9112 section 3) ---- */

static bool is_method_byte(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || c == '-';
}

/* Length of the method's token at the beginning; 0 where another byte or too many come first. */
static size_t method_length(struct slice s)
{
	size_t n = 0;

	while (n < s.length && n <= METHOD_MAX && is_method_byte(s.data[n]))
		n++;
	return n > METHOD_MAX || !n || s.data[0] == '-' ? 0 : n;
}

static enum http_method method_of(struct slice token)
{
	uint64_t word = token.length < WORD_BYTES ? word__part(token.data, token.length) : 0;

	for (int m = HTTP_GET; m < HTTP_UNTOLD; m++)
		if (word__at(methods[m]) == word)
			return (enum http_method)m;
	return HTTP_OTHER;
}

/* The method in front, and its length; 0: there is none. */
static size_t leading_method(struct slice line, enum http_method *out)
{
	size_t length;

	if (slice__starts(line, "GET ")) { /* most are */
		*out = HTTP_GET;
		return sizeof("GET") - 1;
	}
	length = method_length(line);
	if (!length || length >= line.length || line.data[length] != ' ')
		return 0;
	*out = method_of(slice__sub(line, 0, length));
	return length;
}

/* RFC 9110 section 9.3.6: CONNECT names a host and a port, nothing else. */
static bool is_authority(struct slice s)
{
	for (size_t i = 0; i < s.length; i++)
		if (s.data[i] == '/' || s.data[i] == '?' || s.data[i] == '#')
			return false;
	return slice__find(s, ':') >= 0;
}

static bool is_absolute(struct slice s)
{
	size_t n = 0;

	while (n < s.length && ascii_lower(s.data[n]) >= 'a' && ascii_lower(s.data[n]) <= 'z')
		n++;
	return n && slice__starts(slice__from(s, n), "://");
}

static bool is_visible(struct slice s)
{
	size_t i = 0;

	for (; s.length - i >= WORD_BYTES; i += WORD_BYTES)
		if (word__has_less(word__at(s.data + i), ' ' + 1) ||
		    word__has(word__at(s.data + i), 0x7f))
			return false;
	for (; i < s.length; i++)
		if (s.data[i] <= ' ' || s.data[i] == 0x7f)
			return false;
	return true;
}

/* The four forms of RFC 9112 section 3.2. */
static bool is_target(enum http_method method, struct slice s)
{
	if (!s.length || !is_visible(s))
		return false;
	if (method == HTTP_CONNECT)
		return is_authority(s);
	return s.data[0] == '/' || slice__equals(s, "*") || is_absolute(s);
}

static bool is_version(struct slice s)
{
	return s.length == 8 && slice__starts(s, "HTTP/1.") && s.data[7] >= '0' && s.data[7] <= '9';
}

bool head__request_line(struct slice line, bool cut, struct request_line *out)
{
	size_t method = leading_method(line, &out->method);
	struct slice rest;
	ptrdiff_t space;

	if (!method)
		return false;
	rest = slice__from(line, method + 1);
	space = slice__find(rest, ' ');
	if (space < 0 && !cut)
		return false;
	out->target = space < 0 ? rest : slice__sub(rest, 0, (size_t)space);
	out->version = 11;
	if (!cut) {
		rest = slice__from(rest, (size_t)space + 1);
		if (!is_version(rest))
			return false;
		out->version = rest.data[7] == '0' ? 10 : 11;
	}
	return is_target(out->method, out->target);
}

/* Offset of the first byte that is none of a target, from `at` on. */
static size_t target_end(struct slice bytes, size_t at)
{
	for (; bytes.length - at >= BLOCK_BYTES; at += BLOCK_BYTES) {
		uint32_t others = block__bits(block__unseen(block__at(bytes.data + at)));

		if (others)
			return at + (size_t)__builtin_ctz(others);
	}
	return bytes.length; /* hardly: a version and two ends of line are to follow */
}

/* The same of a target at `at`, marking its path on the way. */
static size_t read_target(struct slice bytes, size_t at, struct marked_path *path)
{
	struct path_marks marks = {0};

	for (size_t i = 0; i < MARKED_MAX && bytes.length - at - i >= BLOCK_BYTES;
	     i += BLOCK_BYTES) {
		block_t b = block__at(bytes.data + at + i);
		uint32_t others = block__bits(block__unseen(b));

		path_marks__add(&marks, b, i);
		if (others) {
			size_t end = i + (size_t)__builtin_ctz(others);

			*path = path_marks__path(&marks, bytes.data + at, end);
			return at + end;
		}
	}
	path->length = 0;
	return target_end(bytes, at);
}

size_t head__plain_request(struct slice bytes, struct request_line *out)
{
	static const char form[] = " HTTP/1.#\r\n";
	size_t method = leading_method(bytes, &out->method), target = method + 1, end;
	const uint8_t *version;

	if (!method || out->method == HTTP_CONNECT || bytes.length - method <= BLOCK_BYTES ||
	    bytes.data[target] != '/')
		return 0;
	end = read_target(bytes, target, &out->path);
	if (bytes.length - end < sizeof(form) - 1 || end + sizeof(form) - 1 > LINE_MAX_BYTES)
		return 0;
	version = bytes.data + end;
	if (memcmp(version, form, 8) != 0 || (uint8_t)(version[8] - '0') > 9 ||
	    memcmp(version + 9, form + 9, 2) != 0)
		return 0;
	out->target = slice__of(bytes.data + target, end - target);
	out->version = version[8] == '0' ? 10 : 11;
	return end + sizeof(form) - 1;
}

bool head__ends_request(struct slice tail)
{
	if (tail.length && tail.data[tail.length - 1] == '\r')
		tail.length--;
	return tail.length >= 9 && tail.data[tail.length - 9] == ' ' &&
	       is_version(slice__from(tail, tail.length - 8));
}

/* ---- status line: HTTP/1.x SP code [SP reason] (RFC 9112 section 4) ---- */

uint16_t head__status_line(struct slice line)
{
	uint16_t status = 0;

	if (line.length < 12 || !is_version(slice__sub(line, 0, 8)) || line.data[8] != ' ')
		return 0;
	for (int i = 9; i < 12; i++) {
		if (line.data[i] < '0' || line.data[i] > '9')
			return 0;
		status = (uint16_t)(status * 10 + line.data[i] - '0');
	}
	if (line.length > 12 && line.data[12] != ' ')
		return 0;
	return status >= 100 ? status : 0;
}

/* ---- fields (RFC 9112 section 5) ---- */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct slice trim(struct slice s)
{
	while (s.length && is_blank(s.data[0]))
		s = slice__from(s, 1);
	while (s.length && is_blank(s.data[s.length - 1]))
		s.length--;
	return s;
}

/* Takes the first element of a comma-separated list off. */
static struct slice next_element(struct slice *list)
{
	ptrdiff_t comma = slice__find(*list, ',');
	struct slice element = comma < 0 ? *list : slice__sub(*list, 0, (size_t)comma);

	*list = comma < 0 ? slice__of(list->data, 0) : slice__from(*list, (size_t)comma + 1);
	return trim(element);
}

static bool decimal(struct slice s, uint64_t *out)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.length; i++) {
		if (s.data[i] < '0' || s.data[i] > '9' || n > BODY_MAX / 10)
			return false;
		n = n * 10 + (uint64_t)(s.data[i] - '0');
	}
	*out = n;
	return s.length && n < BODY_MAX;
}

/* RFC 9112 section 6.3: the same length several times is one length, different ones are an error.
 */
static void content_length(struct framing *framing, struct slice value)
{
	do {
		uint64_t length;

		if (!decimal(next_element(&value), &length) ||
		    (framing->has_length && framing->length != length)) {
			framing->bad = true;
			return;
		}
		framing->length = length;
		framing->has_length = true;
	} while (value.length);
}

/* Only the last coding matters: chunked ends by itself, any other one with the connection. */
static void transfer_encoding(struct framing *framing, struct slice value)
{
	while (value.length) {
		struct slice coding = next_element(&value);

		if (slice__equals_nocase(coding, "chunked"))
			framing->coding = CODING_CHUNKED;
		else if (coding.length && !slice__equals_nocase(coding, "identity"))
			framing->coding = CODING_OTHER;
	}
}

static void upgrade(struct framing *framing, struct slice value)
{
	while (value.length)
		framing->h2c |= slice__equals_nocase(next_element(&value), "h2c");
}

void head__field(struct framing *framing, struct slice line, bool cut)
{
	ptrdiff_t colon = head__may_matter(line) ? slice__find(line, ':') : -1;
	struct slice name, value;

	if (colon < 0)
		return;
	name = slice__sub(line, 0, (size_t)colon);
	value = trim(slice__from(line, (size_t)colon + 1));
	if (slice__equals_nocase(name, "content-length")) {
		content_length(framing, value);
		framing->bad |= cut;
	} else if (slice__equals_nocase(name, "transfer-encoding")) {
		transfer_encoding(framing, value);
		framing->bad |= cut;
	} else if (slice__equals_nocase(name, "upgrade")) {
		upgrade(framing, value);
	} else if (slice__equals_nocase(name, "expect")) {
		framing->expects |= slice__equals_nocase(value, "100-continue");
	}
}

/* ---- chunked coding (RFC 9112 section 7.1) ---- */

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool head__chunk_size(struct slice line, uint64_t *size)
{
	uint64_t n = 0;
	size_t i = 0;

	for (; i < line.length && hex_value(line.data[i]) >= 0; i++) {
		if (n >= BODY_MAX / 16)
			return false;
		n = n * 16 + (uint64_t)hex_value(line.data[i]);
	}
	*size = n;
	return i && (i == line.length || line.data[i] == ';' || is_blank(line.data[i]));
}

/* ---- where a start line begins ---- */

static enum detection begins_status(struct slice bytes)
{
	static const char form[] = "HTTP/1.# ###";

	for (size_t i = 0; i < bytes.length && form[i]; i++) {
		bool fits = form[i] == '#' ? bytes.data[i] >= '0' && bytes.data[i] <= '9'
					   : bytes.data[i] == (uint8_t)form[i];

		if (!fits)
			return DETECT_NO;
	}
	return bytes.length >= sizeof(form) - 1 ? DETECT_YES : DETECT_MORE;
}

/* Might these bytes, without an end of line, become a request line? */
static enum detection may_begin_request(struct slice bytes)
{
	size_t method = method_length(bytes);
	struct request_line line;

	if (!method)
		return DETECT_NO;
	if (method + 1 >= bytes.length)
		return method == bytes.length || bytes.data[method] == ' ' ? DETECT_MORE
									   : DETECT_NO;
	if (bytes.data[method + 1] == '/' || bytes.length > 32)
		return head__request_line(bytes, true, &line) ||
				       bytes.data[bytes.length - 1] == '\r'
			       ? DETECT_MORE
			       : DETECT_NO;
	return bytes.data[method] == ' ' ? DETECT_MORE : DETECT_NO;
}

static struct slice without_cr(struct slice line)
{
	if (line.length && line.data[line.length - 1] == '\r')
		line.length--;
	return line;
}

enum detection head__begins(struct slice bytes, bool request)
{
	struct slice first = slice__sub(bytes, 0, LINE_MAX_BYTES);
	struct request_line line;
	ptrdiff_t end;

	if (!bytes.length)
		return DETECT_MORE;
	if (!request)
		return begins_status(bytes);
	end = slice__find(first, '\n');
	if (end < 0)
		return first.length < LINE_MAX_BYTES ? may_begin_request(first) : DETECT_NO;
	first = without_cr(slice__sub(first, 0, (size_t)end));
	return head__request_line(first, false, &line) ? DETECT_YES : DETECT_NO;
}

bool head__begins_surely(struct slice bytes)
{
	struct request_line line;

	return slice__find(slice__sub(bytes, 0, LINE_MAX_BYTES), '\n') < 0 &&
	       head__request_line(slice__sub(bytes, 0, LINE_MAX_BYTES), true, &line) &&
	       line.method != HTTP_OTHER;
}
