/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/daemon.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX (64u << 20)
#define TIMEOUT_MS 5000

int daemon__connect_local(const char *path)
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

int daemon__connect_tcp(const char *address)
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
int daemon__ask(int fd, const char *path, struct buffer *out, char *error, size_t size)
{
	const char *body;
	char request[256];
	int err = -EIO, length = snprintf(request, sizeof(request),
					  "GET %s HTTP/1.0\r\nHost: sonde\r\n\r\n", path);

	if (send(fd, request, (size_t)length, MSG_NOSIGNAL) == length)
		err = read_all(fd, out);
	body = out->data ? strstr(out->data, "\r\n\r\n") : NULL;
	if (err) {
		snprintf(error, size, "the daemon does not answer: %s", strerror(-err));
		return err;
	}
	if (!body || strncmp(out->data, "HTTP/1.", 7) != 0 ||
	    strncmp(out->data + 8, " 200", 4) != 0) {
		snprintf(error, size, "what listens there is no sonde daemon, or it is stopping");
		return -EPROTO;
	}
	out->length -= (size_t)(body + 4 - out->data);
	memmove(out->data, body + 4, out->length + 1);
	return 0;
}
