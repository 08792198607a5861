/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "service/listening.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SOCKETS_MAX	256
#define DESCRIPTORS_MAX 4096 /* servers listen early: their sockets are among the first */

struct listeners {
	uint32_t count;
	struct {
		uint64_t inode;
		uint16_t port;
	} at[SOCKETS_MAX];
};

/*
 * proc_net_tcp.rst: "sl: local:port remote:port st ... inode"; 0A is TCP_LISTEN. Listening sockets
 * come before all others (net/ipv4/tcp_ipv4.c, tcp_get_idx), so the first other one ends them.
 */
static void collect(const char *proc, uint32_t tgid, const char *file,
		    const struct service_set *set, struct listeners *out)
{
	char path[256], line[512];
	unsigned int port, state;
	uint64_t inode;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%u/net/%s", proc, tgid, file);
	in = fopen(path, "re");
	if (!in)
		return;
	if (!fgets(line, sizeof(line), in)) /* the heading */
		line[0] = '\0';
	while (out->count < SOCKETS_MAX && fgets(line, sizeof(line), in)) {
		if (sscanf(line,
			   " %*[0-9]: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*s %*s "
			   "%" SCNu64,
			   &port, &state, &inode) != 3 ||
		    state != 0x0a)
			break;
		if (port > UINT16_MAX || !service_set__asks_for(set, (uint16_t)port))
			continue;
		out->at[out->count].inode = inode;
		out->at[out->count++].port = (uint16_t)port;
	}
	fclose(in);
}

static void take_descriptor(int folder, const char *name, const struct listeners *listeners,
			    struct ports *out)
{
	char target[64];
	ssize_t length = readlinkat(folder, name, target, sizeof(target) - 1);
	uint64_t inode;

	target[length > 0 ? length : 0] = '\0';
	if (sscanf(target, "socket:[%" SCNu64 "]", &inode) != 1)
		return;
	for (uint32_t i = 0; i < listeners->count; i++)
		if (listeners->at[i].inode == inode)
			ports__add(out, listeners->at[i].port);
}

void listening__ports(const char *proc, uint32_t tgid, const struct service_set *set,
		      struct ports *out)
{
	struct listeners listeners = {0};
	const struct dirent *entry;
	char path[256];
	DIR *folder;

	if (!set || !set->has_ports)
		return;
	collect(proc, tgid, "tcp", set, &listeners);
	collect(proc, tgid, "tcp6", set, &listeners);
	snprintf(path, sizeof(path), "%s/%u/fd", proc, tgid);
	folder = listeners.count ? opendir(path) : NULL;
	if (!folder)
		return;
	for (int i = 0; i < DESCRIPTORS_MAX && (entry = readdir(folder)); i++)
		take_descriptor(dirfd(folder), entry->d_name, &listeners, out);
	closedir(folder);
}
