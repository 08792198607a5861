/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/columns.h"

#include <math.h>
#include <string.h>
#include "view/backends.h"
#include "view/cells.h"

/* ---- formats ---- */

/* swprintf ends nothing that does not fit: what no clock or counter says is not told. */
static bool is_told(double value, wchar_t *out, size_t size)
{
	if (fabs(value) < 1e15)
		return true;
	swprintf(out, size, L"-");
	return false;
}

void format__count(double value, wchar_t *out, size_t size)
{
	static const char units[] = " kMGT";
	size_t unit = 0;

	if (!is_told(value, out, size))
		return;
	while (value >= 99999.5 && unit < sizeof(units) - 2) {
		value /= 1000;
		unit++;
	}
	if (unit)
		swprintf(out, size, L"%.0f%c", value, units[unit]);
	else
		swprintf(out, size,
			 value > 0 && value < 9.995   ? L"%.2f"
			 : value < 99.95 && value > 0 ? L"%.1f"
						      : L"%.0f",
			 value);
}

static void print_whole(uint64_t value, wchar_t *out, size_t size)
{
	if (value < 100000)
		swprintf(out, size, L"%lu", (unsigned long)value);
	else
		format__count((double)value, out, size);
}

void format__ms(double ms, bool plain, wchar_t *out, size_t size)
{
	if (!is_told(ms, out, size))
		return;
	if (ms < 0.9995)
		swprintf(out, size, plain ? L"%.0fus" : L"%.0f\u00b5s", ms * 1000);
	else if (ms < 9.995)
		swprintf(out, size, L"%.2fms", ms);
	else if (ms < 999.5)
		swprintf(out, size, L"%.0fms", ms);
	else if (ms < 99950)
		swprintf(out, size, L"%.1fs", ms / 1000);
	else
		swprintf(out, size, L"%.0fs", ms / 1000);
}

void format__bytes(double bytes, wchar_t *out, size_t size)
{
	static const wchar_t *const units[] = {L"B", L"KiB", L"MiB", L"GiB", L"TiB"};
	size_t unit = 0;

	if (!is_told(bytes, out, size))
		return;
	while (bytes >= 1024 && unit < 4) {
		bytes /= 1024;
		unit++;
	}
	swprintf(out, size, bytes < 10 && unit ? L"%.1f %ls" : L"%.0f %ls", bytes, units[unit]);
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

#define NUMBER_COLUMN(field, call)                                                                 \
	static void print_##field(const struct model_row *r, bool plain, wchar_t *out,             \
				  size_t size)                                                     \
	{                                                                                          \
		(void)plain;                                                                       \
		call;                                                                              \
	}                                                                                          \
	static int compare_##field(const struct model_row *a, const struct model_row *b)           \
	{                                                                                          \
		double x = (double)a->field, y = (double)b->field;                                 \
                                                                                                   \
		x = isnan(x) ? -1 : x;                                                             \
		y = isnan(y) ? -1 : y;                                                             \
		return x > y ? -1 : x < y;                                                         \
	}

TEXT_COLUMN(service)
TEXT_COLUMN(side)
TEXT_COLUMN(protocol)
TEXT_COLUMN(name)
TEXT_COLUMN(kind)
TEXT_COLUMN(table)
TEXT_COLUMN(callers)
NUMBER_COLUMN(rate, format__count(r->rate, out, size))
NUMBER_COLUMN(count, print_whole(r->count, out, size))
NUMBER_COLUMN(unanswered, print_whole(r->unanswered, out, size))
NUMBER_COLUMN(connections, print_whole(r->connections, out, size))
NUMBER_COLUMN(aux, print_whole(r->aux, out, size))
NUMBER_COLUMN(p50, format__ms(r->p50, plain, out, size))
NUMBER_COLUMN(p95, format__ms(r->p95, plain, out, size))
NUMBER_COLUMN(p99, format__ms(r->p99, plain, out, size))
NUMBER_COLUMN(max, format__ms(r->max, plain, out, size))

static void print_error_share(const struct model_row *r, bool plain, wchar_t *out, size_t size)
{
	(void)plain;
	if (!r->errors)
		swprintf(out, size, L"0");
	else
		swprintf(out, size, r->error_share < 0.0995 ? L"%.2f%%" : L"%.0f%%",
			 r->error_share * 100);
}

static int compare_error_share(const struct model_row *a, const struct model_row *b)
{
	return a->error_share > b->error_share ? -1 : a->error_share < b->error_share;
}

static enum cell_style style_error_share(const struct model_row *r)
{
	return !r->errors ? STYLE_DIM : r->error_share < 0.01 ? STYLE_WARN : STYLE_BAD;
}

static enum cell_style style_unanswered(const struct model_row *r)
{
	return r->unanswered ? STYLE_WARN : STYLE_DIM;
}

static void print_hit_share(const struct model_row *r, bool plain, wchar_t *out, size_t size)
{
	uint64_t all = r->aux + r->aux2;

	(void)plain;
	if (all)
		swprintf(out, size, L"%.1f%%", 100.0 * (double)r->aux / (double)all);
	else
		swprintf(out, size, L"-");
}

static double hit_share(const struct model_row *r)
{
	return r->aux + r->aux2 ? (double)r->aux / (double)(r->aux + r->aux2) : -1;
}

static int compare_hit_share(const struct model_row *a, const struct model_row *b)
{
	return hit_share(a) > hit_share(b) ? -1 : hit_share(a) < hit_share(b);
}

void format__trend(const float *rates, size_t count, bool plain, wchar_t *out)
{
	static const wchar_t steps[] = L" \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588";
	static const wchar_t plain_steps[] = L" ._-=+*%#";
	float highest = 0;

	for (size_t i = 0; i < count; i++)
		highest = rates[i] > highest ? rates[i] : highest;
	for (size_t i = 0; i < count; i++) {
		int step = highest > 0 ? (int)ceilf(rates[i] / highest * 8) : 0;

		out[i] = (plain ? plain_steps : steps)[step];
	}
	out[count] = L'\0';
}

#define TREND_WIDTH 16
_Static_assert(MODEL_HISTORY % TREND_WIDTH == 0, "a recording's parts");

/* The newest intervals; of a recording all its parts, some in one. */
static void print_trend(const struct model_row *r, bool plain, wchar_t *out, size_t size)
{
	const size_t together = MODEL_HISTORY / TREND_WIDTH;
	float rates[TREND_WIDTH] = {0};

	for (size_t i = 0; r->past && i < MODEL_HISTORY; i++)
		rates[i / together] += r->history[i] / (float)together;
	if (!r->past)
		memcpy(rates, r->history + MODEL_HISTORY - TREND_WIDTH, sizeof(rates));
	format__trend(rates, TREND_WIDTH < size ? TREND_WIDTH : size - 1, plain, out);
}

#define BAR_WIDTH 6

/* The errors' share as a bar; any error shows. */
static void print_error_bar(const struct model_row *r, bool plain, wchar_t *out, size_t size)
{
	static const wchar_t parts[] = L" \u258f\u258e\u258d\u258c\u258b\u258a\u2589\u2588";
	double share = r->error_share < 1 ? r->error_share : 1;
	int eighths = (int)ceil(share * BAR_WIDTH * 8), n = 0;

	for (; eighths > 0 && (size_t)n < size - 1; eighths -= 8)
		out[n++] = plain ? L'#' : parts[eighths < 8 ? eighths : 8];
	out[n] = L'\0';
}

/* ---- the tables ---- */

#define LATENCIES                                                                                  \
	{"p50", 'm', 7, 0, false, false, print_p50, compare_p50, NULL},                            \
		{"p95", '9', 7, 1, false, false, print_p95, compare_p95, NULL},                    \
		{"p99", 'l', 7, 2, false, false, print_p99, compare_p99, NULL},                    \
	{                                                                                          \
		"MAX", 'x', 7, 4, false, false, print_max, compare_max, NULL                       \
	}
#define RATE                                                                                       \
	{                                                                                          \
		"RATE/s", 'r', 7, 0, false, false, print_rate, compare_rate, NULL                  \
	}
#define ERRORS                                                                                     \
	{                                                                                          \
		"ERR", 'e', 6, 0, false, false, print_error_share, compare_error_share,            \
			style_error_share                                                          \
	}
#define ERROR_BAR                                                                                  \
	{                                                                                          \
		"ERRORS", 0, BAR_WIDTH, 8, true, false, print_error_bar, compare_error_share,      \
			style_error_share                                                          \
	}
#define TREND                                                                                      \
	{                                                                                          \
		"TREND", 0, TREND_WIDTH, 7, true, true, print_trend, compare_rate, NULL            \
	}

static const struct column service_columns[] = {
	{"SERVICE", 's', 0, 0, true, false, print_service, compare_service, NULL},
	{"PROTOCOL", 't', 8, 0, true, false, print_protocol, compare_protocol, NULL},
	{"SIDE", 'd', 6, 0, true, false, print_side, compare_side, NULL},
	RATE,
	ERRORS,
	ERROR_BAR,
	LATENCIES,
	{"COUNT", 'n', 7, 3, false, false, print_count, compare_count, NULL},
	{"UNANSW", 'u', 6, 5, false, false, print_unanswered, compare_unanswered, style_unanswered},
	{"CONN", 'c', 6, 6, false, false, print_connections, compare_connections, NULL},
	TREND,
	{0},
};

static const struct column route_columns[] = {
	{"ROUTE", 'o', 0, 0, true, false, print_name, compare_name, NULL},
	{"METHOD", 't', 7, 1, true, false, print_kind, compare_kind, NULL},
	{"SERVICE", 's', 16, 2, true, false, print_service, compare_service, NULL},
	{"SIDE", 'd', 6, 3, true, false, print_side, compare_side, NULL},
	RATE,
	ERRORS,
	ERROR_BAR,
	LATENCIES,
	{"COUNT", 'n', 7, 4, false, false, print_count, compare_count, NULL},
	{"UNANSW", 'u', 6, 5, false, false, print_unanswered, compare_unanswered, style_unanswered},
	TREND,
	{0},
};

static const struct column statement_columns[] = {
	{"STATEMENT", 'o', 0, 0, true, false, print_name, compare_name, NULL},
	{"VERB", 't', 8, 7, true, false, print_kind, compare_kind, NULL},
	{"TABLE", 'a', 14, 7, true, false, print_table, compare_table, NULL},
	{"SERVICE", 's', 16, 2, true, false, print_service, compare_service, NULL},
	{"SIDE", 'd', 6, 3, true, false, print_side, compare_side, NULL},
	RATE,
	ERRORS,
	ERROR_BAR,
	LATENCIES,
	{"COUNT", 'n', 7, 3, false, false, print_count, compare_count, NULL},
	{"ROWS", 'z', 7, 5, false, false, print_aux, compare_aux, NULL},
	{"CALLERS", 'b', 20, 9, true, false, print_callers, compare_callers, NULL},
	{0},
};

static const struct column command_columns[] = {
	{"COMMAND", 'o', 0, 0, true, false, print_name, compare_name, NULL},
	{"", 't', 8, 5, true, false, print_kind, compare_kind, NULL},
	{"SERVICE", 's', 16, 2, true, false, print_service, compare_service, NULL},
	{"SIDE", 'd', 6, 3, true, false, print_side, compare_side, NULL},
	RATE,
	ERRORS,
	ERROR_BAR,
	LATENCIES,
	{"COUNT", 'n', 7, 3, false, false, print_count, compare_count, NULL},
	{"HITS", 'i', 6, 1, false, false, print_hit_share, compare_hit_share, NULL},
	TREND,
	{0},
};

static void print_bytes(const struct model_row *r, bool plain, wchar_t *out, size_t size)
{
	(void)plain;
	format__bytes((double)(r->request_bytes + r->response_bytes), out, size);
}

static int compare_bytes(const struct model_row *a, const struct model_row *b)
{
	uint64_t x = a->request_bytes + a->response_bytes, y = b->request_bytes + b->response_bytes;

	return x > y ? -1 : x < y;
}

static const struct column key_columns[] = {
	{"PATTERN", 'o', 0, 0, true, false, print_name, compare_name, NULL},
	{"SERVICE", 's', 16, 2, true, false, print_service, compare_service, NULL},
	{"SIDE", 'd', 6, 3, true, false, print_side, compare_side, NULL},
	RATE,
	ERRORS,
	ERROR_BAR,
	LATENCIES,
	{"COUNT", 'n', 7, 3, false, false, print_count, compare_count, NULL},
	{"HITS", 'i', 6, 0, false, false, print_hit_share, compare_hit_share, NULL},
	{"BYTES", 'z', 9, 5, false, false, print_bytes, compare_bytes, NULL},
	TREND,
	{0},
};

const struct column *columns__of(enum page page)
{
	static const struct column *const tables[PAGE_COUNT] = {
		[PAGE_SERVICES] = service_columns,
		[PAGE_ROUTES] = route_columns,
		[PAGE_STATEMENTS] = statement_columns,
		[PAGE_COMMANDS] = command_columns,
		[PAGE_KEYS] = key_columns,
		[PAGE_POOLS] = backends__pool_columns,
		[PAGE_CACHES] = backends__cache_columns,
		[PAGE_QUEUES] = backends__queue_columns,
	};

	return tables[page];
}

static const struct {
	const char *title, *narrow;
	char key; /* 9 sorts by p95; `tail -f` */
} pages[PAGE_COUNT] = {
	[PAGE_SERVICES] = {"services", "svc", '1'},
	[PAGE_ROUTES] = {"routes", "url", '2'},
	[PAGE_STATEMENTS] = {"statements", "sql", '3'},
	[PAGE_COMMANDS] = {"commands", "cmd", '4'},
	[PAGE_KEYS] = {"keys", "key", 'K'},
	[PAGE_LOSSES] = {"losses", "lost", '5'},
	[PAGE_SONDE] = {"sonde", "me", '6'},
	[PAGE_SLOW] = {"slow", "slow", '7'},
	[PAGE_POOLS] = {"pools", "pool", '8'},
	[PAGE_CACHES] = {"caches", "mem", 'C'},
	[PAGE_QUEUES] = {"queues", "job", '0'},
	[PAGE_TAIL] = {"tail", "tail", 'f'},
};

const char *page__title(enum page page)
{
	return pages[page].title;
}

const char *page__short_title(enum page page)
{
	return pages[page].narrow;
}

char page__digit(enum page page)
{
	return pages[page].key;
}
