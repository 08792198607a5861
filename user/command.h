/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The commands of the program; one file each, cmd_*.c. */
#ifndef SONDE_COMMAND_H
#define SONDE_COMMAND_H

/* Exit codes of every command. */
enum exit_code {
	EXIT_GOOD = 0,
	EXIT_FAILED = 1,
	EXIT_WRONG_USE = 2,
	EXIT_NOT_PERMITTED = 77 /* BPF may not be loaded here */
};

/* argv[0] is the command's name. Each returns an exit code. */
int cmd_run(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_tail(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

/* Of a negative errno. */
int exit_code__of(int err);
/* "sonde replay: TEXT" and a pointer to --help, on stderr. Returns EXIT_WRONG_USE. */
int wrong_use(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A whole number within bounds; complains as wrong_use() does and returns -1 otherwise. */
long long number_option(const char *command, const char *option, const char *text, long long low,
			long long high);

#endif
