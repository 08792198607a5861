/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rules/rules.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "metrics/histogram.h"
#include "metrics/writer.h"
#include "rules/between.h"
#include "rules/distinct.h"
#include "rules/siphash.h"

#define OTHER	"other"
#define UNKNOWN "unknown"

struct rule_series {
	char *label[RULE_LABELS_MAX]; /* owned; never freed while the rules live: copies point to
					 them */
	double number;		      /* of counters and gauges; of the others in a copy */
	bool told;		      /* there is a value */
	struct distinct distinct;
	struct share share;
	struct histogram *histogram;
};

/* A rule and what became of it. */
struct running {
	struct rule *rule;
	struct rule_series *series;
	uint32_t series_count, capacity;
	struct between between;
	uint64_t matched, miss[MISS_COUNT];
	uint64_t no_value; /* matched, but what `of` names was not there */
};

struct rules {
	struct rule_set *set;
	struct engine *engine;
	struct siphash_key key;
	uint32_t count;
	struct running running[];
};

/* ---- series ---- */

static bool same_labels(const struct rule *rule, const struct rule_series *s,
			const struct value *values)
{
	for (uint32_t i = 0; i < rule->label_count; i++)
		if (strcmp(s->label[i], values[i].text) != 0)
			return false;
	return true;
}

static struct rule_series *find(const struct running *r, const struct value *values)
{
	for (uint32_t i = 0; i < r->series_count; i++)
		if (same_labels(r->rule, &r->series[i], values))
			return &r->series[i];
	return NULL;
}

static struct rule_series *add(struct running *r, const struct value *values)
{
	const struct rule *rule = r->rule;
	struct rule_series *s;

	if (r->series_count == r->capacity) {
		uint32_t capacity = r->capacity ? r->capacity * 2 : 4;

		s = realloc(r->series, capacity * sizeof(*s));
		if (!s)
			return NULL;
		r->series = s;
		r->capacity = capacity;
	}
	s = &r->series[r->series_count];
	*s = (struct rule_series){.told = rule->type == RULE_COUNTER ||
					  rule->type == RULE_DISTINCT};
	for (uint32_t i = 0; i < rule->label_count; i++)
		if (!(s->label[i] = strdup(values[i].text)))
			return NULL;
	distinct__init(&s->distinct, rule->window_ns);
	share__init(&s->share, rule->window_ns);
	if (rule->type == RULE_HISTOGRAM && !(s->histogram = histogram__new(&rule->bounds)))
		return NULL;
	r->series_count++;
	return s;
}

static void set_text(struct value *value, const char *text)
{
	value->length = strlen(text);
	memcpy(value->text, text, value->length + 1);
}

static bool is_allowed(const struct texts *values, const char *text)
{
	for (uint32_t i = 0; i < values->count; i++)
		if (strcmp(values->at[i], text) == 0)
			return true;
	return false;
}

/* How many different values a label has so far. */
static uint32_t different(const struct running *r, uint32_t label, const char *text)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < r->series_count; i++) {
		bool first = true;

		if (strcmp(r->series[i].label[label], text) == 0)
			return 0; /* it is one of them */
		for (uint32_t k = 0; k < i && first; k++)
			first = strcmp(r->series[k].label[label], r->series[i].label[label]) != 0;
		count += first;
	}
	return count;
}

static void bound(const struct running *r, uint32_t i, struct value *value)
{
	const struct rule_label *label = &r->rule->label[i];

	if (label->values.count && !is_allowed(&label->values, value->text))
		set_text(value, OTHER);
	else if (!label->values.count && different(r, i, value->text) >= label->limit)
		set_text(value, OTHER);
}

static struct rule_series *series_of(struct running *r, const struct exchange *e,
				     const struct engine *engine)
{
	struct value values[RULE_LABELS_MAX];
	struct rule_series *s;

	for (uint32_t i = 0; i < r->rule->label_count; i++) {
		if (!value__extract(&r->rule->label[i].value, e, engine, &values[i]))
			set_text(&values[i], UNKNOWN);
		else
			bound(r, i, &values[i]);
	}
	s = find(r, values);
	if (s || r->series_count < RULE_SERIES_MAX)
		return s ? s : add(r, values);
	for (uint32_t i = 0; i < r->rule->label_count; i++)
		set_text(&values[i], OTHER);
	s = find(r, values);
	return s ? s : add(r, values);
}

/* ---- counting ---- */

static double in_unit(const struct rule *rule, double ms)
{
	return rule->in_seconds ? ms / 1000 : ms;
}

static bool number_of(struct rules *rules, struct running *r, const struct exchange *e, double *out)
{
	const struct rule *rule = r->rule;
	struct value value;
	uint64_t since;

	if (!value__extract(&rule->of, e, rules->engine, &value))
		return false;
	if (rule->has_begin) {
		if (!between__end(&r->between, siphash__of(&rules->key, value.text, value.length),
				  &since))
			return false;
		*out = in_unit(rule, e->end_ns > since ? (double)(e->end_ns - since) / 1e6 : 0);
		return true;
	}
	if (!value__number(&value, out))
		return false;
	if (rule->of.source == SOURCE_LATENCY)
		*out = in_unit(rule, *out);
	return true;
}

static void count(struct rules *rules, struct running *r, const struct exchange *e)
{
	const struct rule *rule = r->rule;
	struct rule_series *s;
	struct value value = {0};
	double number = 1;

	if (rule->type == RULE_DISTINCT) {
		if (!value__extract(&rule->of, e, rules->engine, &value)) {
			r->no_value++;
			return;
		}
	} else if (rule->has_of && !number_of(rules, r, e, &number)) {
		r->no_value++;
		return;
	}
	s = series_of(r, e, rules->engine);
	if (!s)
		return;
	s->told = true;
	if (rule->type == RULE_COUNTER)
		s->number += number > 0 ? number : 0;
	else if (rule->type == RULE_GAUGE)
		s->number = number;
	else if (rule->type == RULE_DISTINCT)
		distinct__see(&s->distinct, siphash__of(&rules->key, value.text, value.length),
			      e->end_ns);
	else if (rule->type == RULE_PERCENT)
		share__add(&s->share,
			   match__exchange(&r->rule->part, e, rules->engine) == MISS_NONE,
			   e->end_ns);
	else
		histogram__observe(s->histogram, number);
}

static void begin(struct rules *rules, struct running *r, const struct exchange *e)
{
	struct value value;

	if (match__exchange(&r->rule->begin, e, rules->engine) == MISS_NONE &&
	    value__extract(&r->rule->key, e, rules->engine, &value))
		between__begin(&r->between, siphash__of(&rules->key, value.text, value.length),
			       e->end_ns, r->rule->within_ns);
}

static void take(void *context, const struct exchange *e)
{
	struct rules *rules = context;

	for (uint32_t i = 0; i < rules->count; i++) {
		struct running *r = &rules->running[i];
		enum miss miss = match__exchange(&r->rule->on, e, rules->engine);

		if (r->rule->has_begin)
			begin(rules, r, e);
		r->miss[miss]++;
		if (miss != MISS_NONE)
			continue;
		r->matched++;
		count(rules, r, e);
	}
}

/* ---- life ---- */

/* Series whose labels are known before anything happens exist from the beginning, at 0. */
static void add_known(struct running *r)
{
	const struct rule *rule = r->rule;
	uint32_t total = 1;

	for (uint32_t i = 0; i < rule->label_count; i++)
		total *= rule->label[i].values.count;
	if (total > RULE_SERIES_MAX)
		return;
	for (uint32_t n = 0; n < total; n++) {
		struct value values[RULE_LABELS_MAX];
		uint32_t rest = n;

		for (uint32_t i = 0; i < rule->label_count; i++) {
			set_text(&values[i],
				 rule->label[i].values.at[rest % rule->label[i].values.count]);
			rest /= rule->label[i].values.count;
		}
		add(r, values);
	}
}

static void ask_for_details(const struct rule_set *set, struct engine *engine)
{
	static const struct {
		enum protocol_id spoken, named; /* on the wire, and in rules */
	} all[] = {{PROTOCOL_HTTP1, PROTOCOL_HTTP1},
		   {PROTOCOL_HTTP2, PROTOCOL_HTTP1},
		   {PROTOCOL_POSTGRES, PROTOCOL_POSTGRES},
		   {PROTOCOL_REDIS, PROTOCOL_REDIS}};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		for (int side = 0; side < SIDE_COUNT; side++)
			engine__want(engine, all[i].spoken, (enum side)side,
				     rule_set__wanted(set, all[i].named, (enum side)side));
}

struct rules *rules__new(struct rule_set *set, struct engine *engine)
{
	struct rules *rules = calloc(1, sizeof(*rules) + set->count * sizeof(struct running));

	if (!rules || siphash__new_key(&rules->key) ||
	    engine__add_sink(engine, (struct sink){.exchange = take, .context = rules})) {
		free(rules);
		return NULL;
	}
	rules->set = rule_set__hold(set);
	rules->engine = engine;
	rules->count = set->count;
	for (uint32_t i = 0; i < set->count; i++) {
		rules->running[i].rule = set->rule[i];
		add_known(&rules->running[i]);
	}
	ask_for_details(set, engine);
	return rules;
}

static void free_series(const struct rule *rule, struct rule_series *s)
{
	for (uint32_t i = 0; i < rule->label_count; i++)
		free(s->label[i]);
	distinct__clear(&s->distinct);
	histogram__free(s->histogram);
}

void rules__free(struct rules *rules)
{
	if (!rules)
		return;
	for (uint32_t i = 0; i < rules->count; i++) {
		struct running *r = &rules->running[i];

		for (uint32_t k = 0; k < r->series_count; k++)
			free_series(r->rule, &r->series[k]);
		free(r->series);
		between__clear(&r->between);
	}
	rule_set__free(rules->set);
	free(rules);
}

void rules__retire(struct rules *rules)
{
	if (!rules)
		return;
	engine__remove_sink(rules->engine, rules);
	for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++)
		for (int side = 0; side < SIDE_COUNT; side++)
			engine__want(rules->engine, (enum protocol_id)protocol, (enum side)side, 0);
}

uint64_t rules__fingerprint(const struct rules *rules)
{
	return rules ? rules->set->fingerprint : 0;
}

/* ---- copies ---- */

struct copied {
	const struct rule *rule;
	uint32_t count;
	struct rule_series *series;
};

struct rules_copy {
	uint32_t count;
	struct copied rule[];
};

static void copy_series(const struct rule *rule, struct rule_series *to, struct rule_series *from,
			uint64_t now_ns)
{
	*to = *from;
	to->histogram = NULL;
	if (rule->type == RULE_DISTINCT)
		to->number = distinct__count(&from->distinct, now_ns);
	if (rule->type == RULE_PERCENT) {
		to->number = share__percent(&from->share, now_ns);
		to->told = to->number >= 0;
	}
	if (rule->type == RULE_HISTOGRAM && (to->histogram = histogram__new(&rule->bounds)))
		histogram__add(to->histogram, from->histogram);
}

struct rules_copy *rules__copy(struct rules *rules, uint64_t now_ns)
{
	struct rules_copy *copy =
		rules ? calloc(1, sizeof(*copy) + rules->count * sizeof(struct copied)) : NULL;

	if (!copy)
		return NULL;
	copy->count = rules->count;
	for (uint32_t i = 0; i < rules->count; i++) {
		struct running *r = &rules->running[i];
		struct copied *c = &copy->rule[i];

		c->rule = r->rule;
		c->series = calloc(r->series_count + 1, sizeof(*c->series));
		for (uint32_t k = 0; c->series && k < r->series_count; k++)
			copy_series(r->rule, &c->series[c->count++], &r->series[k], now_ns);
	}
	return copy;
}

void rules_copy__free(struct rules_copy *copy)
{
	if (!copy)
		return;
	for (uint32_t i = 0; i < copy->count; i++) {
		for (uint32_t k = 0; k < copy->rule[i].count; k++)
			histogram__free(copy->rule[i].series[k].histogram);
		free(copy->rule[i].series);
	}
	free(copy);
}

static enum metric_type shown_as(enum rule_type type)
{
	if (type == RULE_COUNTER)
		return METRIC_COUNTER;
	return type == RULE_HISTOGRAM ? METRIC_HISTOGRAM : METRIC_GAUGE;
}

void rules_copy__expose(const struct rules_copy *copy, struct writer *w)
{
	for (uint32_t i = 0; copy && i < copy->count; i++) {
		const struct copied *c = &copy->rule[i];

		writer__family(w, c->rule->metric, shown_as(c->rule->type), "", c->rule->help);
		for (uint32_t k = 0; k < c->count; k++) {
			const struct rule_series *s = &c->series[k];

			writer__clear_labels(w);
			for (uint32_t l = 0; l < c->rule->label_count; l++)
				writer__label(w, c->rule->label[l].name, s->label[l]);
			if (s->histogram)
				writer__histogram(w, s->histogram);
			else if (s->told)
				writer__number(w, s->number);
		}
	}
	writer__clear_labels(w);
}

/* ---- explaining ---- */

void rules__explain(const struct rules *rules, struct buffer *out)
{
	static const char *const why[MISS_COUNT] = {
		[MISS_SIDE] = "of the other side",
		[MISS_SERVICE] = "of another service",
		[MISS_LABEL] = "of another route, statement or command",
		[MISS_METHOD] = "of another method",
		[MISS_STATUS] = "with another status",
		[MISS_OUTCOME] = "with another outcome",
		[MISS_KEY] = "with another key",
	};

	for (uint32_t i = 0; i < rules->count; i++) {
		const struct running *r = &rules->running[i];

		buffer__printf(out, "%s: %" PRIu64 " matched, %u series\n", r->rule->metric,
			       r->matched, r->series_count);
		for (int miss = MISS_SIDE; miss < MISS_COUNT; miss++)
			if (r->miss[miss])
				buffer__printf(out, "  %" PRIu64 " not: %s\n", r->miss[miss],
					       why[miss]);
		if (r->no_value)
			buffer__printf(out,
				       "  %" PRIu64 " matched without the value that `of` names\n",
				       r->no_value);
	}
}
