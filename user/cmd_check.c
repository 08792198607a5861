/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include "command.h"
#include "config.h"
#include "replay.h"
#include "rules/rules.h"

static const char help_text[] = "Usage: sonde check [OPTION...] CONFIG\n\n"
				"Reads a configuration file as `sonde run` would. Says nothing but "
				"`good`, or in one line what is\n"
				"wrong, where, and what would be right.\n\n"
				"  -e, --explain RECORDING   for each rule what it matches in the "
				"recording, and what it misses and why\n"
				"  -h, --help                show this text\n";

static int explain(const struct config *config, const char *recording)
{
	struct engine_options options = {0};
	struct recording_header header;
	struct buffer text = {0};
	struct engine *engine;
	struct rules *rules;
	char error[256] = "";
	int err;

	config__engine(config, &options);
	engine = engine__new(&options);
	rules = engine && config->rules ? rules__new(config->rules, engine) : NULL;
	if (!rules) {
		fprintf(stderr, "sonde check: %s\n",
			config->rules ? "no memory" : "there are no rules to explain");
		engine__free(engine);
		return EXIT_FAILED;
	}
	err = replay__file(recording, engine, NULL, NULL, &header, error, sizeof(error));
	if (err)
		fprintf(stderr, "sonde check: %s\n", error);
	rules__explain(rules, &text);
	if (text.data)
		fputs(text.data, stdout);
	buffer__clear(&text);
	rules__free(rules);
	engine__free(engine);
	return err ? EXIT_FAILED : EXIT_GOOD;
}

int cmd_check(int argc, char **argv)
{
	static const struct option options[] = {
		{"explain", required_argument, NULL, 'e'}, {"help", no_argument, NULL, 'h'}, {0}};
	const char *recording = NULL;
	struct config config;
	char error[512];
	int code = EXIT_GOOD;

	for (int c; (c = getopt_long(argc, argv, "e:h", options, NULL)) != -1;) {
		if (c == 'h') {
			fputs(help_text, stdout);
			return EXIT_GOOD;
		}
		if (c != 'e')
			return EXIT_WRONG_USE;
		recording = optarg;
	}
	if (argc - optind != 1)
		return wrong_use("check", "exactly one configuration file is needed");
	config__defaults(&config);
	if (config__load(argv[optind], &config, error, sizeof(error))) {
		fprintf(stderr, "sonde check: %s\n", error);
		return EXIT_FAILED;
	}
	if (recording)
		code = explain(&config, recording);
	else
		printf("%s: good\n", argv[optind]);
	config__clear(&config);
	return code;
}
