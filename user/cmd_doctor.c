/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include "capture/capture.h"
#include "command.h"
#include "hardening/hardening.h"

#define PROBES_MAX 32

static const char help_text[] =
	"Usage: sonde doctor [OPTION...]\n\n"
	"Tries what sonde needs on this machine and says what is there, what is missing, and what "
	"to\n"
	"do about it. Exit code 0 where this node can be observed, 77 where it cannot.\n\n"
	"  -h, --help   show this text\n";

static bool is_way(const char *name)
{
	enum capture_way way;

	return capture_way__parse(name, &way) == 0;
}

static void tell(const char *name, int present, const char *detail)
{
	printf("%s %-22s %s\n", present ? "+" : "-", name, detail);
}

int cmd_doctor(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
	static const char *const marks[] = {"?", "-", "+"};
	struct capture_probe probe[PROBES_MAX];
	const char *way = NULL;
	size_t count;

	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (c != 'h')
			return EXIT_WRONG_USE;
		fputs(help_text, stdout);
		return EXIT_GOOD;
	}
	if (optind < argc)
		return wrong_use("doctor", "there is nothing to be made of `%s`", argv[optind]);
	count = capture__probe(probe, PROBES_MAX);
	for (size_t i = 0; i < count; i++) {
		printf("%s %-22s %s\n", marks[probe[i].present + 1], probe[i].name,
		       probe[i].detail);
		if (probe[i].present != 1 && probe[i].advice[0])
			printf("  %-22s %s\n", "", probe[i].advice);
		if (!way && probe[i].present == 1 && is_way(probe[i].name))
			way = probe[i].name;
	}
	hardening__probe(tell);
	if (way)
		printf("\nThis node can be observed; `sonde run` would use %s.\n", way);
	else
		printf("\nThis node cannot be observed. Recordings can: `sonde replay`, `sonde top "
		       "FILE`.\n");
	return way ? EXIT_GOOD : EXIT_NOT_PERMITTED;
}
