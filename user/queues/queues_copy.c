/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What queues tell: copies of their numbers, the metrics made of these, and the explanation. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "metrics/writer.h"
#include "queues/queues_internal.h"

struct queue_copy {
	const struct queue_setting *setting;
	bool known[QUEUE_METRICS];
	double number[QUEUE_METRICS];
	struct histogram *duration; /* owned; NULL: not known */
	uint64_t untracked;
};

struct queues_copy {
	uint32_t count;
	struct queue_copy queue[];
};

static const struct {
	enum metric_type type;
	const char *unit, *help;
} families[QUEUE_METRICS] = {
	[QUEUE_DEPTH] = {METRIC_GAUGE, "", "Jobs that wait."},
	[QUEUE_WORKERS] = {METRIC_GAUGE, "", "Workers that take jobs."},
	[QUEUE_UTILISATION] = {METRIC_GAUGE, "",
			       "Busy share of the workers' time over the last five minutes."},
	[QUEUE_DURATION] = {METRIC_HISTOGRAM, "seconds", "How long jobs were worked on."},
	[QUEUE_PROCESSED] = {METRIC_COUNTER, "", "Jobs that ended, failed ones included."},
	[QUEUE_FAILED] = {METRIC_COUNTER, "", "Jobs that failed, each attempt counted."},
	[QUEUE_FAILURE_RATE] = {METRIC_GAUGE, "",
				"Share of jobs that failed over the last five minutes."},
};

/* ---- copies ---- */

static void set(struct queue_copy *c, enum queue_metric metric, bool known, double number)
{
	c->known[metric] = known;
	c->number[metric] = number;
}

static void copy_outcomes(struct queue_copy *c, struct queue *q, uint64_t now_ns)
{
	uint64_t all, failed;

	window__advance(&q->outcomes, now_ns);
	all = q->outcomes.total_sum;
	failed = q->outcomes.part_sum < all ? q->outcomes.part_sum : all;
	set(c, QUEUE_PROCESSED, q->processed_known, (double)q->processed);
	set(c, QUEUE_FAILED, q->failures_known, (double)q->failed);
	set(c, QUEUE_FAILURE_RATE, q->failures_known && all,
	    all ? 100.0 * (double)failed / (double)all : 0);
}

static void copy_queue(struct queue_copy *c, struct queue *q, uint64_t now_ns)
{
	double utilisation = workers__utilisation(&q->workers, now_ns);
	int64_t depth, slack;
	bool known = queue__depth(q, now_ns, &depth, &slack);

	c->setting = q->setting;
	set(c, QUEUE_DEPTH, known, (double)depth);
	set(c, QUEUE_WORKERS, q->workers.at, workers__count(&q->workers));
	set(c, QUEUE_UTILISATION, q->duration_known && utilisation >= 0, utilisation);
	copy_outcomes(c, q, now_ns);
	c->untracked = q->jobs.refused + q->jobs.expired;
	c->duration = q->duration_known ? histogram__new(&q->setting->bounds) : NULL;
	if (c->duration)
		histogram__add(c->duration, q->duration);
}

struct queues_copy *queues__copy(struct queues *qs, uint64_t now_ns)
{
	struct queues_copy *copy =
		qs ? calloc(1, sizeof(*copy) + qs->count * sizeof(struct queue_copy)) : NULL;

	if (!copy)
		return NULL;
	copy->count = qs->count;
	for (uint32_t i = 0; i < qs->count; i++)
		copy_queue(&copy->queue[i], &qs->queue[i], now_ns);
	return copy;
}

void queues_copy__free(struct queues_copy *copy)
{
	if (!copy)
		return;
	for (uint32_t i = 0; i < copy->count; i++)
		histogram__free(copy->queue[i].duration);
	free(copy);
}

/* ---- metrics ---- */

static void expose_queue(struct writer *w, const struct queue_copy *c, enum queue_metric metric)
{
	writer__clear_labels(w);
	writer__label(w, "queue", c->setting->name);
	if (metric == QUEUE_DURATION && c->duration)
		writer__histogram(w, c->duration);
	else if (metric != QUEUE_DURATION && c->known[metric])
		writer__number(w, c->number[metric]);
}

static bool is_first(const struct queues_copy *copy, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++)
		if (strcmp(copy->queue[k].setting->metrics, copy->queue[i].setting->metrics) == 0)
			return false;
	return true;
}

/* Queues whose metrics have the same names share a family. */
static void expose_family(struct writer *w, const struct queues_copy *copy, uint32_t first,
			  enum queue_metric metric)
{
	const struct queue_setting *setting = copy->queue[first].setting;

	writer__family(w, setting->metric[metric], families[metric].type, families[metric].unit,
		       families[metric].help);
	for (uint32_t i = first; i < copy->count; i++)
		if (strcmp(copy->queue[i].setting->metrics, setting->metrics) == 0)
			expose_queue(w, &copy->queue[i], metric);
}

static void expose_untracked(struct writer *w, const struct queues_copy *copy)
{
	writer__family(w, "sonde_queue_jobs_untracked_total", METRIC_COUNTER, "",
		       "Jobs whose end is not told from others': too many at once, too long, cut.");
	for (uint32_t i = 0; i < copy->count; i++) {
		writer__clear_labels(w);
		writer__label(w, "queue", copy->queue[i].setting->name);
		writer__count(w, copy->queue[i].untracked);
	}
}

void queues_copy__expose(const struct queues_copy *copy, struct writer *w)
{
	if (!copy)
		return;
	for (uint32_t i = 0; i < copy->count; i++)
		for (int metric = 0; is_first(copy, i) && metric < QUEUE_METRICS; metric++)
			expose_family(w, copy, i, (enum queue_metric)metric);
	expose_untracked(w, copy);
	writer__clear_labels(w);
}

/* ---- the view's document ---- */

static json_t *queue_json(const struct queue_copy *c)
{
	static const char *const names[QUEUE_METRICS] = {
		[QUEUE_DEPTH] = "depth",
		[QUEUE_WORKERS] = "workers",
		[QUEUE_UTILISATION] = "utilisation_percent",
		[QUEUE_PROCESSED] = "processed",
		[QUEUE_FAILED] = "failed",
		[QUEUE_FAILURE_RATE] = "failure_rate_percent",
	};
	const struct histogram *h = c->duration;
	json_t *object =
		json_pack("{s:s,s:s}", "queue", c->setting->name, "kind", c->setting->kind->name);

	for (int metric = 0; metric < QUEUE_METRICS; metric++)
		if (names[metric])
			json_object_set_new(object, names[metric],
					    c->known[metric] ? json_real(c->number[metric])
							     : json_null());
	json_object_set_new(object, "mean_seconds",
			    h && h->count ? json_real(h->sum / (double)h->count) : json_null());
	json_object_set_new(object, "max_seconds", h && h->count ? json_real(h->max) : json_null());
	return object;
}

json_t *queues_copy__json(const struct queues_copy *copy)
{
	json_t *list = json_array();

	for (uint32_t i = 0; copy && i < copy->count; i++)
		json_array_append_new(list, queue_json(&copy->queue[i]));
	return list;
}

/* ---- explaining ---- */

static void explain_depth(struct queue *q, uint64_t now_ns, struct buffer *out)
{
	int64_t depth, slack;

	if (!queue__depth(q, now_ns, &depth, &slack))
		buffer__printf(out, "  depth not known: no reply told it\n");
	else if (slack)
		buffer__printf(out, "  depth %" PRId64 ", to %" PRId64 " more or less\n", depth,
			       slack);
	else
		buffer__printf(out, "  depth %" PRId64 "\n", depth);
}

void queues__explain(struct queues *qs, struct buffer *out)
{
	for (uint32_t i = 0; i < qs->count; i++) {
		struct queue *q = &qs->queue[i];

		buffer__printf(out,
			       "%s (%s): %" PRIu64 " added, %" PRIu64 " taken, %" PRIu64
			       " done, %" PRIu64 " of them failed\n",
			       q->setting->name, q->setting->kind->name, q->added, q->taken,
			       q->processed, q->failed);
		explain_depth(q, qs->engine->now_ns, out);
		buffer__printf(out, "  %u workers, %u jobs at work\n", workers__count(&q->workers),
			       q->workers.running);
		if (q->unmeasured)
			buffer__printf(out, "  %" PRIu64 " done that were not seen to begin\n",
				       q->unmeasured);
		if (q->jobs.refused + q->jobs.expired)
			buffer__printf(out, "  %" PRIu64 " not followed to their end\n",
				       q->jobs.refused + q->jobs.expired);
	}
	if (qs->unread)
		buffer__printf(out, "%" PRIu64 " commands could not be kept\n", qs->unread);
}
