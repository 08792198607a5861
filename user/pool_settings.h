/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the configuration says of pools (`pools:`): their limits cannot be seen on the wire. */
#ifndef SONDE_POOL_SETTINGS_H
#define SONDE_POOL_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include "rules/match.h"
#include "yaml_reader.h"

#define POOL_SETTINGS_MAX 64

struct pool_setting {
	struct texts service, database; /* globs; none: any */
	uint32_t max, min;
	bool has_max, has_min;
	bool per_process; /* max and min are those of each process */
	uint32_t idle_timeout_ms, connection_timeout_ms;
	bool has_idle_timeout, has_connection_timeout;
};

struct pool_settings {
	uint32_t count;
	struct pool_setting setting[POOL_SETTINGS_MAX];
};

/* Reads a sequence; complains through the reader. NULL: no memory. Free it in both cases. */
struct pool_settings *pool_settings__read(struct yaml_reader *reader, const yaml_node_t *node);
void pool_settings__free(struct pool_settings *settings); /* tolerates NULL */
/* The first that fits; NULL: none. */
const struct pool_setting *pool_settings__find(const struct pool_settings *settings,
					       const char *service, const char *database);

#endif
