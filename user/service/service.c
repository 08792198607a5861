/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "service/service.h"

#include <stdio.h>
#include <string.h>
#include "service/container.h"
#include "service/naming.h"

#define COMM_MAX 15 /* TASK_COMM_LEN without its NUL: longer names are cut */

/* "uwsgi --ini shop.ini --module shop.wsgi" is shop. */
static bool by_uwsgi(struct naming *n)
{
	const struct arguments *a = &n->arguments;
	const char *app, *file;

	if (strncmp(n->executable, "uwsgi", 5) != 0)
		return false;
	app = arguments__value(a, 1, "-w", "--module");
	file = arguments__value(a, 1, NULL, "--wsgi-file");
	file = file ? file : arguments__value(a, 1, "-i", "--ini");
	if (app)
		name__part(n, app, strcspn(app, ":("), '.', false);
	else if (file)
		name__script(n, file);
	return name__is_set(n);
}

/*
 * One file under several names (redis-check-rdb is redis-server, busybox is everything) is called
 * as it was called: by its first argument, where that is what the process names itself.
 */
static void by_call(struct naming *n, const struct process_facts *facts)
{
	const char *first = n->arguments.count ? n->arguments.at[0] : "";
	const char *called = argument__base_name(first);
	size_t length = strcspn(called, " :");

	if (length && strncmp(called, facts->comm, length < COMM_MAX ? length : COMM_MAX) == 0 &&
	    !name__says_nothing(called, length))
		name__set(n, called, length);
	else if (n->executable[0])
		name__path(n, facts->executable, strcspn(n->executable, " :"));
	else
		name__until(n, facts->comm, " :");
}

bool service__derive(const struct process_facts *facts, char name[SERVICE_NAME_MAX])
{
	struct naming n = {.executable = argument__base_name(facts->executable)};

	arguments__split(&n.arguments, facts->arguments, facts->arguments_size);
	unit__of(facts->cgroup, n.unit, sizeof(n.unit));
	if (!title__name(&n) && !by_uwsgi(&n) && !interpreter__name(&n))
		by_call(&n, facts);
	if (!name__is_set(&n))
		name__set(&n, "unknown", strlen("unknown"));
	/* What stands for series beyond the cap is nobody's own name. */
	if (strcmp(n.name, "other") == 0)
		strcpy(n.name, "other_");
	memcpy(name, n.name, SERVICE_NAME_MAX);
	return !n.like_parent;
}
