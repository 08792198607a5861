/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "metrics/otel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "metrics/formats.h"
#include "metrics/internal.h"
#include "metrics/writer.h"

const char *const naming_names[] = {"spec", "otel", "both", NULL};

int naming__parse(const char *text, enum naming *out)
{
	for (int i = 0; naming_names[i]; i++)
		if (strcmp(naming_names[i], text) == 0) {
			*out = (enum naming)i;
			return 0;
		}
	return -EINVAL;
}

/* ---- attributes ---- */

static const char *or_other(const struct series *s, const char *value)
{
	return s->key.other ? "other" : value;
}

/* error.type: the status where it is a failure; a server's are 5xx alone (HTTP spans, Status). */
static void label_http(struct writer *w, const struct series *s, enum side side)
{
	unsigned int failure = side == SIDE_SERVER ? 500 : 400;
	char status[8];

	snprintf(status, sizeof(status), "%u", s->key.status);
	writer__label(w, "http_request_method", or_other(s, http_method__name(s->key.method)));
	writer__label(w, side == SIDE_SERVER ? "http_route" : "url_template",
		      or_other(s, s->label.text));
	writer__label(w, "http_response_status_code", or_other(s, status));
	if (!s->key.other && s->key.status >= failure)
		writer__label(w, "error_type", status);
}

static const char *grpc_code(unsigned int code)
{
	/* https://grpc.io/docs/guides/status-codes/ */
	static const char *const names[] = {
		"OK",
		"CANCELLED",
		"UNKNOWN",
		"INVALID_ARGUMENT",
		"DEADLINE_EXCEEDED",
		"NOT_FOUND",
		"ALREADY_EXISTS",
		"PERMISSION_DENIED",
		"RESOURCE_EXHAUSTED",
		"FAILED_PRECONDITION",
		"ABORTED",
		"OUT_OF_RANGE",
		"UNIMPLEMENTED",
		"INTERNAL",
		"UNAVAILABLE",
		"DATA_LOSS",
		"UNAUTHENTICATED",
	};

	return code < sizeof(names) / sizeof(*names) ? names[code] : grpc_status__name(code);
}

/* The path is "/package.Service/Method"; the attribute has no first slash. */
static void label_rpc(struct writer *w, const struct series *s, enum side side)
{
	const char *path = s->label.text, *code = grpc_code(s->key.status);

	writer__label(w, "rpc_system_name", "grpc");
	writer__label(w, "rpc_method", or_other(s, path + (path[0] == '/')));
	writer__label(w, "rpc_type", or_other(s, s->type));
	writer__label(w, "rpc_response_status_code", or_other(s, code));
	if (!s->key.other && grpc_status__is_failure(s->key.status, side))
		writer__label(w, "error_type", code);
}

static void label_query(struct writer *w, const struct series *s, enum side side)
{
	char upper[16] = "";

	(void)side;
	for (size_t i = 0; i < sizeof(upper) - 1 && s->type[i]; i++)
		upper[i] = (char)(s->type[i] >= 'a' && s->type[i] <= 'z' ? s->type[i] - 'a' + 'A'
									 : s->type[i]);
	writer__label(w, "db_system_name", "postgresql");
	writer__label(w, "db_operation_name", s->key.other ? "other" : upper);
}

static void label_command(struct writer *w, const struct series *s, enum side side)
{
	(void)side;
	writer__label(w, "db_system_name", "redis");
	writer__label(w, "db_operation_name", or_other(s, s->label.text));
}

/* ---- families ---- */

struct source {
	enum group group;
	void (*label)(struct writer *writer, const struct series *series, enum side side);
	const char *replaces; /* the fixed name of the same numbers */
};

static const struct otel_family {
	const char *name, *help;
	enum side side;
	struct source source[2];
} table[] = {
	{"http_server_request_duration_seconds",
	 "Duration of HTTP server requests.",
	 SIDE_SERVER,
	 {{GROUP_HTTP, label_http, "http_request_duration_ms"}}},
	{"http_client_request_duration_seconds",
	 "Duration of HTTP client requests.",
	 SIDE_CLIENT,
	 {{GROUP_HTTP, label_http, "http_client_request_duration_ms"}}},
	{"rpc_server_call_duration_seconds",
	 "Duration of incoming remote procedure calls.",
	 SIDE_SERVER,
	 {{GROUP_RPC, label_rpc, "rpc_server_duration_ms"}}},
	{"rpc_client_call_duration_seconds",
	 "Duration of outgoing remote procedure calls.",
	 SIDE_CLIENT,
	 {{GROUP_RPC, label_rpc, "rpc_client_duration_ms"}}},
	{"db_client_operation_duration_seconds",
	 "Duration of database client operations.",
	 SIDE_CLIENT,
	 {{GROUP_DB, label_query, "db_query_duration_ms"},
	  {GROUP_CACHE, label_command, "cache_operation_duration_ms"}}},
};

#define COUNT (sizeof(table) / sizeof(*table))

static void expose_source(struct writer *w, const struct otel_family *family,
			  const struct source *source, const struct snapshot *snapshot)
{
	const struct snapshot_table *t = &snapshot->table[source->group][family->side];

	for (uint32_t i = 0; source->label && i < t->count; i++) {
		const struct series *s = &t->series[i];

		if (!s->distribution[DISTRIBUTION_DURATION])
			continue;
		writer__clear_labels(w);
		writer__label(w, "service_name", s->service);
		source->label(w, s, family->side);
		w->exemplars = s->exemplars;
		writer__histogram(w, s->distribution[DISTRIBUTION_DURATION]);
		w->exemplars = NULL;
	}
}

void otel__expose(struct writer *w, const struct snapshot *snapshot)
{
	w->seconds = true;
	for (size_t i = 0; i < COUNT; i++) {
		writer__family(w, table[i].name, METRIC_HISTOGRAM, "seconds", table[i].help);
		for (int k = 0; k < 2; k++)
			expose_source(w, &table[i], &table[i].source[k], snapshot);
	}
	w->seconds = false;
}

bool otel__is_known(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(table[i].name, name) == 0)
			return true;
	return false;
}

bool otel__replaces(const char *metric)
{
	for (size_t i = 0; i < COUNT; i++)
		for (int k = 0; k < 2; k++)
			if (table[i].source[k].replaces &&
			    strcmp(table[i].source[k].replaces, metric) == 0)
				return true;
	return false;
}
