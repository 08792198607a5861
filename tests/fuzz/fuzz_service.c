/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any command line of any program, in any control group: a name that is fit to be a label. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "service/container.h"
#include "service/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const executables[] = {
		"/usr/bin/python3.11", "/usr/bin/node",
		"/usr/bin/java",       "/usr/bin/ruby",
		"/usr/bin/php8.2",     "/x/beam.smp",
		"/usr/bin/bun",	       "/usr/bin/deno",
		"/usr/bin/dotnet",     "/usr/bin/perl",
		"/bin/bash",	       "/usr/bin/uwsgi",
		"/usr/sbin/nginx",     "",
	};
	char name[SERVICE_NAME_MAX], cgroup[256] = "";
	struct container container;
	struct process_facts facts = {.comm = "x", .cgroup = cgroup};

	if (size < 2)
		return 0;
	facts.executable = executables[data[0] % (sizeof(executables) / sizeof(*executables))];
	facts.arguments = (const char *)data + 2;
	facts.arguments_size = size - 2;
	if (data[1] & 1)
		snprintf(cgroup, sizeof(cgroup), "/kubepods/%.*s", (int)(size - 2),
			 (const char *)data + 2);
	container__of(cgroup, &container);
	service__derive(&facts, name);
	if (!name[0] || strlen(name) >= sizeof(name))
		abort();
	for (const char *c = name; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\')
			abort();
	return 0;
}
