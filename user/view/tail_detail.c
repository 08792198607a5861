/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One exchange of the tail page: on the screen, and in a file. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "view/cells.h"
#include "view/columns.h"
#include "view/export_rows.h"
#include "view/line.h"
#include "view/pages.h"
#include "view/tail_page.h"

static int put_label(struct frame *f, int y, const char *label)
{
	return cells__put(f, 0, y, STYLE_DIM, "%-12s", label);
}

static int put_ms(const struct view *v, struct frame *f, int x, int y, const struct kept_row *r,
		  const char *key)
{
	wchar_t text[32];

	format__ms((double)kept_row__number(r, key) / 1e6, v->plain, text, 32);
	return cells__put(f, x, y, STYLE_PLAIN, "%ls", text);
}

static int put_times(const struct view *v, struct frame *f, int y, const struct kept_row *r)
{
	char begun[64];
	int x = put_label(f, y, "begun");

	kept_row__time(r, "%Y-%m-%d %H:%M:%S", begun, sizeof(begun));
	cells__put(f, x, y++, STYLE_PLAIN, "%s", begun);
	x = put_label(f, y, "took");
	x = put_ms(v, f, x, y, r, "duration_ns");
	if (kept_row__number(r, "ttfb_ns")) {
		x = cells__put(f, x, y, STYLE_DIM, ", to the first byte ");
		x = put_ms(v, f, x, y, r, "ttfb_ns");
	}
	if (kept_row__number(r, "queue_ns")) {
		x = cells__put(f, x, y, STYLE_DIM, ", before it was read ");
		put_ms(v, f, x, y, r, "queue_ns");
	}
	return y + 1;
}

static int put_outcome(struct frame *f, int y, const struct kept_row *r)
{
	const char *outcome = kept_row__text(r, "outcome");
	char status[64];
	int x = put_label(f, y, "ended");

	line__status(r->exchange, status, sizeof(status));
	x = cells__put(f, x, y, strcmp(outcome, "ok") == 0 ? STYLE_GOOD : STYLE_BAD, "%s", outcome);
	if (strcmp(status, outcome) != 0)
		x = cells__put(f, x, y, STYLE_PLAIN, ", %s", status);
	if (json_object_get(r->exchange, "grpc_status"))
		x = cells__put(f, x, y, STYLE_PLAIN, ", grpc %lu%s (%s)",
			       (unsigned long)kept_row__number(r, "grpc_status"),
			       kept_row__text(r, "grpc_status"), kept_row__text(r, "rpc_type"));
	if (json_is_true(json_object_get(r->exchange, "truncated")))
		cells__put(f, x, y, STYLE_BAD, ", its body was cut short");
	return y + 1;
}

static int put_pair(struct frame *f, int y, const char *label, const char *value)
{
	if (!value[0])
		return y;
	cells__put(f, put_label(f, y, label), y, STYLE_PLAIN, "%s", value);
	return y + 1;
}

static int put_postgres(struct frame *f, int y, const struct kept_row *r)
{
	int x;

	y = put_pair(f, y, "table", kept_row__text(r, "table"));
	y = put_pair(f, y, "database", kept_row__text(r, "database"));
	y = put_pair(f, y, "fingerprint", kept_row__text(r, "fingerprint"));
	x = cells__put(f, put_label(f, y, "rows"), y, STYLE_PLAIN, "%lu",
		       (unsigned long)kept_row__number(r, "rows"));
	if (kept_row__number(r, "copy_bytes"))
		cells__put(f, x, y, STYLE_PLAIN, ", %lu bytes of COPY",
			   (unsigned long)kept_row__number(r, "copy_bytes"));
	return y + 1;
}

static int put_protocol(struct frame *f, int y, const struct kept_row *r)
{
	const char *protocol = kept_row__text(r, "protocol");
	int x;

	if (strcmp(protocol, "postgres") == 0)
		return put_postgres(f, y, r);
	if (strcmp(protocol, "http") == 0)
		return put_pair(f, y, "version", kept_row__text(r, "version"));
	x = cells__put(f, put_label(f, y, "keys"), y, STYLE_PLAIN, "%lu found, %lu not",
		       (unsigned long)kept_row__number(r, "hits"),
		       (unsigned long)kept_row__number(r, "misses"));
	if (json_is_true(json_object_get(r->exchange, "blocking")))
		cells__put(f, x, y, STYLE_PLAIN, ", it waits for data");
	return y + 1;
}

/* "127.0.0.1:5432", "[::1]:5432", "@socket". */
static void format_peer(const struct kept_row *r, char *out, size_t size)
{
	const char *address = kept_row__text(r, "remote_address");
	bool brackets = strchr(address, ':');

	if (json_object_get(r->exchange, "path"))
		snprintf(out, size, "unix:%s", kept_row__text(r, "path"));
	else
		snprintf(out, size, "%s%s%s:%lu", brackets ? "[" : "", address, brackets ? "]" : "",
			 (unsigned long)kept_row__number(r, "remote_port"));
}

static int put_ends(struct frame *f, int y, const struct kept_row *r)
{
	bool server = strcmp(kept_row__text(r, "side"), "server") == 0;
	char peer[256];
	int x = put_label(f, y, server ? "answered by" : "asked by");

	format_peer(r, peer, sizeof(peer));
	cells__put(f, x, y++, STYLE_PLAIN, "%s (process %lu, %s)", kept_row__text(r, "service"),
		   (unsigned long)kept_row__number(r, "pid"), kept_row__text(r, "comm"));
	y = put_pair(f, y, server ? "asked from" : "answered at", peer);
	x = put_label(f, y, "connection");
	x = cells__put(f, x, y, STYLE_PLAIN, "%lu",
		       (unsigned long)kept_row__number(r, "connection"));
	if (kept_row__number(r, "local_port"))
		cells__put(f, x, y, STYLE_DIM, ", own port %lu",
			   (unsigned long)kept_row__number(r, "local_port"));
	return y + 1;
}

void tail_page__detail(const struct view *v, struct frame *f, const struct kept_row *r)
{
	char name[MODEL_NAME_MAX];
	int y = HEADER_LINES - 1;

	cells__style_line(f, y, STYLE_TITLE);
	cells__put(f, 0, y++, STYLE_TITLE, "one exchange of %s (%s %s)",
		   kept_row__text(r, "service"), kept_row__text(r, "protocol"),
		   kept_row__text(r, "side"));
	line__what(r->exchange, name, sizeof(name));
	y = cells__put_wrapped(f, 0, y, STYLE_BOLD, name) + 1;
	y = put_times(v, f, y, r);
	y = put_outcome(f, y, r);
	cells__put(f, put_label(f, y, "bytes"), y, STYLE_PLAIN, "%lu asked, %lu answered",
		   (unsigned long)kept_row__number(r, "request_bytes"),
		   (unsigned long)kept_row__number(r, "response_bytes"));
	y = put_protocol(f, y + 1, r);
	put_ends(f, y, r);
}

/* ---- in a file ---- */

static const char *const texts[] = {
	"service",     "side",	      "protocol", "method", "outcome",	      "verb", "table",
	"fingerprint", "key_pattern", "database", "comm",   "remote_address", "path"};
static const char *const counts[] = {"request_bytes", "response_bytes", "rows",
				     "hits",	      "misses",		"pid",
				     "connection",    "remote_port",	"local_port"};
static const struct {
	const char *name, *key; /* in the file, in an exchange */
} times[] = {{"latency_ms", "duration_ns"}, {"ttfb_ms", "ttfb_ns"}, {"queue_ms", "queue_ns"}};

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* Names are what strangers sent: none of their control characters goes into a file. */
static void put_text(const struct kept_row *r, const char *name, const char *key, json_t *out)
{
	char text[MODEL_NAME_MAX];

	model__text(r->exchange, key, text, sizeof(text));
	export__name(out, name, text);
}

static const char *subject_key(const struct kept_row *r)
{
	if (json_object_get(r->exchange, "route"))
		return "route";
	return json_object_get(r->exchange, "statement") ? "statement" : "command";
}

/* All have the same keys, whatever their protocol: what one has not is empty or 0. */
static json_t *exported(const struct kept_row *r)
{
	json_t *out = json_object();
	char text[256];

	kept_row__time(r, "%Y-%m-%dT%H:%M:%S", text, sizeof(text));
	export__name(out, "begun", text);
	put_text(r, "what", subject_key(r), out);
	line__status(r->exchange, text, sizeof(text));
	export__name(out, "status", text);
	for (size_t i = 0; i < COUNT(times); i++)
		export__number(out, times[i].name, (double)kept_row__number(r, times[i].key) / 1e6);
	for (size_t i = 0; i < COUNT(texts); i++)
		put_text(r, texts[i], texts[i], out);
	for (size_t i = 0; i < COUNT(counts); i++)
		export__count(out, counts[i], kept_row__number(r, counts[i]));
	return out;
}

void export__tail(const struct view *v, json_t *rows)
{
	const struct kept_row *chosen[KEPT_MAX];
	size_t count = tail_page__choose(v, chosen);

	for (size_t i = 0; i < count; i++)
		if (!v->detail || i == v->selected)
			json_array_append_new(rows, exported(chosen[i]));
}
