/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/source.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "buffer.h"
#include "replay.h"
#include "session.h"

#define ANSWER_MAX (64u << 20)
#define TIMEOUT_MS 5000

struct source {
	char socket[108], address[128]; /* of the daemon in use; "" not that one */
	struct session session;		/* our own capture; observer NULL: none */
	json_t *whole;			/* of a recording; NULL: live */
};

/* ---- a daemon ---- */

static int connect_local(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, err;

	if (!path[0] || strlen(path) >= sizeof(address.sun_path))
		return -ENOENT;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd < 0 ? -errno : fd;
	err = -errno;
	close(fd);
	return err;
}

static int connect_tcp(const char *address)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(address, ':');
	struct addrinfo *found = NULL;
	char host[128];
	int fd = -ENOENT;

	if (!colon)
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
	if (getaddrinfo(host[0] ? host : "127.0.0.1", colon + 1, &hints, &found))
		return -EINVAL;
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen)) {
		close(fd);
		fd = -ECONNREFUSED;
	}
	freeaddrinfo(found);
	return fd;
}

static int read_all(int fd, struct buffer *out)
{
	char bytes[65536];
	ssize_t got = 1;

	while (got > 0 && out->length < ANSWER_MAX && !out->failed) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};

		if (poll(&wait, 1, TIMEOUT_MS) <= 0)
			return -ETIMEDOUT;
		got = read(fd, bytes, sizeof(bytes));
		if (got > 0)
			buffer__append(out, bytes, (size_t)got);
	}
	return got < 0 ? -errno : out->failed ? -ENOMEM : 0;
}

/* HTTP/1.0, so that the answer ends with the connection and is not chunked. */
static json_t *ask(int fd, char *error, size_t size)
{
	static const char request[] = "GET /api/top HTTP/1.0\r\nHost: sonde\r\n\r\n";
	struct buffer answer = {0};
	json_error_t problem;
	json_t *model = NULL;
	const char *body;
	int err = -EIO;

	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) == (ssize_t)sizeof(request) - 1)
		err = read_all(fd, &answer);
	body = answer.data ? strstr(answer.data, "\r\n\r\n") : NULL;
	if (err)
		snprintf(error, size, "the daemon does not answer: %s", strerror(-err));
	else if (!body || strncmp(answer.data, "HTTP/1.", 7) != 0 ||
		 strncmp(answer.data + 8, " 200", 4) != 0)
		snprintf(error, size, "what listens there is no sonde daemon, or it is stopping");
	else if (!(model = json_loads(body + 4, 0, &problem)))
		snprintf(error, size, "the daemon's answer is not understood: %s", problem.text);
	buffer__clear(&answer);
	return model;
}

static int connect_daemon(const struct source *s)
{
	return s->socket[0] ? connect_local(s->socket) : connect_tcp(s->address);
}

static bool find_daemon(struct source *s, const struct source_options *options)
{
	int fd = connect_local(options->socket);

	if (fd >= 0) {
		snprintf(s->socket, sizeof(s->socket), "%s", options->socket);
	} else if (options->address[0]) {
		fd = connect_tcp(options->address);
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
