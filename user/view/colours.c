/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/colours.h"

/*
 * Of the 256 (xterm's ctlseqs, "Color Palette": 16 + 36 red + 6 green + blue, each 0, 95, 135, 175,
 * 215 or 255) those of middle luminance: their contrast is 4:1 at least on black and on white, as
 * WCAG 2.1 (section 1.4.3) counts it. The first 8 are what the user's theme makes of them; yellow
 * is left out, which hardly any theme makes readable on white.
 */
static const struct {
	int of_256, of_8;
} colours[STYLE_COUNT] = {
	[STYLE_GOOD] = {28, 2},	 /* #008700, green */
	[STYLE_WARN] = {130, 5}, /* #af5f00, magenta */
	[STYLE_BAD] = {160, 1},	 /* #d70000, red */
};

int colours__of(enum cell_style style, int available)
{
	int colour = available >= 256 ? colours[style].of_256 : colours[style].of_8;

	return available >= 8 && colour ? colour : -1;
}
