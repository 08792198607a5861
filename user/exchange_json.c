/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "exchange_json.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include "connection.h"

/* Length of the UTF-8 sequence at p (RFC 3629 section 4, without its finer bounds); 0: it is none.
 */
static size_t utf8_length(const unsigned char *p)
{
	size_t length = p[0] < 0x80		      ? 1
			: p[0] >= 0xc2 && p[0] < 0xe0 ? 2
			: p[0] >= 0xe0 && p[0] < 0xf0 ? 3
			: p[0] >= 0xf0 && p[0] < 0xf5 ? 4
						      : 0;

	for (size_t i = 1; i < length; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

void buffer__json_string(struct buffer *out, const char *text)
{
	buffer__append(out, "\"", 1);
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		size_t length = utf8_length(p);

		if (*p == '"' || *p == '\\')
			buffer__printf(out, "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			buffer__printf(out, "\\u%04x", *p);
		else if (length)
			buffer__append(out, (const char *)p, length);
		else
			buffer__text(out, "\\ufffd");
		p += length ? length : 1;
	}
	buffer__append(out, "\"", 1);
}

static void text(struct buffer *out, const char *name, const char *value)
{
	buffer__printf(out, ",\"%s\":", name);
	buffer__json_string(out, value);
}

static void number(struct buffer *out, const char *name, uint64_t value)
{
	buffer__printf(out, ",\"%s\":%" PRIu64, name, value);
}

static void flag(struct buffer *out, const char *name, bool value)
{
	if (value)
		buffer__printf(out, ",\"%s\":true", name);
}

/* The code is a number as sent, or says why there is none. */
static void grpc(const struct exchange *e, struct buffer *out)
{
	if (e->http.grpc_status < GRPC_STATUS_OTHER)
		number(out, "grpc_status", e->http.grpc_status);
	else
		text(out, "grpc_status", grpc_status__name(e->http.grpc_status));
	text(out, "rpc_type", rpc_type__name(e->http.rpc_type));
	number(out, "request_messages", e->http.request_messages);
	number(out, "response_messages", e->http.response_messages);
}

static void http(const struct exchange *e, const char *route, struct buffer *out)
{
	text(out, "method", http_method__name(e->http.method));
	text(out, "route", route);
	number(out, "status", e->http.status);
	if (e->http.version)
		buffer__printf(out, ",\"version\":\"%u.%u\"", e->http.version / 10u,
			       e->http.version % 10u);
	flag(out, "truncated", e->http.truncated);
	if (e->http.grpc)
		grpc(e, out);
}

static void postgres(const struct exchange *e, const struct label *label, struct buffer *out)
{
	text(out, "verb", label->verb);
	text(out, "table", label->table);
	text(out, "statement", label->text);
	text(out, "fingerprint", label->fingerprint);
	number(out, "rows", e->postgres.rows);
	number(out, "copy_bytes", e->postgres.bytes);
	text(out, "sqlstate", e->postgres.sqlstate);
	flag(out, "simple", e->postgres.simple);
	flag(out, "suspended", e->postgres.suspended);
	text(out, "database", e->connection->database);
}

static void redis(const struct exchange *e, const struct engine *engine, const char *command,
		  struct buffer *out)
{
	uint32_t pattern = key_patterns__label(engine->keys, e->redis.pattern);

	text(out, "command", command);
	if (e->redis.pattern != KEY_PATTERNS_NONE && e->redis.pattern != KEY_PATTERNS_MIXED)
		text(out, "key_pattern", labels__get(engine->labels, pattern)->text);
	text(out, "error", e->redis.error);
	number(out, "hits", e->redis.hits);
	number(out, "misses", e->redis.misses);
	flag(out, "blocking", e->redis.blocking);
	flag(out, "unmeasured", e->redis.unmeasured);
}

static void peer(const struct connection *c, struct buffer *out)
{
	char address[INET6_ADDRSTRLEN] = "";

	number(out, "connection", c->id);
	if (c->family == AF_UNIX) {
		text(out, "path", c->path);
		return;
	}
	if (inet_ntop(c->family, c->remote_address, address, sizeof(address)))
		text(out, "remote_address", address);
	number(out, "remote_port", c->remote_port);
	number(out, "local_port", c->local_port);
}

static void times(const struct exchange *e, struct buffer *out)
{
	number(out, "start_ns", e->start_ns);
	number(out, "duration_ns", exchange__latency_ns(e));
	number(out, "ttfb_ns", e->first_ns > e->start_ns ? e->first_ns - e->start_ns : 0);
	number(out, "queue_ns", e->queue_ns);
}

void exchange__to_json(const struct exchange *e, struct engine *engine, struct buffer *out)
{
	const struct process *process = processes__find(engine->processes, e->tgid);
	const struct service *service =
		processes__service(engine->processes, e->connection->service);
	const struct label *label = labels__get(engine->labels, e->label);

	buffer__printf(out, "{\"protocol\":\"%s\"",
		       e->protocol == PROTOCOL_HTTP2 ? "http" : protocol_id__name(e->protocol));
	text(out, "side", side__name(e->side));
	text(out, "outcome", outcome__name(e->outcome));
	if (e->outcome == OUTCOME_LOST)
		text(out, "lost", loss_reason__name(e->loss));
	times(e, out);
	number(out, "request_bytes", e->request_bytes);
	number(out, "response_bytes", e->response_bytes);
	if (e->protocol == PROTOCOL_POSTGRES)
		postgres(e, label, out);
	else if (e->protocol == PROTOCOL_REDIS)
		redis(e, engine, label->text, out);
	else
		http(e, label->text, out);
	text(out, "service", service->name);
	text(out, "comm", process->comm);
	number(out, "pid", e->tgid);
	peer(e->connection, out);
	buffer__text(out, "}\n");
}
