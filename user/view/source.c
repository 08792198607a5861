/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "buffer.h"
#include "replay.h"
#include "session.h"
#include "view/daemon.h"

struct source {
	char socket[108], address[128]; /* of the daemon in use; "" not that one */
	struct session session;		/* our own capture; observer NULL: none */
	json_t *whole;			/* of a recording; NULL: live */
};

/* ---- a daemon ---- */

static json_t *ask(int fd, char *error, size_t size)
{
	struct buffer answer = {0};
	json_error_t problem;
	json_t *model = NULL;

	if (!daemon__ask(fd, "/api/top", &answer, error, size)) {
		model = json_loads(answer.data, 0, &problem);
		if (!model)
			snprintf(error, size, "the daemon's answer is not understood: %s",
				 problem.text);
	}
	buffer__clear(&answer);
	return model;
}

static int connect_daemon(const struct source *s)
{
	return s->socket[0] ? daemon__connect_local(s->socket) : daemon__connect_tcp(s->address);
}

static bool find_daemon(struct source *s, const struct source_options *options)
{
	int fd = daemon__connect_local(options->socket);

	if (fd >= 0) {
		snprintf(s->socket, sizeof(s->socket), "%s", options->socket);
	} else if (options->address[0]) {
		fd = daemon__connect_tcp(options->address);
		if (fd >= 0)
			snprintf(s->address, sizeof(s->address), "%s", options->address);
	}
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* ---- a recording ---- */

static void tick(void *context, uint64_t now_ns)
{
	metrics__tick(context, now_ns);
}

static json_t *model_of(struct metrics *metrics, const struct engine *engine,
			const struct recording_header *header)
{
	struct self self = {.version = SONDE_VERSION,
			    .capture_way = "",
			    .source = "recording",
			    .started_ns = header->realtime_ns,
			    .wall_ns = header->realtime_ns + engine->now_ns - header->monotonic_ns};
	struct snapshot *snapshot = metrics__snapshot(metrics, &self);
	json_t *model = snapshot ? snapshot__model(snapshot) : NULL;

	snapshot__free(snapshot);
	return model;
}

static int replay(struct source *s, const struct source_options *options, char *error, size_t size)
{
	struct metrics_options limits = {.series_max = options->config->limits.series,
					 .without_time_shares = !options->config->time_shares};
	struct engine_options engine_options = {0};
	struct recording_header header;
	struct engine *engine;
	struct metrics *metrics;
	int err;

	config__engine(options->config, &engine_options);
	engine = engine__new(&engine_options);
	metrics = engine ? metrics__new(&limits, engine) : NULL;
	if (!metrics) {
		engine__free(engine);
		snprintf(error, size, "no memory");
		return -ENOMEM;
	}
	err = replay__file(options->recording, engine, tick, metrics, &header, error, size);
	if (!err)
		s->whole = model_of(metrics, engine, &header);
	metrics__free(metrics);
	engine__free(engine);
	return err;
}

/* ---- ---- */

static int capture_ourselves(struct source *s, const struct source_options *options, char *error,
			     size_t size)
{
	int err = observer__open(options->config, &s->session.observer, error, size);

	if (!err)
		err = session__start(&s->session);
	return err;
}

int source__open(const struct source_options *options, struct source **out, char *error,
		 size_t size)
{
	struct source *s = calloc(1, sizeof(*s));
	int err = 0;

	if (!s) {
		snprintf(error, size, "no memory");
		return -ENOMEM;
	}
	if (options->recording)
		err = replay(s, options, error, size);
	else if (find_daemon(s, options))
		err = 0;
	else if (!options->daemon_only)
		err = capture_ourselves(s, options, error, size);
	else {
		snprintf(error, size, "no daemon answers at %s or %s; start one with `sonde run`",
			 options->socket, options->address);
		err = -ENOENT;
	}
	if (err) {
		if (s->session.observer)
			observer__close(s->session.observer);
		free(s);
		return err;
	}
	*out = s;
	return 0;
}

void source__close(struct source *s)
{
	if (!s)
		return;
	if (s->session.observer) {
		session__stop(&s->session);
		observer__close(s->session.observer);
	}
	json_decref(s->whole);
	free(s);
}

json_t *source__model(struct source *s, char *error, size_t size)
{
	struct snapshot *snapshot;
	json_t *model = NULL;
	int fd;

	if (s->whole)
		return json_incref(s->whole);
	if (s->session.observer) {
		snapshot = observer__snapshot(s->session.observer);
		model = snapshot ? snapshot__model(snapshot) : NULL;
		snapshot__free(snapshot);
		if (!model)
			snprintf(error, size, "the observation has ended");
		return model;
	}
	fd = connect_daemon(s);
	if (fd < 0) {
		snprintf(error, size, "the daemon is gone: %s", strerror(-fd));
		return NULL;
	}
	model = ask(fd, error, size);
	close(fd);
	return model;
}

bool source__is_live(const struct source *s)
{
	return !s->whole;
}

bool source__may_return(const struct source *s)
{
	return !s->whole && !s->session.observer;
}
