/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Caches in a snapshot and in the exposition. */
#include <string.h>
#include "metrics/internal.h"
#include "metrics/writer.h"

bool caches__copy(struct snapshot *snapshot, struct metrics *m)
{
	struct cache *copy = snapshot__take(snapshot, m->caches.count * sizeof(*copy));

	if (!copy)
		return false;
	for (uint32_t i = 0; i < m->caches.count; i++)
		copy[i] = *m->caches.cache[i];
	snapshot->caches = copy;
	snapshot->cache_count = m->caches.count;
	return true;
}

static bool used(const struct cache *cache, double *out)
{
	*out = (double)cache->numbers.used_memory;
	return cache->numbers.used_memory_known;
}

static bool limit(const struct cache *cache, double *out)
{
	enum limit_source source;
	uint64_t bytes;
	bool known = cache__limit(cache, &bytes, &source);

	*out = (double)bytes;
	return known;
}

static bool evicted(const struct cache *cache, double *out)
{
	*out = (double)cache->numbers.evicted;
	return cache->numbers.evicted_known;
}

static bool keys(const struct cache *cache, double *out)
{
	uint64_t count;
	bool known = cache__keys(cache, &count);

	*out = (double)count;
	return known;
}

static const struct gauge {
	const char *name, *unit, *help;
	bool (*value)(const struct cache *cache, double *out);
	enum metric_type type;
	bool with_source;
} table[] = {
	{"cache_memory_usage_bytes", "bytes", "Memory that a cache uses, as it counts it itself.",
	 used, METRIC_GAUGE, false},
	{"cache_memory_limit_bytes", "bytes",
	 "Memory that a cache may use: its maxmemory, else what its cgroup or node has.", limit,
	 METRIC_GAUGE, true},
	{"cache_memory_usage_percent", "percent", "Share of that limit that is used.",
	 cache__usage_percent, METRIC_GAUGE, false},
	{"cache_evictions_total", "",
	 "Keys evicted to stay within maxmemory, since the cache began.", evicted, METRIC_COUNTER,
	 false},
	{"cache_eviction_rate_per_sec", "", "Keys evicted a second, over the last minute.",
	 cache__eviction_rate, METRIC_GAUGE, false},
	{"cache_keys", "", "Keys in all databases, as INFO told somebody within 15 minutes.", keys,
	 METRIC_GAUGE, false},
};

static const char *source_of(const struct cache *cache)
{
	enum limit_source source;
	uint64_t bytes;

	cache__limit(cache, &bytes, &source);
	return limit_source__name(source);
}

void caches__expose(struct writer *w, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		writer__family(w, table[i].name, table[i].type, table[i].unit, table[i].help);
		for (uint32_t k = 0; k < snapshot->cache_count; k++) {
			const struct cache *cache = &snapshot->caches[k];
			double value;

			if (!table[i].value(cache, &value))
				continue;
			writer__clear_labels(w);
			writer__label(w, "service", cache->service);
			writer__label(w, "address", cache->address);
			if (table[i].with_source)
				writer__label(w, "source", source_of(cache));
			writer__number(w, value);
		}
	}
}

bool caches__is_known(const char *name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].name, name) == 0)
			return true;
	return false;
}
