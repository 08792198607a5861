/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The daemon: observes, serves, and says so in a line now and then. */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "command.h"
#include "exchange_file.h"
#include "hardening/hardening.h"
#include "log.h"
#include "session.h"
#include "summary.h"
#include "tail.h"
#include "web/listen.h"
#include "web/web.h"
#include "web/web_config.h"

static const char help_text[] =
	"Usage: sonde run [OPTION...]\n\n"
	"Observes HTTP, PostgreSQL and Redis of every process on this node until SIGTERM or "
	"SIGINT.\n"
	"SIGHUP reads the configuration again; a bad one changes nothing.\n\n"
	"  -c, --config FILE               configuration (YAML)\n"
	"  -l, --web.listen-address ADDR   serve metrics there (default 127.0.0.1:9867; '' "
	"nowhere)\n"
	"  -s, --web.socket PATH           local socket for `sonde top` (default "
	"/run/sonde/sonde.sock; "
	"'' none)\n"
	"  -f, --web.config-file FILE      TLS and users of that address, as Prometheus' exporters "
	"have it\n"
	"  -w, --capture WAY               auto, socket_tracepoints, fexit or sys_exit\n"
	"  -t, --tls on|off                read plaintext at TLS libraries (default on)\n"
	"  -H, --hardening on|off          give rights away once it runs (default on)\n"
	"  -b, --cpu-budget SHARE          of one core, like 2%: observe fewer connections rather "
	"than use more\n"
	"  -m, --metrics.naming NAMES      spec, otel (OpenTelemetry's) or both\n"
	"  -M, --memory-limit SIZE         like 64M: rather take in less than have more resident\n"
	"  -e, --exchanges FILE            also write every exchange as a line of JSON ('-': "
	"stdout)\n"
	"  -i, --summary SECONDS           a summary line that often (default 60; 0 none)\n"
	"  -h, --help                      show this text\n";

struct run_options {
	const char *config;
	const char *listen_address, *socket, *web_config, *way, *exchanges, *tls, *hardening;
	const char *cpu_budget, *naming, *memory_limit;
	long long summary_seconds;
};

static struct snapshot *new_snapshot(void *context)
{
	return observer__snapshot(context);
}

/* An option that was not given changes nothing. */
static bool take_text(const char *text, char *out, size_t size)
{
	if (!text)
		return true;
	if (strlen(text) >= size)
		return false;
	strcpy(out, text);
	return true;
}

static int take_switch(const char *name, const char *text, bool *out, char *error, size_t size)
{
	if (!text)
		return 0;
	if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0) {
		snprintf(error, size, "%s cannot be `%s`; it is on or off", name, text);
		return -EINVAL;
	}
	*out = text[1] == 'n';
	return 0;
}

static int take_limits(const struct run_options *options, struct config *config, char *error,
		       size_t size)
{
	char wrong[160];

	if (options->cpu_budget &&
	    config__cpu(options->cpu_budget, &config->limits.cpu, wrong, sizeof(wrong))) {
		snprintf(error, size, "--cpu-budget %s", wrong);
		return -EINVAL;
	}
	if (options->memory_limit &&
	    config__memory(options->memory_limit, &config->limits.memory, wrong, sizeof(wrong))) {
		snprintf(error, size, "--memory-limit %s", wrong);
		return -EINVAL;
	}
	return config__check(config, error, size);
}

static int take_naming(const char *text, enum naming *out, char *error, size_t size)
{
	if (!text || naming__parse(text, out) == 0)
		return 0;
	snprintf(error, size, "--metrics.naming cannot be `%.40s`; it is one of: spec, otel, both",
		 text);
	return -EINVAL;
}

/* The command line has the last word. */
static int override(const struct run_options *options, struct config *config, char *error,
		    size_t size)
{
	if (options->way && capture_way__parse(options->way, &config->capture.way)) {
		snprintf(error, size,
			 "--capture cannot be `%s`; it is one of: auto, socket_tracepoints, "
			 "fexit, sys_exit",
			 options->way);
		return -EINVAL;
	}
	if (take_switch("--tls", options->tls, &config->tls.enabled, error, size) ||
	    take_switch("--hardening", options->hardening, &config->hardening.enabled, error, size))
		return -EINVAL;
	if (take_limits(options, config, error, size) ||
	    take_naming(options->naming, &config->formats.naming, error, size))
		return -EINVAL;
	if (options->listen_address && options->listen_address[0] &&
	    !listen__is_address(options->listen_address)) {
		snprintf(error, size,
			 "--web.listen-address cannot be `%.60s`; write it like 127.0.0.1:9867 or "
			 "[::1]:9867",
			 options->listen_address);
		return -EINVAL;
	}
	if (!take_text(options->listen_address, config->web.listen_address,
		       sizeof(config->web.listen_address)) ||
	    !take_text(options->socket, config->web.socket, sizeof(config->web.socket)) ||
	    !take_text(options->web_config, config->web.config_file,
		       sizeof(config->web.config_file))) {
		snprintf(error, size,
			 "an address of at most %zu, a socket's path of at most %zu and a file's "
			 "of at most %zu bytes fit",
			 sizeof(config->web.listen_address) - 1, sizeof(config->web.socket) - 1,
			 sizeof(config->web.config_file) - 1);
		return -EINVAL;
	}
	return 0;
}

static int configure(const struct run_options *options, struct config *config, char *error,
		     size_t size)
{
	int err;

	config__defaults(config);
	err = options->config ? config__load(options->config, config, error, size) : 0;
	if (!err)
		err = override(options, config, error, size);
	if (err)
		config__clear(config);
	return err;
}

/* *out is NULL where there is no such file. */
static int load_web_config(const struct config *config, struct web_config **out, char *error,
			   size_t size)
{
	*out = NULL;
	return config->web.config_file[0]
		       ? web_config__load(config->web.config_file, out, error, size)
		       : 0;
}

static int serve(struct session *session, const struct config *config,
		 const struct web_config *web_config, struct tail *tail, struct web **web,
		 char *error, size_t size)
{
	struct web_options options = {
		.listen_address = config->web.listen_address,
		.socket = config->web.socket,
		.socket_group = config->web.socket_group,
		.config = web_config,
		.snapshot = new_snapshot,
		.context = session->observer,
		.tail = tail,
	};

	return web__start(&options, web, error, size);
}

static bool same_web(const struct config *a, const struct config *b)
{
	return strcmp(a->web.listen_address, b->web.listen_address) == 0 &&
	       strcmp(a->web.socket, b->web.socket) == 0 &&
	       strcmp(a->web.socket_group, b->web.socket_group) == 0;
}

/* Two configurations take turns: the one in use must live until the next one is. */
struct daemon {
	struct run_options options;
	struct config config[2];
	int current;
	struct session session;
	struct web_config *web_config; /* NULL: none */
	struct web *web;
	struct exchange_file *exchanges;
	struct tail *tail;
};

static int move_to(struct daemon *d, const struct config *old, const struct config *next,
		   struct web_config *web_config, char *error, size_t size)
{
	char again[512];
	int err;

	web__stop(d->web);
	d->web = NULL;
	err = serve(&d->session, next, web_config, d->tail, &d->web, error, size);
	if (err && serve(&d->session, old, d->web_config, d->tail, &d->web, again, sizeof(again)))
		log__write(LOG_ERROR, "web", "%s", again);
	return err;
}

/*
 * Serves where and how `next` says; where that fails, on as before. What serves stays in place
 * where nothing changed, so that no scrape is cut off.
 */
static int move_web(struct daemon *d, const struct config *old, const struct config *next,
		    char *error, size_t size)
{
	struct web_config *web_config;
	int err = load_web_config(next, &web_config, error, size);

	if (err)
		return err;
	if (same_web(old, next) && web_config__same(d->web_config, web_config)) {
		web_config__free(web_config);
		return 0;
	}
	err = move_to(d, old, next, web_config, error, size);
	if (err) {
		web_config__free(web_config);
		return err;
	}
	web_config__free(d->web_config);
	d->web_config = web_config;
	return 0;
}

static void reload(struct daemon *d)
{
	struct config *old = &d->config[d->current], *next = &d->config[!d->current];
	char error[512], kept[256];
	int err = configure(&d->options, next, error, sizeof(error));

	if (!err) {
		err = move_web(d, old, next, error, sizeof(error));
		if (err)
			config__clear(next);
	}
	if (err) {
		log__write(LOG_ERROR, "config", "%s; the configuration in use stays", error);
		return;
	}
	d->current = !d->current;
	log__configure(next->log.level, next->log.format);
	if (observer__reload(d->session.observer, next, kept, sizeof(kept)))
		return; /* the end has come; the old one may be in use until then */
	config__clear(old);
	if (kept[0])
		log__write(LOG_WARN, "config", "loaded; %s take effect with the next start only",
			   kept);
	else
		log__write(LOG_INFO, "config", "loaded");
}

static void announce(const struct daemon *d)
{
	const struct config *config = &d->config[d->current];
	const char *address = config->web.listen_address;

	log__write(LOG_INFO, "ready", "sonde %s observes this node by %s; %s%s%s%s", SONDE_VERSION,
		   observer__way(d->session.observer),
		   !address[0]				? "nothing is served over TCP"
		   : web_config__has_tls(d->web_config) ? "scrape https://"
							: "scrape http://",
		   address[0] == ':' ? "127.0.0.1" : "", address, address[0] ? "/metrics" : "");
	session__notify("READY=1\nSTATUS=observing\n");
}

static void say_summary(struct daemon *d)
{
	struct snapshot *snapshot = observer__snapshot(d->session.observer);
	char line[256];

	if (!snapshot)
		return;
	summary__line(snapshot, line, sizeof(line));
	log__write(LOG_INFO, "summary", "%s", line);
	snapshot__free(snapshot);
}

/* Readers of the exchanges want them while they are new, also when no further one comes. */
static void keep_written(struct daemon *d)
{
	int err = exchange_file__flush(d->exchanges);

	if (err)
		log__write(LOG_ERROR, "exchanges", "%s: %s; further ones are not written",
			   d->options.exchanges, strerror(-err));
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static void watch(struct daemon *d)
{
	long long elapsed_ms = 0;

	while (!d->session.ended) {
		int got = session__signal(500);

		if (got == SIGHUP)
			reload(d);
		else if (got)
			return;
		elapsed_ms += 500;
		keep_written(d);
		web__tick(d->web);
		tail__tick(d->tail, monotonic_ns());
		if (d->options.summary_seconds && elapsed_ms >= d->options.summary_seconds * 1000) {
			elapsed_ms = 0;
			say_summary(d);
		}
	}
}

/* Of the local socket; where it cannot be made, binding says what is wrong. */
static void make_folder(const char *socket)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];

	snprintf(path, sizeof(path), "%s", socket);
	if (path[0] == '/')
		mkdir(dirname(path), 0755);
}

/* After what needs rights was opened, before the threads that are to go without. */
static void harden(const struct config *config)
{
	struct hardening_options options = {.socket = config->web.socket,
					    .socket_group = config->web.socket_group[0]};

	rights__say();
	if (config->hardening.enabled)
		hardening__apply(&options);
}

static int start(struct daemon *d, char *error, size_t size)
{
	struct config *config = &d->config[d->current];
	int err = observer__open(config, &d->session.observer, error, size);

	if (!err && d->options.exchanges)
		err = exchange_file__open(d->options.exchanges,
					  observer__engine(d->session.observer), &d->exchanges,
					  error, size);
	if (!err) {
		d->tail = tail__new(observer__engine(d->session.observer));
		make_folder(config->web.socket);
		harden(config);
	}
	if (!err)
		err = serve(&d->session, config, d->web_config, d->tail, &d->web, error, size);
	if (!err) {
		err = session__start(&d->session);
		if (err)
			snprintf(error, size, "starting a thread: %s", strerror(-err));
	}
	return err;
}

static int run(struct daemon *d)
{
	char error[512] = "";
	int err = start(d, error, sizeof(error));

	if (!err) {
		announce(d);
		malloc_trim(
			0); /* the kernel's types, as large as all the rest, were read and freed */
		watch(d);
		session__notify("STOPPING=1\n");
		say_summary(d);
		err = session__stop(&d->session);
		if (err)
			snprintf(error, sizeof(error), "draining the ring: %s", strerror(-err));
	}
	web__stop(d->web);
	web_config__free(d->web_config);
	observer__close(d->session.observer);
	tail__free(d->tail);
	if (exchange_file__close(d->exchanges) && !err) {
		err = -EIO;
		snprintf(error, sizeof(error), "%s could not be written in full",
			 d->options.exchanges);
	}
	if (err == -EPERM)
		fprintf(stderr,
			"sonde run: %s. Recordings can still be looked at: `sonde replay`, `sonde "
			"top "
			"FILE`\n",
			error);
	else if (err)
		fprintf(stderr, "sonde run: %s\n", error);
	return err ? exit_code__of(err) : EXIT_GOOD;
}

static int parse(int argc, char **argv, struct run_options *out)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"web.listen-address", required_argument, NULL, 'l'},
		{"web.socket", required_argument, NULL, 's'},
		{"web.config-file", required_argument, NULL, 'f'},
		{"capture", required_argument, NULL, 'w'},
		{"tls", required_argument, NULL, 't'},
		{"hardening", required_argument, NULL, 'H'},
		{"cpu-budget", required_argument, NULL, 'b'},
		{"metrics.naming", required_argument, NULL, 'm'},
		{"memory-limit", required_argument, NULL, 'M'},
		{"exchanges", required_argument, NULL, 'e'},
		{"summary", required_argument, NULL, 'i'},
		{"help", no_argument, NULL, 'h'},
		{0}};
	const char **text[] = {['c'] = &out->config,	  ['l'] = &out->listen_address,
			       ['s'] = &out->socket,	  ['w'] = &out->way,
			       ['t'] = &out->tls,	  ['e'] = &out->exchanges,
			       ['f'] = &out->web_config,  ['H'] = &out->hardening,
			       ['b'] = &out->cpu_budget,  ['m'] = &out->naming,
			       ['M'] = &out->memory_limit};

	for (int c;
	     (c = getopt_long(argc, argv, "c:l:s:f:w:t:H:b:m:M:e:i:h", options, NULL)) != -1;) {
		if (c == 'h') {
			fputs(help_text, stdout);
			return EXIT_GOOD;
		}
		if (c == '?')
			return EXIT_WRONG_USE;
		if (c != 'i') {
			*text[c] = optarg;
			continue;
		}
		out->summary_seconds = number_option("run", "--summary", optarg, 0, 86400);
		if (out->summary_seconds < 0)
			return EXIT_WRONG_USE;
	}
	return optind < argc ? wrong_use("run", "there is nothing to be made of `%s`", argv[optind])
			     : -1;
}

int cmd_run(int argc, char **argv)
{
	struct daemon d = {.options = {.summary_seconds = 60}};
	char error[512];
	int code = parse(argc, argv, &d.options);

	if (code >= 0)
		return code;
	if (configure(&d.options, &d.config[0], error, sizeof(error)) ||
	    load_web_config(&d.config[0], &d.web_config, error, sizeof(error))) {
		config__clear(&d.config[0]);
		fprintf(stderr, "sonde run: %s\n", error);
		return EXIT_WRONG_USE;
	}
	log__configure(d.config[0].log.level, d.config[0].log.format);
	session__block_signals();
	code = run(&d);
	config__clear(&d.config[0]);
	config__clear(&d.config[1]);
	return code;
}
