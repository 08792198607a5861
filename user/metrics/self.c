/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* sonde's metrics of itself: what it saw, what it lost, what it costs. */
#include "metrics/internal.h"
#include "metrics/writer.h"

#define SECOND 1e9

/* Loss counters exist from the start for these, so that rates and alerts work before the first
 * loss. */
static const enum protocol_id known[] = {PROTOCOL_HTTP1, PROTOCOL_POSTGRES, PROTOCOL_REDIS};
static const enum protocol_id unknown[] = {PROTOCOL_UNKNOWN, PROTOCOL_TLS, PROTOCOL_OPAQUE};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* ---- sums of what users see as one protocol ---- */

static uint64_t by_protocol(const uint64_t *count, enum protocol_id shown)
{
	return count[shown] + (shown == PROTOCOL_HTTP1 ? count[PROTOCOL_HTTP2] : 0);
}

static uint64_t by_side(const uint64_t (*count)[SIDE_COUNT], enum protocol_id shown, int side)
{
	return count[shown][side] + (shown == PROTOCOL_HTTP1 ? count[PROTOCOL_HTTP2][side] : 0);
}

static uint64_t by_reason(const uint64_t (*count)[LOSS_REASON_COUNT], enum protocol_id shown,
			  int reason)
{
	return count[shown][reason] + (shown == PROTOCOL_HTTP1 ? count[PROTOCOL_HTTP2][reason] : 0);
}

uint64_t snapshot__lost_exchanges(const struct snapshot *snapshot, enum protocol_id shown,
				  int reason)
{
	const struct engine_counters *c = &snapshot->engine;
	uint64_t sum = 0;

	for (int side = 0; side < SIDE_COUNT; side++) {
		sum += c->lost[shown][side][reason];
		if (shown == PROTOCOL_HTTP1)
			sum += c->lost[PROTOCOL_HTTP2][side][reason];
	}
	return sum;
}

uint64_t snapshot__lost_bytes(const struct snapshot *snapshot, enum protocol_id shown, int reason)
{
	return by_reason(snapshot->engine.lost_bytes, shown, reason);
}

/* ---- shapes of families ---- */

static void number(struct writer *w, const char *name, enum metric_type type, const char *unit,
		   const char *help, double value)
{
	writer__family(w, name, type, unit, help);
	writer__clear_labels(w);
	writer__number(w, value);
}

static void count(struct writer *w, const char *name, enum metric_type type, const char *unit,
		  const char *help, uint64_t value)
{
	writer__family(w, name, type, unit, help);
	writer__clear_labels(w);
	writer__count(w, value);
}

static void one(struct writer *w, const char *label, const char *value, uint64_t n)
{
	writer__clear_labels(w);
	writer__label(w, label, value);
	writer__count(w, n);
}

static void two(struct writer *w, const char *protocol, const char *label, const char *value,
		uint64_t n)
{
	writer__clear_labels(w);
	writer__label(w, "protocol", protocol);
	writer__label(w, label, value);
	writer__count(w, n);
}

static void info(struct writer *w, const char *name, const char *help, const char *label,
		 const char *value)
{
	writer__family(w, name, METRIC_INFO, "", help);
	one(w, label, value, 1);
}

static void per_protocol(struct writer *w, const uint64_t *counts)
{
	for (size_t i = 0; i < COUNT(known); i++)
		one(w, "protocol", protocol_id__name(known[i]), by_protocol(counts, known[i]));
}

static void per_protocol_and_side(struct writer *w, const uint64_t (*counts)[SIDE_COUNT])
{
	for (size_t i = 0; i < COUNT(known); i++)
		for (int side = 0; side < SIDE_COUNT; side++)
			two(w, protocol_id__name(known[i]), "side", side__name((enum side)side),
			    by_side(counts, known[i], side));
}

static void per_reason(struct writer *w, const uint64_t (*counts)[LOSS_REASON_COUNT])
{
	uint64_t n;

	for (size_t i = 0; i < COUNT(known); i++)
		for (int reason = 0; reason < LOSS_REASON_COUNT; reason++)
			two(w, protocol_id__name(known[i]), "reason",
			    loss_reason__name((enum loss_reason)reason),
			    by_reason(counts, known[i], reason));
	for (size_t i = 0; i < COUNT(unknown); i++)
		for (int reason = 0; reason < LOSS_REASON_COUNT; reason++) {
			n = counts[unknown[i]][reason];
			if (n || unknown[i] == PROTOCOL_UNKNOWN)
				two(w, protocol_id__name(unknown[i]), "reason",
				    loss_reason__name((enum loss_reason)reason), n);
		}
}

/* ---- the families ---- */

static void expose_identity(struct writer *w, const struct snapshot *s)
{
	info(w, "sonde_build_info", "The version of sonde.", "version", s->version);
	if (s->way[0])
		info(w, "sonde_capture_info", "How events are captured.", "way", s->way);
}

static void expose_events(struct writer *w, const struct engine_counters *c)
{
	static const char *const types[] = {
		[EVENT_CHUNK] = "chunk",     [EVENT_OPEN] = "open",
		[EVENT_SHUT] = "shut",	     [EVENT_CLOSE] = "close",
		[EVENT_PROCESS] = "process", [EVENT_EXIT] = "exit",
		[EVENT_LOSS] = "loss",	     [EVENT_CONNECT_FAILED] = "connect_failed",
		[EVENT_TLS] = "tls",
	};

	writer__family(w, "sonde_events_total", METRIC_COUNTER, "",
		       "Events taken from the kernel or a recording.");
	for (int type = EVENT_CHUNK; type < EVENT_TYPE_COUNT; type++)
		one(w, "type", types[type], c->events[type]);
	writer__family(w, "sonde_bytes_total", METRIC_COUNTER, "bytes",
		       "Bytes that passed observed sockets.");
	per_protocol(w, c->chunk_bytes);
	for (size_t i = 0; i < COUNT(unknown); i++)
		one(w, "protocol", protocol_id__name(unknown[i]), c->chunk_bytes[unknown[i]]);
	count(w, "sonde_captured_bytes_total", METRIC_COUNTER, "bytes",
	      "Bytes of them that were captured.", c->captured_bytes);
	count(w, "sonde_unobservable_chunks_total", METRIC_COUNTER, "",
	      "Calls whose buffer cannot be found (io_uring, 32-bit callers).",
	      c->unobservable_chunks);
	count(w, "sonde_reordered_chunks_total", METRIC_COUNTER, "",
	      "Chunks that came before their turn.", c->reordered_chunks);
	count(w, "sonde_deferred_chunks_total", METRIC_COUNTER, "",
	      "Chunks held back for an earlier one.", c->deferred_chunks);
}

static void expose_exchanges(struct writer *w, const struct engine_counters *c)
{
	writer__family(w, "sonde_exchanges_seen_total", METRIC_COUNTER, "",
		       "Exchanges begun: reported, lost or still in flight.");
	per_protocol_and_side(w, c->seen);
	writer__family(w, "sonde_exchanges_reported_total", METRIC_COUNTER, "",
		       "Exchanges answered or aborted.");
	per_protocol_and_side(w, c->reported);
	writer__family(w, "sonde_exchanges_in_flight", METRIC_GAUGE, "",
		       "Exchanges not answered yet.");
	per_protocol_and_side(w, c->in_flight);
}

static void expose_losses(struct writer *w, const struct snapshot *s)
{
	writer__family(w, "sonde_lost_exchanges_total", METRIC_COUNTER, "",
		       "Exchanges seen whose answer or latency cannot be told.");
	for (size_t i = 0; i < COUNT(known); i++)
		for (int reason = 0; reason < LOSS_REASON_COUNT; reason++)
			two(w, protocol_id__name(known[i]), "reason",
			    loss_reason__name((enum loss_reason)reason),
			    snapshot__lost_exchanges(s, known[i], reason));
	writer__family(w, "sonde_lost_bytes_total", METRIC_COUNTER, "bytes",
		       "Bytes that were needed and not captured, or passed over.");
	per_reason(w, s->engine.lost_bytes);
	writer__family(w, "sonde_lost_events_total", METRIC_COUNTER, "",
		       "Events that the kernel side could not deliver.");
	per_reason(w, s->engine.lost_events);
}

static void expose_connections(struct writer *w, const struct engine_counters *c)
{
	writer__family(w, "sonde_connections", METRIC_GAUGE, "",
		       "Open connections followed, by protocol.");
	per_protocol(w, c->open_connections);
	for (size_t i = 0; i < COUNT(unknown); i++)
		one(w, "protocol", protocol_id__name(unknown[i]), c->open_connections[unknown[i]]);
	count(w, "sonde_connections_seen_total", METRIC_COUNTER, "", "Connections seen.",
	      c->connections_seen);
	count(w, "sonde_ignored_connections_total", METRIC_COUNTER, "",
	      "Connections of processes that the configuration leaves out.",
	      c->ignored_connections);
	writer__family(w, "sonde_unparsable_connections_total", METRIC_COUNTER, "",
		       "Connections given up, by what they were taken for.");
	per_protocol(w, c->unparsable);
	one(w, "protocol", protocol_id__name(PROTOCOL_UNKNOWN), c->unparsable[PROTOCOL_UNKNOWN]);
	count(w, "sonde_tls_connections_total", METRIC_COUNTER, "",
	      "TLS connections whose plaintext is read at their library.", c->tls_connections);
	writer__family(w, "sonde_tls_opaque_connections_total", METRIC_COUNTER, "",
		       "TLS connections that could not be read, by the reason.");
	for (int reason = 0; reason < TLS_REASON_COUNT; reason++)
		one(w, "reason", tls_reason__name(reason), c->tls_opaque[reason]);
	writer__family(w, "sonde_opaque_connections_total", METRIC_COUNTER, "",
		       "Connections found to be encrypted or of no known protocol.");
	one(w, "protocol", protocol_id__name(PROTOCOL_TLS), c->opaque[PROTOCOL_TLS]);
	one(w, "protocol", protocol_id__name(PROTOCOL_OPAQUE), c->opaque[PROTOCOL_OPAQUE]);
}

static void expose_sampling(struct writer *w, const struct self *self)
{
	if (!self->capture.ring_bytes)
		return; /* a recording holds what it holds */
	number(w, "sonde_sampling_rate", METRIC_GAUGE, "",
	       "Share of the connections that is observed; counts are not scaled by it.",
	       self->sampling.rate);
	count(w, "sonde_connections_sampled_out_total", METRIC_COUNTER, "",
	      "Connections left out to keep the CPU budget.", self->capture.sampled_out);
	if (!self->sampling.allowed)
		return;
	number(w, "sonde_cpu_budget_ratio", METRIC_GAUGE, "",
	       "Share of one core that sonde may use.", self->sampling.allowed);
	number(w, "sonde_cpu_used_ratio", METRIC_GAUGE, "",
	       "Share of one core that it used in the last seconds, BPF programs included.",
	       self->sampling.used);
}

static void expose_memory(struct writer *w, const struct snapshot *s)
{
	const struct memory_state *memory = &s->self.memory;

	writer__family(
		w, "sonde_refused_connections_total", METRIC_COUNTER, "",
		"Connections not followed, because there were too many or to keep the memory "
		"limit.");
	one(w, "reason", loss_reason__name(LOSS_CAP), s->engine.refused_connections[LOSS_CAP]);
	one(w, "reason", loss_reason__name(LOSS_MEMORY),
	    s->engine.refused_connections[LOSS_MEMORY]);
	if (!memory->limit)
		return;
	count(w, "sonde_memory_limit_bytes", METRIC_GAUGE, "bytes",
	      "Resident memory that sonde may have.", memory->limit);
	count(w, "sonde_memory_tight", METRIC_GAUGE, "",
	      "1 while it takes in nothing new to stay below that.", memory->tight);
	count(w, "sonde_connections_let_go_total", METRIC_COUNTER, "",
	      "Connections given up to stay below that.", memory->let_go);
}

static void expose_tls(struct writer *w, const struct tls_watch_counts *c)
{
	writer__family(w, "sonde_tls_files", METRIC_GAUGE, "",
		       "Files that are probed, by the TLS library that is in them.");
	for (int kind = TLS_KIND_NONE + 1; kind < TLS_KIND_COUNT; kind++)
		one(w, "library", tls_kind__name(kind), c->files[kind]);
}

static void expose_hardening(struct writer *w, const struct hardening_status *h)
{
	writer__family(w, "sonde_hardened", METRIC_GAUGE, "",
		       "Whether sonde has given a part of its rights away.");
	one(w, "part", "capabilities", h->capabilities);
	one(w, "part", "no_new_privileges", h->no_new_privileges);
	one(w, "part", "system_calls", h->system_calls);
	one(w, "part", "files", h->files);
	count(w, "sonde_refused_system_calls_total", METRIC_COUNTER, "",
	      "System calls of sonde that its own filter refused; none should be.", h->refused);
}

/* Of a recording nothing of this exists. */
static void expose_capture(struct writer *w, const struct capture_stats *c,
			   const struct hardening_status *h)
{
	if (!c->ring_bytes)
		return;
	expose_hardening(w, h);
	count(w, "sonde_ring_size_bytes", METRIC_GAUGE, "bytes", "Size of the ring buffer.",
	      c->ring_bytes);
	count(w, "sonde_ring_fill_bytes", METRIC_GAUGE, "bytes",
	      "Bytes waiting in the ring buffer.", c->ring_fill);
	count(w, "sonde_ring_fill_max_bytes", METRIC_GAUGE, "bytes",
	      "The most that ever waited there.", c->ring_fill_max);
	number(w, "sonde_drain_delay_seconds", METRIC_GAUGE, "seconds",
	       "Age of the newest event when it was taken.", (double)c->drain_delay_ns / SECOND);
	number(w, "sonde_drain_delay_max_seconds", METRIC_GAUGE, "seconds",
	       "The highest it ever was.", (double)c->drain_delay_max_ns / SECOND);
	count(w, "sonde_bpf_map_entries", METRIC_GAUGE, "", "Verdicts that wait for their socket.",
	      c->map_entries);
	count(w, "sonde_bpf_map_bytes", METRIC_GAUGE, "bytes",
	      "Memory that the kernel holds for the BPF maps, the ring included.", c->map_bytes);
	count(w, "sonde_bpf_recursion_misses_total", METRIC_COUNTER, "",
	      "Calls for which the kernel did not run our program, as it was running already.",
	      c->recursion_misses);
	if (!c->run_count)
		return; /* the kernel's bpf_stats_enabled is off */
	number(w, "sonde_bpf_run_seconds_total", METRIC_COUNTER, "seconds",
	       "Time spent in the BPF programs.", (double)c->run_time_ns / SECOND);
	if (c->call_ns)
		number(w, "sonde_call_cost_ratio", METRIC_GAUGE, "",
		       "Mean run of a BPF program as a share of a socket call's time without it.",
		       (double)c->run_time_ns / (double)c->run_count / (double)c->call_ns);
	count(w, "sonde_bpf_runs_total", METRIC_COUNTER, "", "Runs of the BPF programs.",
	      c->run_count);
}

static void expose_bounds(struct writer *w, const struct snapshot *s)
{
	static const char *const kinds[] = {[LABEL_ROUTE] = "route",
					    [LABEL_STATEMENT] = "statement",
					    [LABEL_COMMAND] = "command",
					    [LABEL_KEY] = "key"};
	const char *name;

	count(w, "sonde_series", METRIC_GAUGE, "", "Sets of label values held, over all families.",
	      s->series_count);
	writer__family(w, "sonde_series_overflow_total", METRIC_COUNTER, "",
		       "Counts that went to an `other` series, by family.");
	for (int group = 0; group < GROUP_COUNT; group++)
		for (int side = 0; side < SIDE_COUNT; side++) {
			name = group__name((enum group)group, (enum side)side);
			if (name)
				one(w, "family", name, s->table[group][side].overflowed);
		}
	writer__family(w, "sonde_labels_overflow_total", METRIC_COUNTER, "",
		       "Names that became `other` because too many are known.");
	for (int kind = LABEL_ROUTE; kind < LABEL_KINDS; kind++)
		one(w, "kind", kinds[kind], s->label_overflow[kind]);
	count(w, "sonde_labels", METRIC_GAUGE, "",
	      "Routes, statements, commands and patterns of keys known.", s->label_count);
	count(w, "sonde_processes", METRIC_GAUGE, "", "Processes known.", s->process_count);
	count(w, "sonde_services", METRIC_GAUGE, "", "Services known.", s->service_count);
}

static void expose_time_shares(struct writer *w, const struct shares_counts *c)
{
	writer__family(w, "sonde_time_share_calls_total", METRIC_COUNTER, "",
		       "Calls of processes that serve HTTP, by whether it is certain for whom.");
	one(w, "attributed", "yes", c->calls - c->unattributed);
	one(w, "attributed", "no", c->unattributed);
	count(w, "sonde_time_share_missed_requests_total", METRIC_COUNTER, "",
	      "Requests whose time is unattributed as too many were open to follow them.",
	      c->missed);
}

static void expose_scrapes(struct writer *w, const struct snapshot *s)
{
	number(w, "sonde_snapshot_duration_seconds", METRIC_GAUGE, "seconds",
	       "How long counting stood still for this scrape.", (double)s->copy_ns / SECOND);
	if (!s->web.scrapes)
		return;
	count(w, "sonde_scrapes_total", METRIC_COUNTER, "", "Scrapes served before this one.",
	      s->web.scrapes);
	number(w, "sonde_scrape_duration_seconds", METRIC_GAUGE, "seconds",
	       "How long the scrape before this one took.", s->web.last_seconds);
	writer__family(w, "sonde_web_refused_total", METRIC_COUNTER, "",
		       "Connections to the endpoint that were closed, requests that were refused.");
	one(w, "reason", "slow", s->web.slow);
	one(w, "reason", "crowded", s->web.crowded);
	one(w, "reason", "unauthorized", s->web.unauthorized);
	one(w, "reason", "memory_limit", s->web.without_memory);
}

static void expose_process(struct writer *w, const struct process_stats *p)
{
	if (!p->known)
		return;
	number(w, "process_cpu_seconds_total", METRIC_COUNTER, "seconds", "CPU time sonde used.",
	       p->cpu_seconds);
	count(w, "process_resident_memory_bytes", METRIC_GAUGE, "bytes",
	      "Memory sonde has resident.", p->resident_bytes);
	count(w, "process_virtual_memory_bytes", METRIC_GAUGE, "bytes",
	      "Address space sonde has mapped.", p->virtual_bytes);
	count(w, "process_open_fds", METRIC_GAUGE, "", "File descriptors sonde has open.",
	      p->open_fds);
	count(w, "process_max_fds", METRIC_GAUGE, "", "File descriptors sonde may open.",
	      p->max_fds);
	number(w, "process_start_time_seconds", METRIC_GAUGE, "seconds",
	       "When sonde started, since the epoch.", p->start_seconds);
}

void self__expose(struct writer *writer, const struct snapshot *snapshot)
{
	expose_identity(writer, snapshot);
	expose_events(writer, &snapshot->engine);
	expose_exchanges(writer, &snapshot->engine);
	expose_losses(writer, snapshot);
	expose_connections(writer, &snapshot->engine);
	expose_sampling(writer, &snapshot->self);
	expose_memory(writer, snapshot);
	expose_tls(writer, &snapshot->self.tls);
	expose_capture(writer, &snapshot->self.capture, &snapshot->self.hardening);
	expose_bounds(writer, snapshot);
	expose_time_shares(writer, &snapshot->shares);
	expose_scrapes(writer, snapshot);
	expose_process(writer, &snapshot->process);
}
