/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Python: scripts, modules, and servers that run somebody's application. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "service/naming.h"

static bool is_module(const char *text)
{
	return (isalpha((unsigned char)text[0]) || text[0] == '_') && !strchr(text, '/');
}

/* "shop.wsgi:app"; not "localhost:8000", not "unix:shop.sock". */
static bool is_application(const char *text)
{
	const char *colon = strchr(text, ':');

	return is_module(text) && colon && (isalpha((unsigned char)colon[1]) || colon[1] == '_') &&
	       strncmp(text, "unix:", 5) != 0;
}

/* Options that are not in the list may have values as well, so what looks surest comes first. */
static const char *application(const struct arguments *a, int from)
{
	const char *const *with_value =
		NAMES("-b", "--bind", "-w", "--workers", "-k", "--worker-class", "-c", "--config",
		      "-t", "--timeout", "--threads", "--log-level", "--pid", "-p", "-u", "-g",
		      "--chdir", "--app-dir", "--host", "--port", "--access-logfile",
		      "--error-logfile", "--log-config", "--env", "-e", "--interface", "--uds",
		      "--listen", "--graceful-timeout", "--keep-alive", "--max-requests");

	for (int i = from; i < a->count; i++)
		if (is_application(a->at[i]))
			return a->at[i];
	for (int i = arguments__operand(a, from, with_value); i;
	     i = i + 1 < a->count ? arguments__operand(a, i + 1, with_value) : 0)
		if (is_module(a->at[i]))
			return a->at[i];
	return NULL;
}

/* "shop.wsgi:app" is shop, and "wsgi:app" what the folder that it is looked up in is called. */
static void set_application(struct naming *n, const char *app, const char *folder)
{
	const char *base = argument__base_name(app);
	size_t length = strcspn(base, ":(");
	char inner[512];

	if (folder && name__says_nothing(base, strcspn(base, ".:("))) {
		snprintf(inner, sizeof(inner), "%s/main", folder);
		name__path(n, inner, strlen("main"));
		if (strcmp(n->name, "main") != 0)
			return;
	}
	name__part(n, base, length, '.', false);
}

bool python__server(struct naming *n, const char *program, int from)
{
	const struct arguments *a = &n->arguments;
	const char *app = NULL, *folder = NULL, *name = NULL;

	if (argument__is_one_of(program, NAMES("gunicorn", "uvicorn", "hypercorn", "daphne",
					       "waitress-serve", "granian"))) {
		name = arguments__value(a, from, strcmp(program, "gunicorn") == 0 ? "-n" : NULL,
					"--name");
		folder = arguments__value(a, from, NULL, "--chdir");
		folder = folder ? folder : arguments__value(a, from, NULL, "--app-dir");
		app = name ? NULL : application(a, from);
	} else if (argument__is_one_of(program, NAMES("celery", "flask", "faust"))) {
		app = arguments__value(a, from, "-A", "--app");
	} else {
		return false;
	}
	if (name)
		name__until(n, name, ".:");
	else if (app)
		set_application(n, app, folder);
	else
		name__unit_or(n, program);
	return name__is_set(n);
}

enum source { SOURCE_NONE, SOURCE_SCRIPT, SOURCE_MODULE, SOURCE_COMMAND };

/* One cluster of short options: "-u", "-m shop", "-mshop", "-Xdev" (Python/getopt.c). */
static enum source look_at_cluster(const struct arguments *a, int *i, const char **value)
{
	for (const char *c = a->at[*i] + 1; *c; c++) {
		if (!strchr("mcWX", *c))
			continue;
		*value = c[1] ? c + 1 : "";
		if (!c[1] && *i + 1 < a->count)
			*value = a->at[++*i];
		return *c == 'm' ? SOURCE_MODULE : *c == 'c' ? SOURCE_COMMAND : SOURCE_NONE;
	}
	return SOURCE_NONE;
}

/* What the interpreter was told to run; *next: the index of its first argument. */
static enum source look_for_program(const struct arguments *a, const char **value, int *next)
{
	enum source source = SOURCE_NONE;

	for (int i = 1; i < a->count && !source; i++) {
		const char *text = a->at[i];

		if (text[0] != '-') {
			*value = text;
			source = SOURCE_SCRIPT;
		} else if (text[1] == '\0') { /* standard input */
			return SOURCE_NONE;
		} else if (text[1] != '-') {
			source = look_at_cluster(a, &i, value);
		} else if (strcmp(text, "--check-hash-based-pycs") == 0) {
			i++;
		}
		*next = i + 1;
	}
	return source;
}

/* "shop.worker" is not "shop.api", but "shop.__main__" and "shop.main" are shop. */
static void set_module(struct naming *n, const char *module)
{
	const char *last = strrchr(module, '.');
	size_t length = strlen(module);

	if (last && argument__is_one_of(last + 1, NAMES("__main__", "main", "app")))
		length = (size_t)(last - module);
	if (name__says_nothing(module, length))
		name__unit_or(n, module);
	else
		name__set(n, module, length);
}

bool python__name(struct naming *n)
{
	const char *value = "";
	int next = 0;

	switch (look_for_program(&n->arguments, &value, &next)) {
	case SOURCE_SCRIPT:
		if (!python__server(n, argument__base_name(value), next))
			name__script(n, value);
		break;
	case SOURCE_MODULE:
		if (!python__server(n, value, next))
			set_module(n, value);
		break;
	case SOURCE_COMMAND: /* Lib/multiprocessing/spawn.py, forkserver.py; uvicorn --workers */
		n->like_parent = strstr(value, "multiprocessing.") != NULL;
		break;
	default:
		break;
	}
	return name__is_set(n);
}
