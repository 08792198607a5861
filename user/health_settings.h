/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the configuration says of health (`health:`) and of the summary (`summary:`). */
#ifndef SONDE_HEALTH_SETTINGS_H
#define SONDE_HEALTH_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include "rules/match.h"
#include "yaml_reader.h"

#define ERROR_PERCENT	   50 /* of the answers of a minute, by default */
#define SUMMARY_VALUES_MAX 32
#define SUMMARY_NAME_MAX   64

/* "business.active_users" of /api/monitoring/summary is the value of a metric. */
struct summary_value {
	char section[SUMMARY_NAME_MAX], name[SUMMARY_NAME_MAX], metric[128];
};

struct health_settings {
	struct texts services; /* globs; none: every service that answers HTTP */
	uint32_t error_percent;
	uint32_t summary_count;
	struct summary_value summary[SUMMARY_VALUES_MAX];
};

/* With its defaults; NULL: no memory. */
struct health_settings *health_settings__new(void);
void health_settings__free(struct health_settings *settings); /* tolerates NULL */
/* `health:` and `summary:`; both complain through the reader. */
void health_settings__read(struct yaml_reader *reader, const yaml_node_t *node,
			   struct health_settings *settings);
void health_settings__read_summary(struct yaml_reader *reader, const yaml_node_t *node,
				   struct health_settings *settings);
/* Is the service named by `services`? False where there are none. */
bool health_settings__names(const struct health_settings *settings, const char *service);

#endif
