/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Model documents (docs/model.md) for the tests of the view: a second of a small node. */
#ifndef MODEL_DOCUMENTS_H
#define MODEL_DOCUMENTS_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define SECOND 1000000000ll

static inline json_t *parse(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);

	if (!json) {
		fprintf(stderr, "line %d: %s\n", error.line, error.text);
		abort();
	}
	return json;
}

static inline json_t *document(long long seconds, const char *services, const char *routes,
			       const char *statements, const char *commands, const char *losses)
{
	char *text;
	json_t *json;

	if (asprintf(&text,
		     "{\"version\": 1, \"source\": \"live\", \"time_ns\": %lld, \"started_ns\": "
		     "1000000000, \"wall\": \"2026-01-01T00:00:00Z\","
		     "\"sonde\": {\"version\": \"0.1.0\", \"capture\": \"socket_tracepoints\","
		     " \"events\": %lld, \"bytes\": %lld, \"ring_fill\": 0.25, \"ring_fill_max\": "
		     "0.5,"
		     " \"cpu_seconds\": %lld.5, \"resident_bytes\": 1048576, \"connections\": 7,"
		     " \"series\": 9},"
		     "\"totals\": [{\"protocol\": \"http\", \"side\": \"server\", \"seen\": 1000,"
		     " \"reported\": 990, \"in_flight\": 4, \"lost\": %d}],"
		     "\"losses\": [%s], \"services\": [%s], \"routes\": [%s],"
		     "\"statements\": [%s], \"commands\": [%s]}",
		     (seconds + 1) * SECOND, seconds * 100, seconds * 2048, seconds,
		     losses[0] ? 6 : 0, losses, services, routes, statements, commands) < 0)
		abort();
	json = parse(text);
	free(text);
	return json;
}

#endif
