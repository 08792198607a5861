/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "queues/ends.h"

#include <stdlib.h>
#include <sys/socket.h>

void ends__clear(struct ends *ends)
{
	free(ends->chosen);
	ends->chosen = NULL;
}

/* ---- keys of ends ---- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

static uint64_t mix_address(uint64_t hash, const uint8_t *address, uint16_t port)
{
	uint64_t half[2];

	memcpy(half, address, sizeof(half));
	return mix(mix(mix(hash, half[0]), half[1]), port);
}

/* 127.0.0.0/8 and ::1 are another machine in each network namespace. */
static uint64_t namespace_of(const struct connection *c)
{
	static const uint8_t loopback6[16] = {[15] = 1};
	bool loopback = c->family == AF_INET ? c->local_address[0] == 127
					     : !memcmp(c->local_address, loopback6, 16);

	return loopback ? c->netns : 0;
}

static uint64_t key_of_tcp(const struct connection *c, bool own)
{
	uint64_t hash = mix(c->family, namespace_of(c));

	if (own) {
		hash = mix_address(hash, c->local_address, c->local_port);
		hash = mix_address(hash, c->remote_address, c->remote_port);
	} else {
		hash = mix_address(hash, c->remote_address, c->remote_port);
		hash = mix_address(hash, c->local_address, c->local_port);
	}
	return hash | 1;
}

static uint64_t own_key(const struct connection *c)
{
	return c->family == AF_UNIX ? mix(0, c->id) | 1 : key_of_tcp(c, true);
}

/* 0: not known. */
static uint64_t other_key(const struct connection *c)
{
	if (c->family == AF_UNIX)
		return c->peer ? mix(0, c->peer) | 1 : 0;
	return key_of_tcp(c, false);
}

/* ---- which one ---- */

static bool is_chosen(const struct ends *ends, uint64_t key)
{
	return key && ends->chosen[key % ENDS_MAX] == key;
}

static void choose(struct ends *ends, uint64_t key)
{
	if (key)
		ends->chosen[key % ENDS_MAX] = key;
}

struct search {
	uint64_t key;
	const struct connection *found;
};

static void compare(void *context, const struct connection *c)
{
	struct search *s = context;

	if (c->role == ROLE_CLIENT && own_key(c) == s->key)
		s->found = c;
}

/* One that will be read: its protocol is known, or its first bytes are still to come. */
static bool is_readable(const struct connection *c)
{
	return c && !c->dropped && (c->protocol ? c->protocol->id == PROTOCOL_REDIS : !c->existing);
}

bool ends__count(struct ends *ends, struct connections *connections, const struct connection *c)
{
	struct search client = {.key = other_key(c)};
	uint64_t own = own_key(c);

	if (!ends->chosen)
		ends->chosen = calloc(ENDS_MAX, sizeof(*ends->chosen));
	if (!ends->chosen || is_chosen(ends, own))
		return true;
	if (is_chosen(ends, client.key))
		return false;
	if (connection__side(c) == SIDE_SERVER && client.key)
		connections__each(connections, compare, &client);
	if (is_readable(client.found)) {
		choose(ends, client.key);
		return false;
	}
	choose(ends, own);
	return true;
}
