/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "web/endpoints.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "web/health.h"
#include "web/negotiate.h"
#include "web/page_files.h"

static void make_metrics(const struct snapshot *snapshot, const struct request *request,
			 struct reply *reply)
{
	static const char *const types[] = {
		[EXPOSITION_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
		[EXPOSITION_OPENMETRICS] =
			"application/openmetrics-text; version=1.0.0; charset=utf-8",
		[EXPOSITION_PROTOBUF] =
			"application/vnd.google.protobuf; "
			"proto=io.prometheus.client.MetricFamily; encoding=delimited"};
	enum exposition format =
		negotiate__exposition(request->accept, snapshot__speaks_protobuf(snapshot));

	reply->type = types[format];
	snapshot__expose(snapshot, format, &reply->body);
}

static void make_top(const struct snapshot *snapshot, const struct request *request,
		     struct reply *reply)
{
	json_t *model = snapshot__model(snapshot);

	(void)request;
	reply->type = "application/json";
	buffer__json(&reply->body, model);
	json_decref(model);
}

/* Lines of exchanges that ended since an earlier question (tail.h). */
static void make_tail(const struct snapshot *snapshot, const struct request *request,
		      struct reply *reply)
{
	struct timespec now;

	(void)snapshot;
	clock_gettime(CLOCK_MONOTONIC, &now);
	reply->type = "application/x-ndjson";
	if (request->tail)
		tail__read(request->tail, request->after ? strtoull(request->after, NULL, 10) : 0,
			   (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec,
			   &reply->body);
	else
		reply->status = 404;
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

/* A file of the page. Its address stays while its contents change, so caches have to ask (RFC 9111
 * section 5.2.2.4) and are told by the tag that nothing did. */
static void make_file(const struct snapshot *snapshot, const struct request *request,
		      struct reply *reply)
{
	const struct page_file *file = page_file__find(request->path);

	(void)snapshot;
	reply->type = file->type;
	page_file__tag(file, reply->tag);
	if (negotiate__has_tag(request->if_none_match, reply->tag))
		reply->status = 304;
	else
		buffer__append(&reply->body, file->data, (size_t)(file->end - file->data));
}

static const struct endpoint endpoints[] = {
	{"/metrics", true, true, make_metrics},
	{"/api/monitoring/metrics", true, true, make_metrics},
	{"/api/monitoring/health", true, false, health__make},
	{"/api/monitoring/health/detailed", true, false, health__make_detailed},
	{"/api/monitoring/pool-config", true, false, health__make_pool_config},
	{"/api/monitoring/summary", true, false, health__make_summary},
	{"/api/top", true, false, make_top},
	{"/api/tail", false, false, make_tail},
	{"/-/healthy", false, false, make_healthy},
	{"/-/ready", true, false, make_ready},
};

static const struct endpoint page = {"/", false, false, make_file};

const struct endpoint *endpoint__find(const char *path)
{
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
		if (strcmp(path, endpoints[i].path) == 0)
			return &endpoints[i];
	return page_file__find(path) ? &page : NULL;
}
