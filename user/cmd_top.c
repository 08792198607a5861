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

#define WIDTH_UNKNOWN 160 /* where standard output is no terminal */

static const char help_text[] =
	"Usage: sonde top [OPTION...] [RECORDING]\n\n"
	"Shows services, routes, statements and commands: of the daemon if one runs, else by "
	"capturing\n"
	"itself, or of a recording. Keys: press ?.\n\n"
	"  -1, --once              print the services once, as text\n"
	"  -p, --page PAGE         with --once: services, routes, statements, commands, losses or "
	"sonde\n"
	"  -j, --json              print the numbers as JSON (docs/model.md)\n"
	"  -i, --interval SECONDS  how long a picture's interval is (default 1)\n"
	"  -f, --filter TEXT       only rows that hold it\n"
	"  -o, --sort KEY          sort by this key's column, as in the view (r: rate, e: errors "
	"...)\n"
	"  -s, --socket PATH       the daemon's local socket (default /run/sonde.sock)\n"
	"  -a, --address ADDR      the daemon's address (default 127.0.0.1:9867)\n"
	"  -h, --help              show this text\n";

struct top_options {
	bool once, json;
	enum page page;
	double interval;
	const char *filter, *socket, *address, *recording;
	int sort_key;
};

static void print_frame(const struct frame *f)
{
	for (int y = 0; y < f->height; y++) {
		int end = f->width;

		while (end && f->cell[y * f->width + end - 1].character == L' ')
			end--;
		for (int x = 0; x < end; x++)
			if (f->cell[y * f->width + x].character)
				printf("%lc", (wint_t)f->cell[y * f->width + x].character);
		putchar('\n');
	}
}

static int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return WIDTH_UNKNOWN;
}

static int print_once(const struct top_options *options, const json_t *newer, const json_t *older)
{
	struct model *model = model__new(newer, older, NULL);
	struct frame frame = {0};
	struct view view;
	bool drawn;

	view__init(&view);
	view.page = options->page;
	view.model = model;
	view.plain = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	view.selected = SIZE_MAX;
	snprintf(view.filter, sizeof(view.filter), "%s", options->filter);
	if (options->sort_key)
		view__key(&view, options->sort_key);
	drawn = model && frame__size(&frame, terminal_width(), view__height(&view));
	if (drawn) {
		view__draw(&view, &frame);
		frame.height--; /* the line of keys is for those who can press them */
		print_frame(&frame);
	}
	frame__free(&frame);
	model__free(model);
	return drawn ? 0 : -ENOMEM;
}

/* Rates need two documents; a recording is one whole interval. */
static int once(const struct top_options *options, struct source *source, char *error, size_t size)
{
	json_t *older = NULL, *newer = source__model(source, error, size);
	struct timespec wait = {(time_t)options->interval,
				(long)((options->interval - (time_t)options->interval) * 1e9)};
	int err = newer ? 0 : -EIO;

	if (!err && options->json) {
		json_dumpf(newer, stdout, JSON_INDENT(1));
		putchar('\n');
	} else if (!err) {
		if (source__is_live(source)) {
			older = newer;
			nanosleep(&wait, NULL);
			newer = source__model(source, error, size);
			err = newer ? 0 : -EIO;
		}
		if (!err)
			err = print_once(options, newer, older);
	}
	json_decref(older);
	json_decref(newer);
	return err;
}

static int show(const struct top_options *options)
{
	struct source_options from = {.recording = options->recording,
				      .socket = options->socket,
				      .address = options->address};
	struct source *source = NULL;
	struct config config;
	char error[512] = "";
	int err;

	config__defaults(&config);
	from.config = &config;
	session__block_signals();
	err = source__open(&from, &source, error, sizeof(error));
	if (!err && (options->once || options->json))
		err = once(options, source, error, sizeof(error));
	else if (!err)
		err = terminal__run(source, options->interval, options->filter, options->sort_key,
				    error, sizeof(error));
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

static bool take_option(struct top_options *out, int c, const char *value)
{
	int page;

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
	case 's':
		out->socket = value;
		return true;
	case 'a':
		out->address = value;
		return true;
	case 'o':
		out->sort_key = (unsigned char)value[0];
		return true;
	case 'i':
		out->interval = strtod(value, NULL);
		if (out->interval < 0.1 || out->interval > 3600)
			wrong_use("top", "--interval %s: 0.1 to 3600 seconds are needed", value);
		return out->interval >= 0.1 && out->interval <= 3600;
	case 'p':
		page = page_named(value);
		out->page = (enum page)page;
		if (page < 0)
			wrong_use("top", "there is no page `%s`", value);
		return page >= 0;
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
						{"socket", required_argument, NULL, 's'},
						{"address", required_argument, NULL, 'a'},
						{"help", no_argument, NULL, 'h'},
						{0}};
	struct top_options top = {.interval = 1,
				  .filter = "",
				  .socket = "/run/sonde.sock",
				  .address = "127.0.0.1:9867"};

	setlocale(LC_CTYPE, "");
	for (int c; (c = getopt_long(argc, argv, "1p:ji:f:o:s:a:h", options, NULL)) != -1;) {
		if (c == 'h') {
			fputs(help_text, stdout);
			return EXIT_GOOD;
		}
		if (!take_option(&top, c, optarg))
			return EXIT_WRONG_USE;
	}
	if (argc - optind > 1)
		return wrong_use("top", "at most one recording can be shown");
	top.recording = optind < argc ? argv[optind] : NULL;
	if (!top.once && !top.json && !isatty(STDOUT_FILENO))
		top.once = true;
	return show(&top);
}
