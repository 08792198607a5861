/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Interpreters and virtual machines: a process is called by what it runs. */
#include <ctype.h>
#include <string.h>
#include "service/naming.h"

/* The script is the first operand, behind a subcommand ("bun run") where there may be one. */
static bool by_operand(struct naming *n, const char *const *with_value,
		       const char *const *subcommands)
{
	const struct arguments *a = &n->arguments;
	int script = arguments__operand(a, 1, with_value);

	if (script && argument__is_one_of(a->at[script], subcommands))
		script = script + 1 < a->count ? arguments__operand(a, script + 1, with_value) : 0;
	if (script)
		name__script(n, a->at[script]);
	return name__is_set(n);
}

/* ---- JavaScript ---- */

/* Programs that run the script that follows them. */
static int skip_runner(const struct arguments *a, int script)
{
	const char *base = argument__base_name(a->at[script]);
	size_t stem = strcspn(base, ".");
	char name[16] = "";

	if (stem < sizeof(name))
		memcpy(name, base, stem);
	if (!argument__is_one_of(name, NAMES("ts-node", "ts-node-dev", "tsx", "nodemon",
					     "babel-node", "pm2-runtime", "esr")) ||
	    script + 1 >= a->count)
		return script;
	script = arguments__operand(a, script + 1,
				    NAMES("-r", "--require", "-P", "--project", "--watch", "-w",
					  "-e", "--ext", "--import", "--env-file"));
	return script ? script : 0;
}

static bool by_node(struct naming *n)
{
	const struct arguments *a = &n->arguments;
	const char *title = arguments__value(a, 1, NULL, "--title");
	int script;

	if (title) {
		name__set(n, title, strlen(title));
		return name__is_set(n);
	}
	script = arguments__operand(a, 1,
				    NAMES("-r", "--require", "--import", "--loader", "-C",
					  "--conditions", "--experimental-loader", "-e", "--eval",
					  "-p", "--print", "-pe"));
	script = script ? skip_runner(a, script) : 0;
	if (script && !arguments__value(a, 1, "-e", "--eval"))
		name__script(n, a->at[script]);
	return name__is_set(n);
}

static bool by_bun(struct naming *n)
{
	return by_operand(n, NAMES("-r", "--preload", "--cwd", "--port", "-c", "--config"),
			  NAMES("run", "x"));
}

static bool by_deno(struct naming *n)
{
	return by_operand(
		n,
		NAMES("-c", "--config", "--import-map", "--lock", "--location", "--port", "--host"),
		NAMES("run", "serve", "task"));
}

/* ---- Java ---- */

/* "billing-1.2.3.jar" is billing in every version. */
static void set_jar(struct naming *n, const char *path)
{
	const char *base = argument__base_name(path), *dot = strrchr(base, '.');
	size_t length = dot && dot > base ? (size_t)(dot - base) : strlen(base);

	for (size_t i = 1; i + 1 < length; i++)
		if (base[i] == '-' && isdigit((unsigned char)base[i + 1]))
			length = i;
	name__path(n, path, length);
}

/* "com.example.Shop" is Shop, "com.example.shop.Application" is shop. */
static void set_class(struct naming *n, const char *class)
{
	static const char spring[] = "org.springframework.boot.loader.";
	static const char tomcat[] = "org.apache.catalina.";

	if (strncmp(class, spring, strlen(spring)) == 0)
		name__unit_or(n, "java");
	else if (strncmp(class, tomcat, strlen(tomcat)) == 0)
		name__unit_or(n, "tomcat");
	else
		name__part(n, class, strlen(class), '.', true);
}

/* "-Dspring.application.name=billing"; behind -jar they are the program's own. */
static const char *java_property(const struct arguments *a)
{
	const char *const properties[] = {"-Dspring.application.name", "-Dotel.service.name",
					  "-Dapp.name"};
	const char *value = NULL;

	for (size_t i = 0; i < sizeof(properties) / sizeof(*properties) && !value; i++)
		value = arguments__value(a, 1, NULL, properties[i]);
	return value && value[0] ? value : NULL;
}

static bool by_java(struct naming *n)
{
	const struct arguments *a = &n->arguments;
	const char *property = java_property(a);
	const char *jar = arguments__value(a, 1, "-jar", NULL);
	const char *module = arguments__value(a, 1, "-m", "--module");
	int class = arguments__operand(a, 1,
				       NAMES("-cp", "-classpath", "--class-path", "-p",
					     "--module-path", "--add-modules", "--add-opens",
					     "--add-exports", "--add-reads"));

	if (property)
		name__set(n, property, strlen(property));
	else if (jar)
		set_jar(n, jar);
	else if (module)
		set_class(n, strchr(module, '/') ? strchr(module, '/') + 1 : module);
	else if (class && strchr(a->at[class], '/')) /* java Source.java */
		name__script(n, a->at[class]);
	else if (class)
		set_class(n, a->at[class]);
	return name__is_set(n);
}

/* ---- others ---- */

static bool by_php(struct naming *n)
{
	return by_operand(n, NAMES("-d", "-c", "-S", "-t", "-r", "-z"), NAMES(""));
}

/* "Shop.Api.dll"; `dotnet run` builds and starts a program of its own name. */
static bool by_dotnet(struct naming *n)
{
	return by_operand(n,
			  NAMES("--runtimeconfig", "--depsfile", "--additionalprobingpath",
				"--fx-version", "--roll-forward"),
			  NAMES("exec"));
}

/* "-sname rabbit@host", "-name shop@10.0.0.1" (erl(1)); "-extra /usr/bin/mix phx.server". */
static bool by_beam(struct naming *n)
{
	const struct arguments *a = &n->arguments;
	const char *name = arguments__value(a, 1, "-sname", "--sname");
	const char *extra = arguments__value(a, 1, "-extra", NULL);

	if (!name)
		name = arguments__value(a, 1, "-name", "--name");
	if (name)
		name__until(n, name, "@");
	else if (extra && extra[0] != '-')
		name__script(n, extra);
	return name__is_set(n);
}

static bool by_script(struct naming *n)
{
	return by_operand(n, NAMES("-I", "-C", "-E", "-r", "-M", "-l"), NAMES(""));
}

static bool by_shell(struct naming *n)
{
	if (n->arguments.count > 1 && n->arguments.at[1][0] != '-')
		name__script(n, n->arguments.at[1]);
	return name__is_set(n);
}

static const struct interpreter {
	const char *name;
	bool (*derive)(struct naming *n);
} interpreters[] = {
	{"python", python__name}, {"pypy", python__name}, {"node", by_node},
	{"nodejs", by_node},	  {"bun", by_bun},	  {"deno", by_deno},
	{"java", by_java},	  {"ruby", by_script},	  {"perl", by_script},
	{"php", by_php},	  {"dotnet", by_dotnet},  {"beam.smp", by_beam},
	{"lua", by_script},	  {"luajit", by_script},  {"bash", by_shell},
	{"sh", by_shell},	  {"dash", by_shell},
};

/* "python3.11", "python3.13t" and "python" are one. */
static const struct interpreter *find(const char *base)
{
	for (size_t i = 0; i < sizeof(interpreters) / sizeof(*interpreters); i++) {
		size_t length = strlen(interpreters[i].name);
		const char *rest = base + length;

		if (strncmp(base, interpreters[i].name, length) != 0)
			continue;
		rest += strspn(rest, "0123456789.");
		if (!rest[0] || (rest > base + length && strchr("tdm", rest[0]) && !rest[1]))
			return &interpreters[i];
	}
	return NULL;
}

bool interpreter__is(const char *base)
{
	return find(base) != NULL;
}

bool interpreter__name(struct naming *n)
{
	const struct interpreter *interpreter = find(n->executable);

	if (!interpreter)
		return false;
	if (interpreter->derive(n))
		return true;
	if (!n->like_parent && n->unit[0]) /* a program that came as text: the unit knows more */
		name__set(n, n->unit, strlen(n->unit));
	return name__is_set(n);
}
