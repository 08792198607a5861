/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A view of a small node on a screen that is a grid of cells, for the tests of the view. */
#ifndef VIEW_SCREEN_H
#define VIEW_SCREEN_H

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "model_documents.h"
#include "view/cells.h"
#include "view/columns.h"

#define SERVICES                                                                                   \
	"{\"service\": \"slow\", \"protocol\": \"http\", \"side\": \"server\", \"count\": 10,"     \
	" \"errors\": 5, \"sketch\": {\"first\": 80, \"counts\": [10]}, \"max_ms\": 1000},"        \
	"{\"service\": \"busy\", \"protocol\": \"redis\", \"side\": \"client\", \"count\": 9000,"  \
	" \"sketch\": {\"first\": -16, \"counts\": [9000]}, \"max_ms\": 0.25},"                    \
	"{\"service\": \"shop\", \"protocol\": \"postgres\", \"side\": \"client\","                \
	" \"count\": 400, \"sketch\": {\"first\": 16, \"counts\": [400]}, \"max_ms\": 4}"
#define ROUTES                                                                                     \
	"{\"service\": \"slow\", \"side\": \"server\", \"method\": \"GET\","                       \
	" \"route\": \"/a/{id}\", \"count\": 10, \"errors\": 5, \"status\": {\"200\": 5,"          \
	" \"500\": 5}}, {\"service\": \"other\", \"side\": \"server\", \"method\": \"PUT\","       \
	" \"route\": \"/b\", \"count\": 1}"
#define STATEMENTS                                                                                 \
	"{\"service\": \"shop\", \"side\": \"client\", \"fingerprint\": \"0123456789abcdef\","     \
	" \"verb\": \"SELECT\", \"table\": \"users\", \"statement\": \"SELECT a FROM users WHERE"  \
	" id = $1 AND name = $2 AND place = $3 ORDER BY a\", \"count\": 4, \"rows\": 8}"
#define COMMANDS                                                                                   \
	"{\"service\": \"busy\", \"side\": \"client\", \"command\": \"GET\", \"count\": 9000,"     \
	" \"hits\": 90, \"misses\": 10}"
#define LOSS "{\"protocol\": \"http\", \"reason\": \"ring_full\", \"exchanges\": 6, \"bytes\": 600}"

struct screen {
	struct view view;
	struct frame frame;
	struct model *model;
};

static inline void set_model(struct screen *s, json_t *newer)
{
	struct model *m = model__new(newer, NULL, s->model);

	assert_non_null(m);
	json_decref(newer);
	model__free(s->model);
	s->model = m;
	s->view.model = m;
}

static inline int begin(void **state)
{
	struct screen *s = calloc(1, sizeof(*s));

	view__init(&s->view);
	set_model(s, document(10, SERVICES, ROUTES, STATEMENTS, COMMANDS, ""));
	*state = s;
	return 0;
}

static inline int end(void **state)
{
	struct screen *s = *state;

	frame__free(&s->frame);
	model__free(s->model);
	free(s);
	return 0;
}

static inline void draw(struct screen *s, int width, int height)
{
	assert_true(frame__size(&s->frame, width, height));
	view__draw(&s->view, &s->frame);
}

static inline void press(struct screen *s, int key)
{
	view__key(&s->view, key);
	draw(s, 120, 20);
}

/* A line as UTF-8, without the blanks at its end. */
static inline const char *line(const struct screen *s, int y)
{
	static char text[4096];
	size_t n = 0;

	for (int x = 0; x < s->frame.width; x++) {
		wchar_t c = s->frame.cell[y * s->frame.width + x].character;

		if (c)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%lc", (wint_t)c);
	}
	while (n && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
	return text;
}

static inline bool has(const struct screen *s, const char *text)
{
	for (int y = 0; y < s->frame.height; y++)
		if (strstr(line(s, y), text))
			return true;
	return false;
}

static inline enum cell_style style_of(const struct screen *s, int y, const char *text)
{
	const char *at = strstr(line(s, y), text);

	assert_non_null(at);
	return s->frame.cell[y * s->frame.width + (int)(at - line(s, y))].style;
}

#define FIRST_ROW 4

static inline void assert_starts(const struct screen *s, int y, const char *text)
{
	if (strncmp(line(s, y), text, strlen(text)) != 0)
		fail_msg("line %d is `%s`, not `%s...`", y, line(s, y), text);
}

#endif
