/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "metrics/backends.h"

#include <stdio.h>
#include <string.h>
#include "connection.h"

#define CHECK_NS 5000000000ull
#define QUIET_NS 1000000000ull

static uint64_t mix(uint64_t hash, const void *data, size_t length)
{
	const uint8_t *byte = data;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3; /* FNV-1a */
	return hash;
}

static uint64_t address_of(const struct connection *c)
{
	uint64_t hash = 0xcbf29ce484222325;

	hash = mix(hash, &c->netns, sizeof(c->netns));
	hash = mix(hash, c->remote_address, sizeof(c->remote_address));
	hash = mix(hash, &c->remote_port, sizeof(c->remote_port));
	hash = mix(hash, c->path, strnlen(c->path, sizeof(c->path)));
	return hash ? hash : 1;
}

uint64_t backend__newest_ns(const struct backend *b)
{
	return b->answered_ns > b->failed_ns ? b->answered_ns : b->failed_ns;
}

bool backend__is_down(const struct backend *b)
{
	return b->failed_ns > b->answered_ns;
}

/* ---- places ---- */

static struct backend *new_place(struct backends *backends, uint64_t now_ns)
{
	if (backends->count < BACKENDS_MAX)
		return &backends->backend[backends->count++];
	for (uint32_t i = 0; i < BACKENDS_MAX; i++)
		if (backend__newest_ns(&backends->backend[i]) + BACKEND_KEPT_NS < now_ns)
			return &backends->backend[i];
	return NULL;
}

static void describe(struct backend *b, const struct connection *c, uint64_t address,
		     enum protocol_id protocol)
{
	*b = (struct backend){.address = address,
			      .service = c->service,
			      .protocol = (uint8_t)protocol,
			      .tgid = c->tgid};
	snprintf(b->path, sizeof(b->path), "%s", c->path);
}

static struct backend *find(struct backends *backends, const struct connection *c, uint64_t address,
			    enum protocol_id protocol, uint64_t now_ns)
{
	struct backend *b;

	for (uint32_t i = 0; i < backends->count; i++) {
		b = &backends->backend[i];
		if (b->address == address && b->service == c->service && b->protocol == protocol)
			return b;
	}
	b = new_place(backends, now_ns);
	if (b)
		describe(b, c, address, protocol);
	return b;
}

void backends__answered(struct backends *backends, struct connection *c, uint64_t now_ns)
{
	struct backend *b = backends__of(backends, c);

	if (!b) {
		c->backend_address = address_of(c);
		backends->spoken[c->backend_address % SPOKEN] =
			(struct spoken){.address = c->backend_address, .protocol = c->id_protocol};
		b = find(backends, c, c->backend_address, c->id_protocol, now_ns);
		if (!b)
			return;
		c->backend = (uint16_t)(b - backends->backend + 1);
	}
	backend__answered(b, now_ns);
}

/*
 * A connection that failed spoke no protocol: it is of the kind that was reached at its address
 * before, else of the kind that the well-known port (IANA) or socket path stands for.
 */
static enum protocol_id protocol_of(const struct backends *backends, const struct connection *c,
				    uint64_t address)
{
	const struct spoken *spoken = &backends->spoken[address % SPOKEN];

	if (c->id_protocol != PROTOCOL_UNKNOWN)
		return c->id_protocol;
	if (spoken->address == address)
		return spoken->protocol;
	if (c->remote_port == 5432 || strstr(c->path, "/.s.PGSQL."))
		return PROTOCOL_POSTGRES;
	return c->remote_port == 6379 ? PROTOCOL_REDIS : PROTOCOL_UNKNOWN;
}

enum protocol_id backends__failed(struct backends *backends, const struct connection *c,
				  const char *reason, uint64_t now_ns)
{
	uint64_t address = address_of(c);
	enum protocol_id protocol = protocol_of(backends, c, address);
	struct backend *b;

	if (connection__side(c) != SIDE_CLIENT ||
	    (protocol != PROTOCOL_POSTGRES && protocol != PROTOCOL_REDIS))
		return protocol;
	b = find(backends, c, address, protocol, now_ns);
	if (b && strcmp(reason, "reset") != 0) { /* a server may hang up on an idle client */
		b->failed_ns = now_ns;
		b->reason = reason;
		b->failures++;
	}
	return protocol;
}

/* ---- local sockets ---- */

/* proc_net_unix(5): "Num: RefCount Protocol Flags Type St Inode Path"; flag 0x10000 listens
 * (__SO_ACCEPTCON, include/linux/net.h). */
static bool is_listener(const char *line, const char *path)
{
	unsigned int flags;
	int at = 0;

	return sscanf(line, "%*s %*x %*x %x %*x %*x %*u %n", &flags, &at) == 1 && at &&
	       flags & 0x10000 && strncmp(line + at, path, strlen(path)) == 0 &&
	       (line[at + (int)strlen(path)] == '\n' || !line[at + (int)strlen(path)]);
}

/* True as well where it cannot be told. */
static bool somebody_listens(uint32_t tgid, const char *path)
{
	char name[64], line[512];
	FILE *file;
	bool found = false;

	snprintf(name, sizeof(name), "/proc/%u/net/unix", tgid);
	file = fopen(name, "re");
	if (!file)
		return true;
	while (!found && fgets(line, sizeof(line), file))
		found = is_listener(line, path);
	fclose(file);
	return found;
}

static bool is_due(const struct backend *b, uint64_t now_ns)
{
	return b->path[0] && b->checked_ns + CHECK_NS < now_ns &&
	       backend__newest_ns(b) + QUIET_NS < now_ns;
}

void backends__check_local(struct backends *backends, uint64_t now_ns)
{
	for (uint32_t i = 0; i < backends->count; i++) {
		struct backend *b = &backends->backend[i];

		if (!is_due(b, now_ns))
			continue;
		b->checked_ns = now_ns;
		if (backend__newest_ns(b) + BACKEND_KEPT_NS < now_ns ||
		    somebody_listens(b->tgid, b->path))
			continue;
		b->failed_ns = now_ns;
		b->reason = "refused";
		b->failures++;
	}
}
