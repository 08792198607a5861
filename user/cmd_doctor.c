/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include "bundle.h"
#include "capture/capture.h"
#include "command.h"
#include "config.h"
#include "hardening/hardening.h"
#include "memory_limit.h"
#include "progress.h"

#define PROBES_MAX 32

static const char help_text[] =
	"Usage: sonde doctor [OPTION...]\n\n"
	"Tries what sonde needs on this machine and says what is there, what is missing, and what "
	"to\n"
	"do about it; and which limits of its cost the configuration sets. Exit code 0 where this "
	"node\n"
	"can be observed, 77 where it cannot.\n\n"
	"  -b, --bundle FILE    write what a bug report needs to a new file ('-': stdout): "
	"versions, "
	"the\n"
	"                       machine, the configuration without secrets, four seconds of "
	"sonde's "
	"own\n"
	"                       metrics, the above. No service, route or statement is in it.\n"
	"  -c, --config FILE    that configuration (default /etc/sonde/sonde.yaml)\n"
	"  -s, --socket PATH    the daemon's local socket (default /run/sonde/sonde.sock)\n"
	"  -a, --address ADDR   the daemon's address, if not there (default 127.0.0.1:9867)\n"
	"  -h, --help           show this text\n";

static bool is_way(const char *name)
{
	enum capture_way way;

	return capture_way__parse(name, &way) == 0;
}

static FILE *report; /* where the probes are told */

static void tell(const char *name, int present, const char *detail)
{
	fprintf(report, "%s %-22s %s\n", present ? "+" : "-", name, detail);
}

static void tell_cpu(const struct config *config)
{
	char detail[160];

	if (config->limits.cpu)
		snprintf(detail, sizeof(detail),
			 "%g%% of one core; beyond it fewer connections are observed, whole ones",
			 config->limits.cpu / 10000.0);
	else
		snprintf(detail, sizeof(detail), "none: every connection is observed");
	tell("CPU budget", 1, detail);
}

static void tell_memory(const struct config *config)
{
	uint64_t least = MEMORY_LIMIT_MIN + config->capture.ring_bytes;
	char detail[160];

	if (config->limits.memory)
		snprintf(detail, sizeof(detail),
			 "%.4g MiB; near it nothing new is taken in, and what is let go is counted",
			 (double)config->limits.memory / (1 << 20));
	else
		snprintf(detail, sizeof(detail), "none; one of %llu MiB or more could be set",
			 (unsigned long long)(least >> 20));
	tell("memory limit", 1, detail);
}

/* What `sonde run` would keep to with that file (docs/limits.md). */
static void tell_limits(const char *path)
{
	struct config config;
	char error[512];
	int err;

	config__defaults(&config);
	err = config__load(path, &config, error, sizeof(error));
	if (err && err != -ENOENT)
		tell("configuration", 0, error);
	else
		tell("configuration", 1, err ? "none: defaults" : path);
	if (!err || err == -ENOENT) {
		tell_cpu(&config);
		tell_memory(&config);
	}
	config__clear(&config);
}

/* NULL: this node cannot be observed. */
static const char *examine(const char *config)
{
	static const char *const marks[] = {"?", "-", "+"};
	struct capture_probe probe[PROBES_MAX];
	const char *way = NULL;
	size_t count;

	progress__show("trying what this machine allows");
	count = capture__probe(probe, PROBES_MAX);
	progress__hide();
	for (size_t i = 0; i < count; i++) {
		fprintf(report, "%s %-22s %s\n", marks[probe[i].present + 1], probe[i].name,
			probe[i].detail);
		if (probe[i].present != 1 && probe[i].advice[0])
			fprintf(report, "  %-22s %s\n", "", probe[i].advice);
		if (!way && probe[i].present == 1 && is_way(probe[i].name))
			way = probe[i].name;
	}
	hardening__probe(tell);
	tell_limits(config);
	if (way)
		fprintf(report, "\nThis node can be observed; `sonde run` would use %s.\n", way);
	else
		fprintf(report, "\nThis node cannot be observed. Recordings can: `sonde replay`, "
				"`sonde top FILE`.\n");
	return way;
}

/* Where nothing is observed a report is wanted all the more: the exit code is that of writing it.
 */
static int write_bundle(const char *path, const struct bundle_options *options)
{
	bool failed;

	report = strcmp(path, "-") == 0 ? stdout : fopen(path, "wxe");
	if (!report) {
		fprintf(stderr, "sonde doctor: %s: %s\n", path, strerror(errno));
		return EXIT_FAILED;
	}
	bundle__write(options, report);
	fputs("\n== what this machine allows\n", report);
	examine(options->config);
	progress__end();
	failed = ferror(report);
	failed |= report == stdout ? fflush(stdout) != 0 : fclose(report) != 0;
	if (failed)
		fprintf(stderr, "sonde doctor: %s could not be written in full\n", path);
	else if (report != stdout)
		fprintf(stderr, "sonde doctor: %s is written; look through it before you send it\n",
			path);
	return failed ? EXIT_FAILED : EXIT_GOOD;
}

int cmd_doctor(int argc, char **argv)
{
	static const struct option options[] = {
		{"bundle", required_argument, NULL, 'b'}, {"config", required_argument, NULL, 'c'},
		{"socket", required_argument, NULL, 's'}, {"address", required_argument, NULL, 'a'},
		{"help", no_argument, NULL, 'h'},	  {0}};
	struct bundle_options bundle = {.config = "/etc/sonde/sonde.yaml",
					.socket = "/run/sonde/sonde.sock",
					.address = "127.0.0.1:9867"};
	const char *path = NULL, **texts[] = {['b'] = &path,
					      ['c'] = &bundle.config,
					      ['s'] = &bundle.socket,
					      ['a'] = &bundle.address};

	for (int c; (c = getopt_long(argc, argv, "b:c:s:a:h", options, NULL)) != -1;) {
		if (c == '?')
			return EXIT_WRONG_USE;
		if (c == 'h') {
			fputs(help_text, stdout);
			return EXIT_GOOD;
		}
		*texts[c] = optarg;
	}
	if (optind < argc)
		return wrong_use("doctor", "there is nothing to be made of `%s`", argv[optind]);
	progress__begin("sonde doctor");
	if (path)
		return write_bundle(path, &bundle);
	report = stdout;
	return examine(bundle.config) ? EXIT_GOOD : EXIT_NOT_PERMITTED;
}
