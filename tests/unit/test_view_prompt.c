/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is typed into a line, and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "view/prompt.h"
#include "view/view.h"

#define CTRL(letter) ((letter)&0x1f)

static void type(struct prompt *p, const wchar_t *keys)
{
	for (; *keys; keys++)
		assert_int_equal(prompt__key(p, *keys), PROMPT_GOES_ON);
}

static void text_goes_where_the_cursor_is(void **state)
{
	struct prompt p;

	(void)state;
	prompt__begin(&p, "ace", sizeof(p.text));
	prompt__key(&p, VIEW_LEFT);
	type(&p, L"d");
	prompt__key(&p, VIEW_HOME);
	prompt__key(&p, VIEW_LEFT); /* no further */
	prompt__key(&p, VIEW_RIGHT);
	type(&p, L"b");
	assert_string_equal(p.text, "abcde");
	prompt__key(&p, VIEW_END);
	prompt__key(&p, VIEW_RIGHT); /* no further */
	type(&p, L"f");
	assert_string_equal(p.text, "abcdef");
	assert_int_equal(prompt__key(&p, VIEW_ENTER), PROMPT_ENTERED);
	assert_int_equal(prompt__key(&p, VIEW_ESCAPE), PROMPT_LEFT);
	assert_string_equal(p.text, "abcdef");
}

static void characters_are_taken_whole(void **state)
{
	struct prompt p;

	(void)state;
	prompt__begin(&p, "", sizeof(p.text));
	type(&p, L"aé茶😀z");
	assert_string_equal(p.text, "aé茶😀z");
	prompt__key(&p, VIEW_LEFT);
	prompt__key(&p, VIEW_BACKSPACE);
	assert_string_equal(p.text, "aé茶z");
	prompt__key(&p, VIEW_LEFT);
	prompt__key(&p, VIEW_LEFT);
	prompt__key(&p, VIEW_DELETE);
	assert_string_equal(p.text, "a茶z");
	prompt__key(&p, VIEW_DELETE);
	prompt__key(&p, VIEW_DELETE);
	prompt__key(&p, VIEW_DELETE); /* nothing is left there */
	assert_string_equal(p.text, "a");
	prompt__key(&p, VIEW_BACKSPACE);
	prompt__key(&p, VIEW_BACKSPACE);
	assert_string_equal(p.text, "");
}

static void words_and_lines_are_cut(void **state)
{
	struct prompt p;

	(void)state;
	prompt__begin(&p, "/var/log/one two ", sizeof(p.text));
	prompt__key(&p, CTRL('w'));
	assert_string_equal(p.text, "/var/log/one ");
	prompt__key(&p, CTRL('w'));
	assert_string_equal(p.text, "/var/log/");
	prompt__key(&p, CTRL('w'));
	assert_string_equal(p.text, "/var/log");
	prompt__key(&p, CTRL('a'));
	prompt__key(&p, VIEW_RIGHT);
	prompt__key(&p, CTRL('k'));
	assert_string_equal(p.text, "/");
	prompt__key(&p, CTRL('u'));
	assert_string_equal(p.text, "");
	prompt__key(&p, CTRL('w'));
	assert_int_equal(p.at, 0);
}

static void the_size_is_the_limit(void **state)
{
	struct prompt p;

	(void)state;
	prompt__begin(&p, "abcdefgh", 6);
	assert_string_equal(p.text, "abcde");
	type(&p, L"f");
	assert_string_equal(p.text, "abcde");
	prompt__key(&p, VIEW_BACKSPACE);
	type(&p, L"é"); /* two bytes: one too many */
	assert_string_equal(p.text, "abcd");
	prompt__key(&p, VIEW_BACKSPACE);
	type(&p, L"é");
	assert_string_equal(p.text, "abcé");
}

static void controls_and_keys_are_no_text(void **state)
{
	static const int keys[] = {0,	   1 << 20 | 0x20000, 7,	27 + 1,		 0x7f, 0x9b,
				   0xd800, VIEW_UP,	      VIEW_TAB, 0x110000 - 1 + 1};
	struct prompt p;

	(void)state;
	prompt__begin(&p, "x", sizeof(p.text));
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		prompt__key(&p, keys[i]);
	assert_string_equal(p.text, "x");
}

/* Whatever is typed, the text is UTF-8, ends within its size, and the cursor is between characters.
 */
static void any_keys_leave_a_whole_text(void **state)
{
	static const int some[] = {'a',	    ' ',       '/',	  0xe9,	    0x8336,
				   0x1f600, CTRL('w'), CTRL('k'), CTRL('u')};
	uint32_t seed = 3;
	struct prompt p;

	(void)state;
	prompt__begin(&p, "", 40);
	for (int i = 0; i < 50000; i++) {
		seed = seed * 1664525 + 1013904223;
		prompt__key(&p, (seed >> 9) % 2 ? some[(seed >> 12) % 9]
						: VIEW_UP + (int)((seed >> 12) % 15));
		assert_in_range(strlen(p.text), 0, 39);
		assert_in_range(p.at, 0, strlen(p.text));
		assert_true(((unsigned char)p.text[p.at] & 0xc0) != 0x80);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_goes_where_the_cursor_is),
		cmocka_unit_test(characters_are_taken_whole),
		cmocka_unit_test(words_and_lines_are_cut),
		cmocka_unit_test(the_size_is_the_limit),
		cmocka_unit_test(controls_and_keys_are_no_text),
		cmocka_unit_test(any_keys_leave_a_whole_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
