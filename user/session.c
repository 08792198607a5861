/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "session.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* What was half read when the hooks were attached has passed by then (decide.c, ATTACH_NS). */
#define SETTLE_MS 150

static void waited_for(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

void session__block_signals(void)
{
	sigset_t set;

	waited_for(&set);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int session__signal(int timeout_ms)
{
	struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
	sigset_t set;
	int got;

	waited_for(&set);
	got = sigtimedwait(&set, NULL, &timeout);
	return got > 0 ? got : 0;
}

static void *run(void *context)
{
	struct session *session = context;

	session->result = observer__run(session->observer);
	session->ended = true;
	return NULL;
}

int session__start(struct session *session)
{
	struct timespec settle = {0, SETTLE_MS * 1000000L};
	int err = pthread_create(&session->thread, NULL, run, session);

	if (!err)
		nanosleep(&settle, NULL);
	return -err;
}

int session__stop(struct session *session)
{
	observer__stop(session->observer);
	pthread_join(session->thread, NULL);
	return session->result;
}

void session__notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = path ? strlen(path) : 0;
	int fd;

	if (!length || length >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, length);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
	       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
	close(fd);
}
