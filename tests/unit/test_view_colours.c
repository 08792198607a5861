/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is coloured can be read on black and on white (WCAG 2.1: contrast and relative luminance).
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "view/colours.h"

static double linear(int step)
{
	double c = (step ? 55 + 40 * step : 0) / 255.0;

	return c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(int colour)
{
	int cube = colour - 16;

	assert_in_range(cube, 0, 215);
	return 0.2126 * linear(cube / 36) + 0.7152 * linear(cube / 6 % 6) +
	       0.0722 * linear(cube % 6);
}

static void they_are_read_on_black_and_on_white(void **state)
{
	int coloured = 0;

	(void)state;
	for (int style = 0; style < STYLE_COUNT; style++) {
		int colour = colours__of((enum cell_style)style, 256);

		if (colour < 0)
			continue;
		coloured++;
		assert_true((luminance(colour) + 0.05) / 0.05 >= 3.8);
		assert_true(1.05 / (luminance(colour) + 0.05) >= 3.8);
	}
	assert_int_equal(coloured, 3);
}

static void few_colours_are_the_themes(void **state)
{
	(void)state;
	for (int style = 0; style < STYLE_COUNT; style++) {
		int colour = colours__of((enum cell_style)style, 8);

		assert_true(colour != 0 && colour != 3 && colour < 7); /* black, yellow, white */
		assert_int_equal(colours__of((enum cell_style)style, 2), -1);
		assert_int_equal(colour < 0, colours__of((enum cell_style)style, 256) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_read_on_black_and_on_white),
		cmocka_unit_test(few_colours_are_the_themes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
