/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What people call the program that a process runs. Most programs are called by their executable;
 * interpreters by what they run: "node api/server.js" is api, "gunicorn shop.wsgi:app" is shop,
 * "python -m celery worker" is celery, "java -jar billing.jar" is billing.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "process.h"
#include "protocol/slice.h"

#define ARGUMENTS_MAX 24

struct arguments {
	char copy[SONDE_PATH_MAX + 1];
	const char *at[ARGUMENTS_MAX];
	int count;
};

static void split(const struct process_event *event, struct arguments *out)
{
	uint32_t size =
		event->arguments_size < SONDE_PATH_MAX ? event->arguments_size : SONDE_PATH_MAX;

	memcpy(out->copy, event->arguments, size);
	out->copy[size] = '\0';
	out->count = 0;
	for (uint32_t at = 0; at < size && out->count < ARGUMENTS_MAX;
	     at += (uint32_t)strlen(out->copy + at) + 1)
		out->at[out->count++] = out->copy + at;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* Names become label values: printable, bounded, without what needs escaping. */
static void set_name(struct service *out, const char *name, size_t length)
{
	size_t n = 0;

	for (size_t i = 0; i < length && n < sizeof(out->name) - 1; i++) {
		unsigned char c = (unsigned char)name[i];

		out->name[n++] = isalnum(c) || strchr("-_.:@+", c) ? (char)c : '_';
	}
	out->name[n] = '\0';
}

/* Up to the first of these bytes. */
static void set_until(struct service *out, const char *name, const char *ends)
{
	set_name(out, name, strcspn(name, ends));
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool is_one_of(const char *text, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(text, *names) == 0)
			return true;
	return false;
}

/* "python3.11" and "python" are one interpreter. */
static bool is_interpreter(const char *base, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(base, name, n) != 0)
		return false;
	return base[n + strspn(base + n, "0123456789.")] == '\0';
}

/* The folder's name says more than "server.js", "index.js", "app.py", "main.py", "manage.py". */
static void set_script(struct service *out, const char *path)
{
	static const char *const plain[] = {"server", "index",	  "main",  "app",
					    "manage", "worker",	  "start", "run",
					    "cli",    "__main__", NULL};
	const char *base = base_name(path);
	char stem[64];
	char folder[128];

	snprintf(stem, sizeof(stem), "%.*s", (int)strcspn(base, "."), base);
	if (is_one_of(stem, plain) && base > path + 1) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(base - path - 1), path);
		base = base_name(folder);
		if (!is_one_of(base, (const char *const[]){"src", "dist", "bin", "lib", "build",
							   ".", "..", "app", NULL})) {
			set_name(out, base, strlen(base));
			return;
		}
	}
	set_name(out, stem, strlen(stem));
}

/* The first argument after `from` that is no option; options that take a value are followed by it.
 */
static const char *operand(const struct arguments *a, int from, const char *const *with_value)
{
	for (int i = from; i < a->count; i++) {
		if (a->at[i][0] != '-' || !a->at[i][1])
			return a->at[i][0] ? a->at[i] : NULL;
		if (is_one_of(a->at[i], with_value))
			i++;
	}
	return NULL;
}

static const char *after(const struct arguments *a, const char *option)
{
	for (int i = 1; i + 1 < a->count; i++)
		if (strcmp(a->at[i], option) == 0)
			return a->at[i + 1];
	return NULL;
}

/* ---- what interpreters run ---- */

static const char *const gunicorn_values[] = {
	"-b",	 "--bind",   "-w", "--workers", "-k",	     "--worker-class",
	"-c",	 "--config", "-t", "--timeout", "--threads", "--log-level",
	"--pid", "-p",	     "-u", "-g",	"--chdir",   NULL};

/* Python programs that run somebody's application: its module is the name. */
static bool by_python_server(const struct arguments *a, int program, struct service *out)
{
	const char *base = base_name(a->at[program]);
	const char *app = NULL;

	if (is_one_of(base, (const char *const[]){"gunicorn", "uvicorn", "hypercorn", "daphne",
						  "waitress-serve", NULL}))
		app = operand(a, program + 1, gunicorn_values);
	else if (strcmp(base, "celery") == 0)
		app = after(a, "-A") ? after(a, "-A") : after(a, "--app");
	else if (strcmp(base, "flask") == 0)
		app = after(a, "--app");
	else
		return false;
	if (app)
		set_until(out, base_name(app), ".:(");
	else
		set_name(out, base, strlen(base));
	return true;
}

static bool by_python(const struct arguments *a, struct service *out)
{
	static const char *const values[] = {"-W", "-X", "-c", NULL};
	const char *module = after(a, "-m"), *script;

	for (int i = 1; i < a->count; i++)
		if (a->at[i][0] != '-' && by_python_server(a, i, out))
			return true;
	if (module) {
		set_until(out, module, ".");
		return true;
	}
	script = operand(a, 1, values);
	if (!script || after(a, "-c"))
		return false;
	set_script(out, script);
	return true;
}

static bool by_node(const struct arguments *a, struct service *out)
{
	static const char *const values[] = {"-r",     "--require", "--import",	  "--loader", "-e",
					     "--eval", "-p",	    "--env-file", NULL};
	const char *script = operand(a, 1, values);

	if (!script || after(a, "-e") || after(a, "--eval"))
		return false;
	set_script(out, script);
	return true;
}

static bool by_java(const struct arguments *a, struct service *out)
{
	static const char *const values[] = {"-cp",	      "-classpath", "--class-path", "-p",
					     "--module-path", "-m",	    "--module",	    NULL};
	const char *jar = after(a, "-jar");
	const char *class = operand(a, 1, values);

	if (jar)
		set_until(out, base_name(jar), ".");
	else if (class && strrchr(class, '.'))
		set_name(out, strrchr(class, '.') + 1, strlen(strrchr(class, '.') + 1));
	else if (class)
		set_script(out, class);
	return jar || class;
}

static bool by_script(const struct arguments *a, struct service *out)
{
	static const char *const none[] = {NULL};
	const char *script = operand(a, 1, none);

	if (!script)
		return false;
	set_script(out, script);
	return true;
}

static bool by_interpreter(const struct arguments *a, const char *base, struct service *out)
{
	static const struct {
		const char *name;
		bool (*derive)(const struct arguments *a, struct service *out);
	} interpreters[] = {
		{"python", by_python}, {"pypy", by_python},   {"node", by_node},
		{"nodejs", by_node},   {"bun", by_node},      {"deno", by_node},
		{"java", by_java},     {"ruby", by_script},   {"perl", by_script},
		{"php", by_script},    {"dotnet", by_script},
	};

	for (size_t i = 0; i < sizeof(interpreters) / sizeof(*interpreters); i++)
		if (is_interpreter(base, interpreters[i].name))
			return interpreters[i].derive(a, out);
	return false;
}

/*
 * Programs that write their state over their arguments (setproctitle): "nginx: worker process",
 * "gunicorn: worker [shop]", "puma 6.4.0 (tcp://0.0.0.0:3000) [shop]", "sidekiq 7.1.0 shop [0 of 10
 * busy]", "php-fpm: pool www". The name before the colon, or the application's.
 */
static bool by_title(const struct arguments *a, struct service *out)
{
	const char *title = a->count ? a->at[0] : "";
	const char *open = strchr(title, '[');

	if (starts(title, "gunicorn: ") && open)
		set_until(out, open + 1, "].:");
	else if (starts(title, "puma") && open)
		set_until(out, open + 1, "]");
	else if (starts(title, "sidekiq "))
		set_name(out, "sidekiq", 7);
	else if (starts(title, "php-fpm: pool "))
		snprintf(out->name, sizeof(out->name), "php-fpm-%.40s",
			 title + strlen("php-fpm: pool "));
	else if (strstr(title, ": ") && !strchr(title, '/') && title[0] != '-')
		set_until(out, title, ": ");
	else
		return false;
	return out->name[0] != '\0';
}

/*
 * One file under several names (redis-check-rdb is redis-server, busybox is everything) is called
 * as it was called: by its first argument, where that is what the process names itself.
 */
static const char *called(const struct arguments *a, const char *comm, const char *base)
{
	const char *name = a->count ? base_name(a->at[0]) : "";
	size_t length = strcspn(name, " :");

	if (length && strncmp(name, comm, length < 15 ? length : 15) == 0)
		return name;
	return base[0] ? base : comm;
}

static void derive_name(const struct process_event *event, struct service *out)
{
	struct arguments a;
	const char *base = base_name(event->executable);
	char comm[SONDE_COMM_MAX + 1];

	split(event, &a);
	if (by_title(&a, out) || by_interpreter(&a, base, out))
		return;
	snprintf(comm, sizeof(comm), "%.*s", SONDE_COMM_MAX, event->comm);
	set_until(out, called(&a, comm, base), " :");
	if (!out->name[0])
		set_name(out, "unknown", 7);
}

/* ---- containers ---- */

static bool is_hex(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isxdigit((unsigned char)text[i]) || isupper((unsigned char)text[i]))
			return false;
	return true;
}

/* The last run of 64 hexadecimal digits in the path: Docker, containerd, CRI-O and Podman alike. */
static const char *container_in(const char *path)
{
	const char *found = NULL;

	for (const char *at = path; strlen(at) >= 64; at++) {
		if (is_hex(at, 64) && (at == path || !isxdigit((unsigned char)at[-1]))) {
			found = at;
			at += 63;
		}
	}
	return found;
}

/*
 * The pod's UID: ".../pod<uid>/..." by the cgroupfs driver, "...-pod<uid with underscores>.slice"
 * by systemd's (kubernetes pkg/kubelet/cm/cgroup_manager_linux.go).
 */
static void set_pod(struct service *out, const char *path)
{
	const char *at = strstr(path, "kubepods") ? path : NULL;

	while (at && (at = strstr(at, "pod")) != NULL) {
		at += 3;
		if (strcspn(at, "/.") != 36 || !isxdigit((unsigned char)at[0]))
			continue;
		memcpy(out->pod, at, 36);
		out->pod[36] = '\0';
		for (char *c = out->pod; *c; c++)
			if (*c == '_')
				*c = '-';
		return;
	}
}

void service__derive(const struct process_event *event, struct service *out)
{
	char cgroup[SONDE_PATH_MAX + 1];
	const char *container;

	memset(out, 0, sizeof(*out));
	derive_name(event, out);
	snprintf(cgroup, sizeof(cgroup), "%.*s", SONDE_PATH_MAX, event->cgroup);
	container = container_in(cgroup);
	if (container)
		snprintf(out->container, sizeof(out->container), "%.12s", container);
	set_pod(out, cgroup);
}
