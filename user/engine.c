/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include "compiler.h"
#include "connection.h"
#include "details.h"
#include "event_form.h"

#define CONNECTIONS_MAX 100000
#define TICK_NS                                                                                    \
	10000000ull /* by the events' own clock, so that a replay yields what the live run did */

struct engine *engine__new(const struct engine_options *options)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return NULL;
	engine->options = *options;
	if (!engine->options.connections_max)
		engine->options.connections_max = CONNECTIONS_MAX;
	engine->labels = labels__new(&options->labels);
	engine->keys = engine->labels ? key_patterns__new(engine->labels) : NULL;
	engine->processes = processes__new(options->proc);
	engine->connections = connections__new(engine);
	engine->details = details_pool__new();
	engine->known = known_messages__new();
	if (engine->processes) {
		processes__name_pods(engine->processes, options->pod_logs ? options->pod_logs : "");
		processes__set_services(engine->processes, options->services);
	}
	if (engine->keys && engine->processes && engine->connections && engine->details &&
	    engine->known) {
		engine__set_keys(engine, &options->keys);
		return engine;
	}
	engine__free(engine);
	return NULL;
}

void engine__free(struct engine *engine)
{
	if (!engine)
		return;
	engine->sink_count = 0; /* takers may be gone, and what is in flight is nobody's news */
	if (engine->connections)
		connections__free(engine->connections);
	pools__clear(&engine->pools);
	details_pool__free(engine->details);
	known_messages__free(engine->known);
	if (engine->processes)
		processes__free(engine->processes);
	key_patterns__free(engine->keys);
	if (engine->labels)
		labels__free(engine->labels);
	free(engine);
}

const char *tls_reason__name(enum tls_reason reason)
{
	static const char *const names[] = {
		[TLS_REASON_UNJOINED] = "unjoined",
		[TLS_REASON_UNKNOWN_LIBRARY] = "unknown_library",
		[TLS_REASON_STRIPPED] = "stripped",
		[TLS_REASON_GO] = "go",
		[TLS_REASON_RUSTLS] = "rustls",
		[TLS_REASON_JAVA] = "java",
		[TLS_REASON_NOT_PERMITTED] = "not_permitted",
		[TLS_REASON_UNSUPPORTED] = "unsupported",
		[TLS_REASON_OFF] = "off",
		[TLS_REASON_EXCLUDED] = "excluded",
	};

	return reason < TLS_REASON_COUNT ? names[reason] : "unknown";
}

int engine__add_sink(struct engine *engine, struct sink sink)
{
	if (engine->sink_count == ENGINE_SINKS_MAX)
		return -ENOSPC;
	engine->sinks[engine->sink_count++] = sink;
	return 0;
}

void engine__remove_sink(struct engine *engine, const void *context)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < engine->sink_count; i++)
		if (engine->sinks[i].context != context)
			engine->sinks[kept++] = engine->sinks[i];
	engine->sink_count = kept;
}

static void want(void *context, const struct connection *c)
{
	const struct engine *engine = context;

	if (c->protocol)
		((struct connection *)c)->parser.wanted =
			engine->wanted[c->protocol->id][connection__side(c)];
}

static void join_wants(struct engine *engine, enum protocol_id protocol, enum side side)
{
	uint32_t all =
		engine->wanted_by_rules[protocol][side] | engine->wanted_also[protocol][side];

	if (engine->wanted[protocol][side] == all)
		return;
	engine->wanted[protocol][side] = all;
	engine__change_meaning(engine);
	connections__each(engine->connections, want, engine);
}

void engine__want(struct engine *engine, enum protocol_id protocol, enum side side,
		  uint32_t details)
{
	engine->wanted_by_rules[protocol][side] = details;
	join_wants(engine, protocol, side);
}

void engine__want_also(struct engine *engine, enum protocol_id protocol, enum side side,
		       uint32_t details)
{
	engine->wanted_also[protocol][side] = details;
	join_wants(engine, protocol, side);
}

void engine__set_keys(struct engine *engine, const struct key_options *options)
{
	uint32_t details;

	key_patterns__set(engine->keys, options);
	engine->options.keys.patterns = NULL; /* copied: the caller's may go */
	details = key_patterns__wanted(engine->keys) ? DETAIL_BIT(DETAIL_KEYS) : 0;
	for (int side = 0; side < SIDE_COUNT; side++)
		engine__want_also(engine, PROTOCOL_REDIS, (enum side)side, details);
}

void engine__refuse(struct engine *engine, bool refuse)
{
	engine->refusing = refuse;
	engine__change_meaning(engine);
	labels__refuse(engine->labels, refuse);
	details_pool__refuse(engine->details, refuse);
}

static void take_loss(struct engine *engine, const struct loss_event *loss)
{
	if (loss->protocol >= PROTOCOL_COUNT || loss->reason >= LOSS_REASON_COUNT)
		return;
	engine->counters.lost_events[loss->protocol][loss->reason] += loss->events;
}

static COLD void pass_time(struct engine *engine)
{
	connections__tick(engine->connections, engine->now_ns);
	for (uint32_t i = 0; i < engine->sink_count; i++)
		if (engine->sinks[i].passed)
			engine->sinks[i].passed(engine->sinks[i].context, engine->now_ns);
}

static COLD void take_other(struct engine *engine, const struct event *event)
{
	engine__begin(engine, event->time_ns);
	switch (event->type) {
	case EVENT_OPEN:
	case EVENT_CONNECT_FAILED:
		connections__open(engine->connections, (const struct open_event *)event);
		break;
	case EVENT_SHUT:
		connections__shut(engine->connections, (const struct end_event *)event);
		break;
	case EVENT_CLOSE:
		connections__close(engine->connections, (const struct end_event *)event);
		break;
	case EVENT_TLS:
		connections__tls(engine->connections, (const struct tls_event *)event);
		break;
	case EVENT_PROCESS:
		processes__seen(engine->processes, (const struct process_event *)event);
		break;
	case EVENT_EXIT:
		processes__exited(engine->processes, ((const struct exit_event *)event)->tgid,
				  event->time_ns);
		break;
	default:
		take_loss(engine, (const struct loss_event *)event);
		break;
	}
}

/* Counts it, and lets the time pass that it tells of. */
static inline void note(struct engine *engine, const struct event *event)
{
	engine->counters.events[event->type]++;
	if (event->time_ns > engine->now_ns)
		engine->now_ns = event->time_ns;
	if (engine->now_ns - engine->ticked_ns >= TICK_NS)
		pass_time(engine);
}

int engine__event(struct engine *engine, const struct event *event, uint32_t size)
{
	if (size >= sizeof(*event) && event->type == EVENT_CHUNK) {
		if (!chunk__is_well_formed((const struct chunk *)event, size))
			return -EBADMSG;
		note(engine, event);
		connections__chunk(engine->connections, (const struct chunk *)event);
		return 0;
	}
	if (!event__is_well_formed(event, size))
		return -EBADMSG;
	note(engine, event);
	take_other(engine, event);
	return 0;
}

void engine__tick(struct engine *engine, uint64_t now_ns)
{
	if (now_ns > engine->now_ns)
		engine->now_ns = now_ns;
	pass_time(engine);
	processes__tick(engine->processes, engine->now_ns);
}

void engine__finish(struct engine *engine)
{
	connections__finish(engine->connections, engine->now_ns);
	for (uint32_t i = 0; i < engine->sink_count; i++)
		if (engine->sinks[i].passed)
			engine->sinks[i].passed(engine->sinks[i].context, UINT64_MAX);
}
