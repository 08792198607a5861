/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Queues as the configuration declares them (docs/queues.md). */
#ifndef SONDE_QUEUE_SETTINGS_H
#define SONDE_QUEUE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include "metrics/histogram.h"
#include "yaml_reader.h"

#define QUEUES_MAX 64

struct queue_kind;
struct rule_set;

enum queue_metric {
	QUEUE_DEPTH,
	QUEUE_WORKERS,
	QUEUE_UTILISATION,
	QUEUE_DURATION,
	QUEUE_PROCESSED,
	QUEUE_FAILED,
	QUEUE_FAILURE_RATE,
	QUEUE_METRICS
};

struct queue_setting {
	char *name;    /* value of the label `queue` */
	char *queue;   /* what the library calls it; default the name */
	char *metrics; /* what the metrics' names begin with; default from the name */
	char *prefix;  /* of every key, where the library was given one; NULL: its own */
	char *waiting, *active, *failed; /* keys of plain lists; NULL: none */
	const struct queue_kind *kind;
	uint32_t workers;     /* 0: counted */
	uint64_t within_ns;   /* a job taken longer ago is not waited for any more */
	bool late;	      /* Celery: acknowledged after the work */
	struct bounds bounds; /* its arrays are owned unless they are the default */
	bool own_bounds;
	char *metric[QUEUE_METRICS]; /* names */
};

struct queue_settings {
	uint32_t holders;
	uint64_t fingerprint; /* of its text */
	uint32_t count;
	struct queue_setting *setting[QUEUES_MAX];
};

/* Reads a sequence; complains through the reader. NULL: no memory. Free it in both cases. */
struct queue_settings *queue_settings__read(struct yaml_reader *reader, const yaml_node_t *node);
/* Complains where a metric's name is taken by sonde itself or by a rule (NULL: none). */
void queue_settings__check(struct yaml_reader *reader, const yaml_node_t *node,
			   const struct queue_settings *settings, const struct rule_set *rules);
/* One holder more; queue_settings__free() takes one away, the last one frees. */
struct queue_settings *queue_settings__hold(struct queue_settings *settings);
void queue_settings__free(struct queue_settings *settings); /* tolerates NULL */

#endif
