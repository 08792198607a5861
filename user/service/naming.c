/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Texts to names, and which of them say something. */
#include "service/naming.h"

#include <ctype.h>
#include <string.h>

/* Names become label values: printable, bounded, without what needs escaping. */
void name__set(struct naming *n, const char *text, size_t length)
{
	size_t at = 0;

	for (size_t i = 0; i < length && at < sizeof(n->name) - 1; i++) {
		unsigned char c = (unsigned char)text[i];

		n->name[at++] = isalnum(c) || strchr("-_.:@+", c) ? (char)c : '_';
	}
	n->name[at] = '\0';
}

void name__until(struct naming *n, const char *text, const char *ends)
{
	name__set(n, text, strcspn(text, ends));
}

void name__unit_or(struct naming *n, const char *text)
{
	const char *name = n->unit[0] ? n->unit : text;

	name__set(n, name, strlen(name));
}

static bool is_among(const char *name, size_t length, const char *const *names)
{
	for (; *names; names++)
		if (strlen(*names) == length && strncmp(name, *names, length) == 0)
			return true;
	return false;
}

/* What thousands of programs are called. */
bool name__says_nothing(const char *name, size_t length)
{
	return !length ||
	       is_among(name, length,
			NAMES("server", "index", "main", "app", "application", "manage", "worker",
			      "start", "run", "cli", "__main__", "artisan", "wsgi", "asgi",
			      "service", "api", "src", "config", "bootstrap", "Main", "App",
			      "Application", "Program", "Server", "rails", "bin", "dist", ".", "-",
			      "quarkus-run"));
}

/* Where programs of any name are put; versions and dates. */
static bool is_plain_folder(const char *name, size_t length)
{
	size_t number = length && name[0] == 'v' ? 1 : 0;

	for (size_t i = number; i < length; i++)
		if (!isdigit((unsigned char)name[i]) && !strchr(".-_", name[i]))
			return is_among(name, length,
					NAMES("src", "dist", "bin", "sbin", "lib", "lib64", "build",
					      "app", "usr", "opt", "srv", "home", "root", "var",
					      "www", "code", "scripts", "current", "releases",
					      "local", "venv", ".venv", "env", "public", "html",
					      "htdocs", "web", "target", "out", "publish",
					      "node_modules", ".bin", "share", "tmp", "data",
					      "workspace", "quarkus-app", "server", "..", "."));
	return true;
}

/* Names of people are none of services: "/home/alice/server.js". */
static bool is_home(const char *path, size_t begin)
{
	return begin == strlen("/home/") && strncmp(path, "/home/", begin) == 0;
}

/* The innermost folder among path[0 .. length-1] whose name is somebody's own. */
static bool set_folder(struct naming *n, const char *path, size_t length)
{
	while (length) {
		size_t begin = --length; /* at the slash behind the folder */

		while (begin && path[begin - 1] != '/')
			begin--;
		if (!is_plain_folder(path + begin, length - begin) && !is_home(path, begin)) {
			name__set(n, path + begin, length - begin);
			return true;
		}
		length = begin;
	}
	return false;
}

void name__path(struct naming *n, const char *path, size_t stem)
{
	const char *base = argument__base_name(path);

	if (!name__says_nothing(base, stem))
		name__set(n, base, stem);
	else if (!set_folder(n, path, (size_t)(base - path)) && n->unit[0])
		name__set(n, n->unit, strlen(n->unit));
	else if (!name__is_set(n))
		name__set(n, base, stem);
}

void name__script(struct naming *n, const char *path)
{
	const char *base = argument__base_name(path), *dot = strrchr(base, '.');

	name__path(n, path, dot && dot > base ? (size_t)(dot - base) : strlen(base));
}

void name__part(struct naming *n, const char *text, size_t length, char separator, bool last)
{
	const char *found = NULL;
	size_t found_length = 0;

	for (size_t begin = 0, end; begin < length; begin = end + 1) {
		for (end = begin; end < length && text[end] != separator; end++)
			;
		if (name__says_nothing(text + begin, end - begin) || (found && !last))
			continue;
		found = text + begin;
		found_length = end - begin;
	}
	if (found)
		name__set(n, found, found_length);
	else if (n->unit[0])
		name__set(n, n->unit, strlen(n->unit));
	else
		name__set(n, text, length);
}
