/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exchanges as they end: of the daemon, of a capture of our own, or of a recording. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "command.h"
#include "config.h"
#include "exchange_json.h"
#include "replay.h"
#include "session.h"
#include "tail.h"
#include "view/daemon.h"
#include "view/line.h"

#define ASK_EVERY_MS 200

static const char help_text[] =
	"Usage: sonde tail [OPTION...] [RECORDING]\n\n"
	"Prints every exchange when it is over, one a line: of the daemon if one runs, else "
	"captured\n"
	"by itself; or those of a recording. Literals, keys, headers and bodies are never "
	"shown.\n\n"
	"  -s, --service PATTERN    of this service only; patterns may hold * and ?\n"
	"  -r, --route PATTERN      of this route, statement, command or pattern of keys\n"
	"  -p, --protocol NAME      http, postgres or redis\n"
	"  -d, --side NAME          server or client\n"
	"  -S, --status WHAT        404, 5xx, an SQLSTATE, error, aborted or lost\n"
	"  -l, --slower DURATION    at least so long: 250us, 100ms, 2s\n"
	"  -n, --count N            end after N lines\n"
	"  -j, --json               as JSON (docs/exchanges.md)\n"
	"  -u, --socket PATH        the daemon's local socket (default /run/sonde/sonde.sock)\n"
	"  -a, --address ADDR       the daemon's address, if not there (default 127.0.0.1:9867)\n"
	"  -h, --help               show this text\n";

struct tailing {
	struct line_filter filter;
	const char *socket, *address, *recording;
	long long count; /* 0: no end */
	bool json;
	int64_t offset_ns; /* from CLOCK_MONOTONIC to the time since 1970 */
	long long printed;
	bool failed; /* nobody takes our output any more */
	struct buffer line;
};

static bool is_done(const struct tailing *t)
{
	return t->failed || (t->count && t->printed >= t->count);
}

static void print(struct tailing *t, const char *bytes, size_t length)
{
	json_error_t problem;
	json_t *e = json_loadb(bytes, length, 0, &problem);

	if (e && line_filter__admits(&t->filter, e)) {
		t->line.length = 0;
		if (t->json)
			buffer__append(&t->line, bytes, length);
		else
			line__print(e, t->offset_ns, &t->line);
		t->failed |= fwrite(t->line.data, 1, t->line.length, stdout) != t->line.length;
		t->printed++;
	}
	json_decref(e);
}

/* The first line tells where it goes on, and what was missed (tail.h). */
static uint64_t print_answer(struct tailing *t, struct buffer *answer)
{
	char *line = answer->data, *end;
	json_error_t problem;
	json_t *head = json_loads(line, JSON_DISABLE_EOF_CHECK, &problem);
	uint64_t next = (uint64_t)json_integer_value(json_object_get(head, "next"));
	uint64_t missed = (uint64_t)json_integer_value(json_object_get(head, "missed"));

	json_decref(head);
	if (missed)
		fprintf(stderr, "sonde tail: %lu exchanges were too many to be shown\n",
			(unsigned long)missed);
	line = strchr(line, '\n');
	for (line = line ? line + 1 : NULL; line && *line && !is_done(t); line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			break;
		print(t, line, (size_t)(end + 1 - line));
	}
	t->failed |= fflush(stdout) != 0;
	return next;
}

static int64_t wall_offset(void)
{
	struct timespec wall, monotonic;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	return (int64_t)(wall.tv_sec - monotonic.tv_sec) * 1000000000 + wall.tv_nsec -
	       monotonic.tv_nsec;
}

static int connect_daemon(const struct tailing *t)
{
	int fd = daemon__connect_local(t->socket);

	return fd < 0 && t->address[0] ? daemon__connect_tcp(t->address) : fd;
}

/* fd: to a daemon, of the first question. */
static int follow_daemon(struct tailing *t, int fd, char *error, size_t size)
{
	struct buffer answer = {0};
	uint64_t after = 0;
	char path[64];
	int err = 0;

	while (!err && !is_done(t)) {
		snprintf(path, sizeof(path), "/api/tail?after=%lu", (unsigned long)after);
		answer.length = 0;
		err = daemon__ask(fd, path, &answer, error, size);
		close(fd);
		fd = -1;
		if (!err)
			after = print_answer(t, &answer);
		if (err || is_done(t) || session__signal(ASK_EVERY_MS))
			break;
		fd = connect_daemon(t);
		if (fd < 0) {
			snprintf(error, size, "the daemon is gone: %s", strerror(-fd));
			err = fd;
		}
	}
	if (fd >= 0)
		close(fd);
	buffer__clear(&answer);
	return err;
}

static void read_own(struct tailing *t, struct tail *tail, uint64_t *after)
{
	struct buffer answer = {0};
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	tail__read(tail, *after, (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec,
		   &answer);
	if (!answer.failed)
		*after = print_answer(t, &answer);
	buffer__clear(&answer);
}

static int follow_own(struct tailing *t, const struct config *config, char *error, size_t size)
{
	struct session session = {0};
	struct tail *tail = NULL;
	uint64_t after = 0;
	int err = observer__open(config, &session.observer, error, size);

	if (err)
		return err;
	tail = tail__new(observer__engine(session.observer));
	if (tail) {
		read_own(t, tail, &after); /* from now on it keeps lines */
		err = session__start(&session);
	}
	while (tail && !err && !is_done(t) && !session.ended && !session__signal(ASK_EVERY_MS))
		read_own(t, tail, &after);
	if (tail && !err)
		err = session__stop(&session);
	if (err)
		snprintf(error, size, "observing: %s", strerror(-err));
	observer__close(session.observer);
	tail__free(tail);
	return tail ? err : -ENOMEM;
}

struct replaying {
	struct tailing *tailing;
	struct engine *engine;
	const struct recording_header *header;
	struct buffer line;
};

static void take(void *context, const struct exchange *exchange)
{
	struct replaying *r = context;

	if (is_done(r->tailing))
		return;
	r->tailing->offset_ns = (int64_t)(r->header->realtime_ns - r->header->monotonic_ns);
	r->line.length = 0;
	exchange__to_json(exchange, r->engine, &r->line);
	if (!r->line.failed)
		print(r->tailing, r->line.data, r->line.length);
}

static int show_recording(struct tailing *t, const struct config *config, char *error, size_t size)
{
	struct engine_options options = {0};
	struct recording_header header = {0};
	struct replaying r = {.tailing = t, .header = &header};
	int err;

	config__engine(config, &options);
	options.pod_logs = NULL;
	r.engine = engine__new(&options);
	if (!r.engine) {
		snprintf(error, size, "no memory");
		return -ENOMEM;
	}
	engine__add_sink(r.engine, (struct sink){.exchange = take, .context = &r});
	err = replay__file(t->recording, r.engine, NULL, NULL, &header, error, size);
	engine__free(r.engine);
	buffer__clear(&r.line);
	return err;
}

static int tail(struct tailing *t)
{
	struct config config;
	char error[512] = "";
	int err, fd;

	config__defaults(&config);
	session__block_signals();
	t->offset_ns = wall_offset();
	if (t->recording) {
		err = show_recording(t, &config, error, sizeof(error));
	} else {
		fd = connect_daemon(t);
		err = fd >= 0 ? follow_daemon(t, fd, error, sizeof(error))
			      : follow_own(t, &config, error, sizeof(error));
	}
	buffer__clear(&t->line);
	config__clear(&config);
	if (err && !t->failed)
		fprintf(stderr, "sonde tail: %s\n", error);
	return err && !t->failed ? exit_code__of(err) : EXIT_GOOD;
}

static bool take_duration(const char *value, uint64_t *out)
{
	if (line__duration(value, out))
		return true;
	wrong_use("tail", "--slower cannot be `%s`; write it like 250us, 100ms or 2s", value);
	return false;
}

static bool is_one_of(const char *option, const char *value, const char *const *names,
		      const char *all)
{
	for (; *names; names++)
		if (strcmp(*names, value) == 0)
			return true;
	wrong_use("tail", "%s cannot be `%s`; it is one of: %s", option, value, all);
	return false;
}

static bool take_option(struct tailing *t, int c, const char *value)
{
	static const char *const protocols[] = {"http", "postgres", "redis", NULL};
	static const char *const sides[] = {"server", "client", NULL};
	const char **texts[] = {
		['s'] = &t->filter.service, ['r'] = &t->filter.route, ['S'] = &t->filter.status,
		['u'] = &t->socket,	    ['a'] = &t->address,      ['p'] = &t->filter.protocol,
		['d'] = &t->filter.side};

	switch (c) {
	case 'j':
		t->json = true;
		return true;
	case 'l':
		return take_duration(value, &t->filter.slower_ns);
	case 'n':
		t->count = number_option("tail", "--count", value, 1, 1000000000);
		return t->count > 0;
	case '?':
		return false;
	default:
		*texts[c] = value;
	}
	if (c == 'p')
		return is_one_of("--protocol", value, protocols, "http, postgres, redis");
	return c != 'd' || is_one_of("--side", value, sides, "server, client");
}

int cmd_tail(int argc, char **argv)
{
	static const struct option options[] = {{"service", required_argument, NULL, 's'},
						{"route", required_argument, NULL, 'r'},
						{"protocol", required_argument, NULL, 'p'},
						{"side", required_argument, NULL, 'd'},
						{"status", required_argument, NULL, 'S'},
						{"slower", required_argument, NULL, 'l'},
						{"count", required_argument, NULL, 'n'},
						{"json", no_argument, NULL, 'j'},
						{"socket", required_argument, NULL, 'u'},
						{"address", required_argument, NULL, 'a'},
						{"help", no_argument, NULL, 'h'},
						{0}};
	struct tailing t = {.socket = "/run/sonde/sonde.sock", .address = "127.0.0.1:9867"};

	for (int c; (c = getopt_long(argc, argv, "s:r:p:d:S:l:n:ju:a:h", options, NULL)) != -1;) {
		if (c == 'h') {
			fputs(help_text, stdout);
			return EXIT_GOOD;
		}
		if (!take_option(&t, c, optarg))
			return EXIT_WRONG_USE;
	}
	if (argc - optind > 1)
		return wrong_use("tail", "at most one recording can be shown");
	t.recording = optind < argc ? argv[optind] : NULL;
	return tail(&t);
}
