/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/cells.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 600
#define UNKNOWN	 0xfffd

bool frame__size(struct frame *f, int width, int height)
{
	struct cell *cell;

	if (f->cell && f->width == width && f->height == height)
		return true;
	cell = calloc((size_t)width * (size_t)height + 1, sizeof(*cell));
	if (!cell)
		return false;
	free(f->cell);
	*f = (struct frame){.width = width, .height = height, .cell = cell};
	return true;
}

void frame__free(struct frame *f)
{
	free(f->cell);
	*f = (struct frame){0};
}

/* ---- UTF-8 (RFC 3629, section 3) ---- */

static int length_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* Bytes used. */
static int decode(const char *text, wchar_t *out)
{
	static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	static const wchar_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	int length = length_of((unsigned char)text[0]);
	wchar_t c = (unsigned char)text[0] & first_bits[length];

	*out = UNKNOWN;
	for (int i = 1; i < length; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return i;
		c = c << 6 | ((unsigned char)text[i] & 0x3f);
	}
	if (length && c >= least[length] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff))
		*out = c;
	return length ? length : 1;
}

void cells__widen(const char *text, wchar_t *out, size_t size)
{
	size_t n = 0;

	while (*text && n < size - 1)
		text += decode(text, &out[n++]);
	out[n] = L'\0';
}

/* ---- cells ---- */

void cells__blank(struct frame *f)
{
	for (int i = 0; i < f->width * f->height; i++)
		f->cell[i] = (struct cell){L' ', STYLE_PLAIN};
}

void cells__style_line(struct frame *f, int y, enum cell_style style)
{
	for (int x = 0; y >= 0 && y < f->height && x < f->width; x++)
		f->cell[y * f->width + x].style = (uint8_t)style;
}

/* Controls and marks without a width of their own would move or hide what stands beside them. */
static wchar_t shown(const struct frame *f, wchar_t c)
{
	if (c < 0x20 || wcwidth(c) < 1)
		return L'?';
	return f->plain && c > 0x7e ? L'?' : c;
}

int cells__put_wide(struct frame *f, int x, int y, int room, enum cell_style style,
		    const wchar_t *text)
{
	int begin = x;

	if (y < 0 || y >= f->height || x < 0)
		return 0;
	for (; *text; text++) {
		wchar_t c = shown(f, *text);
		int width = wcwidth(c);

		if (x - begin + width > room || x + width > f->width)
			break;
		f->cell[y * f->width + x] = (struct cell){c, (uint8_t)style};
		if (width == 2)
			f->cell[y * f->width + x + 1] = (struct cell){0, (uint8_t)style};
		x += width;
	}
	return x - begin;
}

static int width_of(const struct frame *f, const wchar_t *text)
{
	int width = 0;

	for (; *text; text++)
		width += wcwidth(shown(f, *text));
	return width;
}

void cells__put_fitted(struct frame *f, int x, int y, int width, bool left, enum cell_style style,
		       const wchar_t *text)
{
	int wanted = width_of(f, text), used;

	if (wanted > width) {
		used = cells__put_wide(f, x, y, width - 1, style, text);
		cells__put_wide(f, x + used, y, 1, style, f->plain ? L"~" : L"\u2026");
	} else {
		cells__put_wide(f, left ? x : x + width - wanted, y, width, style, text);
	}
}

int cells__put(struct frame *f, int x, int y, enum cell_style style, const char *format, ...)
{
	wchar_t wide[TEXT_MAX];
	char text[TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	cells__widen(text, wide, TEXT_MAX);
	return x + cells__put_wide(f, x, y, f->width - x, style, wide);
}

/* The cursor's cell is turned round, so it is seen without colours, too. */
static enum cell_style cursor_on(enum cell_style style)
{
	return style == STYLE_TITLE ? STYLE_PLAIN : STYLE_TITLE;
}

int cells__put_prompt(struct frame *f, int x, int y, enum cell_style style, const struct prompt *p)
{
	wchar_t before[PROMPT_MAX], behind[PROMPT_MAX + 1];
	const wchar_t *from = before;
	char text[PROMPT_MAX];
	int begin = x;

	snprintf(text, sizeof(text), "%.*s", (int)p->at, p->text);
	cells__widen(text, before, PROMPT_MAX);
	cells__widen(p->text + p->at, behind, PROMPT_MAX);
	wcscat(behind, L"_"); /* where attributes are not seen either */
	while (*from && width_of(f, from) + 3 > f->width - x) /* the cursor stays in sight */
		from++;
	x += cells__put_wide(f, x, y, f->width - x, style, from);
	x += cells__put_wide(f, x, y, 2, cursor_on(style), (wchar_t[]){behind[0], L'\0'});
	return x + cells__put_wide(f, x, y, f->width - x, style, behind + 1) - begin;
}

/* Where a line of up to `room` characters ends: at a space, if there is one in its second half. */
static size_t line_end(const wchar_t *text, size_t room)
{
	if (wcslen(text) <= room)
		return wcslen(text);
	for (size_t i = room; i > room / 2; i--)
		if (text[i] == L' ')
			return i;
	return room;
}

int cells__put_wrapped(struct frame *f, int x, int y, enum cell_style style, const char *text)
{
	wchar_t wide[TEXT_MAX] = {0};
	size_t room = f->width > x + 1 ? (size_t)(f->width - x) : 1;
	const wchar_t *at = wide;

	cells__widen(text, wide, TEXT_MAX);
	do {
		size_t end = line_end(at, room);
		wchar_t line[TEXT_MAX];

		wmemcpy(line, at, end);
		line[end] = L'\0';
		cells__put_wide(f, x, y++, (int)room, style, line);
		at += end;
		while (*at == L' ')
			at++;
	} while (*at);
	return y;
}
