/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include "command.h"
#include "config.h"

static const char help_text[] = "Usage: sonde check [OPTION...] CONFIG\n\n"
				"Reads a configuration file as `sonde run` would. Says nothing but "
				"`good`, or in one line what is\n"
				"wrong, where, and what would be right.\n\n"
				"  -h, --help   show this text\n";

int cmd_check(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
	struct config config;
	char error[512];

	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (c != 'h')
			return EXIT_WRONG_USE;
		fputs(help_text, stdout);
		return EXIT_GOOD;
	}
	if (argc - optind != 1)
		return wrong_use("check", "exactly one configuration file is needed");
	config__defaults(&config);
	if (config__load(argv[optind], &config, error, sizeof(error))) {
		fprintf(stderr, "sonde check: %s\n", error);
		return EXIT_FAILED;
	}
	printf("%s: good\n", argv[optind]);
	config__clear(&config);
	return EXIT_GOOD;
}
