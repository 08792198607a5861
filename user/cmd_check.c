/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include "command.h"
#include "config.h"
#include "queues/queues.h"
#include "replay.h"
#include "rules/rules.h"

static const char help_text[] = "Usage: sonde check [OPTION...] CONFIG\n\n"
				"Reads a configuration file as `sonde run` would. Says nothing but "
				"`good`, or in one line what is\n"
				"wrong, where, and what would be right.\n\n"
				"  -e, --explain RECORDING   for each rule what it matches in the "
				"recording, and what it misses and why;\n"
				"                            for each queue what was seen of it\n"
				"  -h, --help                show this text\n";

struct explained {
	struct engine *engine;
	struct rules *rules;
	struct queues *queues;
};

static void free_explained(struct explained *e)
{
	rules__free(e->rules);
	queues__free(e->queues);
	engine__free(e->engine);
}

/* NULL, or what is wrong. */
static const char *prepare(const struct config *config, struct explained *e)
{
	struct engine_options options = {0};

	if (!config->rules && !config->queues)
		return "there are no rules and no queues to explain";
	config__engine(config, &options);
	e->engine = engine__new(&options);
	if (e->engine && config->rules)
		e->rules = rules__new(config->rules, e->engine);
	if (e->engine && config->queues)
		e->queues = queues__new(config->queues, e->engine);
	if (!e->engine || (config->rules && !e->rules) || (config->queues && !e->queues))
		return "no memory";
	return NULL;
}

static void tick(void *context, uint64_t now_ns)
{
	queues__tick(context, now_ns);
}

static int explain(const struct config *config, const char *recording)
{
	struct explained explained = {0};
	struct recording_header header;
	struct buffer text = {0};
	char error[256] = "";
	const char *wrong = prepare(config, &explained);
	int err = 0;

	if (!wrong) {
		err = replay__file(recording, explained.engine, tick, explained.queues, &header,
				   error, sizeof(error));
		if (err)
			wrong = error;
		if (explained.rules)
			rules__explain(explained.rules, &text);
		if (explained.queues)
			queues__explain(explained.queues, &text);
	}
	if (wrong)
		fprintf(stderr, "sonde check: %s\n", wrong);
	if (text.data)
		fputs(text.data, stdout);
	buffer__clear(&text);
	free_explained(&explained);
	return wrong ? EXIT_FAILED : EXIT_GOOD;
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
