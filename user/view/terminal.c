/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#define NCURSES_WIDECHAR 1
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#undef KEY_NONE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "view/colours.h"
#include "view/export.h"
#include "view/fetcher.h"
#include "view/picture.h"
#include "view/save.h"
#include "view/tail_feed.h"
#include "view/terminal.h"
#include "view/view.h"

#define DOUBLE_SECONDS 0.4
#define FIRST_SECONDS  0.5
#define POLL_MS	       100 /* how late a signal or an interval may be noticed */

static volatile sig_atomic_t ended;

static void on_end(int number)
{
	ended = number;
}

/* The terminal must be whole again whatever ends us. */
static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_end};
	sigset_t set;

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGQUIT, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static attr_t attributes[STYLE_COUNT];

/* https://no-color.org: any value but the empty one asks for none. */
static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return has_colors() && !(no && no[0]);
}

/* A terminal that cannot go back to its own colours would be left with ours. */
static void set_colours(void)
{
	start_color();
	if (use_default_colors() == ERR)
		return;
	for (int style = 0; style < STYLE_COUNT; style++) {
		int colour = colours__of((enum cell_style)style, COLORS);

		if (colour >= 0 && init_pair((short)(style + 1), (short)colour, -1) != ERR)
			attributes[style] |= COLOR_PAIR(style + 1);
	}
}

static void set_attributes(void)
{
	attributes[STYLE_DIM] = A_DIM;
	attributes[STYLE_BOLD] = A_BOLD;
	attributes[STYLE_TITLE] = A_REVERSE;
	attributes[STYLE_SELECTED] = A_REVERSE | A_BOLD;
	attributes[STYLE_BAD] = A_BOLD;
	if (wants_colour())
		set_colours();
}

static void paint(const struct frame *f)
{
	for (int y = 0; y < f->height; y++)
		for (int x = 0; x < f->width; x++) {
			const struct cell *c = &f->cell[y * f->width + x];
			wchar_t text[2] = {c->character, L'\0'};
			cchar_t shown;

			if (!c->character)
				continue;
			setcchar(&shown, text, attributes[c->style] & ~A_COLOR,
				 PAIR_NUMBER(attributes[c->style]), NULL);
			mvadd_wch(y, x, &shown);
		}
	refresh();
}

static int key_of(int kind, wint_t got)
{
	static const struct {
		wint_t curses;
		int key;
	} keys[] = {{KEY_UP, VIEW_UP},	       {KEY_DOWN, VIEW_DOWN},
		    {KEY_PPAGE, VIEW_PAGE_UP}, {KEY_NPAGE, VIEW_PAGE_DOWN},
		    {KEY_HOME, VIEW_HOME},     {KEY_END, VIEW_END},
		    {KEY_LEFT, VIEW_LEFT},     {KEY_RIGHT, VIEW_RIGHT},
		    {KEY_ENTER, VIEW_ENTER},   {KEY_BACKSPACE, VIEW_BACKSPACE},
		    {KEY_BTAB, VIEW_BACK_TAB}, {KEY_DC, VIEW_DELETE}};

	for (size_t i = 0; kind == KEY_CODE_YES && i < sizeof(keys) / sizeof(*keys); i++)
		if (keys[i].curses == got)
			return keys[i].key;
	if (kind == KEY_CODE_YES)
		return KEY_NONE;
	switch (got) {
	case L'\n':
	case L'\r':
		return VIEW_ENTER;
	case 27:
		return VIEW_ESCAPE;
	case L'\t':
		return VIEW_TAB;
	case 8:
	case 127:
		return VIEW_BACKSPACE;
	case 12: /* ^L */
		clearok(curscr, TRUE);
		return KEY_NONE;
	default:
		return (int)got;
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct screen {
	struct source *source;
	struct view *view;
	struct frame frame;
	struct picture picture;
	struct tail_feed tail;
	struct fetcher *fetcher;
	bool asked;
	double next;
	bool changed; /* since it was drawn */
	struct {
		double until; /* another press at this place is a double click */
		int x, y;
	} pressed;
};

static void show_picture(struct screen *s)
{
	s->view->model = s->picture.shown;
	s->changed = true;
}

static int show_document(struct screen *s, json_t *newer, char *error, size_t size)
{
	int err = picture__take(&s->picture, newer, source__is_live(s->source));

	if (err)
		snprintf(error, size, "the numbers are of another version of sonde");
	show_picture(s);
	return err;
}

/* A daemon may be started anew: the last numbers stay, marked as old, and it is asked again. */
static int show_answer(struct screen *s, json_t *newer, char *error, size_t size)
{
	if (newer && newer == s->picture.document) { /* a recording's only one */
		json_decref(newer);
		return 0;
	}
	if (!newer && s->picture.shown && source__may_return(s->source)) {
		snprintf(s->view->trouble, sizeof(s->view->trouble), "%s", error);
		s->changed = true;
		return 0;
	}
	s->view->trouble[0] = '\0';
	return newer ? show_document(s, newer, error, size) : -EIO;
}

/* While an answer is waited for, the next one is not asked for: it comes as soon as it can. */
static int maybe_update(struct screen *s, char *error, size_t size)
{
	json_t *newer = NULL;
	double t = now();
	int err = 0;

	if (fetcher__take(s->fetcher, &newer, error, size)) {
		s->asked = false;
		err = show_answer(s, newer, error, size);
	}
	if (!s->asked && t >= s->next) {
		s->next = t + s->view->interval;
		s->asked = true;
		fetcher__ask(s->fetcher);
	}
	return err;
}

static int draw(struct screen *s)
{
	int height, width;

	getmaxyx(stdscr, height, width);
	if (!s->changed || height < 1 || width < 1)
		return 0;
	s->changed = false;
	if (!frame__size(&s->frame, width, height))
		return -ENOMEM;
	view__draw(s->view, &s->frame);
	paint(&s->frame);
	return 0;
}

/* What is on the screen into the file that was asked for. */
static void save(struct view *v)
{
	const char *name = v->prompt.text;
	struct buffer text = {0};
	char problem[400] = "";
	size_t rows = 0;

	if (!export__text(v, export__form(name), &text, &rows))
		snprintf(problem, sizeof(problem), "no memory");
	else
		save__write(name, text.data ? text.data : "", text.length, problem,
			    sizeof(problem));
	buffer__clear(&text);
	view__saved(v, problem[0] ? problem : NULL, rows);
}

/* Curses would wait for a second press before it told of the first: this is found here. */
static void take_mouse(struct screen *s)
{
	static const struct {
		mmask_t state;
		enum mouse_act act;
	} acts[] = {{BUTTON1_PRESSED, MOUSE_PRESS},
		    {BUTTON3_PRESSED, MOUSE_BACK},
		    {BUTTON4_PRESSED, MOUSE_WHEEL_UP},
		    {BUTTON5_PRESSED, MOUSE_WHEEL_DOWN}};
	MEVENT event;

	if (getmouse(&event) != OK)
		return;
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		bool again = !i && now() < s->pressed.until && event.x == s->pressed.x &&
			     event.y == s->pressed.y;

		if (!(event.bstate & acts[i].state))
			continue;
		s->pressed.until = i || again ? 0 : now() + DOUBLE_SECONDS;
		s->pressed.x = event.x;
		s->pressed.y = event.y;
		view__mouse(s->view, event.x, event.y, again ? MOUSE_DOUBLE : acts[i].act);
		return;
	}
}

static void take_key(struct screen *s, int kind, wint_t got)
{
	double interval = s->view->interval;

	if (kind == KEY_CODE_YES && got == KEY_RESIZE)
		erase();
	else if (kind == KEY_CODE_YES && got == KEY_MOUSE)
		take_mouse(s);
	else
		view__key(s->view, key_of(kind, got));
	if (s->view->save)
		save(s->view);
	if (picture__hold(&s->picture, s->view->frozen || s->view->saving))
		show_picture(s);
	if (s->view->interval != interval)
		s->next = now() + s->view->interval;
	s->changed = true;
}

/* What answers at once is the first picture; else that it is waited for. */
static int await_first(struct screen *s, char *error, size_t size)
{
	double until = now() + FIRST_SECONDS;
	int err = maybe_update(s, error, size);

	while (!err && !s->picture.shown && !ended && now() < until) {
		napms(5);
		err = maybe_update(s, error, size);
	}
	return err;
}

static int loop(struct screen *s, char *error, size_t size)
{
	int err = await_first(s, error, size);

	while (!err && !s->view->quit && !ended) {
		wint_t got;
		int kind;

		err = maybe_update(s, error, size);
		s->changed |= tail_feed__update(&s->tail, s->view, now());
		if (!err)
			err = draw(s);
		kind = get_wch(&got);
		if (kind != ERR)
			take_key(s, kind, got);
	}
	return err;
}

/* A terminal without a mouse has no way to ask for it: nothing is sent there. */
static void set_mouse(void)
{
	mouseinterval(0);
	mousemask(BUTTON1_PRESSED | BUTTON3_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
}

static void set_terminal(bool mouse)
{
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	set_escdelay(50);
	curs_set(0);
	timeout(POLL_MS);
	set_attributes();
	if (mouse)
		set_mouse();
}

int terminal__run(struct source *source, struct view *view, char *error, size_t size)
{
	struct screen s = {.source = source,
			   .view = view,
			   .picture.past = source__past(source),
			   .changed = true};
	SCREEN *screen;
	int err;

	screen = newterm(NULL, stdout, stdin);
	if (!screen) {
		snprintf(error, size,
			 "this terminal (TERM=%s) is not known; `sonde top --once` needs none",
			 getenv("TERM") ? getenv("TERM") : "");
		return -ENOTTY;
	}
	s.tail.follower = follower__new(source);
	s.fetcher = fetcher__new(source);
	catch_signals();
	set_terminal(!view->no_mouse);
	view->plain = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	snprintf(error, size, "no memory");
	err = s.fetcher && s.tail.follower ? loop(&s, error, size) : -ENOMEM;
	endwin();
	delscreen(screen);
	view->model = NULL;
	view->tail = NULL;
	tail_feed__clear(&s.tail);
	fetcher__free(s.fetcher);
	picture__clear(&s.picture);
	frame__free(&s.frame);
	return err;
}
