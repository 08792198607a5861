/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "command.h"
#include "config.h"
#include "exchange_json.h"
#include "metrics/metrics.h"
#include "progress.h"
#include "replay.h"
#include "queues/queues.h"
#include "rules/rules.h"

static const char help_text[] =
	"Usage: sonde replay [OPTION...] FILE\n\n"
	"Feeds a recording through everything behind the ring buffer and prints what comes out.\n"
	"Needs no rights. Without --exchanges and --metrics it prints a summary.\n\n"
	"  -e, --exchanges      every exchange as one JSON object a line\n"
	"  -m, --metrics        the metrics at the recording's end, in Prometheus' text format\n"
	"  -c, --config FILE    read this configuration file\n"
	"  -h, --help           show this text\n";

enum print { PRINT_SUMMARY = 0, PRINT_EXCHANGES = 1, PRINT_METRICS = 2 };

struct printer {
	struct engine *engine;
	struct buffer line;
	uint64_t count[PROTOCOL_COUNT][OUTCOME_COUNT];
	bool print;
	bool failed;
};

static void take(void *context, const struct exchange *exchange)
{
	struct printer *p = context;

	p->count[exchange->protocol][exchange->outcome]++;
	if (!p->print)
		return;
	p->line.length = 0;
	exchange__to_json(exchange, p->engine, &p->line);
	p->failed |=
		p->line.failed || fwrite(p->line.data, 1, p->line.length, stdout) != p->line.length;
}

static void print_summary(const struct printer *p)
{
	for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
		const uint64_t *n = p->count[protocol];

		if (n[OUTCOME_OK] + n[OUTCOME_ERROR] + n[OUTCOME_ABORTED] + n[OUTCOME_LOST])
			printf("%-8s  ok %lu, error %lu, aborted %lu, lost %lu\n",
			       protocol_id__name((enum protocol_id)protocol),
			       (unsigned long)n[OUTCOME_OK], (unsigned long)n[OUTCOME_ERROR],
			       (unsigned long)n[OUTCOME_ABORTED], (unsigned long)n[OUTCOME_LOST]);
	}
}

static void print_metrics(struct metrics *metrics, const struct recording_header *header,
			  const struct engine *engine)
{
	struct self self = {.version = SONDE_VERSION,
			    .capture_way = "",
			    .source = "recording",
			    .started_ns = header->realtime_ns,
			    .wall_ns = header->realtime_ns + engine->now_ns - header->monotonic_ns};
	struct snapshot *snapshot = metrics__snapshot(metrics, &self);
	struct buffer text = {0};

	if (!snapshot)
		return;
	snapshot__expose(snapshot, EXPOSITION_PROMETHEUS, &text);
	fwrite(text.data, 1, text.length, stdout);
	buffer__clear(&text);
	snapshot__free(snapshot);
}

/* Who looks on while it is read. */
struct fed {
	struct metrics *metrics;
	uint64_t size; /* of the file; 0: it is none that has one */
};

static void tick(void *context, uint64_t now_ns)
{
	struct fed *r = context;

	metrics__tick(r->metrics, now_ns);
}

static void passed(void *context, uint64_t bytes)
{
	const struct fed *r = context;
	double mib = (double)bytes / (1 << 20);

	if (!progress__due())
		return;
	if (r->size)
		progress__show("%.0f %%, %.1f MiB read", 100 * (double)bytes / (double)r->size,
			       mib);
	else
		progress__show("%.1f MiB read", mib);
}

/* Lines on the same terminal are progress enough. */
static int read_all(const char *path, struct engine *engine, struct metrics *metrics,
		    struct recording_header *header, bool lines, char *error, size_t size)
{
	struct fed fed = {.metrics = metrics};
	const struct replay_watch watch = {.tick = tick, .passed = passed, .context = &fed};
	struct stat file;
	int err;

	if (stat(path, &file) == 0 && S_ISREG(file.st_mode))
		fed.size = (uint64_t)file.st_size;
	if (!lines || !isatty(STDOUT_FILENO))
		progress__begin("sonde replay");
	err = replay__file_watched(path, engine, &watch, header, error, size);
	progress__end();
	return err;
}

static int replay(const char *path, const struct config *config, enum print print)
{
	struct engine_options options = {0};
	struct recording_header header;
	struct printer printer = {.print = print & PRINT_EXCHANGES};
	struct metrics *metrics;
	struct engine *engine;
	struct rules *rules = NULL;
	struct queues *queues = NULL;
	char error[256] = "";
	int err;

	config__engine(config, &options);
	engine = engine__new(&options);
	metrics =
		engine ? metrics__new(&(struct metrics_options){.series_max = config->limits.series,
								.without_time_shares =
									!config->time_shares},
				      engine)
		       : NULL;
	if (!metrics) {
		fprintf(stderr, "sonde replay: no memory\n");
		engine__free(engine);
		return EXIT_FAILED;
	}
	if (config->rules)
		rules = rules__new(config->rules, engine);
	metrics__set_rules(metrics, rules);
	if (config->queues)
		queues = queues__new(config->queues, engine);
	metrics__set_queues(metrics, queues);
	metrics__set_pools(metrics, config->pools);
	metrics__set_health(metrics, config->health);
	metrics__set_formats(metrics, &config->formats);
	printer.engine = engine;
	engine__add_sink(engine, (struct sink){.exchange = take, .context = &printer});
	err = read_all(path, engine, metrics, &header, print & PRINT_EXCHANGES, error,
		       sizeof(error));
	if (err)
		fprintf(stderr, "sonde replay: %s\n", error);
	else if (print & PRINT_METRICS)
		print_metrics(metrics, &header, engine);
	else if (!print)
		print_summary(&printer);
	buffer__clear(&printer.line);
	metrics__free(metrics);
	rules__free(rules);
	queues__free(queues);
	engine__free(engine);
	if (printer.failed || fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "sonde replay: standard output could not be written in full\n");
		return EXIT_FAILED;
	}
	return err ? EXIT_FAILED : EXIT_GOOD;
}

int cmd_replay(int argc, char **argv)
{
	static const struct option options[] = {{"exchanges", no_argument, NULL, 'e'},
						{"metrics", no_argument, NULL, 'm'},
						{"config", required_argument, NULL, 'c'},
						{"help", no_argument, NULL, 'h'},
						{0}};
	const char *config_path = NULL;
	struct config config;
	char error[512];
	int print = 0, code;

	for (int c; (c = getopt_long(argc, argv, "emc:h", options, NULL)) != -1;) {
		switch (c) {
		case 'e':
			print |= PRINT_EXCHANGES;
			break;
		case 'm':
			print |= PRINT_METRICS;
			break;
		case 'c':
			config_path = optarg;
			break;
		case 'h':
			fputs(help_text, stdout);
			return EXIT_GOOD;
		default:
			return EXIT_WRONG_USE;
		}
	}
	if (argc - optind != 1)
		return wrong_use("replay", "exactly one recording is needed");
	config__defaults(&config);
	if (config_path && config__load(config_path, &config, error, sizeof(error))) {
		fprintf(stderr, "sonde replay: %s\n", error);
		return EXIT_WRONG_USE;
	}
	code = replay(argv[optind], &config, (enum print)print);
	config__clear(&config);
	return code;
}
