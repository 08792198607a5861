/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/heat.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "metrics/histogram.h"
#include "view/cells.h"
#include "view/columns.h"

#define PER_OCTAVE  8  /* buckets of a sketch */
#define PER_DOUBLE  8  /* levels */
#define LABEL_WIDTH 12 /* as the other details' */
#define FOOTER	    1
#define HEADS	    2 /* a line of space, one that names it */
#define SHADES	    9

/* The bucket k has latencies in (2^((k-1)/8), 2^(k/8)] ms. */
static int octave_of(int bucket)
{
	int octave = (int)ceil((double)bucket / PER_OCTAVE) - HEAT_FIRST;

	return octave < 0 ? 0 : octave >= HEAT_OCTAVES ? HEAT_OCTAVES - 1 : octave;
}

static uint8_t level_of(uint64_t count)
{
	double level = count ? 1 + log2((double)count) * PER_DOUBLE : 0;

	return (uint8_t)fmin(level, UINT8_MAX);
}

void heat__set_newest(struct heat *heat, const uint64_t *counts)
{
	uint64_t sums[HEAT_OCTAVES] = {0};

	for (int i = 0; i < SKETCH_COUNT; i++)
		sums[octave_of(i + SKETCH_MIN)] += counts[i];
	for (int i = 0; i < HEAT_OCTAVES; i++)
		heat->level[HEAT_INTERVALS - 1][i] = level_of(sums[i]);
}

void heat__continue(struct heat *heat, const struct heat *before)
{
	memcpy(heat->level[0], before->level[1], (HEAT_INTERVALS - 1) * sizeof(before->level[0]));
}

/* ---- the picture ---- */

struct map {
	const struct heat *heat;
	int lowest, highest; /* octaves that hold something */
	uint8_t most;	     /* the highest level */
	int step;	     /* octaves of a line */
	int begin;	     /* the first interval that there is room for */
	int cell, together;  /* columns of an interval; intervals of a column: one of both is 1 */
	int columns;
};

static void measure(struct map *map)
{
	map->lowest = HEAT_OCTAVES;
	map->highest = -1;
	for (int i = 0; i < HEAT_INTERVALS; i++)
		for (int o = 0; o < HEAT_OCTAVES; o++) {
			uint8_t level = map->heat->level[i][o];

			if (!level)
				continue;
			map->lowest = o < map->lowest ? o : map->lowest;
			map->highest = o > map->highest ? o : map->highest;
			map->most = level > map->most ? level : map->most;
		}
}

/* Where there is no room for all, the newest are of interest, but of a recording all are. */
static void lay_out(struct map *map, int columns, bool all)
{
	map->cell = columns < HEAT_INTERVALS ? 1 : columns / HEAT_INTERVALS;
	map->together = all ? (HEAT_INTERVALS + columns - 1) / columns : 1;
	map->begin = all || columns >= HEAT_INTERVALS ? 0 : HEAT_INTERVALS - columns;
	map->columns =
		(HEAT_INTERVALS - map->begin + map->together - 1) / map->together * map->cell;
}

/* The interval that a column begins with. */
static int interval_at(const struct map *map, int column)
{
	return map->begin + column / map->cell * map->together;
}

/* The highest of a column's intervals and a line's octaves. */
static uint8_t level_at(const struct map *map, int column, int top)
{
	int first = interval_at(map, column), last = first + map->together;
	uint8_t level = 0;

	for (int i = first; i < last && i < HEAT_INTERVALS; i++)
		for (int o = top; o > top - map->step && o >= 0; o--)
			level = map->heat->level[i][o] > level ? map->heat->level[i][o] : level;
	return level;
}

static void put_shade(const struct view *v, struct frame *f, int x, int y, const struct map *map,
		      uint8_t level)
{
	static const wchar_t plain[] = L" .:-=+*#%@";
	static const wchar_t blocks[] = L" \u2591\u2591\u2591\u2592\u2592\u2593\u2593\u2588\u2588";
	int shade = (level * SHADES + map->most - 1) / map->most;
	enum cell_style style = shade < 4 ? STYLE_DIM : shade < 8 ? STYLE_PLAIN : STYLE_BOLD;

	cells__put_wide(f, x, y, 1, style, (wchar_t[]){(v->plain ? plain : blocks)[shade], L'\0'});
}

/* The octaves from `top` down to the next line's. */
static void draw_line(const struct view *v, struct frame *f, int y, const struct map *map, int top)
{
	wchar_t text[32];

	format__ms(exp2(top + HEAT_FIRST), v->plain, text, sizeof(text) / sizeof(*text));
	if (top == HEAT_OCTAVES - 1)
		swprintf(text, sizeof(text) / sizeof(*text), L"more");
	cells__put_fitted(f, 0, y, LABEL_WIDTH - 2, false, STYLE_DIM, text);
	for (int x = 0; x < map->columns; x++)
		put_shade(v, f, LABEL_WIDTH + x, y, map, level_at(map, x, top));
}

/* Below each column how many there were in all. */
static void draw_rates(const struct view *v, struct frame *f, int y, const struct map *map,
		       const struct model_row *row)
{
	float rates[HEAT_INTERVALS] = {0};
	wchar_t trend[HEAT_INTERVALS + 1];

	for (int i = map->begin; i < HEAT_INTERVALS; i++)
		rates[(i - map->begin) / map->together] += row->history[i];
	format__trend(rates, HEAT_INTERVALS, v->plain, trend);
	cells__put_fitted(f, 0, y, LABEL_WIDTH - 2, false, STYLE_DIM, L"rate");
	for (int x = 0; x < map->columns; x++)
		cells__put_wide(f, LABEL_WIDTH + x, y, 1, STYLE_PLAIN,
				(wchar_t[]){trend[x / map->cell], L'\0'});
}

static void draw_title(const struct view *v, struct frame *f, int y, const struct map *map)
{
	int x = cells__put(f, 0, y, STYLE_DIM, "%-12s", "latencies"), shown;
	wchar_t text[32];
	double most;

	format__ms(v->model->interval * 1000 / HEAT_INTERVALS, v->plain, text,
		   sizeof(text) / sizeof(*text));
	shown = HEAT_INTERVALS - map->begin;
	if (v->model->recording)
		x = cells__put(f, x, y, STYLE_DIM, "all of it in %d parts of %ls", shown, text);
	else
		x = cells__put(f, x, y, STYLE_DIM, "last %d intervals, newest at the right", shown);
	most = round(exp2((map->most - 1) / (double)PER_DOUBLE));
	if (most < 1000)
		swprintf(text, sizeof(text) / sizeof(*text), L"%.0f", most);
	else
		format__count(most, text, sizeof(text) / sizeof(*text));
	cells__put(f, x, y, STYLE_DIM, "; darkest about %ls", text);
}

void heat__draw(const struct view *v, struct frame *f, int y, const struct model_row *row)
{
	int room = f->height - FOOTER - HEADS - y, columns = f->width - LABEL_WIDTH;
	struct map map = {.heat = &row->heat};

	measure(&map);
	if (map.highest < 0 || room < 1 || columns < 1)
		return;
	if (room > 1)
		room--; /* for the rates */
	map.step = (map.highest - map.lowest + room) / room;
	lay_out(&map, columns, v->model->recording);
	draw_title(v, f, ++y, &map);
	for (int top = map.highest; top >= map.lowest; top -= map.step)
		draw_line(v, f, ++y, &map, top);
	if (y + 1 < f->height - FOOTER)
		draw_rates(v, f, y + 1, &map, row);
}
