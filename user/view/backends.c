/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/backends.h"

#include <math.h>
#include <string.h>
#include "view/cells.h"

/* ---- reading ---- */

static const char *const pool_keys[MODEL_VALUES] = {
	[POOL_OPEN] = "open", [POOL_ACTIVE] = "active", [POOL_IDLE] = "idle",
	[POOL_PEAK] = "peak", [POOL_MAX] = "max",	[POOL_WAITING] = "waiting",
};
static const char *const cache_keys[MODEL_VALUES] = {
	[CACHE_USED] = "used",
	[CACHE_LIMIT] = "limit",
	[CACHE_FULL] = "percent",
	[CACHE_EVICTED] = "evicted",
	[CACHE_EVICTION_RATE] = "eviction_rate",
	[CACHE_HITS] = "hit_rate_percent",
	[CACHE_KEYS] = "keys",
	[CACHE_CONNECTIONS] = "connections",
};
static const char *const queue_keys[MODEL_VALUES] = {
	[QUEUE_ROW_DEPTH] = "depth",
	[QUEUE_ROW_WORKERS] = "workers",
	[QUEUE_ROW_UTILISATION] = "utilisation_percent",
	[QUEUE_ROW_PROCESSED] = "processed",
	[QUEUE_ROW_FAILED] = "failed",
	[QUEUE_ROW_MEAN] = "mean_seconds",
	[QUEUE_ROW_MAX] = "max_seconds",
};

const char *backends__key(enum page page, int index)
{
	return (page == PAGE_POOLS    ? pool_keys
		: page == PAGE_CACHES ? cache_keys
				      : queue_keys)[index];
}

void backends__fill(struct model_row *row, const json_t *json, enum page page)
{
	static const char *const names[PAGE_COUNT] = {
		[PAGE_POOLS] = "database", [PAGE_CACHES] = "address", [PAGE_QUEUES] = "queue"};

	model__text(json, "service", row->service, sizeof(row->service));
	model__text(json, "side", row->side, sizeof(row->side));
	model__text(json, names[page], row->name, sizeof(row->name));
	model__text(json, page == PAGE_CACHES ? "source" : "kind", row->kind, sizeof(row->kind));
	for (int i = 0; i < MODEL_VALUES; i++) {
		const char *key = backends__key(page, i);
		const json_t *value = key ? json_object_get(json, key) : NULL;

		row->value[i] = json_is_number(value) ? json_number_value(value) : NAN;
	}
}

/* ---- what columns print ---- */

#define TEXT_COLUMN(field)                                                                         \
	static void print_##field(const struct model_row *r, bool plain, wchar_t *out,             \
				  size_t size)                                                     \
	{                                                                                          \
		(void)plain;                                                                       \
		cells__widen(r->field, out, size);                                                 \
	}                                                                                          \
	static int compare_##field(const struct model_row *a, const struct model_row *b)           \
	{                                                                                          \
		return strcmp(a->field, b->field);                                                 \
	}

/* Largest first, what is not known last. */
static int compare_values(double x, double y)
{
	x = isnan(x) ? -1 : x;
	y = isnan(y) ? -1 : y;
	return x > y ? -1 : x < y;
}

static void print_number(double value, bool plain, wchar_t *out, size_t size)
{
	(void)plain;
	if (isnan(value))
		swprintf(out, size, L"-");
	else if (value < 100000)
		swprintf(out, size, value == floor(value) ? L"%.0f" : L"%.1f", value);
	else
		format__count(value, out, size);
}

static void print_percent(double value, bool plain, wchar_t *out, size_t size)
{
	(void)plain;
	swprintf(out, size, isnan(value) ? L"-" : L"%.1f%%", value);
}

static void print_bytes(double value, bool plain, wchar_t *out, size_t size)
{
	(void)plain;
	format__bytes(value, out, size);
}

static void print_rate(double value, bool plain, wchar_t *out, size_t size)
{
	(void)plain;
	format__count(value, out, size);
}

static void print_seconds(double value, bool plain, wchar_t *out, size_t size)
{
	format__ms(value * 1000, plain, out, size);
}

#define VALUE_COLUMN(name, index, print)                                                           \
	static void print_##name(const struct model_row *r, bool plain, wchar_t *out, size_t size) \
	{                                                                                          \
		print(r->value[index], plain, out, size);                                          \
	}                                                                                          \
	static int compare_##name(const struct model_row *a, const struct model_row *b)            \
	{                                                                                          \
		return compare_values(a->value[index], b->value[index]);                           \
	}

TEXT_COLUMN(service)
TEXT_COLUMN(side)
TEXT_COLUMN(name)
TEXT_COLUMN(kind)
VALUE_COLUMN(open, POOL_OPEN, print_number)
VALUE_COLUMN(active, POOL_ACTIVE, print_number)
VALUE_COLUMN(idle, POOL_IDLE, print_number)
VALUE_COLUMN(peak, POOL_PEAK, print_number)
VALUE_COLUMN(max, POOL_MAX, print_number)
VALUE_COLUMN(waiting, POOL_WAITING, print_number)
VALUE_COLUMN(used, CACHE_USED, print_bytes)
VALUE_COLUMN(limit, CACHE_LIMIT, print_bytes)
VALUE_COLUMN(full, CACHE_FULL, print_percent)
VALUE_COLUMN(evicted, CACHE_EVICTED, print_number)
VALUE_COLUMN(eviction_rate, CACHE_EVICTION_RATE, print_rate)
VALUE_COLUMN(hit_rate, CACHE_HITS, print_percent)
VALUE_COLUMN(keys, CACHE_KEYS, print_number)
VALUE_COLUMN(connections, CACHE_CONNECTIONS, print_number)
VALUE_COLUMN(depth, QUEUE_ROW_DEPTH, print_number)
VALUE_COLUMN(workers, QUEUE_ROW_WORKERS, print_number)
VALUE_COLUMN(utilisation, QUEUE_ROW_UTILISATION, print_percent)
VALUE_COLUMN(processed, QUEUE_ROW_PROCESSED, print_number)
VALUE_COLUMN(failed, QUEUE_ROW_FAILED, print_number)
VALUE_COLUMN(mean, QUEUE_ROW_MEAN, print_seconds)
VALUE_COLUMN(longest, QUEUE_ROW_MAX, print_seconds)

static enum cell_style style_waiting(const struct model_row *r)
{
	return r->value[POOL_WAITING] > 0 ? STYLE_BAD : STYLE_DIM;
}

static enum cell_style style_active(const struct model_row *r)
{
	bool full = r->value[POOL_MAX] > 0 && r->value[POOL_ACTIVE] >= r->value[POOL_MAX];

	return full ? STYLE_BAD : STYLE_PLAIN;
}

/* SPEC.md's alerts: memory above 85 %, hits below 70 %. */
static enum cell_style style_full(const struct model_row *r)
{
	return r->value[CACHE_FULL] > 85 ? STYLE_BAD : STYLE_PLAIN;
}

static enum cell_style style_eviction_rate(const struct model_row *r)
{
	return r->value[CACHE_EVICTION_RATE] > 0 ? STYLE_WARN : STYLE_DIM;
}

static enum cell_style style_hit_rate(const struct model_row *r)
{
	return r->value[CACHE_HITS] < 70 ? STYLE_WARN : STYLE_PLAIN;
}

static enum cell_style style_failed(const struct model_row *r)
{
	return r->value[QUEUE_ROW_FAILED] > 0 ? STYLE_WARN : STYLE_DIM;
}

/* ---- the tables ---- */

const struct column backends__pool_columns[] = {
	{"SERVICE", 's', 0, 0, true, false, print_service, compare_service, NULL},
	{"DATABASE", 'o', 12, 2, true, false, print_name, compare_name, NULL},
	{"SIDE", 'd', 6, 1, true, false, print_side, compare_side, NULL},
	{"ACTIVE", 'r', 7, 0, false, false, print_active, compare_active, style_active},
	{"IDLE", 'i', 6, 0, false, false, print_idle, compare_idle, NULL},
	{"OPEN", 'n', 6, 0, false, false, print_open, compare_open, NULL},
	{"PEAK", 'l', 6, 3, false, false, print_peak, compare_peak, NULL},
	{"MAX", 'x', 6, 0, false, false, print_max, compare_max, NULL},
	{"WAITING", 'u', 7, 0, false, false, print_waiting, compare_waiting, style_waiting},
	{0},
};

const struct column backends__cache_columns[] = {
	{"SERVICE", 's', 0, 0, true, false, print_service, compare_service, NULL},
	{"ADDRESS", 'o', 22, 1, true, false, print_name, compare_name, NULL},
	{"USED", 'r', 9, 0, false, false, print_used, compare_used, NULL},
	{"LIMIT", 'x', 9, 2, false, false, print_limit, compare_limit, NULL},
	{"FULL", 'm', 6, 0, false, false, print_full, compare_full, style_full},
	{"BY", 't', 9, 4, true, false, print_kind, compare_kind, NULL},
	{"EVICTED", 'n', 7, 3, false, false, print_evicted, compare_evicted, NULL},
	{"EVICT/s", 'e', 7, 0, false, false, print_eviction_rate, compare_eviction_rate,
	 style_eviction_rate},
	{"HITS", 'i', 6, 0, false, false, print_hit_rate, compare_hit_rate, style_hit_rate},
	{"KEYS", 'z', 7, 3, false, false, print_keys, compare_keys, NULL},
	{"CONN", 'c', 6, 1, false, false, print_connections, compare_connections, NULL},
	{0},
};

const struct column backends__queue_columns[] = {
	{"QUEUE", 'o', 0, 0, true, false, print_name, compare_name, NULL},
	{"KIND", 't', 8, 1, true, false, print_kind, compare_kind, NULL},
	{"DEPTH", 'r', 7, 0, false, false, print_depth, compare_depth, NULL},
	{"WORKERS", 'c', 7, 0, false, false, print_workers, compare_workers, NULL},
	{"BUSY", 'u', 7, 0, false, false, print_utilisation, compare_utilisation, NULL},
	{"DONE", 'n', 7, 0, false, false, print_processed, compare_processed, NULL},
	{"FAILED", 'e', 7, 0, false, false, print_failed, compare_failed, style_failed},
	{"MEAN", 'm', 7, 2, false, false, print_mean, compare_mean, NULL},
	{"MAX", 'x', 7, 3, false, false, print_longest, compare_longest, NULL},
	{0},
};
