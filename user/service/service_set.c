/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "service/service_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rules/glob.h"
#include "rules/rule_set.h"
#include "service/arguments.h"

/* ---- reading ---- */

static const struct {
	const char *text;
	size_t length;
} placeholders[] = {{"{container}", 11},     {"{pod}", 5},	 {"{executable}", 12},
		    {"{namespace}", 11},     {"{workload}", 10}, {"{pod_name}", 10},
		    {"{container_name}", 16}};

#define PLACEHOLDERS (sizeof(placeholders) / sizeof(*placeholders))

/* Index of the placeholder that the text begins with, or -1. */
static int placeholder_at(const char *text)
{
	for (size_t i = 0; i < PLACEHOLDERS; i++)
		if (strncmp(text, placeholders[i].text, placeholders[i].length) == 0)
			return (int)i;
	return -1;
}

static void read_name(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		      void *target)
{
	const char *text = yaml__scalar(r, node);

	if (!text)
		return;
	if (!text[0] || strlen(text) >= SERVICE_NAME_MAX || strcmp(text, "other") == 0)
		yaml__fail(r, node, "a name has 1 to %d bytes, and `other` stands for many",
			   SERVICE_NAME_MAX - 1);
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 127)
			yaml__fail(r, node, "a name is printable text");
		else if (*c == '{' && placeholder_at(c) < 0)
			yaml__fail(r, node,
				   "`%.20s` is no placeholder; it is one of: {container}, {pod}, "
				   "{executable}, {namespace}, {workload}, {pod_name}, "
				   "{container_name}",
				   c);
	}
	yaml__read_copy(r, node, key, target);
}

static void read_texts(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		       void *target)
{
	(void)key;
	rule__read_texts(r, node, target);
}

static void take_port(struct yaml_reader *r, const yaml_node_t *item, void *context)
{
	static const struct yaml_key port = {.name = "a port", .low = 1, .high = 65535};
	struct service_rule *rule = context;
	uint32_t number = 0;

	if (rule->port_count == SERVICE_PORTS_MAX) {
		yaml__fail(r, item, "at most %d ports", SERVICE_PORTS_MAX);
		return;
	}
	yaml__read_u32(r, item, &port, &number);
	rule->port[rule->port_count++] = (uint16_t)number;
}

static void read_ports(struct yaml_reader *r, const yaml_node_t *node, const struct yaml_key *key,
		       void *target)
{
	(void)key;
	yaml__each(r, node, take_port, target);
}

#define TEXTS(field)                                                                               \
	{                                                                                          \
		.name = #field, .read = read_texts, .offset = offsetof(struct service_rule, field) \
	}

static const struct yaml_key rule_keys[] = {
	{.name = "name", .read = read_name, .offset = offsetof(struct service_rule, name)},
	TEXTS(executable),
	TEXTS(command_line),
	TEXTS(container),
	TEXTS(pod),
	TEXTS(cgroup),
	TEXTS(namespace),
	TEXTS(workload),
	TEXTS(pod_name),
	TEXTS(container_name),
	{.name = "port", .read = read_ports},
	{.name = "ignore",
	 .read = yaml__read_bool,
	 .offset = offsetof(struct service_rule, ignore)},
	{0},
};

static bool fits_all(const struct service_rule *rule)
{
	return !rule->executable.count && !rule->command_line.count && !rule->container.count &&
	       !rule->pod.count && !rule->cgroup.count && !rule->namespace.count &&
	       !rule->workload.count && !rule->pod_name.count && !rule->container_name.count &&
	       !rule->port_count;
}

static void check_rule(struct yaml_reader *r, const yaml_node_t *item,
		       const struct service_set *set, const struct service_rule *rule)
{
	if (rule->ignore && rule->name)
		yaml__fail(r, item, "what is ignored has no name; leave out one of the two");
	else if (!rule->ignore && !rule->name)
		yaml__fail(r, item, "`name` is missing: what is it called?");
	else if (set->count && fits_all(set->rule[set->count - 1]))
		yaml__fail(r, item,
			   "the service before this one has no condition, so it fits every "
			   "process; put it last");
}

static void take_rule(struct yaml_reader *r, const yaml_node_t *item, void *context)
{
	struct service_set *set = context;
	struct service_rule *rule;

	if (set->count == SERVICE_RULES_MAX) {
		yaml__fail(r, item, "at most %d services", SERVICE_RULES_MAX);
		return;
	}
	rule = calloc(1, sizeof(*rule));
	if (!rule) {
		yaml__fail(r, item, "no memory");
		return;
	}
	yaml__mapping(r, item, rule_keys, rule);
	check_rule(r, item, set, rule);
	set->has_ports |= rule->port_count > 0;
	set->rule[set->count++] = rule;
}

struct service_set *service_set__read(struct yaml_reader *r, const yaml_node_t *node)
{
	struct service_set *set = calloc(1, sizeof(*set));

	if (set)
		yaml__each(r, node, take_rule, set);
	return set;
}

void service_set__free(struct service_set *set)
{
	if (!set)
		return;
	for (uint32_t i = 0; i < set->count; i++) {
		struct service_rule *rule = set->rule[i];

		free(rule->name);
		texts__clear(&rule->executable);
		texts__clear(&rule->command_line);
		texts__clear(&rule->container);
		texts__clear(&rule->namespace);
		texts__clear(&rule->workload);
		texts__clear(&rule->pod_name);
		texts__clear(&rule->container_name);
		texts__clear(&rule->pod);
		texts__clear(&rule->cgroup);
		free(rule);
	}
	free(set);
}

/* ---- choosing ---- */

/* Outside of containers `container: "*"` does not fit. */
static bool any_fits(const struct texts *texts, struct slice text)
{
	for (uint32_t i = 0; i < texts->count && text.length; i++)
		if (glob__fits(texts->at[i], text))
			return true;
	return !texts->count;
}

bool ports__has(const struct ports *ports, uint16_t port)
{
	for (uint32_t i = 0; i < ports->count; i++)
		if (ports->at[i] == port)
			return true;
	return false;
}

bool ports__add(struct ports *ports, uint16_t port)
{
	if (ports->count == SERVICE_PORTS_MAX || ports__has(ports, port))
		return false;
	ports->at[ports->count++] = port;
	return true;
}

static bool serves_any(const struct service_rule *rule, const struct ports *ports)
{
	for (uint32_t i = 0; i < rule->port_count; i++)
		if (ports__has(ports, rule->port[i]))
			return true;
	return !rule->port_count;
}

bool service_set__asks_for(const struct service_set *set, uint16_t port)
{
	for (uint32_t i = 0; set && set->has_ports && i < set->count; i++)
		for (uint32_t k = 0; k < set->rule[i]->port_count; k++)
			if (set->rule[i]->port[k] == port)
				return true;
	return false;
}

/* As `ps` shows it: spaces in place of NULs. */
static struct slice command_line(const struct process_facts *facts, char *out, size_t size)
{
	size_t length = facts->arguments_size < size ? facts->arguments_size : size;

	while (length && facts->arguments[length - 1] == '\0')
		length--;
	for (size_t i = 0; i < length; i++)
		out[i] = facts->arguments[i] ? facts->arguments[i] : ' ';
	return slice__of(out, length);
}

static bool fits(const struct service_rule *rule, const struct process_facts *facts,
		 const struct container *container, struct slice line, const struct ports *ports)
{
	return any_fits(&rule->executable, slice__text(facts->executable)) &&
	       any_fits(&rule->command_line, line) &&
	       any_fits(&rule->container, slice__text(container->id)) &&
	       any_fits(&rule->pod, slice__text(container->pod)) &&
	       any_fits(&rule->cgroup, slice__text(facts->cgroup)) &&
	       any_fits(&rule->namespace, slice__text(container->space)) &&
	       any_fits(&rule->workload, slice__text(container->workload)) &&
	       any_fits(&rule->pod_name, slice__text(container->pod_name)) &&
	       any_fits(&rule->container_name, slice__text(container->name)) &&
	       serves_any(rule, ports);
}

/* Containers are shown by the first twelve digits of their id, as their tools do. */
static void append(char *out, int which, const struct process_facts *facts,
		   const struct container *container)
{
	const char *const texts[PLACEHOLDERS] = {
		container->id,	  container->pod,      argument__base_name(facts->executable),
		container->space, container->workload, container->pod_name,
		container->name,
	};
	const char *text = texts[which];
	size_t used = strlen(out);
	int most = which == 0 && strlen(text) == 64 ? 12 : SERVICE_NAME_MAX;

	snprintf(out + used, SERVICE_NAME_MAX - used, "%.*s", most, text[0] ? text : "none");
	for (char *c = out + used; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '_';
}

static void fill_in(const char *template, const struct process_facts *facts,
		    const struct container *container, char name[SERVICE_NAME_MAX])
{
	size_t used = 0;

	memset(name, 0, SERVICE_NAME_MAX);
	while (*template && used < SERVICE_NAME_MAX - 1) {
		int which = *template == '{' ? placeholder_at(template) : -1;

		if (which < 0) {
			name[used++] = *template ++;
			continue;
		}
		append(name, which, facts, container);
		used = strlen(name);
		template += placeholders[which].length;
	}
}

enum service_choice service_set__choose(const struct service_set *set,
					const struct process_facts *facts,
					const struct container *container,
					const struct ports *ports, char name[SERVICE_NAME_MAX])
{
	char text[ARGUMENTS_SIZE];
	struct slice line;

	if (!set || !set->count)
		return SERVICE_BY_DEFAULT;
	line = command_line(facts, text, sizeof(text));
	for (uint32_t i = 0; i < set->count; i++) {
		const struct service_rule *rule = set->rule[i];

		if (!fits(rule, facts, container, line, ports))
			continue;
		if (rule->ignore)
			return SERVICE_IGNORED;
		fill_in(rule->name, facts, container, name);
		return SERVICE_NAMED;
	}
	return SERVICE_BY_DEFAULT;
}
