/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rules as the configuration declares them (docs/rules.md): what is counted of which exchanges. */
#ifndef SONDE_RULE_SET_H
#define SONDE_RULE_SET_H

#include "metrics/histogram.h"
#include "rules/match.h"
#include "rules/value.h"
#include "yaml_reader.h"

#define RULE_LABELS_MAX 6
#define RULE_SERIES_MAX 1000 /* of one rule, whatever its labels allow */
#define RULES_MAX	256

enum rule_type {
	RULE_COUNTER,  /* how often, or the sum of `add` */
	RULE_DISTINCT, /* how many different values of `of` within `window` */
	RULE_GAUGE,    /* the newest value of `of` */
	RULE_PERCENT,  /* the share of those that are `part` as well, within `window` */
	RULE_HISTOGRAM /* of `of`, or of the time since the exchange that `begin` describes */
};

struct rule_label {
	char *name;
	struct value_spec value;
	struct texts values; /* what it may be; none: the first `limit` that come */
	uint32_t limit;
};

struct rule {
	char *metric, *help;
	enum rule_type type;
	bool has_type, has_on, has_part, has_of, has_begin;
	struct match on, part, begin;
	struct value_spec of;  /* value; of a histogram with `begin`, the key of the end */
	struct value_spec key; /* of `begin` */
	uint64_t window_ns, within_ns;
	bool in_seconds; /* times are told in seconds, else milliseconds */
	uint32_t label_count;
	struct rule_label label[RULE_LABELS_MAX];
	struct bounds bounds; /* of a histogram; its arrays are owned */
};

struct rule_set {
	uint32_t holders;
	uint64_t fingerprint; /* of its text: the same text is the same set */
	uint32_t count;
	struct rule *rule[RULES_MAX];
};

/* Reads a sequence of rules; complains through the reader. NULL: no memory. Free it in both cases.
 */
struct rule_set *rule_set__read(struct yaml_reader *reader, const yaml_node_t *node);
/* One holder more; rule_set__free() takes one away, the last one frees. */
struct rule_set *rule_set__hold(struct rule_set *set);
void rule_set__free(struct rule_set *set); /* tolerates NULL */
/* What the rules want captured of a protocol's exchanges on a side: DETAIL_BIT()s. */
uint32_t rule_set__wanted(const struct rule_set *set, enum protocol_id protocol, enum side side);

/* rule_read.c: an `on:`, and where a value comes from. */
void rule__read_match(struct yaml_reader *reader, const yaml_node_t *node, struct match *out);
void rule__read_value(struct yaml_reader *reader, const yaml_node_t *node, struct value_spec *out);
void rule__read_texts(struct yaml_reader *reader, const yaml_node_t *node, struct texts *out);

#endif
