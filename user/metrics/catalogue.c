/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "catalogue.h"

#include <stdio.h>
#include <string.h>
#include "protocol/redis_commands.h"
#include "route.h"
#include "shares/timeline.h"

/* ---- bounds: SPEC.md's, with finer ones where its list starts above them ---- */

#define BOUNDS(name, sketch, ...)                                                                  \
	static const double name##_values[] = {__VA_ARGS__};                                       \
	_Static_assert(sizeof(name##_values) / sizeof(double) ==                                   \
			       sizeof(name##_texts) / sizeof(char *),                              \
		       #name " has a text for each value");                                        \
	const struct bounds name##_bounds = {name##_texts, name##_values,                          \
					     sizeof(name##_values) / sizeof(double), sketch}

static const char *const http_duration_texts[] = {"0.05", "0.1", "0.25", "0.5",	 "1",
						  "2.5",  "5",	 "10",	 "50",	 "100",
						  "200",  "500", "1000", "2000", "5000"};
BOUNDS(http_duration, true, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 50, 100, 200, 500, 1000, 2000,
       5000);

static const char *const db_duration_texts[] = {"0.05", "0.1", "0.25", "0.5", "1",
						"2.5",	"5",   "10",   "50",  "100",
						"200",	"500", "1000", "2000"};
BOUNDS(db_duration, true, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 50, 100, 200, 500, 1000, 2000);

static const char *const cache_duration_texts[] = {"0.05", "0.1", "0.25", "0.5", "1",  "2.5",
						   "5",	   "10",  "25",	  "50",	 "100"};
BOUNDS(cache_duration, true, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100);

static const char *const wait_texts[] = {"0.05", "0.1", "0.25", "0.5", "1",   "2.5", "5",
					 "10",	 "25",	"50",	"100", "250", "500"};
BOUNDS(wait, false, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500);

static const char *const size_texts[] = {"64",	  "256",    "1024",    "4096",	  "16384",
					 "65536", "262144", "1048576", "4194304", "16777216"};
BOUNDS(size, false, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216);

/* ---- how series become samples ---- */

static void label_status(struct writer *w, const struct series *s)
{
	char text[8];

	snprintf(text, sizeof(text), "%u", s->key.status);
	writer__label(w, "status_code", s->key.other ? "other" : s->key.status ? text : "none");
}

static void label_each(struct writer *w, const struct family *f, const struct series *s)
{
	const struct {
		uint32_t set;
		const char *name;
		const char *value;
	} all[] = {
		{WITH_METHOD, "method", http_method__name(s->key.method)},
		{WITH_ROUTE, "route", s->label.text},
		{WITH_TYPE, "type", s->type},
		{WITH_FINGERPRINT, "fingerprint", s->label.fingerprint},
		{WITH_VERB, "verb", s->label.verb},
		{WITH_TABLE, "table", s->label.table},
		{WITH_STATEMENT, "statement", s->label.text},
		{WITH_SQLSTATE, "sqlstate", s->key.text},
		{WITH_COMMAND, "command", s->label.text},
		{WITH_ERROR, "error", s->key.text},
		{WITH_REASON, "reason", s->key.text},
		{WITH_PATTERN, "pattern", s->label.text},
		{WITH_KEY_COMMAND, "command", redis_command__get(s->key.status)->name},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (f->labels & all[i].set)
			writer__label(w, all[i].name, s->key.other ? "other" : all[i].value);
}

/* A method's path is "/package.Service/Method": what stands before the last slash is the service.
 */
static void label_rpc(struct writer *w, const struct series *s)
{
	const char *path = s->label.text, *slash = strrchr(path, '/');
	const char *method = s->key.other || !slash ? path : slash + 1;
	char service[ROUTE_MAX];

	path += slash && slash > path;
	snprintf(service, sizeof(service), "%.*s", slash > path ? (int)(slash - path) : ROUTE_MAX,
		 path);
	writer__label(w, "rpc_system", "grpc");
	writer__label(w, "rpc_service", s->key.other ? "other" : service);
	writer__label(w, "rpc_method", s->key.other ? "other" : method);
	writer__label(w, "rpc_type", s->key.other ? "other" : s->type);
	writer__label(w, "rpc_grpc_status_code",
		      s->key.other ? "other" : grpc_status__name(s->key.status));
}

static void label(struct writer *w, const struct family *f, const struct series *s)
{
	writer__clear_labels(w);
	writer__label(w, "service", s->service);
	label_each(w, f, s);
	if (f->labels & WITH_STATUS)
		label_status(w, s);
	if (f->labels & WITH_RPC)
		label_rpc(w, s);
}

static void write_distribution(struct writer *w, const struct family *f, const struct series *s)
{
	if (!s->distribution[f->which])
		return;
	label(w, f, s);
	w->exemplars = f->which == DISTRIBUTION_DURATION ? s->exemplars : NULL;
	writer__histogram(w, s->distribution[f->which]);
	w->exemplars = NULL;
}

static void write_counter(struct writer *w, const struct family *f, const struct series *s)
{
	label(w, f, s);
	writer__count(w, s->counter[f->which]);
}

static void write_all(struct writer *w, const struct family *f, const struct series *s)
{
	label(w, f, s);
	writer__count(w, series__answered(s) + series__unanswered(s));
}

static void write_outcome(struct writer *w, const struct family *f, const struct series *s,
			  enum outcome outcome, uint64_t count)
{
	label(w, f, s);
	writer__label(w, "outcome", outcome__name(outcome));
	writer__count(w, count);
}

static void write_unanswered(struct writer *w, const struct family *f, const struct series *s)
{
	write_outcome(w, f, s, OUTCOME_ABORTED, s->counter[COUNTER_ABORTED]);
	write_outcome(w, f, s, OUTCOME_LOST, s->counter[COUNTER_LOST]);
}

/* Those of one route are counted in its series without a status (or beyond the cap). */
static void write_http_unanswered(struct writer *w, const struct family *f, const struct series *s)
{
	if (!s->key.status || s->key.other)
		write_unanswered(w, f, s);
}

/* Those of one method and type are counted in its series without a status (or beyond the cap). */
static void write_rpc_unanswered(struct writer *w, const struct family *f, const struct series *s)
{
	if (s->key.status == GRPC_STATUS_NONE || s->key.other)
		write_unanswered(w, f, s);
}

static void write_rpc_errors(struct writer *w, const struct family *f, const struct series *s)
{
	if ((s->key.status != 0 && s->key.status != GRPC_STATUS_UNTOLD) || s->key.other)
		write_counter(w, f, s);
}

static void write_info(struct writer *w, const struct family *f, const struct series *s)
{
	label(w, f, s);
	writer__count(w, 1);
}

/* A share of nothing is no number: the gauge is absent then. */
static void write_share(struct writer *w, const struct family *f, const struct series *s)
{
	if (!s->window_total)
		return;
	label(w, f, s);
	writer__number(w, 100.0 * (double)s->window_part / (double)s->window_total);
}

/* Where a route's time never went is not written. */
static void write_times(struct writer *w, const struct family *f, const struct series *s)
{
	for (enum where where = 0; where < WHERE_COUNT; where++) {
		if (!s->counter[where] && where != WHERE_SELF)
			continue;
		label(w, f, s);
		writer__label(w, "where", where__name(where));
		writer__summary(w, (double)s->counter[where] / 1e6, s->counter[COUNTER_SHARED]);
	}
}

/* ---- the families ---- */

#define HTTP(rest)                                                                                 \
	{                                                                                          \
		[SIDE_SERVER] = "http_" rest, [SIDE_CLIENT] = "http_client_" rest                  \
	}
#define RPC(rest)                                                                                  \
	{                                                                                          \
		[SIDE_SERVER] = "rpc_server_" rest, [SIDE_CLIENT] = "rpc_client_" rest             \
	}
#define DB(rest)                                                                                   \
	{                                                                                          \
		[SIDE_CLIENT] = "db_" rest, [SIDE_SERVER] = "db_server_" rest                      \
	}
#define CACHE(rest)                                                                                \
	{                                                                                          \
		[SIDE_CLIENT] = "cache_" rest, [SIDE_SERVER] = "cache_server_" rest                \
	}
#define HISTOGRAM(group, labels, which) METRIC_HISTOGRAM, group, labels, which, write_distribution
#define COUNTER(group, labels, which)	METRIC_COUNTER, group, labels, which, write_counter

const struct family families[] = {
	{HTTP("request_duration_ms"),
	 "Time from the first byte of a request to the last byte of its response.", "ms",
	 HISTOGRAM(GROUP_HTTP, WITH_METHOD | WITH_ROUTE | WITH_STATUS, DISTRIBUTION_DURATION)},
	{HTTP("requests_total"), "Requests; those never answered have the status_code none.", "",
	 METRIC_COUNTER, GROUP_HTTP, WITH_METHOD | WITH_ROUTE | WITH_STATUS, 0, write_all},
	{HTTP("requests_unanswered_total"),
	 "Requests whose answer never came (aborted) or cannot be told (lost).", "", METRIC_COUNTER,
	 GROUP_HTTP, WITH_METHOD | WITH_ROUTE, 0, write_http_unanswered},
	{HTTP("error_rate_percent"),
	 "Share of responses with a 5xx status over the last five minutes.", "percent",
	 METRIC_GAUGE, GROUP_HTTP_SERVICE, 0, 0, write_share},
	{HTTP("request_ttfb_ms"),
	 "Time from the first byte of a request to the first byte of its response.", "ms",
	 HISTOGRAM(GROUP_HTTP_SERVICE, 0, DISTRIBUTION_TTFB)},
	{{[SIDE_SERVER] = "http_request_queue_time_ms"},
	 "Time a request lay in the socket until the process read it.",
	 "ms",
	 HISTOGRAM(GROUP_HTTP_SERVICE, 0, DISTRIBUTION_WAIT)},
	{{[SIDE_SERVER] = "http_request_time_share_ms"},
	 "Time of requests by where it went; the count is that of the requests, everywhere.",
	 "ms",
	 METRIC_SUMMARY,
	 GROUP_HTTP_SHARE,
	 WITH_METHOD | WITH_ROUTE,
	 0,
	 write_times},
	{HTTP("request_size_bytes"), "Bytes of a request on the wire, head and body.", "bytes",
	 HISTOGRAM(GROUP_HTTP_SERVICE, 0, DISTRIBUTION_REQUEST_SIZE)},
	{HTTP("response_size_bytes"), "Bytes of a response on the wire, head and body.", "bytes",
	 HISTOGRAM(GROUP_HTTP_SERVICE, 0, DISTRIBUTION_RESPONSE_SIZE)},

	{RPC("duration_ms"),
	 "Time from the first byte of a gRPC request to the last byte of its response.", "ms",
	 HISTOGRAM(GROUP_RPC, WITH_RPC, DISTRIBUTION_DURATION)},
	{RPC("requests_total"), "gRPC requests; those never answered have the status code none.",
	 "", METRIC_COUNTER, GROUP_RPC, WITH_RPC, 0, write_all},
	{RPC("requests_unanswered_total"),
	 "gRPC requests whose answer never came (aborted) or cannot be told (lost).", "",
	 METRIC_COUNTER, GROUP_RPC, WITH_RPC, 0, write_rpc_unanswered},
	{RPC("errors_total"), "gRPC requests answered with another status than OK, or with none.",
	 "", METRIC_COUNTER, GROUP_RPC, WITH_RPC, COUNTER_ERRORS, write_rpc_errors},
	{RPC("request_messages_total"), "Messages of gRPC requests.", "",
	 COUNTER(GROUP_RPC, WITH_RPC, COUNTER_REQUEST_MESSAGES)},
	{RPC("response_messages_total"), "Messages of gRPC responses.", "",
	 COUNTER(GROUP_RPC, WITH_RPC, COUNTER_RESPONSE_MESSAGES)},
	{RPC("error_rate_percent"),
	 "Share of gRPC responses with a status that is that side's failure, over the last five "
	 "minutes.",
	 "percent", METRIC_GAUGE, GROUP_RPC_SERVICE, 0, 0, write_share},

	{DB("query_duration_ms"),
	 "Time from the first byte of a query to the last byte of its result.", "ms",
	 HISTOGRAM(GROUP_DB, WITH_TYPE, DISTRIBUTION_DURATION)},
	{DB("queries_total"), "Queries, unanswered ones included.", "", METRIC_COUNTER, GROUP_DB,
	 WITH_TYPE, 0, write_all},
	{DB("queries_unanswered_total"),
	 "Queries whose answer never came (aborted) or cannot be told (lost).", "", METRIC_COUNTER,
	 GROUP_DB, WITH_TYPE, 0, write_unanswered},
	{DB("query_rows_total"), "Rows returned, changed or copied by queries.", "",
	 COUNTER(GROUP_DB, WITH_TYPE, COUNTER_ROWS)},
	{DB("query_errors_total"), "Queries answered with an error.", "",
	 COUNTER(GROUP_DB_ERROR, WITH_SQLSTATE, COUNTER_ERRORS)},
	{DB("statement_duration_ms"), "The same as the query duration, by statement.", "ms",
	 HISTOGRAM(GROUP_DB_STATEMENT, WITH_FINGERPRINT, DISTRIBUTION_DURATION)},
	{DB("statement_info"), "Which statement a fingerprint stands for, without its literals.",
	 "", METRIC_INFO, GROUP_DB_STATEMENT,
	 WITH_FINGERPRINT | WITH_VERB | WITH_TABLE | WITH_STATEMENT, 0, write_info},
	{DB("connection_wait_time_ms"), "Time from connecting to being ready for the first query.",
	 "ms", HISTOGRAM(GROUP_DB_SERVICE, 0, DISTRIBUTION_WAIT)},
	{{[SIDE_SERVER] = "db_pool_wait_time_ms"},
	 "Time a query lay with a pooler until it was passed on to the server.",
	 "ms",
	 HISTOGRAM(GROUP_DB_SERVICE, 0, DISTRIBUTION_POOLED)},
	{DB("connection_errors_total"),
	 "Database connections that failed before they were ready or were cut.", "",
	 COUNTER(GROUP_DB_CONNECT_ERROR, WITH_REASON, COUNTER_ERRORS)},
	{CACHE("operation_duration_ms"),
	 "Time from the first byte of a command to the last byte of its reply.", "ms",
	 HISTOGRAM(GROUP_CACHE, WITH_COMMAND, DISTRIBUTION_DURATION)},
	{CACHE("blocking_operation_duration_ms"),
	 "The same, of commands that wait for something to happen.", "ms",
	 HISTOGRAM(GROUP_CACHE, WITH_COMMAND, DISTRIBUTION_BLOCKING)},
	{CACHE("operations_total"), "Commands, blocking and unanswered ones included.", "",
	 METRIC_COUNTER, GROUP_CACHE, WITH_COMMAND, 0, write_all},
	{CACHE("operations_unanswered_total"),
	 "Commands whose reply never came (aborted) or cannot be told (lost).", "", METRIC_COUNTER,
	 GROUP_CACHE, WITH_COMMAND, 0, write_unanswered},
	{CACHE("errors_total"), "Commands answered with an error, by its prefix.", "",
	 COUNTER(GROUP_CACHE_ERROR, WITH_ERROR, COUNTER_ERRORS)},
	{CACHE("hits_total"), "Keys that reading commands found.", "",
	 COUNTER(GROUP_CACHE_SERVICE, 0, COUNTER_HITS)},
	{CACHE("misses_total"), "Keys that reading commands did not find.", "",
	 COUNTER(GROUP_CACHE_SERVICE, 0, COUNTER_MISSES)},
	{CACHE("hit_rate_percent"), "Share of keys found over the last five minutes.", "percent",
	 METRIC_GAUGE, GROUP_CACHE_SERVICE, 0, 0, write_share},
	{CACHE("key_operations_total"),
	 "Commands that name keys of a pattern, blocking and unanswered ones included.", "",
	 COUNTER(GROUP_CACHE_KEY_COMMAND, WITH_PATTERN | WITH_KEY_COMMAND, COUNTER_UNMEASURED)},
	{CACHE("key_operation_duration_ms"),
	 "The operations' duration by the pattern of their keys, without blocking ones.", "ms",
	 HISTOGRAM(GROUP_CACHE_KEY, WITH_PATTERN, DISTRIBUTION_DURATION)},
	{CACHE("key_errors_total"), "Commands that name keys of a pattern, answered with an error.",
	 "", COUNTER(GROUP_CACHE_KEY, WITH_PATTERN, COUNTER_ERRORS)},
	{CACHE("key_hits_total"), "Keys of a pattern that reading commands found.", "",
	 COUNTER(GROUP_CACHE_KEY, WITH_PATTERN, COUNTER_HITS)},
	{CACHE("key_misses_total"), "Keys of a pattern that reading commands did not find.", "",
	 COUNTER(GROUP_CACHE_KEY, WITH_PATTERN, COUNTER_MISSES)},
	{CACHE("key_request_bytes_total"),
	 "Bytes of commands all of whose keys fit a pattern, on the wire.", "bytes",
	 COUNTER(GROUP_CACHE_KEY, WITH_PATTERN, COUNTER_REQUEST_BYTES)},
	{CACHE("key_response_bytes_total"), "Bytes of their replies on the wire.", "bytes",
	 COUNTER(GROUP_CACHE_KEY, WITH_PATTERN, COUNTER_RESPONSE_BYTES)},
	{CACHE("connection_errors_total"), "Cache connections that failed.", "",
	 COUNTER(GROUP_CACHE_CONNECT_ERROR, WITH_REASON, COUNTER_ERRORS)},

	{{[SIDE_CLIENT] = "client_connection_errors_total"},
	 "Connections that failed, to where neither a database nor a cache is known to be.",
	 "",
	 COUNTER(GROUP_CONNECT_ERROR, WITH_REASON, COUNTER_ERRORS)},
};

const size_t family_count = sizeof(families) / sizeof(*families);

const char *group__name(enum group group, enum side side)
{
	for (size_t i = 0; i < family_count; i++)
		if (families[i].group == group && families[i].name[side])
			return families[i].name[side];
	return NULL;
}
