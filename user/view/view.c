/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What keys do. */
#include "view/view.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "view/columns.h"
#include "view/export.h"
#include "view/tail_page.h"

static const double intervals[] = {0.5, 1, 2, 5, 10, 30, 60};

/* Most used first: by rate. */
static int default_sort(enum page page)
{
	const struct column *columns = columns__of(page);

	for (int i = 0; columns && columns[i].title; i++)
		if (columns[i].key == 'r')
			return i;
	return 0;
}

void view__init(struct view *v)
{
	memset(v, 0, sizeof(*v));
	v->interval = 1;
	for (int page = 0; page < PAGE_COUNT; page++)
		v->sort[page] = default_sort((enum page)page);
}

/* The tail's filter means other things than the other pages'. */
static void change_filter(struct view *v)
{
	char filter[sizeof(v->filter)];

	memcpy(filter, v->filter, sizeof(filter));
	memcpy(v->filter, v->other_filter, sizeof(filter));
	memcpy(v->other_filter, filter, sizeof(filter));
}

static void go(struct view *v, enum page page)
{
	if ((v->page == PAGE_TAIL) != (page == PAGE_TAIL))
		change_filter(v);
	v->tail_stopped = false;
	v->page = page;
	v->selected = v->top = 0;
	v->followed = 0;
	v->detail = false;
}

/* What is drilled down to becomes the tail's filter. */
static int scope_filter(const struct view *v, char *out, size_t size)
{
	int length;

	if (!v->service[0] || strpbrk(v->service, " *?[\\"))
		return 0;
	length = snprintf(out, size, "service %s side %s", v->service, v->side);
	return (size_t)length < size ? length : 0;
}

void view__open(struct view *v, enum page page)
{
	char filter[sizeof(v->filter)];
	int length = page == PAGE_TAIL ? scope_filter(v, filter, sizeof(filter)) : 0;

	v->service[0] = v->side[0] = '\0';
	go(v, page);
	if (length)
		memcpy(v->filter, filter, (size_t)length + 1);
}

/* ---- what is typed ---- */

static void tell(struct view *v, bool refused, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void tell(struct view *v, bool refused, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(v->message, sizeof(v->message), format, arguments);
	va_end(arguments);
	v->refused = refused;
}

static void type_filter(struct view *v, int key)
{
	enum prompt_end end = prompt__key(&v->prompt, key);

	v->typing = end == PROMPT_GOES_ON;
	snprintf(v->filter, sizeof(v->filter), "%s", end == PROMPT_LEFT ? "" : v->prompt.text);
	v->selected = v->top = 0;
	v->followed = 0;
}

static void ask_filter(struct view *v)
{
	prompt__begin(&v->prompt, v->filter, sizeof(v->filter));
	v->typing = true;
}

static void type_file(struct view *v, int key)
{
	enum prompt_end end = prompt__key(&v->prompt, key);

	v->saving = end != PROMPT_LEFT;
	if (end == PROMPT_LEFT)
		tell(v, false, "nothing was saved");
	else if (end == PROMPT_ENTERED && export__form(v->prompt.text) == EXPORT_NONE)
		tell(v, true, "the name must end in .csv or .json");
	else
		v->save = end == PROMPT_ENTERED;
}

static void ask_file(struct view *v)
{
	char name[PROMPT_MAX];

	if (!v->model || (view__has_rows(v) && !v->shown)) {
		tell(v, true, "there is nothing to save yet");
		return;
	}
	export__default_name(v, name, sizeof(name));
	prompt__begin(&v->prompt, name, sizeof(name));
	v->saving = true;
}

void view__saved(struct view *v, const char *problem, size_t rows)
{
	v->save = false;
	if (problem) {
		tell(v, true, "%s", problem);
		return;
	}
	v->saving = false;
	tell(v, false, "%zu row%s in %s", rows, rows == 1 ? "" : "s", v->prompt.text);
}

/* ---- moving ---- */

bool view__has_rows(const struct view *v)
{
	return columns__of(v->page) || v->page == PAGE_SLOW || v->page == PAGE_TAIL;
}

void view__select(struct view *v, size_t row)
{
	v->selected = row;
	v->followed = 0;
	if (v->page == PAGE_TAIL)
		tail_page__select(v);
}

static void move(struct view *v, long by)
{
	long to = (long)v->selected + by, last = (long)v->shown - 1;

	if (to > last)
		to = last;
	view__select(v, to > 0 ? (size_t)to : 0);
}

/* The page that tells more about a service's protocol. */
static enum page details_of(const char *protocol)
{
	if (strcmp(protocol, "postgres") == 0)
		return PAGE_STATEMENTS;
	return strcmp(protocol, "redis") == 0 ? PAGE_COMMANDS : PAGE_ROUTES;
}

static void enter(struct view *v)
{
	const struct model_row *row = view__selected(v);

	if (v->page == PAGE_SLOW || v->page == PAGE_TAIL)
		v->detail = v->shown > 0;
	if (v->page == PAGE_TAIL)
		tail_page__stop(v);
	if (!row || v->page >= PAGE_LOSSES)
		return;
	if (v->page != PAGE_SERVICES) {
		v->detail = true;
		return;
	}
	snprintf(v->service, sizeof(v->service), "%s", row->service);
	snprintf(v->side, sizeof(v->side), "%s", row->side);
	memcpy(v->services.filter, v->filter, sizeof(v->filter));
	v->filter[0] = '\0';
	v->services.selected = v->selected;
	v->services.row = row->id;
	go(v, details_of(row->protocol));
}

/* All that is known of a row, of a service, too, where Enter shows what it consists of. */
static void examine(struct view *v)
{
	v->detail = v->page < PAGE_LOSSES && view__selected(v);
}

static void back(struct view *v)
{
	if (v->detail) {
		v->detail = false;
	} else if (v->filter[0]) {
		v->filter[0] = '\0';
	} else if (v->page != PAGE_SERVICES) {
		bool drilled = v->service[0];

		view__open(v, PAGE_SERVICES);
		v->selected = v->services.selected;
		v->followed = v->services.row;
		if (drilled)
			memcpy(v->filter, v->services.filter, sizeof(v->filter));
	}
}

static void change_interval(struct view *v, int step)
{
	int count = (int)(sizeof(intervals) / sizeof(*intervals)), i = 0;

	if (v->model && v->model->recording) {
		tell(v, false, "a recording has one interval: all of it");
		return;
	}
	while (i < count - 1 && intervals[i] < v->interval)
		i++;
	i += step;
	v->interval = intervals[i < 0 ? 0 : i >= count ? count - 1 : i];
	tell(v, false, "every %g s", v->interval);
}

static void freeze(struct view *v)
{
	if (!v->model)
		tell(v, true, "there is nothing to freeze yet");
	else if (v->model->recording)
		tell(v, false, "a recording stands still as it is");
	else
		v->frozen = !v->frozen;
}

void view__sort_column(struct view *v, int index)
{
	v->reversed[v->page] = v->sort[v->page] == index && !v->reversed[v->page];
	v->sort[v->page] = index;
	v->followed = 0;
}

static void sort_by(struct view *v, int key)
{
	const struct column *columns = columns__of(v->page);

	for (int i = 0; key && columns && columns[i].title; i++)
		if (columns[i].key == key) {
			view__sort_column(v, i);
			return;
		}
}

/* "rate" is RATE/s: what begins so, without regard to case. */
bool view__sort(struct view *v, const char *name)
{
	const struct column *columns = columns__of(v->page);

	for (int i = 0; name[0] && columns && columns[i].title; i++)
		if ((!name[1] && columns[i].key == name[0]) ||
		    (name[1] && strncasecmp(columns[i].title, name, strlen(name)) == 0)) {
			v->sort[v->page] = i;
			v->reversed[v->page] = false;
			return true;
		}
	return false;
}

static bool is_seen(const struct view *v, int column)
{
	bool any = false;

	for (int i = 0; i < v->hits.count; i++) {
		if (v->hits.hit[i].is_tab)
			continue;
		any = true;
		if (v->hits.hit[i].index == column)
			return true;
	}
	return !any; /* nothing was drawn yet */
}

/* Columns that a narrow screen leaves out are passed over: who goes there would not see it. */
static void sort_next(struct view *v, int step)
{
	const struct column *columns = columns__of(v->page);
	int count = 0, to = v->sort[v->page];

	while (columns && columns[count].title)
		count++;
	for (int i = 0; i < count; i++) {
		to = (to + step + count) % count;
		if (is_seen(v, to))
			break;
	}
	v->sort[v->page] = to;
	v->reversed[v->page] = false;
	v->followed = 0;
}

static void sort_keys(struct view *v, int key)
{
	if (v->detail || !columns__of(v->page))
		return; /* there is nothing to be seen of it */
	if (key == VIEW_LEFT || key == '<')
		sort_next(v, -1);
	else if (key == VIEW_RIGHT || key == '>')
		sort_next(v, 1);
	else if (key == 'I')
		view__sort_column(v, v->sort[v->page]);
	else
		sort_by(v, key);
}

static bool navigate(struct view *v, int key)
{
	switch (key) {
	case VIEW_UP:
	case 'k':
		move(v, -1);
		return true;
	case VIEW_DOWN:
	case 'j':
		move(v, 1);
		return true;
	case VIEW_PAGE_UP:
		move(v, -(long)v->room);
		return true;
	case VIEW_PAGE_DOWN:
		move(v, (long)v->room);
		return true;
	case VIEW_HOME:
	case 'g':
		move(v, -(long)v->shown);
		return true;
	case VIEW_END:
	case 'G':
		move(v, (long)v->shown);
		return true;
	case VIEW_ENTER:
		enter(v);
		return true;
	case VIEW_ESCAPE:
	case VIEW_BACKSPACE:
		back(v);
		return true;
	case VIEW_TAB:
		go(v, (v->page + 1) % PAGE_COUNT);
		return true;
	case VIEW_BACK_TAB:
		go(v, (v->page + PAGE_COUNT - 1) % PAGE_COUNT);
		return true;
	default:
		return false;
	}
}

static bool open_page(struct view *v, int key)
{
	for (int page = 0; page < PAGE_COUNT; page++)
		if (key == page__digit((enum page)page)) {
			view__open(v, (enum page)page);
			return true;
		}
	return false;
}

static void command(struct view *v, int key)
{
	if (key == 'q' || key == 'Q') {
		v->quit = true;
	} else if (v->help) {
		v->help = false;
	} else if (navigate(v, key)) {
		return;
	} else if (key == '/') {
		ask_filter(v);
	} else if (key == 'H') {
		examine(v);
	} else if (key == 'w') {
		ask_file(v);
	} else if (key == ' ' || key == 'p') {
		freeze(v);
	} else if (key == '?' || key == 'h') {
		v->help = true;
	} else if (key == '+' || key == '=') {
		change_interval(v, 1);
	} else if (key == '-') {
		change_interval(v, -1);
	} else if (!open_page(v, key)) {
		sort_keys(v, key);
	}
}

void view__key(struct view *v, int key)
{
	v->message[0] = '\0';
	if (v->typing)
		type_filter(v, key);
	else if (v->saving)
		type_file(v, key);
	else
		command(v, key);
}
