/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * many CONNECTIONS ROUTES: connections over loopback, both ends in this process, one HTTP exchange
 * on each, spread over so many routes; all stay open until its input ends.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/* "/aaaa" ... : letters, that no folding takes for somebody's number. */
static int request(char *out, size_t size, unsigned route)
{
	char name[5] = "aaaa";

	for (int i = 3; i >= 0; i--, route /= 26)
		name[i] = (char)('a' + route % 26);
	return snprintf(out, size, "GET /%s HTTP/1.1\r\nHost: many\r\n\r\n", name);
}

static void say(int from, int to, const char *bytes, size_t length)
{
	char got[256];

	if (write(from, bytes, length) != (ssize_t)length || read(to, got, sizeof(got)) <= 0)
		exit(1);
}

static int listen_on(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*address = (struct sockaddr_in){.sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (bind(fd, (struct sockaddr *)address, length) || listen(fd, 64) ||
	    getsockname(fd, (struct sockaddr *)address, &length))
		exit(1);
	return fd;
}

static void exchange(int listener, const struct sockaddr_in *address, unsigned route)
{
	int client = socket(AF_INET, SOCK_STREAM, 0), server;
	char text[128];

	if (connect(client, (const struct sockaddr *)address, sizeof(*address)))
		exit(1);
	server = accept(listener, NULL, NULL);
	say(client, server, text, (size_t)request(text, sizeof(text), route));
	say(server, client, answer, sizeof(answer) - 1);
}

int main(int argc, char **argv)
{
	int connections = argc == 3 ? atoi(argv[1]) : 0, routes = argc == 3 ? atoi(argv[2]) : 0;
	struct rlimit limit = {(rlim_t)connections * 2 + 64, (rlim_t)connections * 2 + 64};
	struct sockaddr_in address;
	int listener;
	char byte;

	if (!routes || setrlimit(RLIMIT_NOFILE, &limit))
		return 2;
	listener = listen_on(&address);
	for (int i = 0; i < connections; i++)
		exchange(listener, &address, (unsigned)(i % routes));
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
