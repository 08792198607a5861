/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "metrics/caches.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include "connection.h"
#include "metrics/internal.h"

#define TOLD_KEPT_NS 900000000000ull /* what INFO told is old news then */

/* ---- where a cache is ---- */

static void set_address(const struct connection *c, bool local, struct cache *out)
{
	const uint8_t *address = local ? c->local_address : c->remote_address;
	char text[INET6_ADDRSTRLEN] = "?";

	out->port = local ? c->local_port : c->remote_port;
	if (c->family == AF_UNIX) {
		out->port = 0;
		snprintf(out->address, sizeof(out->address), "%s", c->path);
		return;
	}
	inet_ntop(c->family == AF_INET6 ? AF_INET6 : AF_INET, address, text, sizeof(text));
	snprintf(out->address, sizeof(out->address), c->family == AF_INET6 ? "[%s]:%u" : "%s:%u",
		 text, out->port);
}

static struct cache *add(struct metrics *m, const struct connection *c, uint32_t tgid)
{
	struct caches *caches = &m->caches;
	struct cache *cache = caches->count < CACHES_MAX ? calloc(1, sizeof(*cache)) : NULL;

	if (!cache)
		return NULL;
	cache->service = metrics__service_name(m, c->service);
	cache->tgid = tgid;
	set_address(c, tgid != 0, cache);
	if (!cache->service) {
		free(cache);
		return NULL;
	}
	caches->cache[caches->count++] = cache;
	return cache;
}

static struct cache *find_server(struct caches *caches, uint32_t tgid)
{
	for (uint32_t i = 0; i < caches->count; i++)
		if (caches->cache[i]->tgid == tgid)
			return caches->cache[i];
	return NULL;
}

/* A server on this node tells for itself. */
static bool is_told_by_server(const struct caches *caches, const struct cache *where)
{
	for (uint32_t i = 0; i < caches->count; i++) {
		const struct cache *c = caches->cache[i];

		if (c->tgid && (where->port ? c->port == where->port
					    : strcmp(c->address, where->address) == 0))
			return true;
	}
	return false;
}

static struct cache *find_client(struct metrics *m, const struct connection *c)
{
	struct cache where = {0};

	set_address(c, false, &where);
	if (is_told_by_server(&m->caches, &where))
		return NULL;
	for (uint32_t i = 0; i < m->caches.count; i++)
		if (strcmp(m->caches.cache[i]->address, where.address) == 0)
			return m->caches.cache[i];
	return add(m, c, 0);
}

/* ---- INFO ---- */

bool info__number(const char *text, size_t length, const char *name, uint64_t *out)
{
	size_t name_length = strlen(name);
	const char *at = text, *end = text + length;

	while ((at = memmem(at, (size_t)(end - at), name, name_length))) {
		const char *digit = at + name_length + 1;
		uint64_t value = 0;

		if ((at == text || at[-1] == '\n') && digit < end && digit[-1] == ':' &&
		    *digit >= '0' && *digit <= '9') {
			for (; digit < end && *digit >= '0' && *digit <= '9'; digit++)
				value = value * 10 + (uint64_t)(*digit - '0');
			*out = value;
			return digit < end; /* cut off within the number: not this number */
		}
		at += name_length;
	}
	return false;
}

static void take_number(struct slice reply, const char *name, bool inside, uint64_t *out,
			bool *known)
{
	uint64_t value;

	if (inside || !info__number((const char *)reply.data, reply.length, name, &value))
		return;
	*out = value;
	*known = true;
}

bool info__keys(const char *text, size_t length, uint64_t *out)
{
	static const char head[] = "# Keyspace\r\n";
	const char *end = text + length, *at = memmem(text, length, head, sizeof(head) - 1);
	uint64_t sum = 0;

	if (!at)
		return false;
	for (at += sizeof(head) - 1; at < end && *at == 'd'; at++) {
		const char *keys = memmem(at, (size_t)(end - at), ":keys=", 6);
		uint64_t count = 0;

		if (!keys)
			return false;
		for (at = keys + 6; at < end && *at >= '0' && *at <= '9'; at++)
			count = count * 10 + (uint64_t)(*at - '0');
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			return false; /* cut off */
		sum += count;
	}
	*out = sum;
	return true;
}

static void take_keys(struct cache *cache, struct slice reply, uint64_t now_ns)
{
	uint64_t keys;

	if (!info__keys((const char *)reply.data, reply.length, &keys))
		return;
	cache->keys = keys;
	cache->keys_ns = now_ns;
}

static void take_info(struct cache *cache, struct slice reply, uint64_t now_ns)
{
	struct redis_numbers *n = &cache->numbers;

	take_number(reply, "used_memory", cache->inside.used_memory, &n->used_memory,
		    &n->used_memory_known);
	take_number(reply, "maxmemory", cache->inside.limit, &n->limit, &n->limit_known);
	take_number(reply, "evicted_keys", cache->inside.evicted, &n->evicted, &n->evicted_known);
	take_keys(cache, reply, now_ns);
	cache->told_ns = now_ns;
}

static void overhear(struct metrics *m, const struct exchange *e, struct cache *server)
{
	struct slice reply = details__get(e->details, DETAIL_REPLY);
	struct cache *cache = e->side == SIDE_SERVER ? server : NULL;

	if (!reply.length || strcmp(labels__get(m->engine->labels, e->label)->text, "INFO") != 0)
		return;
	if (e->side == SIDE_CLIENT)
		cache = find_client(m, e->connection);
	if (cache)
		take_info(cache, reply, e->end_ns);
}

void caches__exchange(struct metrics *m, const struct exchange *e)
{
	struct cache *server = NULL;

	if (e->side == SIDE_SERVER && (e->details || m->caches.last_tgid != e->tgid)) {
		m->caches.last_tgid = e->tgid;
		server = find_server(&m->caches, e->tgid);
		if (!server)
			server = add(m, e->connection, e->tgid);
	}
	if (e->details)
		overhear(m, e, server);
}

/* ---- reading ---- */

/* cgroup-v2.rst, Memory Interface Files: "max" or a number; the tightest one above counts. */
static uint64_t cgroup_limit(const char *proc, uint32_t tgid)
{
	char path[512], line[400];
	uint64_t limit = UINT64_MAX, value;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%u/cgroup", proc, tgid);
	file = fopen(path, "re");
	if (!file)
		return limit;
	while (fgets(line, sizeof(line), file) && strncmp(line, "0::", 3) != 0)
		line[0] = '\0';
	fclose(file);
	if (strncmp(line, "0::/", 4) != 0)
		return limit;
	line[strcspn(line, "\n")] = '\0';
	for (char *end = line + strlen(line); end > line + 3; end = strrchr(line + 3, '/')) {
		*end = '\0';
		snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.max", line + 3);
		file = fopen(path, "re");
		if (file && fscanf(file, "%" SCNu64, &value) == 1 && value < limit)
			limit = value;
		if (file)
			fclose(file);
	}
	return limit;
}

static void set_outside(struct cache *cache, const char *proc)
{
	struct sysinfo node;
	uint64_t total = sysinfo(&node) ? 0 : (uint64_t)node.totalram * node.mem_unit;
	uint64_t limit = cgroup_limit(proc, cache->tgid);

	cache->outside_source = limit < total ? LIMIT_CGROUP : LIMIT_NODE;
	cache->limit_outside = limit < total ? limit : total;
}

static void note_evictions(struct cache *cache)
{
	if (!cache->numbers.evicted_known)
		return;
	cache->evicted[cache->seconds++ % CACHE_RATE_SECONDS] = cache->numbers.evicted;
}

/* False: it is over. */
static bool read_one(struct cache *cache, const char *proc, uint64_t now_ns)
{
	struct redis_numbers numbers;

	if (!cache->tgid)
		return cache->told_ns + TOLD_KEPT_NS > now_ns;
	if (!cache->looked) {
		cache->looked = true;
		if (redis_inside__find(proc, cache->tgid, &cache->inside))
			cache->inside = (struct redis_inside){.tgid = cache->tgid};
		set_outside(cache, proc);
	}
	if (!redis_inside__read(&cache->inside, &numbers))
		return false;
	if (numbers.used_memory_known)
		cache->numbers.used_memory = numbers.used_memory;
	if (numbers.limit_known)
		cache->numbers.limit = numbers.limit;
	if (numbers.evicted_known)
		cache->numbers.evicted = numbers.evicted;
	cache->numbers.used_memory_known |= numbers.used_memory_known;
	cache->numbers.limit_known |= numbers.limit_known;
	cache->numbers.evicted_known |= numbers.evicted_known;
	return true;
}

static bool has_ended(struct metrics *m, const struct cache *cache)
{
	return cache->tgid && processes__find(m->engine->processes, cache->tgid)->exited;
}

void caches__tick(struct metrics *m, uint64_t now_ns)
{
	const char *proc = processes__proc(m->engine->processes);
	struct caches *caches = &m->caches;
	uint32_t kept = 0;

	if (!proc)
		return;
	for (uint32_t i = 0; i < caches->count; i++) {
		struct cache *cache = caches->cache[i];

		if (has_ended(m, cache) || !read_one(cache, proc, now_ns)) {
			free(cache);
			caches->last_tgid = 0;
			continue;
		}
		note_evictions(cache);
		if (cache->keys_ns + TOLD_KEPT_NS <= now_ns)
			cache->keys_ns = 0;
		caches->cache[kept++] = cache;
	}
	caches->count = kept;
}

void caches__clear(struct caches *caches)
{
	for (uint32_t i = 0; i < caches->count; i++)
		free(caches->cache[i]);
	caches->count = 0;
}

/* ---- what is told ---- */

bool cache__limit(const struct cache *cache, uint64_t *limit, enum limit_source *source)
{
	if (cache->numbers.limit_known && cache->numbers.limit) {
		*limit = cache->numbers.limit;
		*source = LIMIT_MAXMEMORY;
		return true;
	}
	*limit = cache->limit_outside;
	*source = cache->outside_source;
	return cache->numbers.limit_known && *limit;
}

bool cache__keys(const struct cache *cache, uint64_t *out)
{
	*out = cache->keys;
	return cache->keys_ns != 0;
}

const char *limit_source__name(enum limit_source source)
{
	static const char *const names[] = {
		[LIMIT_MAXMEMORY] = "maxmemory", [LIMIT_CGROUP] = "cgroup", [LIMIT_NODE] = "node"};

	return names[source];
}

bool cache__usage_percent(const struct cache *cache, double *out)
{
	enum limit_source source;
	uint64_t limit;

	if (!cache->numbers.used_memory_known || !cache__limit(cache, &limit, &source))
		return false;
	*out = 100.0 * (double)cache->numbers.used_memory / (double)limit;
	return true;
}

bool cache__eviction_rate(const struct cache *cache, double *out)
{
	uint32_t n = cache->seconds < CACHE_RATE_SECONDS ? cache->seconds : CACHE_RATE_SECONDS;
	uint64_t newest, oldest;

	if (n < 2)
		return false;
	newest = cache->evicted[(cache->seconds - 1) % CACHE_RATE_SECONDS];
	oldest = cache->evicted[(cache->seconds - n) % CACHE_RATE_SECONDS];
	/* CONFIG RESETSTAT sets it to 0 */
	*out = newest > oldest ? (double)(newest - oldest) / (n - 1) : 0;
	return true;
}
