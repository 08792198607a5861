/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"

static int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("sonde " SONDE_VERSION);
	return EXIT_GOOD;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{"run", cmd_run, "observe this node and serve metrics (the daemon)"},
	{"top", cmd_top, "live view, of the daemon if one runs, or of a recording"},
	{"tail", cmd_tail, "exchanges as they end, one a line, with filters"},
	{"record", cmd_record, "write what is captured to a file"},
	{"replay", cmd_replay, "exchanges or metrics of a recording; needs no rights"},
	{"check", cmd_check, "read a configuration file and say what is wrong with it"},
	{"doctor", cmd_doctor, "what this machine lets sonde do, and what is missing"},
	{"version", cmd_version, "print the version"},
};

static void help(FILE *out)
{
	fputs("sonde - observes HTTP, PostgreSQL and Redis of every process on this node\n\n"
	      "Usage: sonde COMMAND [OPTION...]\n\n",
	      out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(out, "  %-8s  %s\n", commands[i].name, commands[i].summary);
	fputs("\n`sonde COMMAND --help` tells its options. Exit codes: 0 good, 1 failed, 2 wrong "
	      "use,\n"
	      "77 not permitted to load BPF here.\n",
	      out);
}

int exit_code__of(int err)
{
	return err == -EPERM ? EXIT_NOT_PERMITTED : EXIT_FAILED;
}

int wrong_use(const char *command, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "sonde %s: ", command);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "; see `sonde %s --help`\n", command);
	return EXIT_WRONG_USE;
}

long long number_option(const char *command, const char *option, const char *text, long long low,
			long long high)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (!errno && end != text && !*end && number >= low && number <= high)
		return number;
	wrong_use(command, "%s %s: a whole number from %lld to %lld is needed", option, text, low,
		  high);
	return -1;
}

/* getopt_long(3) begins its complaints with argv[0]. */
static int run(const char *name, int (*command)(int argc, char **argv), int argc, char **argv)
{
	static char full_name[32];

	snprintf(full_name, sizeof(full_name), "sonde %s", name);
	argv[0] = full_name;
	return command(argc, argv);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "--help";

	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		help(argc > 1 ? stdout : stderr);
		return argc > 1 ? EXIT_GOOD : EXIT_WRONG_USE;
	}
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
		name = "version";
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return run(commands[i].name, commands[i].run, argc - 1, argv + 1);
	fprintf(stderr, "sonde: there is no command `%s`; `sonde --help` lists them\n", name);
	return EXIT_WRONG_USE;
}
