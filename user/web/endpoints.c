/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "web/endpoints.h"

#include <stdlib.h>
#include <string.h>
#include "web/health.h"
#include "web/negotiate.h"

static void make_metrics(const struct snapshot *snapshot, const struct request *request,
			 struct reply *reply)
{
	enum exposition format = negotiate__exposition(request->accept);

	reply->type = format == EXPOSITION_OPENMETRICS
			      ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
			      : "text/plain; version=0.0.4; charset=utf-8";
	snapshot__expose(snapshot, format, &reply->body);
}

static void make_top(const struct snapshot *snapshot, const struct request *request,
		     struct reply *reply)
{
	json_t *model = snapshot__model(snapshot);
	char *text = json_dumps(model, JSON_COMPACT);

	(void)request;
	reply->type = "application/json";
	if (text)
		buffer__text(&reply->body, text);
	else
		reply->body.failed = true;
	free(text);
	json_decref(model);
}

/* It answers, so it lives. */
static void make_healthy(const struct snapshot *snapshot, const struct request *request,
			 struct reply *reply)
{
	(void)snapshot;
	(void)request;
	buffer__text(&reply->body, "sonde is healthy\n");
}

/* A snapshot was to be had, so the observation goes on. */
static void make_ready(const struct snapshot *snapshot, const struct request *request,
		       struct reply *reply)
{
	(void)snapshot;
	(void)request;
	buffer__text(&reply->body, "sonde is ready\n");
}

static void make_landing(const struct snapshot *snapshot, const struct request *request,
			 struct reply *reply);

static const struct endpoint endpoints[] = {
	{"/", NULL, false, false, make_landing},
	{"/metrics", "metrics for Prometheus", true, true, make_metrics},
	{"/api/monitoring/metrics", "the same", true, true, make_metrics},
	{"/api/monitoring/health", "whether the observed services are well; 503 where not", true,
	 false, health__make},
	{"/api/monitoring/health/detailed", "the same, by component", true, false,
	 health__make_detailed},
	{"/api/monitoring/pool-config", "database pools: limits and use", true, false,
	 health__make_pool_config},
	{"/api/monitoring/summary", "one number for each thing", true, false, health__make_summary},
	{"/api/top", "what `sonde top` shows, as JSON", true, false, make_top},
	{"/-/healthy", "200 while the process lives", false, false, make_healthy},
	{"/-/ready", "200 while it observes", true, false, make_ready},
};

#define COUNT (sizeof(endpoints) / sizeof(endpoints[0]))

static void make_landing(const struct snapshot *snapshot, const struct request *request,
			 struct reply *reply)
{
	(void)snapshot;
	(void)request;
	reply->type = "text/html; charset=utf-8";
	buffer__text(&reply->body, "<!doctype html><html lang=en><title>sonde</title>"
				   "<meta name=viewport content=width=device-width>"
				   "<style>body{font:1rem/1.5 sans-serif;margin:2rem;color-scheme:"
				   "light dark}</style><h1>sonde " SONDE_VERSION "</h1><ul>");
	for (size_t i = 0; i < COUNT; i++)
		if (endpoints[i].summary)
			buffer__printf(&reply->body, "<li><a href=\"%s\">%s</a>: %s</li>",
				       endpoints[i].path, endpoints[i].path, endpoints[i].summary);
	buffer__text(&reply->body, "</ul></html>\n");
}

const struct endpoint *endpoint__find(const char *path)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(path, endpoints[i].path) == 0)
			return &endpoints[i];
	return NULL;
}
