/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Services as the configuration declares them (docs/configuration.md): the first that fits. */
#ifndef SONDE_SERVICE_SET_H
#define SONDE_SERVICE_SET_H

#include <stdbool.h>
#include <stdint.h>
#include "rules/texts.h"
#include "service/container.h"
#include "service/service.h"
#include "yaml_reader.h"

#define SERVICE_RULES_MAX 64
#define SERVICE_PORTS_MAX 16

struct service_rule {
	char *name; /* with placeholders; NULL where ignored */
	bool ignore;
	struct texts executable, command_line, container, pod, cgroup; /* patterns */
	struct texts namespace, workload, pod_name, container_name;
	uint32_t port_count;
	uint16_t port[SERVICE_PORTS_MAX]; /* any of them; none: whatever it serves */
};

struct service_set {
	bool has_ports; /* some rule asks for ports */
	uint32_t count;
	struct service_rule *rule[SERVICE_RULES_MAX];
};

/* Local TCP ports that a process serves, as far as they are known. */
struct ports {
	uint32_t count;
	uint16_t at[SERVICE_PORTS_MAX];
};

enum service_choice {
	SERVICE_BY_DEFAULT, /* none fits */
	SERVICE_NAMED,
	SERVICE_IGNORED
};

/* Reads a sequence of services; complains through the reader. NULL: no memory. Free it in any case.
 */
struct service_set *service_set__read(struct yaml_reader *reader, const yaml_node_t *node);
void service_set__free(struct service_set *set); /* tolerates NULL */
/* Sets name where the choice is SERVICE_NAMED. set NULL: none fits. */
enum service_choice service_set__choose(const struct service_set *set,
					const struct process_facts *facts,
					const struct container *container,
					const struct ports *ports, char name[SERVICE_NAME_MAX]);
/* Does a rule ask for this port? */
bool service_set__asks_for(const struct service_set *set, uint16_t port);

bool ports__has(const struct ports *ports, uint16_t port);
/* False: it was known, or there is no room. */
bool ports__add(struct ports *ports, uint16_t port);

#endif
