/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "buffer.h"
#include "replay.h"
#include "session.h"
#include "tail.h"
#include "view/daemon.h"
#include "view/past.h"

struct source {
	char socket[108], address[128]; /* of the daemon in use; "" not that one */
	struct session session;		/* our own capture; observer NULL: none */
	json_t *whole;			/* of a recording; NULL: live */
	struct past past;
	struct tail *tail; /* of our own capture: writes nothing before it is read */
	const struct config *config;
	const char *recording; /* NULL: live */
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

/* A recording on its way through an engine. */
struct replaying {
	struct engine *engine;
	struct metrics *metrics;
	struct recording_header header;
	struct past *past; /* NULL: not wanted */
};

static void tick(void *context, uint64_t now_ns)
{
	metrics__tick(((struct replaying *)context)->metrics, now_ns);
}

static void before(void *context, uint64_t event_ns)
{
	past__before(((struct replaying *)context)->past, event_ns);
}

static void finished(void *context)
{
	past__finish(((struct replaying *)context)->past);
}

static json_t *model_of(void *context)
{
	const struct replaying *r = context;
	const struct recording_header *header = &r->header;
	struct self self = {.version = SONDE_VERSION,
			    .capture_way = "",
			    .source = "recording",
			    .started_ns = header->realtime_ns,
			    .wall_ns =
				    header->realtime_ns + r->engine->now_ns - header->monotonic_ns};
	struct snapshot *snapshot = metrics__snapshot(r->metrics, &self);
	json_t *model = snapshot ? snapshot__model(snapshot) : NULL;

	snapshot__free(snapshot);
	return model;
}

static int feed(struct source *s, const struct source_options *options, struct replaying *r,
		char *error, size_t size)
{
	struct replay_watch watch = {.tick = tick, .context = r};
	int err;

	if (options->with_past &&
	    replay__span(options->recording, &s->past.first_ns, &s->past.last_ns)) {
		r->past = &s->past;
		s->past.document = model_of;
		s->past.context = r;
		watch.before = before;
		watch.finished = finished;
	}
	err = replay__file_watched(options->recording, r->engine, &watch, &r->header, error, size);
	if (!err)
		s->whole = model_of(r);
	return err;
}

static int replay(struct source *s, const struct source_options *options, char *error, size_t size)
{
	struct metrics_options limits = {.series_max = options->config->limits.series,
					 .without_time_shares = !options->config->time_shares};
	struct engine_options engine_options = {0};
	struct replaying r = {0};
	int err = -ENOMEM;

	config__engine(options->config, &engine_options);
	r.engine = engine__new(&engine_options);
	r.metrics = r.engine ? metrics__new(&limits, r.engine) : NULL;
	if (r.metrics)
		err = feed(s, options, &r, error, size);
	else
		snprintf(error, size, "no memory");
	metrics__free(r.metrics);
	engine__free(r.engine);
	return err;
}

/* ---- ---- */

static int capture_ourselves(struct source *s, const struct source_options *options, char *error,
			     size_t size)
{
	int err = observer__open(options->config, &s->session.observer, error, size);

	if (err)
		return err;
	s->tail = tail__new(observer__engine(s->session.observer));
	return s->tail ? session__start(&s->session) : -ENOMEM;
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
	s->config = options->config;
	s->recording = options->recording;
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
		tail__free(s->tail);
		past__clear(&s->past);
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
	tail__free(s->tail);
	json_decref(s->whole);
	past__clear(&s->past);
	free(s);
}

static int ask_tail(const struct source *s, uint64_t after, struct buffer *out, char *error,
		    size_t size)
{
	int err, fd = connect_daemon(s);
	char path[64];

	if (fd < 0) {
		snprintf(error, size, "the daemon is gone: %s", strerror(-fd));
		return fd;
	}
	snprintf(path, sizeof(path), "/api/tail?after=%lu", (unsigned long)after);
	err = daemon__ask(fd, path, out, error, size);
	close(fd);
	return err;
}

int source__tail(const struct source *s, uint64_t after, struct buffer *out, char *error,
		 size_t size)
{
	struct timespec now;

	if (s->recording)
		return -ENOENT;
	if (!s->tail)
		return ask_tail(s, after, out, error, size);
	clock_gettime(CLOCK_MONOTONIC, &now);
	tail__read(s->tail, after, (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec,
		   out);
	return out->failed ? -ENOMEM : 0;
}

const char *source__recording(const struct source *s)
{
	return s->recording;
}

const struct config *source__config(const struct source *s)
{
	return s->config;
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

const struct model *source__past(const struct source *s)
{
	return s->past.model;
}

bool source__is_live(const struct source *s)
{
	return !s->whole;
}

bool source__may_return(const struct source *s)
{
	return !s->whole && !s->session.observer;
}
