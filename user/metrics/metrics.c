/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exchanges to numbers: which series an exchange is counted in, and as what. */
#include "metrics.h"

#include <stdlib.h>
#include <string.h>
#include "compiler.h"
#include "connection.h"
#include "metrics/internal.h"
#include "metrics/keys.h"
#include "queues/queues.h"

#define SERIES_MAX 2000
#define EXPIRE_STEP                                                                                \
	512 /* series looked at a tick and group: 2000 are gone through in four seconds */

static double milliseconds(uint64_t ns)
{
	return (double)ns / 1e6;
}

/* ---- texts of new series ---- */

const char *metrics__service_name(struct metrics *m, uint32_t service)
{
	uint32_t count = service + 64;
	char **names;

	if (service == SERVICE_OTHER)
		return "other";
	if (service >= m->service_count) {
		names = realloc(m->service_names, count * sizeof(*names));
		if (!names)
			return NULL;
		memset(names + m->service_count, 0, (count - m->service_count) * sizeof(*names));
		m->service_names = names;
		m->service_count = count;
	}
	if (!m->service_names[service])
		m->service_names[service] =
			strdup(processes__service(m->engine->processes, service)->name);
	return m->service_names[service];
}

struct series *metrics__series(struct metrics *m, enum group group, enum side side,
			       const struct key *key)
{
	struct series *series;
	bool created;

	series = table__get(&m->table[group][side], key, &created);
	if (!series)
		return NULL;
	series->used_ns = m->engine->now_ns;
	if (!created)
		return series;
	if (group == GROUP_DB_SERVICE)
		m->generation = recall__generation(); /* it may make a pooler of its service */
	series->service = series->key.service == SERVICE_OTHER
				  ? "other"
				  : metrics__service_name(m, series->key.service);
	if (!series->service)
		series->service = "unknown"; /* no memory for its name */
	series->type =
		group == GROUP_RPC ? rpc_type__name(series->key.type) : m->types[series->key.type];
	series->label = *labels__get(m->engine->labels, series->key.label);
	return series;
}

/* Index of the type, as users write it, in types; 0 is `other`. */
static uint8_t type_of(struct metrics *m, const char *verb)
{
	char lower[sizeof(m->types[0])] = "";
	uint32_t i;

	for (i = 0; i < sizeof(lower) - 1 && verb[i]; i++)
		lower[i] = (char)ascii_lower((uint8_t)verb[i]);
	if (!lower[0])
		return 0;
	for (i = 0; i < m->type_count; i++)
		if (strcmp(m->types[i], lower) == 0)
			return (uint8_t)i;
	if (m->type_count == TYPES_MAX)
		return 0;
	memcpy(m->types[m->type_count], lower, sizeof(lower));
	return (uint8_t)m->type_count++;
}

static uint8_t type_of_label(struct metrics *m, uint32_t label)
{
	uint32_t count = label + 256;
	uint8_t *types;

	if (label >= m->label_type_count) {
		types = realloc(m->label_types, count);
		if (!types)
			return 0;
		memset(types + m->label_type_count, 0, count - m->label_type_count);
		m->label_types = types;
		m->label_type_count = count;
	}
	if (!m->label_types[label])
		m->label_types[label] =
			(uint8_t)(type_of(m, labels__get(m->engine->labels, label)->verb) + 1);
	return m->label_types[label] - 1;
}

/* ---- exchanges ---- */

static bool is_answered(const struct exchange *e)
{
	return e->outcome == OUTCOME_OK || e->outcome == OUTCOME_ERROR;
}

static void count_unanswered(struct series *s, const struct exchange *e)
{
	s->counter[e->outcome == OUTCOME_LOST ? COUNTER_LOST : COUNTER_ABORTED] += e->count;
}

static inline struct place duration_of(const struct scale *scale, const struct exchange *e)
{
	return scale__place(scale, milliseconds(exchange__latency_ns(e)));
}

static COLD bool begin_window(struct series *s)
{
	s->window = calloc(1, sizeof(*s->window));
	return s->window;
}

static inline void slide(const struct metrics *m, struct series *s, uint32_t part, uint32_t total)
{
	if (s->window || begin_window(s))
		window__add(s->window, m->engine->now_ns, part, total);
}

/* The label values of a first series. */
static inline struct recall_key recall_key(const struct exchange *e, uint8_t method,
					   uint16_t status)
{
	return (struct recall_key){.service_and_label =
					   (uint64_t)e->label << 32 | e->connection->service,
				   .rest = (uint64_t)(e->protocol << 8 | e->side) << 32 |
					   (uint32_t)method << 16 | status};
}

/* The recalled ones, marked as used; NULL: they are to be looked up. */
static inline struct recall *recall(const struct metrics *m, const struct exchange *e,
				    const struct recall_key *key)
{
	struct recall *r = &((struct connection *)e->connection)->recall;

	if (r->generation != m->generation || !(e->again || recall__is_of(r, key)))
		return NULL;
	for (int i = 0; i < RECALL_MAX && r->series[i]; i++)
		r->series[i]->used_ns = m->engine->now_ns;
	return r;
}

static struct recall *learn(const struct metrics *m, const struct exchange *e,
			    const struct recall_key *key, struct series *const series[RECALL_MAX])
{
	struct recall *r = &((struct connection *)e->connection)->recall;

	recall__learn(r, m->generation, key, series);
	return r;
}

static void count_text(struct metrics *m, enum group group, enum side side, uint32_t service,
		       const char *text, uint32_t times)
{
	struct key key = {.service = service};
	struct series *s;

	memcpy(key.text, text, strnlen(text, sizeof(key.text) - 1));
	s = metrics__series(m, group, side, &key);
	if (s)
		s->counter[COUNTER_ERRORS] += times;
}

/* ---- HTTP ---- */

/* Sizes repeat themselves: where the newest one belonged is remembered. */
static void size(struct metrics *m, struct series *s, enum distribution which, uint64_t bytes,
		 uint32_t times)
{
	struct place *place = &m->sizes[which == DISTRIBUTION_RESPONSE_SIZE];

	if (place->value != (double)bytes)
		*place = bounds__place(&size_bounds, (double)bytes);
	series__count(s, which, &size_bounds, place, times);
}

static void queued(struct series *s, const struct exchange *e)
{
	series__observe(s, DISTRIBUTION_WAIT, &wait_bounds, milliseconds(e->queue_ns), e->count);
}

static void first_byte(const struct metrics *m, struct series *s, const struct exchange *e,
		       const struct place *duration)
{
	uint64_t ns = e->first_ns > e->start_ns ? e->first_ns - e->start_ns : 0;
	struct place place;

	if (e->first_ns == e->end_ns && ns) {
		series__count(s, DISTRIBUTION_TTFB, &http_duration_bounds, duration, e->count);
		return;
	}
	place = scale__place(&m->http_durations, milliseconds(ns));
	series__count(s, DISTRIBUTION_TTFB, &http_duration_bounds, &place, e->count);
}

static void http_service(struct metrics *m, const struct exchange *e, struct series *s,
			 const struct place *duration)
{
	bool failed = e->http.status >= 500;

	if (e->queue_ns && e->side == SIDE_SERVER)
		queued(s, e);
	if (!is_answered(e)) {
		count_unanswered(s, e);
		return;
	}
	s->counter[COUNTER_ERRORS] += failed * e->count;
	slide(m, s, failed * e->count, e->count);
	series__count(s, DISTRIBUTION_DURATION, &http_duration_bounds, duration, e->count);
	if (e->first_ns)
		first_byte(m, s, e, duration);
	size(m, s, DISTRIBUTION_REQUEST_SIZE, e->request_bytes, e->count);
	size(m, s, DISTRIBUTION_RESPONSE_SIZE, e->response_bytes, e->count);
}

static COLD void exemplify(struct series *s, const struct exchange *e, const struct place *place)
{
	uint8_t trace[TRACE_BYTES];

	if (traceparent__find(e->details, trace))
		series__exemplify(s, place, trace, e->end_ns);
}

static inline void duration(const struct metrics *m, struct series *s, const struct exchange *e,
			    const struct place *place)
{
	series__count(s, DISTRIBUTION_DURATION, &http_duration_bounds, place, e->count);
	if (m->formats.exemplars)
		exemplify(s, e, place);
}

static COLD const struct recall *find_http(struct metrics *m, const struct exchange *e,
					   const struct recall_key *recalled)
{
	struct key service = {.service = e->connection->service};
	struct key route = {.service = service.service,
			    .label = e->label,
			    .method = e->http.method,
			    .status = is_answered(e) ? e->http.status : 0};
	struct series *series[RECALL_MAX] = {0};

	series[0] = metrics__series(m, GROUP_HTTP, e->side, &route);
	series[1] = metrics__series(m, GROUP_HTTP_SERVICE, e->side, &service);
	return learn(m, e, recalled, series);
}

static inline void http(struct metrics *m, const struct exchange *e)
{
	struct recall_key key = recall_key(e, e->http.method, is_answered(e) ? e->http.status : 0);
	const struct recall *r = recall(m, e, &key);
	struct place place = duration_of(&m->http_durations, e);

	if (!r)
		r = find_http(m, e, &key);
	if (r->series[0] && is_answered(e))
		duration(m, r->series[0], e, &place);
	else if (r->series[0])
		count_unanswered(r->series[0], e);
	if (r->series[1])
		http_service(m, e, r->series[1], &place);
}

static COLD void rpc(struct metrics *m, const struct exchange *e)
{
	struct key service = {.service = e->connection->service};
	struct key method = {.service = service.service,
			     .label = e->label,
			     .type = e->http.rpc_type,
			     .status = is_answered(e) ? e->http.grpc_status : GRPC_STATUS_NONE};
	bool failed = grpc_status__is_failure(e->http.grpc_status, e->side);
	struct place place = duration_of(&m->http_durations, e);
	struct series *s = metrics__series(m, GROUP_RPC, e->side, &method);

	if (s) {
		s->counter[COUNTER_REQUEST_MESSAGES] += e->http.request_messages * e->count;
		s->counter[COUNTER_RESPONSE_MESSAGES] += e->http.response_messages * e->count;
		s->counter[COUNTER_ERRORS] += (e->outcome == OUTCOME_ERROR) * e->count;
	}
	if (s && is_answered(e))
		duration(m, s, e, &place);
	else if (s)
		count_unanswered(s, e);
	s = metrics__series(m, GROUP_RPC_SERVICE, e->side, &service);
	if (s && is_answered(e))
		slide(m, s, failed * e->count, e->count);
}

/* ---- PostgreSQL ---- */

static inline void query(struct series *s, const struct exchange *e, const struct place *place)
{
	s->counter[COUNTER_ROWS] += e->postgres.rows * e->count;
	if (!is_answered(e)) {
		count_unanswered(s, e);
		return;
	}
	s->counter[COUNTER_ERRORS] += (e->outcome == OUTCOME_ERROR) * e->count;
	series__count(s, DISTRIBUTION_DURATION, &db_duration_bounds, place, e->count);
}

/* A service that both serves and asks databases is a pooler. */
static void pooled(struct metrics *m, const struct exchange *e)
{
	struct key key = {.service = e->connection->service};
	uint64_t wait_ns;
	struct series *s;

	if (!is_answered(e) || !poolers__wait(&m->poolers, e, &wait_ns))
		return;
	s = metrics__series(m, GROUP_DB_SERVICE, e->side, &key);
	if (s)
		series__observe(s, DISTRIBUTION_POOLED, &wait_bounds, milliseconds(wait_ns),
				e->count);
}

static COLD const struct recall *find_query(struct metrics *m, const struct exchange *e,
					    const struct recall_key *recalled)
{
	struct key service = {.service = e->connection->service};
	struct key statement = {.service = service.service, .label = e->label};
	struct key type = service;
	struct series *series[RECALL_MAX];
	struct recall *r;

	type.type = type_of_label(m, e->label);
	series[0] = metrics__series(m, GROUP_DB_STATEMENT, e->side, &statement);
	series[1] = metrics__series(m, GROUP_DB, e->side, &type);
	series[2] = metrics__series(m, GROUP_DB_SERVICE, e->side, &service);
	r = learn(m, e, recalled, series);
	r->pooler = table__find(&m->table[GROUP_DB_SERVICE][!e->side], &service) != NULL;
	return r;
}

static inline void postgres(struct metrics *m, const struct exchange *e)
{
	struct recall_key key = recall_key(e, 0, 0);
	const struct recall *r = recall(m, e, &key);
	struct place place = duration_of(&m->db_durations, e);

	if (!r)
		r = find_query(m, e, &key);
	for (int i = 0; i < RECALL_MAX; i++)
		if (r->series[i])
			query(r->series[i], e, &place);
	if (r->pooler)
		pooled(m, e);
	if (e->outcome == OUTCOME_ERROR)
		count_text(m, GROUP_DB_ERROR, e->side, e->connection->service, e->postgres.sqlstate,
			   e->count);
}

/* ---- Redis ---- */

/* What is not a plain answer in its time. */
static COLD void command_otherwise(struct series *s, const struct exchange *e,
				   const struct place *place)
{
	bool failed = e->outcome == OUTCOME_ERROR;

	if (!is_answered(e)) {
		count_unanswered(s, e);
		s->counter[COUNTER_BLOCKING_UNANSWERED] += e->redis.blocking * e->count;
		return;
	}
	s->counter[COUNTER_ERRORS] += failed * e->count;
	if (e->redis.unmeasured)
		s->counter[COUNTER_UNMEASURED] += e->count;
	else
		series__count(s, e->redis.blocking ? DISTRIBUTION_BLOCKING : DISTRIBUTION_DURATION,
			      &cache_duration_bounds, place, e->count);
	if (failed && e->redis.blocking && !e->redis.unmeasured)
		s->counter[COUNTER_BLOCKING_ERRORS] += e->count;
}

static inline void command(struct series *s, const struct exchange *e, const struct place *place)
{
	if (e->outcome == OUTCOME_OK && !(e->redis.blocking | e->redis.unmeasured))
		series__count(s, DISTRIBUTION_DURATION, &cache_duration_bounds, place, e->count);
	else
		command_otherwise(s, e, place);
}

/* Of keys: of the command, of all, and of the last minutes. */
static inline void look_ups(const struct metrics *m, struct series *const series[2],
			    const struct exchange *e)
{
	uint64_t hits = (uint64_t)e->redis.hits * e->count;
	uint64_t misses = (uint64_t)e->redis.misses * e->count;

	for (int i = 0; i < 2; i++) {
		if (!series[i])
			continue;
		series[i]->counter[COUNTER_HITS] += hits;
		series[i]->counter[COUNTER_MISSES] += misses;
	}
	if (series[1])
		slide(m, series[1], (uint32_t)hits, (uint32_t)(hits + misses));
}

/*
 * A script on a Redis server may answer with any text as an error: only what looks like a prefix of
 * Redis ("WRONGTYPE") becomes a label.
 */
static const char *error_prefix(const char *text)
{
	size_t length = strnlen(text, SERIES_TEXT_MAX);

	if (length == 0 || length == SERIES_TEXT_MAX)
		return "other";
	for (size_t i = 0; i < length; i++)
		if (!((text[i] >= 'A' && text[i] <= 'Z') || text[i] == '_'))
			return "other";
	return text;
}

/* One look-up for all of them: those that went to `other` are counted as that. */
static struct series *redis_series(struct metrics *m, enum group group, const struct exchange *e,
				   const struct key *key)
{
	struct series *s = metrics__series(m, group, e->side, key);

	if (s && s->key.other)
		m->table[group][e->side].overflowed += e->count - 1;
	return s;
}

static COLD const struct recall *find_command(struct metrics *m, const struct exchange *e,
					      const struct recall_key *recalled)
{
	struct key service = {.service = e->connection->service};
	struct key name = {.service = service.service, .label = e->label};
	struct series *series[RECALL_MAX] = {0};

	series[0] = redis_series(m, GROUP_CACHE, e, &name);
	series[1] = redis_series(m, GROUP_CACHE_SERVICE, e, &service);
	return learn(m, e, recalled, series);
}

static inline void redis(struct metrics *m, const struct exchange *e)
{
	struct recall_key key = recall_key(e, 0, 0);
	const struct recall *r = recall(m, e, &key);
	struct place place = duration_of(&m->cache_durations, e);

	if (!r)
		r = find_command(m, e, &key);
	for (int i = 0; i < 2; i++)
		if (r->series[i])
			command(r->series[i], e, &place);
	if (e->redis.hits | e->redis.misses)
		look_ups(m, r->series, e);
	if (e->outcome == OUTCOME_ERROR)
		count_text(m, GROUP_CACHE_ERROR, e->side, e->connection->service,
			   error_prefix(e->redis.error), e->count);
}

static void answered(struct metrics *m, const struct exchange *e)
{
	if (e->side == SIDE_CLIENT && is_answered(e))
		backends__answered(&m->backends, (struct connection *)e->connection, e->end_ns);
}

static APART void take_any(struct metrics *m, const struct exchange *e)
{
	if (m->time_shares.shares)
		time_shares__exchange(m, e);
	if (exchange__latency_ns(e) + e->queue_ns >= SLOW_EXCHANGE_NS)
		slow_exchanges__take(m, e);
	switch (e->protocol) {
	case PROTOCOL_HTTP1:
	case PROTOCOL_HTTP2:
		if (e->http.grpc)
			rpc(m, e);
		else
			http(m, e);
		break;
	case PROTOCOL_POSTGRES:
		answered(m, e);
		postgres(m, e);
		break;
	case PROTOCOL_REDIS:
		answered(m, e);
		caches__exchange(m, e);
		redis(m, e);
		if (e->redis.pattern || e->details)
			keys__exchange(m, e);
		break;
	}
}

/*
 * ---- what is as it was ----
 *
 * An answered exchange that says what its connection's last one said, and took no time that would
 * be remarkable, is counted where that one was. What else there is to be done for one is none of
 * its, which is asked first.
 */

/* Whose requests are looked at with their calls. */
static inline bool is_call(struct metrics *m, const struct exchange *e)
{
	return m->time_shares.shares && shares__serves(m->time_shares.shares, e->tgid);
}

static inline bool is_plain_call(struct metrics *m, const struct exchange *e)
{
	struct backend *b;

	if (is_call(m, e))
		return false;
	b = backends__of(&m->backends, e->connection);
	if (b)
		backend__answered(b, e->end_ns);
	return b;
}

static inline void count_again(const struct metrics *m, const struct recall *r,
			       const struct exchange *e, const struct scale *scale)
{
	struct place place = duration_of(scale, e);

	for (int i = 0; i < RECALL_MAX && r->series[i]; i++) {
		r->series[i]->used_ns = m->engine->now_ns;
		series__count(r->series[i], DISTRIBUTION_DURATION, scale->bounds, &place, e->count);
	}
}

static inline bool redis_again(struct metrics *m, const struct recall *r, const struct exchange *e)
{
	if (e->redis.pattern ||
	    (e->side == SIDE_SERVER ? m->caches.last_tgid != e->tgid : !is_plain_call(m, e)))
		return false;
	count_again(m, r, e, &m->cache_durations);
	if (e->redis.hits | e->redis.misses)
		look_ups(m, r->series, e);
	return true;
}

static inline bool postgres_again(struct metrics *m, const struct recall *r,
				  const struct exchange *e)
{
	if (r->pooler || (e->side == SIDE_CLIENT && !is_plain_call(m, e)))
		return false;
	count_again(m, r, e, &m->db_durations);
	for (int i = 0; i < RECALL_MAX && r->series[i]; i++)
		r->series[i]->counter[COUNTER_ROWS] += e->postgres.rows * e->count;
	return true;
}

static inline bool take_again(struct metrics *m, const struct exchange *e)
{
	const struct recall *r = &e->connection->recall;

	if (r->generation != m->generation ||
	    exchange__latency_ns(e) + e->queue_ns >= SLOW_EXCHANGE_NS)
		return false;
	if (e->protocol == PROTOCOL_REDIS)
		return redis_again(m, r, e);
	return e->protocol == PROTOCOL_POSTGRES && postgres_again(m, r, e);
}

static void take_exchange(void *context, const struct exchange *e)
{
	if (!e->again || !take_again(context, e))
		take_any(context, e);
}

/* ---- connections ---- */

static void connection_failed(struct metrics *m, const struct connection_event *event)
{
	enum protocol_id protocol =
		backends__failed(&m->backends, event->connection, event->reason, event->time_ns);
	enum side side = connection__side(event->connection);
	enum group group = GROUP_CONNECT_ERROR;

	if (protocol == PROTOCOL_POSTGRES)
		group = GROUP_DB_CONNECT_ERROR;
	else if (protocol == PROTOCOL_REDIS)
		group = GROUP_CACHE_CONNECT_ERROR;
	count_text(m, group, side, event->connection->service, event->reason, 1);
}

static void take_connection(void *context, const struct connection_event *event)
{
	struct metrics *m = context;
	const struct connection *c = event->connection;
	struct series *s;

	if (m->time_shares.shares)
		time_shares__connection(m, event);
	if (event->kind == CONNECTION_FAILED)
		connection_failed(m, event);
	if (event->kind != CONNECTION_READY)
		return;
	if (connection__side(c) == SIDE_CLIENT)
		backends__answered(&m->backends, (struct connection *)c, event->time_ns);
	s = metrics__series(m, GROUP_DB_SERVICE, connection__side(c),
			    &(struct key){.service = c->service});
	if (s)
		series__observe(s, DISTRIBUTION_WAIT, &wait_bounds, milliseconds(event->value_ns),
				1);
}

/* ---- life ---- */

struct metrics *metrics__new(const struct metrics_options *options, struct engine *engine)
{
	struct metrics *m = calloc(1, sizeof(*m));
	struct sink sink = {.exchange = take_exchange,
			    .connection = take_connection,
			    .context = m,
			    .takes_many = true};

	if (!m)
		return NULL;
	m->options = *options;
	if (!m->options.series_max)
		m->options.series_max = SERIES_MAX;
	m->engine = engine;
	m->generation = recall__generation();
	scale__init(&m->http_durations, &http_duration_bounds);
	scale__init(&m->db_durations, &db_duration_bounds);
	scale__init(&m->cache_durations, &cache_duration_bounds);
	for (int group = 0; group < GROUP_COUNT; group++)
		for (int side = 0; side < SIDE_COUNT; side++)
			table__init(&m->table[group][side], m->options.series_max);
	resources__init(&m->resources, engine->processes);
	slow_exchanges__init(&m->slow_exchanges);
	m->type_count = 1;
	strcpy(m->types[0], "other");
	if (!options->without_time_shares) {
		sink.begun = time_shares__begun;
		sink.passed = time_shares__passed;
	}
	if (time_shares__init(m) == 0 && engine__add_sink(engine, sink) == 0)
		return m;
	time_shares__clear(&m->time_shares);
	free(m);
	return NULL;
}

void metrics__free(struct metrics *m)
{
	if (!m)
		return;
	metrics__free_spare(m);
	time_shares__clear(&m->time_shares);
	slow_exchanges__clear(&m->slow_exchanges);
	poolers__clear(&m->poolers);
	caches__clear(&m->caches);
	resources__clear(&m->resources);
	for (int group = 0; group < GROUP_COUNT; group++)
		for (int side = 0; side < SIDE_COUNT; side++)
			table__clear(&m->table[group][side]);
	for (uint32_t i = 0; i < m->service_count; i++)
		free(m->service_names[i]);
	free(m->service_names);
	free(m->label_types);
	free(m);
}

uint64_t metrics__series_count(const struct metrics *m)
{
	uint64_t count = 0;

	for (int group = 0; group < GROUP_COUNT; group++)
		for (int side = 0; side < SIDE_COUNT; side++)
			count += m->table[group][side].count;
	return count;
}

void metrics__refuse(struct metrics *m, bool refuse)
{
	for (int group = 0; group < GROUP_COUNT; group++)
		for (int side = 0; side < SIDE_COUNT; side++)
			m->table[group][side].max = refuse ? 0 : m->options.series_max;
}

void metrics__read_resources(struct metrics *m, uint64_t now_ns, uint64_t boot_ns)
{
	resources__turn(&m->resources, now_ns, boot_ns);
}

/* What was begun before we came is no fault of the observation, nor what it was told to leave out.
 */
static uint64_t lost_exchanges(const struct engine_counters *n)
{
	uint64_t sum = 0;

	for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++)
		for (int side = 0; side < SIDE_COUNT; side++)
			for (int reason = 0; reason < LOSS_REASON_COUNT; reason++)
				if (reason != LOSS_ATTACHED && reason != LOSS_SAMPLED)
					sum += n->lost[protocol][side][reason];
	return sum;
}

static void watch_losses(struct metrics *m, uint64_t now_ns)
{
	uint64_t lost = lost_exchanges(&m->engine->counters);

	window__add(&m->losses, now_ns, (uint32_t)(lost - m->lost), 0);
	m->lost = lost;
}

void metrics__tick(struct metrics *m, uint64_t now_ns)
{
	uint64_t idle_ns = m->options.idle_seconds * 1000000000ULL;

	watch_losses(m, now_ns);
	caches__tick(m, now_ns);
	queues__tick(m->queues, now_ns);
	if (processes__proc(m->engine->processes))
		backends__check_local(&m->backends, now_ns);
	if (!idle_ns || now_ns < idle_ns || m->census.state == CENSUS_COUNTING)
		return;
	pools__expire(&m->engine->pools, now_ns - idle_ns);
	for (int group = 0; group < GROUP_COUNT; group++)
		for (int side = 0; side < SIDE_COUNT; side++)
			if (table__expire(&m->table[group][side], now_ns - idle_ns, EXPIRE_STEP,
					  &m->expire_cursor[group][side]))
				m->generation = recall__generation();
}
