/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "command.h"
#include "session.h"
#include "view/columns.h"
#include "view/source.h"
#include "view/terminal.h"
#include "view/view.h"

#define WIDTH_MAX     1000
#define WIDTH_UNKNOWN 160 /* where standard output is no terminal */

static const char help_text[] =
	"Usage: sonde top [OPTION...] [RECORDING]\n\n"
	"Shows services, routes, statements, commands and keys: of the daemon if one runs, else by "
	"capturing\n"
	"itself, or of a recording. Keys: press ?.\n\n"
	"  -1, --once              print the services once, as text\n"
	"  -p, --page PAGE         with --once: services, routes, statements, commands, keys,\n"
	"                          losses, sonde, slow, pools, caches or queues\n"
	"  -j, --json              print the numbers as JSON (docs/model.md)\n"
	"  -i, --interval SECONDS  how long a picture's interval is (default 1)\n"
	"  -f, --filter TEXT       only rows that hold it\n"
	"  -o, --sort COLUMN       sort by it: a title as in the view (rate, p95) or its key (r, "
	"9)\n"
	"  -m, --no-mouse          leave the mouse to the terminal, to mark text with\n"
	"  -s, --socket PATH       the daemon's local socket (default /run/sonde/sonde.sock)\n"
	"  -a, --address ADDR      the daemon's address (default 127.0.0.1:9867)\n"
	"  -h, --help              show this text\n";

struct top_options {
	bool once, json, no_mouse;
	enum page page;
	double interval;
	const char *filter, *socket, *address, *recording;
	const char *sort;
};

static int line_end(const struct frame *f, int y)
{
	int end = f->width;

	while (end && f->cell[y * f->width + end - 1].character == L' ')
		end--;
	return end;
}

/* Without the blank ends of lines and of the whole. */
static void print_frame(const struct frame *f)
{
	int height = f->height;

	while (height && !line_end(f, height - 1))
		height--;
	for (int y = 0; y < height; y++) {
		int end = line_end(f, y);

		for (int x = 0; x < end; x++)
			if (f->cell[y * f->width + x].character)
				printf("%lc", (wint_t)f->cell[y * f->width + x].character);
		putchar('\n');
	}
}

static int terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	int width = columns ? atoi(columns) : 0;
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return width > 0 && width < WIDTH_MAX ? width : WIDTH_UNKNOWN;
}

/* What is wanted of the view; false: there is no such column. */
static bool set_view(struct view *view, const struct top_options *options)
{
	view__init(view);
	view->page = options->page;
	view->interval = options->interval;
	view->no_mouse = options->no_mouse;
	snprintf(view->filter, sizeof(view->filter), "%s", options->filter);
	return !options->sort || view__sort(view, options->sort);
}

static int print_once(const struct top_options *options, const json_t *newer, const json_t *older,
		      char *error, size_t size)
{
	struct model *model = model__new(newer, older, NULL);
	struct frame frame = {0};
	struct view view;
	bool drawn;

	set_view(&view, options);
	view.model = model;
	view.plain = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	view.still = true;
	view.selected = SIZE_MAX;
	drawn = model && frame__size(&frame, terminal_width(), view__height(&view));
	if (drawn) {
		view__draw(&view, &frame);
		frame.height--; /* the line of keys is for those who can press them */
		print_frame(&frame);
	} else {
		snprintf(error, size,
			 model ? "no memory" : "the numbers are of another version of sonde");
	}
	frame__free(&frame);
	model__free(model);
	return drawn ? 0 : -EPROTO;
}

static json_t *next_model(struct source *source, double seconds, char *error, size_t size)
{
	if (session__signal((int)(seconds * 1000))) {
		snprintf(error, size, "interrupted");
		return NULL;
	}
	return source__model(source, error, size);
}

/* Rates need two documents; a recording is one whole interval. */
static int print_text(const struct top_options *options, struct source *source, json_t *first,
		      char *error, size_t size)
{
	json_t *second;
	int err;

	if (!source__is_live(source))
		return print_once(options, first, NULL, error, size);
	second = next_model(source, options->interval, error, size);
	err = second ? print_once(options, second, first, error, size) : -EIO;
	json_decref(second);
	return err;
}

static int once(const struct top_options *options, struct source *source, char *error, size_t size)
{
	json_t *first = source__model(source, error, size);
	int err = 0;

	if (!first)
		return -EIO;
	if (options->json) {
		json_dumpf(first, stdout, JSON_INDENT(1));
		putchar('\n');
	} else {
		err = print_text(options, source, first, error, size);
	}
	json_decref(first);
	if (!err && (fflush(stdout) || ferror(stdout))) {
		err = -errno;
		snprintf(error, size, "standard output: %s", strerror(errno));
	}
	return err;
}

static int show_live(const struct top_options *options, struct source *source, char *error,
		     size_t size)
{
	struct view view;

	set_view(&view, options);
	return terminal__run(source, &view, error, size);
}

static int show(const struct top_options *options)
{
	struct source_options from = {.recording = options->recording,
				      .socket = options->socket,
				      .address = options->address,
				      .with_past = !options->once && !options->json};
	struct source *source = NULL;
	struct config config;
	char error[512] = "";
	int err;

	config__defaults(&config);
	from.config = &config;
	if (!options->recording) /* whose replay may be interrupted */
		session__block_signals();
	err = source__open(&from, &source, error, sizeof(error));
	if (!err && (options->once || options->json))
		err = once(options, source, error, sizeof(error));
	else if (!err)
		err = show_live(options, source, error, sizeof(error));
	source__close(source);
	config__clear(&config);
	if (err)
		fprintf(stderr, "sonde top: %s\n", error);
	return err ? exit_code__of(err) : EXIT_GOOD;
}

static int page_named(const char *name)
{
	for (int page = 0; page < PAGE_COUNT; page++)
		if (strcmp(page__title((enum page)page), name) == 0)
			return page;
	return -1;
}

static bool take_interval(struct top_options *out, const char *value)
{
	char *end;

	out->interval = strtod(value, &end);
	if (end != value && !*end && out->interval >= 0.1 && out->interval <= 3600)
		return true;
	wrong_use("top", "--interval %s: 0.1 to 3600 seconds are needed", value);
	return false;
}

static bool take_page(struct top_options *out, const char *value)
{
	int page = page_named(value);

	out->page = (enum page)page;
	if (page < 0)
		wrong_use("top", "there is no page `%s`", value);
	if (page == PAGE_TAIL)
		wrong_use("top", "exchanges one by one are printed by `sonde tail`");
	return page >= 0 && page != PAGE_TAIL;
}

static bool take_option(struct top_options *out, int c, const char *value)
{
	switch (c) {
	case '1':
		out->once = true;
		return true;
	case 'j':
		out->json = true;
		return true;
	case 'f':
		out->filter = value;
		return true;
	case 'm':
		out->no_mouse = true;
		return true;
	case 's':
		out->socket = value;
		return true;
	case 'a':
		out->address = value;
		return true;
	case 'o':
		out->sort = value;
		return true;
	case 'i':
		return take_interval(out, value);
	case 'p':
		return take_page(out, value);
	default:
		return false;
	}
}

int cmd_top(int argc, char **argv)
{
	static const struct option options[] = {{"once", no_argument, NULL, '1'},
						{"page", required_argument, NULL, 'p'},
						{"json", no_argument, NULL, 'j'},
						{"interval", required_argument, NULL, 'i'},
						{"filter", required_argument, NULL, 'f'},
						{"sort", required_argument, NULL, 'o'},
						{"no-mouse", no_argument, NULL, 'm'},
						{"socket", required_argument, NULL, 's'},
						{"address", required_argument, NULL, 'a'},
						{"help", no_argument, NULL, 'h'},
						{0}};
	struct top_options top = {.interval = 1,
				  .filter = "",
				  .socket = "/run/sonde/sonde.sock",
				  .address = "127.0.0.1:9867"};
	struct view view;

	setlocale(LC_CTYPE, "");
	for (int c; (c = getopt_long(argc, argv, "1p:ji:f:o:ms:a:h", options, NULL)) != -1;) {
		if (c == 'h') {
			fputs(help_text, stdout);
			return EXIT_GOOD;
		}
		if (!take_option(&top, c, optarg))
			return EXIT_WRONG_USE;
	}
	if (argc - optind > 1)
		return wrong_use("top", "at most one recording can be shown");
	if (!set_view(&view, &top))
		return wrong_use("top", "the page %s has no column `%s`", page__title(top.page),
				 top.sort);
	top.recording = optind < argc ? argv[optind] : NULL;
	if (!top.once && !top.json && !isatty(STDOUT_FILENO))
		top.once = true;
	return show(&top);
}
