/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/prompt.h"

#include <stdio.h>
#include <string.h>
#include "view/utf8.h"
#include "view/view.h"

/* Keys as Emacs and every shell have them. */
#define CTRL(letter) ((letter)&0x1f)

void prompt__begin(struct prompt *p, const char *text, size_t size)
{
	p->size = size < sizeof(p->text) ? size : sizeof(p->text);
	snprintf(p->text, p->size, "%s", text);
	p->at = strlen(p->text);
}

static bool is_middle(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t before(const struct prompt *p, size_t at)
{
	while (at && is_middle(p->text[--at]))
		;
	return at;
}

static size_t behind(const struct prompt *p, size_t at)
{
	if (p->text[at])
		at++;
	while (is_middle(p->text[at]))
		at++;
	return at;
}

/* ---- changing ---- */

static void cut(struct prompt *p, size_t from, size_t to)
{
	memmove(p->text + from, p->text + to, strlen(p->text + to) + 1);
	p->at = from;
}

static void insert(struct prompt *p, int key)
{
	char bytes[UTF8_MAX];
	size_t length = utf8__encode(key, bytes), old = strlen(p->text);

	if (old + length >= p->size)
		return;
	memmove(p->text + p->at + length, p->text + p->at, old - p->at + 1);
	memcpy(p->text + p->at, bytes, length);
	p->at += length;
}

/* With the blanks behind it. */
static size_t word_before(const struct prompt *p)
{
	size_t at = p->at;

	while (at && p->text[at - 1] == ' ')
		at--;
	while (at && p->text[at - 1] != ' ' && p->text[at - 1] != '/')
		at--;
	return at == p->at && at ? at - 1 : at; /* a slash goes alone */
}

static bool is_text(int key)
{
	bool control = key < 0x20 || (key >= 0x7f && key < 0xa0);
	bool surrogate = key >= 0xd800 && key <= 0xdfff;

	return !control && !surrogate && key <= 0x10ffff;
}

static void edit(struct prompt *p, int key)
{
	switch (key) {
	case VIEW_BACKSPACE:
		cut(p, before(p, p->at), p->at);
		return;
	case VIEW_DELETE:
	case CTRL('d'):
		cut(p, p->at, behind(p, p->at));
		return;
	case CTRL('w'):
		cut(p, word_before(p), p->at);
		return;
	case CTRL('u'):
		cut(p, 0, p->at);
		return;
	case CTRL('k'):
		p->text[p->at] = '\0';
		return;
	default:
		if (is_text(key))
			insert(p, key);
	}
}

static bool move(struct prompt *p, int key)
{
	switch (key) {
	case VIEW_LEFT:
		p->at = before(p, p->at);
		return true;
	case VIEW_RIGHT:
		p->at = behind(p, p->at);
		return true;
	case VIEW_HOME:
	case CTRL('a'):
		p->at = 0;
		return true;
	case VIEW_END:
	case CTRL('e'):
		p->at = strlen(p->text);
		return true;
	default:
		return false;
	}
}

enum prompt_end prompt__key(struct prompt *p, int key)
{
	if (key == VIEW_ENTER)
		return PROMPT_ENTERED;
	if (key == VIEW_ESCAPE)
		return PROMPT_LEFT;
	if (!move(p, key))
		edit(p, key);
	return PROMPT_GOES_ON;
}
