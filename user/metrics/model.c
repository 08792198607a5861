/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The document that the views draw (docs/model.md). */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "metrics/internal.h"
#include "metrics/model_parts.h"
#include "protocol/redis_commands.h"

/* Protocols as people see them: HTTP of every version is one. */
static const enum protocol_id shown[] = {PROTOCOL_HTTP1, PROTOCOL_POSTGRES, PROTOCOL_REDIS};

static void set_count(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new_nocheck(object, name, json_integer((json_int_t)value));
}

static void set_number(json_t *object, const char *name, double value)
{
	json_object_set_new_nocheck(object, name, json_real(value));
}

/* Names come from strangers' processes: what is no UTF-8 shows as "?". */
static void set_text(json_t *object, const char *name, const char *value)
{
	json_t *text = json_string(value);

	json_object_set_new_nocheck(object, name, text ? text : json_string("?"));
}

static const char *protocol_of(enum group group)
{
	switch (group) {
	case GROUP_HTTP:
	case GROUP_HTTP_SERVICE:
		return "http";
	case GROUP_RPC:
	case GROUP_RPC_SERVICE:
		return "grpc";
	case GROUP_DB:
	case GROUP_DB_STATEMENT:
	case GROUP_DB_SERVICE:
		return "postgres";
	default:
		return "redis";
	}
}

/* ---- rows ---- */

/* Several series that are one row: an HTTP route's statuses, a service's blocking commands apart.
 */
struct row {
	uint64_t count, errors, unanswered;
	double sum, max;
	int first; /* of the sketch */
	uint64_t sketch[SKETCH_COUNT];
	int lowest, highest; /* of its buckets in use; lowest > highest: none */
};

static void row__init(struct row *row)
{
	memset(row, 0, sizeof(*row));
	row->lowest = SKETCH_COUNT;
	row->highest = -1;
}

static void row__add_histogram(struct row *row, const struct histogram *h)
{
	if (!h)
		return;
	row->sum += h->sum;
	if (h->max > row->max)
		row->max = h->max;
	for (int i = 0; h->sketch && i < h->sketch_length; i++) {
		int at = h->sketch_first - SKETCH_MIN + i;

		if (!h->sketch[i] || at < 0 || at >= SKETCH_COUNT)
			continue;
		row->sketch[at] += h->sketch[i];
		if (at < row->lowest)
			row->lowest = at;
		if (at > row->highest)
			row->highest = at;
	}
}

static uint64_t errors_of(const struct series *s, enum group group, int side)
{
	if (group == GROUP_HTTP)
		return s->key.status >= 500 ? series__answered(s) : 0;
	if (group == GROUP_RPC && !s->key.other &&
	    !grpc_status__is_failure(s->key.status, (enum side)side))
		return 0;
	return s->counter[COUNTER_ERRORS];
}

static void row__add(struct row *row, const struct series *s, enum group group, int side,
		     enum distribution which)
{
	row->count += series__answered(s);
	row->errors += errors_of(s, group, side);
	row->unanswered += series__unanswered(s);
	row__add_histogram(row, s->distribution[which]);
}

static json_t *sketch_json(const struct row *row)
{
	json_t *sketch = json_object(), *counts;

	if (row->lowest > row->highest)
		return sketch;
	counts = json_array();
	for (int i = row->lowest; i <= row->highest; i++)
		json_array_append_new(counts, json_integer((json_int_t)row->sketch[i]));
	json_object_set_new_nocheck(sketch, "first", json_integer(row->lowest + SKETCH_MIN));
	json_object_set_new_nocheck(sketch, "counts", counts);
	return sketch;
}

static json_t *row__json(const struct row *row)
{
	json_t *object = json_object();

	set_count(object, "count", row->count);
	set_count(object, "errors", row->errors);
	set_count(object, "unanswered", row->unanswered);
	set_number(object, "sum_ms", row->sum);
	set_number(object, "max_ms", row->max);
	json_object_set_new_nocheck(object, "sketch", sketch_json(row));
	return object;
}

/* ---- the lists ---- */

struct lists {
	const struct snapshot *snapshot;
	json_t *services, *routes, *statements, *commands, *keys;
};

static const struct snapshot_table *table_of(const struct lists *l, enum group group, int side)
{
	return &l->snapshot->table[group][side];
}

static const char *text_of(const struct series *s, const char *text)
{
	return s->key.other ? "other" : text;
}

static json_t *new_row(const struct row *row, const struct series *s, int side)
{
	json_t *object = row__json(row);

	set_text(object, "service", s->service);
	set_text(object, "side", side__name((enum side)side));
	return object;
}

/* The series of one service, method and route, which differ in their status, and of gRPC in their
 * type, follow one another in no order: each row is begun by its first series and takes in all the
 * others. */
static bool same_route(const struct series *a, const struct series *b)
{
	return a->key.service == b->key.service && a->key.label == b->key.label &&
	       a->key.method == b->key.method && a->key.other == b->key.other;
}

static bool is_first_of_route(const struct snapshot_table *t, uint32_t index)
{
	for (uint32_t i = 0; i < index; i++)
		if (same_route(&t->series[i], &t->series[index]))
			return false;
	return true;
}

static void add_status(json_t *status, const struct series *s, enum group group)
{
	bool none = group == GROUP_RPC ? s->key.status >= GRPC_STATUS_OTHER : !s->key.status;
	json_int_t count = (json_int_t)series__answered(s);
	char code[8];

	if (none || s->key.other)
		return;
	snprintf(code, sizeof(code), "%u", s->key.status);
	count += json_integer_value(json_object_get(status, code));
	json_object_set_new_nocheck(status, code, json_integer(count));
}

/* A method of gRPC is one row, whatever its type was taken for before its messages told. */
static json_t *route_row(const struct snapshot_table *t, enum group group, uint32_t index, int side)
{
	const struct series *first = &t->series[index];
	json_t *status = json_object(), *object;
	struct row row;

	row__init(&row);
	for (uint32_t i = index; i < t->count; i++) {
		const struct series *s = &t->series[i];

		if (!same_route(first, s))
			continue;
		row__add(&row, s, group, side, DISTRIBUTION_DURATION);
		add_status(status, s, group);
	}
	object = new_row(&row, first, side);
	set_text(object, "method",
		 group == GROUP_RPC ? "gRPC"
				    : text_of(first, http_method__name(first->key.method)));
	set_text(object, "route", text_of(first, first->label.text));
	json_object_set_new_nocheck(object, "status", status);
	return object;
}

static void add_routes(struct lists *l, enum group group, int side)
{
	const struct snapshot_table *t = table_of(l, group, side);

	for (uint32_t i = 0; i < t->count; i++)
		if (is_first_of_route(t, i))
			json_array_append_new(l->routes, route_row(t, group, i, side));
}

static void add_statements(struct lists *l, int side)
{
	const struct snapshot_table *t = table_of(l, GROUP_DB_STATEMENT, side);
	struct row row;

	for (uint32_t i = 0; i < t->count; i++) {
		const struct series *s = &t->series[i];
		json_t *object;

		row__init(&row);
		row__add(&row, s, GROUP_DB_STATEMENT, side, DISTRIBUTION_DURATION);
		object = new_row(&row, s, side);
		set_text(object, "fingerprint", text_of(s, s->label.fingerprint));
		set_text(object, "verb", text_of(s, s->label.verb));
		set_text(object, "table", text_of(s, s->label.table));
		set_text(object, "statement", text_of(s, s->label.text));
		set_count(object, "rows", s->counter[COUNTER_ROWS]);
		json_array_append_new(l->statements, object);
	}
}

static void add_command(struct lists *l, const struct series *s, int side, bool blocking)
{
	json_t *object;
	struct row row;

	row__init(&row);
	row__add(&row, s, GROUP_CACHE, side,
		 blocking ? DISTRIBUTION_BLOCKING : DISTRIBUTION_DURATION);
	object = new_row(&row, s, side);
	set_text(object, "command", text_of(s, s->label.text));
	set_count(object, "hits", s->counter[COUNTER_HITS]);
	set_count(object, "misses", s->counter[COUNTER_MISSES]);
	json_object_set_new_nocheck(object, "blocking", json_boolean(blocking));
	json_array_append_new(l->commands, object);
}

static void add_commands(struct lists *l, int side)
{
	const struct snapshot_table *t = table_of(l, GROUP_CACHE, side);

	for (uint32_t i = 0; i < t->count; i++) {
		const struct series *s = &t->series[i];

		add_command(l, s, side,
			    s->distribution[DISTRIBUTION_BLOCKING] &&
				    !s->distribution[DISTRIBUTION_DURATION]);
	}
}

/* How often by which command. */
static json_t *key_commands(const struct lists *l, const struct series *s, int side)
{
	const struct snapshot_table *t = table_of(l, GROUP_CACHE_KEY_COMMAND, side);
	uint32_t label = s->key.other ? LABEL_OTHER : s->key.label;
	json_t *commands = json_object();

	for (uint32_t i = 0; i < t->count; i++) {
		const struct key *key = &t->series[i].key;

		if (key->service != s->key.service || key->label != label || key->other)
			continue;
		set_count(commands, redis_command__get(key->status)->name,
			  t->series[i].counter[COUNTER_UNMEASURED]);
	}
	return commands;
}

static void add_keys(struct lists *l, int side)
{
	const struct snapshot_table *t = table_of(l, GROUP_CACHE_KEY, side);
	struct row row;

	for (uint32_t i = 0; i < t->count; i++) {
		const struct series *s = &t->series[i];
		json_t *object;

		row__init(&row);
		row__add(&row, s, GROUP_CACHE_KEY, side, DISTRIBUTION_DURATION);
		object = new_row(&row, s, side);
		set_text(object, "pattern", text_of(s, s->label.text));
		set_count(object, "hits", s->counter[COUNTER_HITS]);
		set_count(object, "misses", s->counter[COUNTER_MISSES]);
		set_count(object, "request_bytes", s->counter[COUNTER_REQUEST_BYTES]);
		set_count(object, "response_bytes", s->counter[COUNTER_RESPONSE_BYTES]);
		json_object_set_new_nocheck(object, "commands", key_commands(l, s, side));
		json_array_append_new(l->keys, object);
	}
}

/* ---- services: the sums of their rows ---- */

static uint64_t connections_of(const struct lists *l, enum group group, int side, uint32_t service)
{
	const struct snapshot_table *t = table_of(l, group, side);
	uint64_t count = 0;

	for (uint32_t i = 0; i < t->count; i++)
		for (int a = 0; t->series[i].key.service == service && a < ACTIVITY_COUNT; a++)
			count += t->series[i].connections[a];
	return count;
}

static bool is_first_of_service(const struct snapshot_table *t, uint32_t index)
{
	for (uint32_t i = 0; i < index; i++)
		if (t->series[i].key.service == t->series[index].key.service)
			return false;
	return true;
}

static void add_services(struct lists *l, enum group group, enum group totals, int side)
{
	const struct snapshot_table *t = table_of(l, group, side);
	struct row row;

	for (uint32_t i = 0; i < t->count; i++) {
		const struct series *s = &t->series[i];
		json_t *object;

		if (!is_first_of_service(t, i))
			continue;
		row__init(&row);
		for (uint32_t k = i; k < t->count; k++)
			if (t->series[k].key.service == s->key.service)
				row__add(&row, &t->series[k], group, side, DISTRIBUTION_DURATION);
		object = new_row(&row, s, side);
		set_text(object, "protocol", protocol_of(group));
		set_count(object, "connections", connections_of(l, totals, side, s->key.service));
		json_array_append_new(l->services, object);
	}
}

/* ---- sonde itself ---- */

static bool is_http(int protocol)
{
	return protocol == PROTOCOL_HTTP1 || protocol == PROTOCOL_HTTP2;
}

/* Sums a counter of the engine over the protocols that show as one. */
static uint64_t sum_of(const uint64_t (*counter)[SIDE_COUNT], enum protocol_id protocol, int side)
{
	uint64_t sum = counter[protocol][side];

	return is_http(protocol) ? sum + counter[PROTOCOL_HTTP2][side] : sum;
}

static uint64_t lost_of(const struct engine_counters *n, enum protocol_id protocol, int side)
{
	uint64_t sum = 0;

	for (int reason = 0; reason < LOSS_REASON_COUNT; reason++) {
		sum += n->lost[protocol][side][reason];
		if (is_http(protocol))
			sum += n->lost[PROTOCOL_HTTP2][side][reason];
	}
	return sum;
}

static json_t *totals_json(const struct snapshot *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++)
		for (int side = 0; side < SIDE_COUNT; side++) {
			json_t *object = json_object();

			set_text(object, "protocol", protocol_id__name(shown[i]));
			set_text(object, "side", side__name((enum side)side));
			set_count(object, "seen", sum_of(s->engine.seen, shown[i], side));
			set_count(object, "reported", sum_of(s->engine.reported, shown[i], side));
			set_count(object, "in_flight", sum_of(s->engine.in_flight, shown[i], side));
			set_count(object, "lost", lost_of(&s->engine, shown[i], side));
			json_array_append_new(list, object);
		}
	return list;
}

static void add_loss(json_t *list, const struct snapshot *s, const char *protocol,
		     enum protocol_id id, int reason)
{
	uint64_t exchanges = snapshot__lost_exchanges(s, id, reason);
	uint64_t bytes = snapshot__lost_bytes(s, id, reason);
	json_t *object;

	if (!exchanges && !bytes)
		return;
	object = json_object();
	set_text(object, "protocol", protocol);
	set_text(object, "reason", loss_reason__name((enum loss_reason)reason));
	set_count(object, "exchanges", exchanges);
	set_count(object, "bytes", bytes);
	json_array_append_new(list, object);
}

static json_t *losses_json(const struct snapshot *s)
{
	json_t *list = json_array();

	for (int reason = 0; reason < LOSS_REASON_COUNT; reason++) {
		add_loss(list, s, "unknown", PROTOCOL_UNKNOWN, reason);
		for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++)
			add_loss(list, s, protocol_id__name(shown[i]), shown[i], reason);
	}
	return list;
}

static uint64_t events_of(const struct engine_counters *n)
{
	uint64_t sum = 0;

	for (int type = 0; type < EVENT_TYPE_COUNT; type++)
		sum += n->events[type];
	return sum;
}

static json_t *sonde_json(const struct snapshot *s)
{
	const struct capture_stats *capture = &s->self.capture;
	json_t *object = json_object();
	uint64_t bytes = 0, connections = 0;

	for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
		bytes += s->engine.chunk_bytes[protocol];
		connections += s->engine.open_connections[protocol];
	}
	set_text(object, "version", s->version);
	set_text(object, "capture", s->way);
	set_count(object, "events", events_of(&s->engine));
	set_count(object, "bytes", bytes);
	set_count(object, "captured_bytes", s->engine.captured_bytes);
	set_number(object, "ring_fill",
		   capture->ring_bytes ? (double)capture->ring_fill / (double)capture->ring_bytes
				       : 0);
	set_number(object, "ring_fill_max",
		   capture->ring_bytes
			   ? (double)capture->ring_fill_max / (double)capture->ring_bytes
			   : 0);
	set_number(object, "drain_delay_ms", (double)capture->drain_delay_ns / 1e6);
	set_number(object, "bpf_run_seconds", (double)capture->run_time_ns / 1e9);
	set_number(object, "cpu_seconds", s->process.cpu_seconds);
	set_count(object, "resident_bytes", s->process.resident_bytes);
	set_count(object, "connections", connections);
	set_count(object, "series", s->series_count);
	set_number(object, "sampling_rate", s->self.sampling.rate ? s->self.sampling.rate : 1);
	set_count(object, "memory_limit", s->self.memory.limit);
	json_object_set_new_nocheck(object, "memory_tight", json_boolean(s->self.memory.tight));
	set_number(object, "call_cost",
		   capture->run_count && capture->call_ns
			   ? (double)capture->run_time_ns / (double)capture->run_count /
				     (double)capture->call_ns
			   : 0);
	set_number(object, "cpu_budget", s->self.sampling.allowed);
	return object;
}

static void set_wall(json_t *object, uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / 1000000000ull);
	struct tm utc;
	char text[32] = "";

	if (gmtime_r(&seconds, &utc))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	set_text(object, "wall", text);
}

json_t *snapshot__model(const struct snapshot *s)
{
	struct lists l = {.snapshot = s,
			  .services = json_array(),
			  .routes = json_array(),
			  .statements = json_array(),
			  .commands = json_array(),
			  .keys = json_array()};
	json_t *model = json_object();

	for (int side = 0; side < SIDE_COUNT; side++) {
		add_services(&l, GROUP_HTTP, GROUP_HTTP_SERVICE, side);
		add_services(&l, GROUP_RPC, GROUP_RPC_SERVICE, side);
		add_services(&l, GROUP_DB, GROUP_DB_SERVICE, side);
		add_services(&l, GROUP_CACHE, GROUP_CACHE_SERVICE, side);
		add_routes(&l, GROUP_HTTP, side);
		add_routes(&l, GROUP_RPC, side);
		add_statements(&l, side);
		add_commands(&l, side);
		add_keys(&l, side);
	}
	set_count(model, "version", 1);
	set_text(model, "source", s->source);
	set_count(model, "time_ns", s->now_ns);
	set_count(model, "started_ns", s->first_ns);
	set_wall(model, s->self.wall_ns);
	json_object_set_new_nocheck(model, "sonde", sonde_json(s));
	json_object_set_new_nocheck(model, "totals", totals_json(s));
	json_object_set_new_nocheck(model, "losses", losses_json(s));
	json_object_set_new_nocheck(model, "services", l.services);
	json_object_set_new_nocheck(model, "routes", l.routes);
	json_object_set_new_nocheck(model, "statements", l.statements);
	json_object_set_new_nocheck(model, "commands", l.commands);
	json_object_set_new_nocheck(model, "keys", l.keys);
	model__add_parts(model, s);
	json_object_set_new_nocheck(model, "slow", time_shares__json(s));
	json_object_set_new_nocheck(model, "slow_exchanges", slow_exchanges__json(s));
	return model;
}
