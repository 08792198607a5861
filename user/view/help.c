/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The keys, as they fit on 80 columns and 24 lines. */
#include "view/cells.h"
#include "view/pages.h"

static const struct {
	const char *keys, *what;
} lines[] = {
	{"up down j k", "one row; PgUp PgDn: a screenful; Home End g G: to the ends"},
	{"Enter", "open a service, then one of its rows; Esc: back, no filter"},
	{"H", "all of a row, of a service, too, with its latencies over time"},
	{"1...8 0 K C f", "pages; K: keys, C: caches, f: tail; Tab, Shift-Tab: beside"},
	{"/", "only rows that hold a text; the tail also: slower 1s status 5xx"},
	{"< > left right", "sort by the column beside; I: the other way round"},
	{"r e m 9 l x", "sort by rate, errors, p50, p95, p99, max; again: turned round"},
	{"n s d t o", "by count, service, side, protocol or method, name"},
	{"u c a z b i", "by unanswered, connections, table, rows, callers, hits"},
	{"p space", "freeze the numbers and look around; again: go on"},
	{"+ -", "longer, shorter interval"},
	{"w", "save these rows as CSV or JSON"},
	{"mouse", "title: sort; row: choose, again: open; right: back; tab, wheel"},
	{"? h  ^L  q", "this help; draw anew; quit"},
};

static const char *const words[] = {
	"SIDE server: the process answered; client: it asked. With both ends on this",
	"node, an exchange is in a row of each. All but CONN are of the last interval.",
	"ERR: HTTP 5xx, gRPC, SQL and Redis errors. UNANSW: ended without an answer.",
};

void page__help(struct frame *f)
{
	int y = HEADER_LINES - 1;

	cells__style_line(f, y, STYLE_TITLE);
	cells__put(f, 0, y++, STYLE_TITLE, "keys");
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++, y++) {
		cells__put(f, 0, y, STYLE_BOLD, "%s", lines[i].keys);
		cells__put(f, 15, y, STYLE_PLAIN, "%s", lines[i].what);
	}
	y++;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		cells__put(f, 0, y++, STYLE_PLAIN, "%s", words[i]);
}
