/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "database_name.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "connection.h"
#include "engine.h"

#define AT_ONCE 64 /* of a sweep */

/* "[local]", "127.0.0.1(40000)", "::1(40000)": what stands behind the database. */
static bool is_address(const char *word, size_t length)
{
	const char *open = memrchr(word, '(', length);

	if (length == 7 && memcmp(word, "[local]", 7) == 0)
		return true;
	return open && open > word && word[length - 1] == ')' &&
	       strspn(open + 1, "0123456789") == (size_t)(word + length - 2 - open);
}

bool database_name__of_title(const char *title, char *out, size_t size)
{
	const char *word = title, *before = NULL;
	size_t length, before_length = 0;
	int count = 0; /* "postgres:", the user and the database must stand before it */

	if (strncmp(title, "postgres: ", 10) != 0)
		return false;
	for (; *word; word += length + (word[length] == ' ')) {
		length = strcspn(word, " ");
		if (count++ >= 3 && before_length < size && is_address(word, length)) {
			memcpy(out, before, before_length);
			out[before_length] = '\0';
			return true;
		}
		before = word;
		before_length = length;
	}
	return false;
}

static bool read_title(uint32_t tgid, char *out, size_t size)
{
	char path[64];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", tgid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	length = read(fd, out, size - 1);
	close(fd);
	out[length > 0 ? length : 0] = '\0';
	return length > 0;
}

struct unnamed {
	struct connection *at[AT_ONCE];
	const struct connection *server[AT_ONCE]; /* the other end, for clients */
	int count;
};

static void collect(void *context, const struct connection *c)
{
	struct unnamed *u = context;

	if (!c->pool || c->database[0] || c->database_asked || u->count == AT_ONCE)
		return;
	u->server[u->count] = connection__side(c) == SIDE_SERVER ? c : NULL;
	u->at[u->count++] = (struct connection *)c;
}

static bool is_other_end(const struct connection *a, const struct connection *b)
{
	if (a->family == AF_UNIX)
		return a->peer == b->id;
	return a->local_port == b->remote_port && a->remote_port == b->local_port &&
	       a->netns == b->netns && a->family == b->family &&
	       memcmp(a->local_address, b->remote_address, sizeof(a->local_address)) == 0 &&
	       memcmp(a->remote_address, b->local_address, sizeof(a->remote_address)) == 0;
}

static void find_servers(void *context, const struct connection *c)
{
	struct unnamed *u = context;

	for (int i = 0; c->pool && i < u->count; i++)
		if (!u->server[i] && is_other_end(u->at[i], c))
			u->server[i] = c;
}

static void name(struct engine *engine, struct connection *c, const struct connection *server)
{
	char title[256];

	c->database_asked = true;
	if (!server || !read_title(server->tgid, title, sizeof(title)) ||
	    !database_name__of_title(title, c->database, sizeof(c->database)))
		return;
	pools__move(&engine->pools, c, engine->now_ns);
}

void database_names__resolve(struct engine *engine)
{
	struct unnamed unnamed = {.count = 0};

	connections__each(engine->connections, collect, &unnamed);
	if (!unnamed.count)
		return;
	connections__each(engine->connections, find_servers, &unnamed);
	for (int i = 0; i < unnamed.count; i++)
		name(engine, unnamed.at[i], unnamed.server[i]);
}
