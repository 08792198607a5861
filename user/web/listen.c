/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "web/listen.h"

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 512 /* first come, first heard, also in a flood */

static int split(const char *address, char *host, size_t size, const char **port)
{
	const char *colon = strrchr(address, ':');
	size_t length = colon ? (size_t)(colon - address) : 0;

	if (!colon || !colon[1] || length >= size)
		return -EINVAL;
	if (length >= 2 && address[0] == '[' && address[length - 1] == ']') {
		address++;
		length -= 2;
	} else if (memchr(address, ':', length)) {
		return -EINVAL; /* an IPv6 address without brackets */
	}
	memcpy(host, address, length);
	host[length] = '\0';
	*port = colon + 1;
	return 0;
}

bool listen__is_address(const char *address)
{
	char host[128];
	const char *port;
	size_t digits;

	if (split(address, host, sizeof(host), &port))
		return false;
	digits = strspn(port, "0123456789");
	return !port[digits] && digits <= 5 && atoi(port) <= 65535;
}

static int listen_at(const struct addrinfo *where)
{
	int one = 1, off = 0, err;
	int fd = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (where->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, where->ai_addr, where->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void explain(int err, const char *address, char *error, size_t size)
{
	if (err == -EADDRINUSE)
		snprintf(error, size,
			 "%s is taken by another process (`ss -ltnp` names it); stop it, or choose "
			 "another with --web.listen-address",
			 address);
	else
		snprintf(error, size, "listening on %s: %s", address, strerror(-err));
}

int listen__tcp(const char *address, char *error, size_t size)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC,
				       .ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	const char *port;
	char host[128];
	int fd, err = split(address, host, sizeof(host), &port);

	if (!err)
		err = getaddrinfo(host[0] ? host : NULL, port, &hints, &found);
	if (err) {
		snprintf(error, size,
			 "`%s` is no address to listen on; write it like 127.0.0.1:9867 or "
			 "[::1]:9867",
			 address);
		return -EINVAL;
	}
	fd = listen_at(found);
	if (fd < 0)
		explain(fd, address, error, size);
	freeaddrinfo(found);
	return fd;
}

/* Somebody answers there: not ours to take. */
static int is_live(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int live = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;

	if (fd >= 0)
		close(fd);
	return live;
}

static int give_to(const char *path, const char *group, char *error, size_t size)
{
	const struct group *found = group[0] ? getgrnam(group) : NULL;

	if (group[0] && !found) {
		snprintf(error, size, "web.socket_group: there is no group `%s`", group);
		return -EINVAL;
	}
	if (found && chown(path, (uid_t)-1, found->gr_gid))
		return -errno;
	return chmod(path, found ? 0660 : 0600) ? -errno : 0;
}

static int bind_local(const struct sockaddr_un *address, const char *group, char *error,
		      size_t size)
{
	int err = 0, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before = umask(0177);

	if (fd < 0 || bind(fd, (const struct sockaddr *)address, sizeof(*address)))
		err = -errno;
	umask(before);
	if (!err)
		err = give_to(address->sun_path, group, error, size);
	if (!err && listen(fd, BACKLOG))
		err = -errno;
	if (!err)
		return fd;
	if (fd >= 0)
		close(fd);
	return err;
}

int listen__local(const char *path, const char *group, char *error, size_t size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat status;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		snprintf(error, size, "web.socket: %s is too long for a socket's path", path);
		return -ENAMETOOLONG;
	}
	strcpy(address.sun_path, path);
	if (lstat(path, &status) == 0) {
		if (!S_ISSOCK(status.st_mode) || is_live(&address)) {
			snprintf(error, size,
				 "%s is in use (another sonde?); stop it, or choose another with "
				 "--web.socket",
				 path);
			return -EADDRINUSE;
		}
		unlink(path);
	}
	error[0] = '\0';
	fd = bind_local(&address, group, error, size);
	if (fd < 0 && !error[0])
		snprintf(error, size, "local socket %s: %s", path, strerror(-fd));
	return fd;
}
