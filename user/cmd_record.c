/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include "capture/recording.h"
#include "command.h"
#include "log.h"
#include "progress.h"
#include "session.h"

static const char help_text[] =
	"Usage: sonde record [OPTION...] FILE\n\n"
	"Writes what is captured on this node to FILE, until SIGINT or SIGTERM. A recording holds "
	"what\n"
	"was captured of requests and answers, secrets included: keep it as you keep those.\n\n"
	"  -d, --duration SECONDS   stop after so long\n"
	"  -c, --config FILE        configuration (YAML)\n"
	"  -w, --capture WAY        auto, socket_tracepoints, fexit or sys_exit\n"
	"  -h, --help               show this text\n";

struct recorder {
	struct recording_writer *writer;
	atomic_int err;
	atomic_ullong bytes;
};

static void take(void *context, const struct event *event, uint32_t size)
{
	struct recorder *r = context;

	if (!r->err)
		r->err = recording_writer__write(r->writer, event, size);
	atomic_store_explicit(&r->bytes, recording_writer__bytes(r->writer), memory_order_relaxed);
}

static void tell(struct recorder *r, long long seconds, long long left_ms)
{
	double mib = (double)atomic_load_explicit(&r->bytes, memory_order_relaxed) / (1 << 20);
	long long passed = seconds - left_ms / 1000;

	if (!progress__due())
		return;
	if (seconds)
		progress__show("%lld of %lld s, %.1f MiB", passed, seconds, mib);
	else
		progress__show("%lld s, %.1f MiB; Ctrl-C ends it", passed, mib);
}

static void wait_for_end(struct session *session, struct recorder *r, long long seconds)
{
	long long left_ms = seconds * 1000;

	while (!session->ended && !r->err) {
		int step = seconds && left_ms < 200 ? (int)left_ms : 200;
		int got;

		tell(r, seconds, left_ms);
		got = session__signal(step);
		if (got && got != SIGHUP)
			return;
		left_ms -= step;
		if (seconds && left_ms <= 0)
			return;
	}
}

static int record(struct session *session, struct recorder *r, const char *path, long long seconds,
		  char *error, size_t size)
{
	int err, closed;

	observer__tap(session->observer, take, r);
	err = session__start(session);
	if (err) {
		snprintf(error, size, "starting a thread: %s", strerror(-err));
		return err;
	}
	log__write(LOG_INFO, "ready", "recording to %s by %s", path,
		   observer__way(session->observer));
	progress__begin("sonde record");
	wait_for_end(session, r, seconds);
	progress__end();
	err = session__stop(session);
	log__write(LOG_INFO, "record", "%llu bytes in %s",
		   (unsigned long long)recording_writer__bytes(r->writer), path);
	closed = recording_writer__close(r->writer);
	r->writer = NULL;
	if (!err)
		err = r->err ? r->err : closed;
	if (err)
		snprintf(error, size, "%s: %s; what was written before is good", path,
			 strerror(-err));
	return err;
}

static int run(const struct config *config, const char *path, long long seconds)
{
	struct session session = {0};
	struct recorder recorder = {0};
	char error[512] = "";
	int err = observer__open(config, &session.observer, error, sizeof(error));

	if (!err)
		err = recording_writer__open(path, observer__way(session.observer),
					     &recorder.writer, error, sizeof(error));
	if (!err)
		err = record(&session, &recorder, path, seconds, error, sizeof(error));
	observer__close(session.observer);
	if (err)
		fprintf(stderr, "sonde record: %s\n", error);
	return err ? exit_code__of(err) : EXIT_GOOD;
}

int cmd_record(int argc, char **argv)
{
	static const struct option options[] = {{"duration", required_argument, NULL, 'd'},
						{"config", required_argument, NULL, 'c'},
						{"capture", required_argument, NULL, 'w'},
						{"help", no_argument, NULL, 'h'},
						{0}};
	const char *config_path = NULL, *way = NULL;
	long long seconds = 0;
	struct config config;
	char error[512];
	int code;

	for (int c; (c = getopt_long(argc, argv, "d:c:w:h", options, NULL)) != -1;) {
		if (c == 'h') {
			fputs(help_text, stdout);
			return EXIT_GOOD;
		}
		if (c == '?')
			return EXIT_WRONG_USE;
		if (c == 'c')
			config_path = optarg;
		else if (c == 'w')
			way = optarg;
		else if ((seconds = number_option("record", "--duration", optarg, 1, 864000)) < 0)
			return EXIT_WRONG_USE;
	}
	if (argc - optind != 1)
		return wrong_use("record", "exactly one file is needed");
	config__defaults(&config);
	if (config_path && config__load(config_path, &config, error, sizeof(error))) {
		fprintf(stderr, "sonde record: %s\n", error);
		return EXIT_WRONG_USE;
	}
	if (way && capture_way__parse(way, &config.capture.way)) {
		config__clear(&config);
		return wrong_use("record", "there is no way in called `%s`", way);
	}
	log__configure(config.log.level, config.log.format);
	session__block_signals();
	code = run(&config, argv[optind], seconds);
	config__clear(&config);
	return code;
}
