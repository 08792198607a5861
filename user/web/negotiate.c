/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "web/negotiate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct element {
	const char *name;
	size_t length; /* of the name, parameters not counted */
	const char *end;
	double quality;
};

static double quality_of(const char *parameters, const char *end)
{
	for (const char *p = parameters; p < end; p++) {
		if (*p != ';')
			continue;
		p += 1 + strspn(p + 1, " \t");
		if (p + 2 < end && (p[0] == 'q' || p[0] == 'Q') && p[1] == '=')
			return strtod(p + 2, NULL);
		p--;
	}
	return 1;
}

/* Takes the next element off the list; false at its end. */
static bool next(const char **list, struct element *out)
{
	const char *begin = *list + strspn(*list, ", \t"), *end;

	if (!*begin)
		return false;
	end = begin + strcspn(begin, ",");
	*list = end;
	out->name = begin;
	out->end = end;
	out->length = strcspn(begin, "; \t,");
	out->quality = quality_of(begin + out->length, end);
	return true;
}

static bool is(const struct element *e, const char *name)
{
	return e->length == strlen(name) && strncasecmp(e->name, name, e->length) == 0;
}

/* Prometheus' only: other messages and encodings have the same name. */
static bool is_delimited(const struct element *e)
{
	return memmem(e->name, (size_t)(e->end - e->name), "io.prometheus.client.MetricFamily",
		      33) &&
	       memmem(e->name, (size_t)(e->end - e->name), "delimited", 9);
}

enum exposition negotiate__exposition(const char *accept, bool protobuf)
{
	double open = 0, text = 0, delimited = 0;
	struct element e;

	while (accept && next(&accept, &e)) {
		if (is(&e, "application/openmetrics-text"))
			open = e.quality;
		else if (is(&e, "application/vnd.google.protobuf") && is_delimited(&e))
			delimited = protobuf ? e.quality : 0;
		else if (is(&e, "text/plain") || is(&e, "text/*") || is(&e, "*/*"))
			text = e.quality > text ? e.quality : text;
	}
	if (delimited > 0 && delimited >= open && delimited >= text)
		return EXPOSITION_PROTOBUF;
	return open > 0 && open >= text ? EXPOSITION_OPENMETRICS : EXPOSITION_PROMETHEUS;
}

bool negotiate__gzip(const char *accept_encoding)
{
	struct element e;

	while (accept_encoding && next(&accept_encoding, &e))
		if (is(&e, "gzip"))
			return e.quality > 0;
	return false;
}

bool negotiate__has_tag(const char *if_none_match, const char *tag)
{
	const char *found = if_none_match ? strstr(if_none_match, tag) : NULL;

	if (if_none_match && strcmp(if_none_match, "*") == 0)
		return true; /* any that there is (RFC 9110 section 13.1.2) */
	return found && found > if_none_match && found[-1] == '"' && found[strlen(tag)] == '"';
}
